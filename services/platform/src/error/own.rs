//! The error enum of this crate.

use std::borrow::Cow;
use std::path::Path;

use super::{Fault, Kind};

/// Everything that can go wrong in the plumbing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A database call failed.
    #[error("database call failed")]
    Database(#[from] sqlx::Error),
    /// A migration could not be applied.
    #[error("database migration failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The connection was lost while a commit was under way: it may or may not have happened.
    #[error("connection lost during commit, the outcome is unknown")]
    CommitUnknown(#[source] sqlx::Error),
    /// A spawned task panicked or was stopped with its runtime.
    #[error("background task ended early")]
    Task(#[from] tokio::task::JoinError),
    /// A file, folder or program could not be used.
    #[error("{what}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A setting is unknown, malformed or unsafe.
    #[error("setting {setting}: {en}")]
    Config {
        /// Name of the setting as the operator wrote it.
        setting: String,
        /// What is wrong, in Chinese.
        zh: String,
        /// What is wrong, in English.
        en: String,
    },
    /// The program cannot start here; the sentence says what to do.
    #[error("{en}")]
    Start {
        /// Reason in UPPER_SNAKE case.
        reason: &'static str,
        /// What to do, in Chinese.
        zh: String,
        /// What to do, in English.
        en: String,
    },
    /// A certificate or key could not be made or read.
    #[error("certificate {name}: {what}")]
    Identity {
        /// Name of the certificate.
        name: String,
        /// What failed.
        what: String,
    },
    /// A file with a private key for signing cannot be used.
    #[error("signing key {path}: {what}")]
    SigningKey {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something could not be signed, or a signature does not hold.
    #[error("signature: {what}")]
    Signing {
        /// What is wrong.
        what: String,
    },
    /// Something could not be sealed or opened, or the keys cannot be used.
    #[error("sealing: {what}")]
    Sealing {
        /// What is wrong; never the secret.
        what: String,
    },
    /// The network server failed.
    #[error("server failed")]
    Transport(#[from] tonic::transport::Error),
    /// Traces or logs could not be set up.
    #[error("telemetry: {0}")]
    Telemetry(String),
}

impl Error {
    /// The database error inside, if there is one.
    pub fn as_sqlx(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) | Self::CommitUnknown(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn io(what: &str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            what: format!("{what} {}", path.display()),
            source,
        }
    }

    pub(crate) fn config(setting: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Config {
            setting: setting.to_owned(),
            zh: zh.into(),
            en: en.into(),
        }
    }

    pub(crate) fn start(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Start {
            reason,
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// True when the server went away, as far as the error tells.
pub(crate) fn is_lost_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => true,
        // Class 08: connection exception. 57P01 to 57P03: shutting down, crashed, starting.
        sqlx::Error::Database(_) => sqlstate(error)
            .is_some_and(|code| code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03")),
        _ => false,
    }
}

/// The five characters of SQLSTATE, if the server answered.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(|database| database.code())
}

/// What the names of the checks of texts end in.
const TEXT_CHECKS: &str = "_texts_plain";

/// True when a row was refused for one of its texts: the net below the parsers, which name the field.
fn is_text_check(error: &sqlx::Error) -> bool {
    let constraint = error
        .as_database_error()
        .and_then(|database| database.constraint());
    constraint.is_some_and(|name| name.ends_with(TEXT_CHECKS))
}

fn database_kind(error: &sqlx::Error) -> (Kind, &'static str) {
    if is_lost_connection(error) || matches!(error, sqlx::Error::PoolClosed) {
        return (Kind::Unavailable, "DATABASE_UNAVAILABLE");
    }
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return (Kind::Unavailable, "DATABASE_BUSY");
    }
    match sqlstate(error).as_deref() {
        Some("40001" | "40P01") => (Kind::Aborted, "CONFLICT"),
        Some("55P03") => (Kind::Aborted, "LOCK_TIMEOUT"),
        Some("57014" | "25P03") => (Kind::DeadlineExceeded, "DATABASE_TIMEOUT"),
        Some("53300") => (Kind::Unavailable, "DATABASE_BUSY"),
        // NUL, which no text of PostgreSQL holds, and what the checks of every table's texts refuse.
        Some("22021") => (Kind::InvalidArgument, "TEXT_NOT_PLAIN"),
        Some("23514") if is_text_check(error) => (Kind::InvalidArgument, "TEXT_NOT_PLAIN"),
        _ => (Kind::Internal, "INTERNAL"),
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Database(error) => database_kind(error).0,
            Self::CommitUnknown(_) => Kind::Unavailable,
            Self::Config { .. } | Self::Start { .. } | Self::SigningKey { .. } => Kind::FailedPrecondition,
            Self::Migrate(_)
            | Self::Task(_)
            | Self::Io { .. }
            | Self::Identity { .. }
            | Self::Signing { .. }
            | Self::Sealing { .. }
            | Self::Transport(_)
            | Self::Telemetry(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Database(error) => database_kind(error).1,
            Self::CommitUnknown(_) => "COMMIT_UNKNOWN",
            Self::Config { .. } => "CONFIG_INVALID",
            Self::Start { reason, .. } => reason,
            Self::Migrate(_) => "MIGRATION_FAILED",
            Self::Identity { .. } => "IDENTITY_INVALID",
            Self::SigningKey { .. } => "SIGNING_KEY_INVALID",
            Self::Signing { .. } => "SIGNING_FAILED",
            Self::Sealing { .. } => "SEALING_FAILED",
            Self::Task(_) | Self::Io { .. } | Self::Transport(_) | Self::Telemetry(_) => "INTERNAL",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Database(error) => match database_kind(error).1 {
                "CONFLICT" => "与其他操作冲突,请重试".to_owned(),
                "LOCK_TIMEOUT" => "等待其他操作超时,请重试".to_owned(),
                "DATABASE_TIMEOUT" => "数据库处理超时".to_owned(),
                "DATABASE_BUSY" => "数据库繁忙,请稍后重试".to_owned(),
                "DATABASE_UNAVAILABLE" => "数据库暂不可用,请稍后重试".to_owned(),
                "TEXT_NOT_PLAIN" => "文字含控制字符、不可见字符，或过长".to_owned(),
                _ => "数据库操作失败".to_owned(),
            },
            Self::CommitUnknown(_) => "提交结果未知,请用同一请求号重试".to_owned(),
            Self::Config { setting, zh, .. } => format!("配置项 {setting}:{zh}"),
            Self::Start { zh, .. } => zh.clone(),
            Self::Migrate(_) => "数据库结构升级失败".to_owned(),
            Self::Task(_) => "后台任务中断".to_owned(),
            Self::Io { what, source } => format!("文件或程序不可用:{what}({source})"),
            Self::Identity { name, what } => format!("证书 {name} 不可用:{what}"),
            Self::SigningKey { path, what } => format!("签名密钥 {path} 不可用:{what}"),
            Self::Signing { what } => format!("签名失败或不成立:{what}"),
            Self::Sealing { what } => format!("加密封存失败或不成立:{what}"),
            Self::Transport(error) => format!("网络服务失败:{error}"),
            Self::Telemetry(what) => format!("日志或追踪无法启动:{what}"),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Database(error) => match database_kind(error).1 {
                "CONFLICT" => "conflict with another operation, try again".to_owned(),
                "LOCK_TIMEOUT" => "waited too long for another operation, try again".to_owned(),
                "DATABASE_TIMEOUT" => "the database took too long".to_owned(),
                "DATABASE_BUSY" => "the database is busy, try again later".to_owned(),
                "DATABASE_UNAVAILABLE" => "the database is away, try again later".to_owned(),
                "TEXT_NOT_PLAIN" => {
                    "a text holds a control or invisible character, or is too long".to_owned()
                }
                _ => "database call failed".to_owned(),
            },
            Self::CommitUnknown(_) => {
                "the outcome of the commit is unknown, repeat with the same request id".to_owned()
            }
            Self::Io { what, source } => format!("{what}: {source}"),
            Self::Transport(error) => format!("server failed: {error}"),
            Self::Config { .. }
            | Self::Start { .. }
            | Self::Migrate(_)
            | Self::Task(_)
            | Self::Identity { .. }
            | Self::SigningKey { .. }
            | Self::Signing { .. }
            | Self::Sealing { .. }
            | Self::Telemetry(_) => self.to_string(),
        }
    }
}
