//! What a node in earnest must not start on: the one list, with a name each that is never renamed.

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// The start is refused, whatever the settings say.
    Deadly,
    /// The start is refused unless the setting `accept` names this very finding.
    Acceptable,
    /// It is told in the log, and by `doctor`.
    Told,
}

impl Gravity {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deadly => "deadly",
            Self::Acceptable => "acceptable",
            Self::Told => "told",
        }
    }
}

/// A row of the list: variant, name, gravity, what it is in Chinese and English, what to do in both.
macro_rules! hazards {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $gravity:ident, $zh:literal, $en:literal, $do_zh:literal, $do_en:literal;)*) => {
        /// Something that a node in earnest must not start on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Hazard {
            $($(#[$doc])* $variant,)*
        }

        impl Hazard {
            /// Every one, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, never renamed: settings and scripts hold it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What becomes of it.
            #[must_use]
            pub const fn gravity(self) -> Gravity {
                match self {
                    $(Self::$variant => Gravity::$gravity,)*
                }
            }

            /// What it is, in Chinese and English.
            #[must_use]
            pub const fn words(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => ($zh, $en),)*
                }
            }

            /// What to do about it, in Chinese and English.
            #[must_use]
            pub const fn advice(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => ($do_zh, $do_en),)*
                }
            }
        }
    };
}

