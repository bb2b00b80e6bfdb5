//! What can go wrong in a command, with what to do about it.

use std::fmt::Write;
use std::path::Path;

use client::ClientError;
use platform::Fault;
use policy::engine::EngineError;
use policy::reading::ReadingNotSupported;
use policy::rulebook::RulebookError;
use tonic_types::StatusExt;

/// Why a command stopped. Its report is in Chinese and English.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Something the caller can put right; both sentences say how.
    #[error("{reason}: {en}")]
    Usage {
        /// Reason in UPPER_SNAKE case.
        reason: &'static str,
        /// The sentence in Chinese.
        zh: String,
        /// The sentence in English.
        en: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{doing} {path}")]
    Io {
        /// What was attempted, in Chinese.
        doing_zh: &'static str,
        /// What was attempted, in English.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Whole files were refused; nothing was computed or sent.
    #[error("{} files are refused", reasons.len())]
    FilesRefused {
        /// One reason a fault, each naming its file.
        reasons: Vec<String>,
    },
    /// A reading has another value than the supported ones.
    #[error(transparent)]
    Reading(#[from] ReadingNotSupported),
    /// The rules cannot be loaded or do not cover the question.
    #[error(transparent)]
    Rulebook(#[from] RulebookError),
    /// The engine found no answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Settings, certificates or the database.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// The connection to the services cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A call of a service was refused or got no answer.
    #[error("{call}: {status}")]
    Call {
        /// The call.
        call: &'static str,
        /// The answer.
        status: Box<tonic::Status>,
    },
}

impl CommandError {
    /// Something the caller can put right.
    #[must_use]
    pub fn usage(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Usage {
            reason,
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// A file or folder that cannot be used.
    #[must_use]
    pub fn io(
        doing_zh: &'static str,
        doing: &'static str,
        path: impl AsRef<Path>,
        source: std::io::Error,
    ) -> Self {
        Self::Io {
            doing_zh,
            doing,
            path: path.as_ref().display().to_string(),
            source,
        }
    }

    /// A call that failed.
    #[must_use]
    pub fn call(call: &'static str, status: tonic::Status) -> Self {
        Self::Call {
            call,
            status: Box::new(status),
        }
    }

    /// The exit code: 2, since 1 is a difference found by `verify` and 3 an import with refused rows.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        2
    }

    /// The reason in UPPER_SNAKE case.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Usage { reason, .. } => (*reason).to_owned(),
            Self::Io { .. } => "FILE_UNUSABLE".to_owned(),
            Self::FilesRefused { .. } => "FILES_REFUSED".to_owned(),
            Self::Reading(_) => "READING_NOT_SUPPORTED".to_owned(),
            Self::Rulebook(error) | Self::Engine(EngineError::Rulebook(error)) => error.reason().to_owned(),
            Self::Engine(EngineError::Money(_)) => "AMOUNT_OVERFLOW".to_owned(),
            Self::Platform(error) => error.reason().to_owned(),
            Self::Client(_) => "CONNECTION_UNUSABLE".to_owned(),
            Self::Call { status, .. } => reason_of(status),
        }
    }

    /// What is printed to standard error: reason, both languages, each bad field, and what to do.
    #[must_use]
    pub fn report(&self) -> String {
        let reason = self.reason();
        match self {
            Self::Usage { zh, en, .. } => format!("{reason}: {zh}\n{reason}: {en}"),
            Self::Io {
                doing_zh,
                doing,
                path,
                source,
            } => {
                format!("{reason}: {doing_zh} {path}：{source}\n{reason}: {doing} {path}: {source}")
            }
            Self::FilesRefused { reasons } => {
                let head = "以下文件整体拒收，请改正后重试 / these files are refused as a whole; correct them and try again";
                format!("{reason}: {head}\n  {}", reasons.join("\n  "))
            }
            // These three say their reason and both languages themselves.
            Self::Reading(error) => {
                format!("{error}\n  支持的取值见 zhirong codes / zhirong codes lists the supported values")
            }
            Self::Rulebook(error) => error.to_string(),
            Self::Engine(error) => error.to_string(),
            Self::Platform(error) => {
                format!(
                    "{reason}: {}\n{reason}: {}",
                    error.message_zh(),
                    error.message_en()
                )
            }
            Self::Client(error) => {
                let zh = "服务地址或证书不可用，请检查 --server（须为 https）和 --identity";
                format!("{reason}: {zh}\n{reason}: {error}; check --server (https) and --identity")
            }
            Self::Call { call, status } => report_of(call, status),
        }
    }
}

/// The reason a service gave, or the name of the gRPC code.
#[must_use]
pub fn reason_of(status: &tonic::Status) -> String {
    match status.get_details_error_info() {
        Some(info) if !info.reason.is_empty() => info.reason,
        _ => format!("{:?}", status.code()).to_uppercase(),
    }
}

/// A status for people: both languages, every bad field, the trace id and what to do.
fn report_of(call: &str, status: &tonic::Status) -> String {
    let reason = reason_of(status);
    let details = status.get_error_details();
    let info = details.error_info();
    let value = |key: &str| info.and_then(|info| info.metadata.get(key)).map(String::as_str);
    let english = value("message_en").unwrap_or(status.message());
    let chinese = details
        .localized_message()
        .map_or(english, |message| message.message.as_str());
    let mut text = format!("{reason}: {call}：{chinese}\n{reason}: {call}: {english}");
    for violation in details
        .bad_request()
        .map(|request| request.field_violations.as_slice())
        .unwrap_or_default()
    {
        // Writing to a text cannot fail.
        let _written = write!(text, "\n  {}: {}", violation.field, violation.description);
    }
    if let Some(trace) = value("trace_id") {
        let _written = write!(text, "\n  trace_id {trace}");
    }
    if let Some((zh, en)) = advice(status, &reason) {
        let _written = write!(text, "\n  {zh}\n  {en}");
    }
    text
}

/// What to do about a status.
fn advice(status: &tonic::Status, reason: &str) -> Option<(&'static str, &'static str)> {
    Some(match (reason, status.code()) {
        ("BATCH_ALREADY_OPEN", _) => (
            "该年度已有在办批次：先办结放行（zhirong batch），或由经办人作废（CancelBatch），再开新批",
            "a batch of this year is open: take it to its release (zhirong batch) or cancel it (CancelBatch, finance-maker), \
             then settle again",
        ),
        (_, tonic::Code::Unavailable) => (
            "服务未运行或不可达：先运行 zhirong serve --sandbox，或用 --server 指明地址",
            "the services are not running or out of reach: start zhirong serve --sandbox, or name them with --server",
        ),
        (_, tonic::Code::Unauthenticated) => (
            "证书未登记：用 --identity 指明已登记证书的目录",
            "the certificate is not registered: name a folder with a registered one with --identity",
        ),
        (_, tonic::Code::PermissionDenied) => (
            "该证书的角色无权调用：换用 --identity",
            "the role of this certificate may not do this: use another --identity",
        ),
        (_, tonic::Code::Internal) => (
            "服务内部错误：请凭追踪号联系运维",
            "a fault of the service: quote the trace id to the operator",
        ),
        _ => return None,
    })
}
