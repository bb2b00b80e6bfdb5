//! The database: its durability, its schema, its rights, its clock.

use platform::Fault;
use platform::clock::Clock;
use platform::config::Settings;
use platform::database::{Database, Inspection, Tuning, embedded};

use super::{Findings, said};

/// How far two clocks may be apart, in seconds.
pub(super) const SKEW_MOST_SECONDS: i64 = 5;

/// Everything of the database that is named, or that runs over the data folder.
pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    let tuning = Tuning {
        max_connections: 1,
        application_name: "zhirong doctor".to_owned(),
        ..Tuning::default()
    };
    let is_own = settings.database_url.is_none();
    let connected = match (&settings.database_url, embedded::running(&settings.data)) {
        (Some(url), _) => Database::connect_url(url.expose(), &tuning).await,
        (None, Ok(Some(options))) => Database::connect(options, &tuning).await,
        (None, Err(error)) => Err(error),
        (None, Ok(None)) => {
            findings.warn(
                "database",
                said(
                    "内置数据库没有运行，未检查",
                    "the embedded database does not run and was not checked",
                ),
                said(
                    "启动 zhirong serve 后再检查，或用 --database-url 指明",
                    "check again while zhirong serve runs, or name one with --database-url",
                ),
            );
            return;
        }
    };
    let inspected = match connected {
        Ok(database) => {
            let inspected = database.inspect().await;
            database.close().await;
            inspected
        }
        Err(error) => Err(error),
    };
    match inspected {
        Ok(inspection) => told(findings, &inspection, is_own),
        Err(error) => findings.fail(
            "database",
            said(error.message_zh(), error.message_en()),
            said(
                "检查 --database-url、网络与数据库是否运行",
                "check --database-url, the network, and that the database runs",
            ),
        ),
    }
}

fn told(findings: &mut Findings, found: &Inspection, is_own: bool) {
    let (version, role) = (&found.version, &found.role);
    findings.ok(
        "database",
        said(
            format!("PostgreSQL {version} 可达"),
            format!("PostgreSQL {version} answers"),
        ),
    );
    if found.unsafe_settings.is_empty() {
        findings.ok(
            "durability",
            said("已确认的数据不会丢失", "what was acknowledged is on disk"),
        );
    } else {
        let list = found.unsafe_settings.join(", ");
        findings.fail(
            "durability",
            said(
                format!("已确认的数据可能丢失：{list}"),
                format!("what was acknowledged may be lost: {list}"),
            ),
            said("在数据库服务器上改为 on", "set it to on at the database server"),
        );
    }
    match found.missing_migrations {
        0 => findings.ok(
            "schema",
            said("结构与程序一致", "the schema is that of this program"),
        ),
        count => findings.fail(
            "schema",
            said(
                format!("结构与程序相差 {count} 个版本"),
                format!("the schema differs by {count} migrations"),
            ),
            said(
                "由数据库所有者运行 zhirong migrate",
                "run zhirong migrate as the owner of the database",
            ),
        ),
    }
    if found.unforced_tables.is_empty() {
        findings.ok(
            "row_security",
            said(
                "行级安全对每个城市的表都强制生效",
                "row-level security is forced on every table of a city",
            ),
        );
    } else {
        let list = found.unforced_tables.join(", ");
        findings.fail(
            "row_security",
            said(
                format!("行级安全未强制：{list}"),
                format!("row-level security is not forced on {list}"),
            ),
            said(
                "由所有者执行 alter table ... force row level security",
                "as the owner: alter table ... force row level security",
            ),
        );
    }
    rights(findings, found, is_own, role);
    let apart = (Clock::System.now() - found.now).num_seconds().abs();
    skew(findings, "clock_database", apart);
}

fn rights(findings: &mut Findings, found: &Inspection, is_own: bool, role: &str) {
    if is_own {
        findings.ok(
            "database_role",
            said(
                "内置数据库，只有本机套接字",
                "the embedded database, over this machine's socket alone",
            ),
        );
    } else if found.is_above_policies {
        findings.fail(
            "database_role",
            said(
                format!("{role} 不受行级安全约束（超级用户或 BYPASSRLS）"),
                format!("{role} is above row-level security (superuser or BYPASSRLS)"),
            ),
            said(
                "服务用普通登录角色连接（见 deploy/postgres）",
                "let the services connect by an ordinary login (see deploy/postgres)",
            ),
        );
    } else {
        findings.ok(
            "database_role",
            said(
                format!("{role} 是普通角色"),
                format!("{role} is an ordinary role"),
            ),
        );
    }
}

/// Whether two clocks agree.
pub(super) fn skew(findings: &mut Findings, check: &'static str, apart: i64) {
    if apart <= SKEW_MOST_SECONDS {
        findings.ok(
            check,
            said(
                format!("时钟相差 {apart} 秒"),
                format!("the clocks are {apart} s apart"),
            ),
        );
    } else {
        findings.fail(
            check,
            said(
                format!("时钟相差 {apart} 秒"),
                format!("the clocks are {apart} s apart"),
            ),
            said(
                "用 NTP 对时：跨年、公示与证书都依赖时钟",
                "set them by NTP: the year's end, notices and certificates rest on them",
            ),
        );
    }
}