hazards! {
    /// A guard of this very program is left out on request.
    RedTwin, "RED_TWIN", Deadly, "本进程被要求扮演有缺陷的测试版本", "this process was asked to be a test's broken twin",
        "去掉环境变量 RED_TWIN", "take RED_TWIN out of the environment";
    /// The data folder holds a sandbox's certificates.
    SandboxData, "SANDBOX_DATA", Deadly, "数据目录属于试用环境", "the data folder belongs to a sandbox",
        "用 --data 指定另一目录", "name another folder with --data";
    /// Whoever holds the key beside the server's certificate can be anybody.
    DevelopmentAuthority, "DEVELOPMENT_AUTHORITY", Deadly, "证书由本程序的开发机构签发，或签发私钥就在服务旁边",
        "certificates are of this program's development authority, or an authority's key lies beside the server's",
        "用自己的签发机构（见 deploy/make-secrets.sh），identity 目录只放 ca.pem、server.pem 与 server.key",
        "use an authority of your own (see deploy/make-secrets.sh) and keep only ca.pem, server.pem and server.key in the identity folder";
    /// The server's own certificate cannot be used now.
    CertificateInvalid, "CERTIFICATE_INVALID", Deadly, "服务证书不可用", "the server's certificate cannot be used",
        "由签发机构重新签发服务证书", "have the server's certificate issued anew";
    /// The server's own certificate ends within a month.
    CertificateEndsSoon, "CERTIFICATE_ENDS_SOON", Told, "服务证书三十日内到期", "the server's certificate ends within thirty days",
        "换入新证书即可，不必重启", "put a new one in its place; no restart is needed";
    /// Others on this machine can read a private key.
    KeyReadable, "KEY_READABLE", Deadly, "其他用户可读私钥", "others can read a private key",
        "chmod 600 所列文件", "chmod 600 these files";
    /// A secret is the sandbox's, an example's, or the same for two purposes.
    SecretDefault, "SECRET_DEFAULT", Deadly, "密钥为空、来自示例或试用环境，或一钥两用",
        "a secret is empty, an example's, a sandbox's, or used twice",
        "用随机数生成新的密钥（见 deploy/make-secrets.sh）", "make new ones at random (see deploy/make-secrets.sh)";
    /// Batches would be released unsigned.
    NoSigningKey, "NO_SIGNING_KEY", Acceptable, "没有签名私钥，放行的批次没有签名", "there is no signing key: batches are released unsigned",
        "设置 signing_key", "set signing_key";
    /// No payee account could be kept.
    NoPayeeKey, "NO_PAYEE_KEY", Acceptable, "没有收款账户密钥，不能保存账户，也就不能支付",
        "there is no payee key: no account can be kept, so nothing can be paid",
        "设置 payee_key", "set payee_key";
    /// No webhook endpoint could be kept.
    NoWebhookKey, "NO_WEBHOOK_KEY", Acceptable, "没有事件通知密钥，不能登记接收地址", "there is no webhook key: no endpoint can be kept",
        "设置 webhook_key", "set webhook_key";
    /// Anybody may ask for every method.
    Reflection, "REFLECTION", Deadly, "接口向任何人描述自己", "the interface describes itself to anybody who asks",
        "去掉 reflection = true", "take reflection = true out of the settings";
    /// Log lines below `info` may show what a caller sent.
    DebugLog, "DEBUG_LOG", Deadly, "日志级别低于 info，可能写出请求内容", "log lines below info may show what callers send",
        "把 log_level 改为 info 或更高", "set log_level to info or above";
    /// Spans cross a network unencrypted.
    OtlpPlaintext, "OTLP_PLAINTEXT", Acceptable, "跟踪数据不加密地发往另一台机器", "traces and metrics go to another machine unencrypted",
        "在本机运行收集器，由它加密转发", "run a collector on this machine, which forwards them over TLS";
    /// A crash would write keys to the disk.
    CoreDumps, "CORE_DUMPS", Told, "进程崩溃时会把内存（含密钥）写入磁盘", "a crash would write this process's memory, with its keys, to the disk",
        "LimitCORE=0（systemd）或 ulimits: core: 0（compose）", "LimitCORE=0 (systemd) or ulimits: core: 0 (compose)";
    /// The database is the program's own.
    EmbeddedDatabase, "EMBEDDED_DATABASE", Deadly, "内置数据库只供试用：以超级用户连接，没有备机",
        "the embedded database is a sandbox's: it is used as superuser and has no standby",
        "用 database_url 指明自己的数据库", "name a database of your own in database_url";
    /// Whoever is on the way to the database reads everything.
    DatabasePlaintext, "DATABASE_PLAINTEXT", Deadly, "到另一台机器上数据库的连接不加密",
        "the connection to a database on another machine is not encrypted",
        "在 database_url 中写 sslmode=verify-full", "put sslmode=verify-full into database_url";
    /// The password is one that anybody would try.
    DatabasePassword, "DATABASE_PASSWORD", Deadly, "数据库口令为空、过短或人人皆知", "the database's password is empty, short or known to everybody",
        "换成随机口令，并用 PGPASSFILE 提供", "take a random one, and give it by PGPASSFILE";
    /// No policy binds the login.
    DatabaseSuperuser, "DATABASE_SUPERUSER", Deadly, "服务的数据库角色不受行级安全约束（超级用户或 BYPASSRLS）",
        "the services' database role is above row-level security (superuser or BYPASSRLS)",
        "用普通登录角色连接（见 deploy/postgres）", "connect by an ordinary login (see deploy/postgres)";
    /// The login can lift every guard.
    ServiceOwnsTables, "SERVICE_OWNS_TABLES", Deadly, "服务的数据库角色拥有数据表，可以解除一切约束",
        "the services' database role owns tables, and so can lift every guard",
        "把表交还所有者（alter table ... owner to zhirong_owner）", "give them back to their owner (alter table ... owner to zhirong_owner)";
    /// The schema is of an earlier or later version.
    SchemaDiffers, "SCHEMA_DIFFERS", Deadly, "数据库结构与程序版本不一致", "the schema is of another version than this program",
        "由数据库所有者运行 zhirong migrate", "run zhirong migrate as the owner of the database";
    /// A guard of the schema is missing or other.
    SchemaChanged, "SCHEMA_CHANGED", Deadly, "数据库结构被改动（- 缺少，~ 不同，+ 多出）",
        "the schema was changed (- missing, ~ other, + more)",
        "查明是谁所改，按迁移文件恢复", "find out who did it, and restore what the migrations say";
    /// A policy does not bind the owner of its table.
    RowSecurityNotForced, "ROW_SECURITY_NOT_FORCED", Deadly, "行级安全未强制", "row-level security is not forced",
        "由所有者执行 alter table ... force row level security", "as the owner: alter table ... force row level security";
    /// A service saw a row that is not its own, or could not see its own.
    IsolationBroken, "ISOLATION_BROKEN", Deadly, "隔离自检未通过：服务能看到他人的记录", "the isolation self-test failed: a service sees what is not its own",
        "停用该数据库，查明行级安全策略的改动", "do not use this database; find out what was done to its policies";
    /// The database may forget what was acknowledged.
    DatabaseNotDurable, "DATABASE_NOT_DURABLE", Deadly, "已确认的数据可能丢失", "what was acknowledged may be lost",
        "在数据库服务器上改为 on", "set it to on at the database server";
    /// A lost machine would lose what was acknowledged.
    NoStandby, "NO_STANDBY", Acceptable, "没有同步备机，主机损毁会丢失已确认的数据", "there is no synchronous standby: a lost machine loses what was acknowledged",
        "设置 synchronous_standby_names（见 deploy/README.md）；确需单机时写 accept = [\"NO_STANDBY\"]",
        "set synchronous_standby_names (see deploy/README.md); where one machine is wanted, accept = [\"NO_STANDBY\"]";
    /// The database's log gets what rows hold.
    DatabaseLogsValues, "DATABASE_LOGS_VALUES", Deadly, "数据库日志会写出记录内容", "the database's log gets the values of rows",
        "log_error_verbosity = terse，log_parameter_max_length = 0", "log_error_verbosity = terse, log_parameter_max_length = 0";
    /// A date of the database is not Beijing's.
    DatabaseZone, "DATABASE_ZONE", Deadly, "数据库时区不对，年度边界会错", "the database's time zone is wrong, and so would be the edge of a year",
        "去掉角色或数据库上的 timezone 设置，并安装时区数据", "take the timezone off the role or database, and install time zone data";
    /// Two clocks disagree.
    DatabaseClock, "DATABASE_CLOCK", Deadly, "本机与数据库的时钟相差超过一秒", "the clocks of this machine and of the database are more than a second apart",
        "用 NTP 对时", "set them by NTP";
}

impl Hazard {
    /// Whether only the database can tell.
    #[must_use]
    pub fn is_of_database(self) -> bool {
        self >= Self::DatabaseSuperuser
    }

    /// One by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hazard| hazard.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_and_the_deadly_ones_are_most() {
        for hazard in Hazard::ALL {
            assert_eq!(Hazard::named(hazard.as_str()), Some(*hazard));
        }
        let deadly = Hazard::ALL
            .iter()
            .filter(|hazard| hazard.gravity() == Gravity::Deadly);
        assert!(deadly.count() >= 12);
    }
}
