//! What can go wrong in a command, with what to do about it.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

use client::ClientError;
use platform::Fault;
use policy::engine::EngineError;
use policy::reading::ReadingNotSupported;
use policy::rulebook::RulebookError;
use tonic_types::{ErrorDetails, StatusExt};

use crate::hint;

/// Value of `ErrorInfo.domain`, the same as in the services' own errors.
const DOMAIN: &str = "zhirong";

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
        call: Cow<'static, str>,
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
    pub fn call(call: impl Into<Cow<'static, str>>, status: tonic::Status) -> Self {
        Self::Call {
            call: call.into(),
            status: Box::new(status),
        }
    }

    /// What is wrong with a request or an answer, as the service itself would refuse it.
    #[must_use]
    pub fn from_status(call: &str, status: tonic::Status) -> Self {
        Self::call(call.to_owned(), status)
    }

    /// The error as a gRPC status, mirrored in JSON as the services' HTTP answers mirror theirs: `{"error": {..}}`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        if let Self::Call { status, .. } = self {
            return gateway::error_json(status);
        }
        let (zh, en) = self.sentences();
        let mut details =
            ErrorDetails::with_error_info(self.reason(), DOMAIN, [("message_en".to_owned(), en.clone())]);
        details.set_localized_message("zh-CN", zh);
        let status = tonic::Status::with_error_details(tonic::Code::FailedPrecondition, en, details);
        gateway::error_json(&status)
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

    /// The error in Chinese and in English, without its reason.
    #[must_use]
    pub fn sentences(&self) -> (String, String) {
        match self {
            Self::Usage { zh, en, .. } => (zh.clone(), en.clone()),
            Self::Io {
                doing_zh,
                doing,
                path,
                source,
            } => (
                format!("{doing_zh} {path}：{source}"),
                format!("{doing} {path}: {source}"),
            ),
            Self::FilesRefused { reasons } => {
                let list = reasons.join("\n  ");
                (
                    format!("以下文件整体拒收，请改正后重试\n  {list}"),
                    format!("these files are refused as a whole; correct them and try again\n  {list}"),
                )
            }
            // These three say their reason and both languages themselves.
            Self::Reading(error) => both(error),
            Self::Rulebook(error) => both(error),
            Self::Engine(error) => both(error),
            Self::Platform(error) => (error.message_zh(), error.message_en()),
            Self::Client(error) => (
                "服务地址或证书不可用，请检查 --server（须为 https）和 --identity".to_owned(),
                format!("{error}; check --server (https) and --identity"),
            ),
            Self::Call { call, status } => {
                let (zh, en) = sentences_of(status);
                (format!("{call}：{zh}"), format!("{call}: {en}"))
            }
        }
    }

    /// What is printed to standard error: reason, both languages, each bad field, and what to do.
    #[must_use]
    pub fn report(&self) -> String {
        let reason = self.reason();
        let mut text = match self {
            Self::FilesRefused { reasons } => {
                let head = "以下文件整体拒收，请改正后重试 / these files are refused as a whole; correct them and try again";
                format!("{reason}: {head}\n  {}", reasons.join("\n  "))
            }
            // These three say their reason and both languages themselves.
            Self::Reading(error) => error.to_string(),
            Self::Rulebook(error) => error.to_string(),
            Self::Engine(error) => error.to_string(),
            _ => {
                let (zh, en) = self.sentences();
                format!("{reason}: {zh}\n{reason}: {en}")
            }
        };
        if let Self::Call { status, .. } = self {
            text.push_str(&particulars(status));
        }
        if let Some((zh, en)) = hint::of(self) {
            // Writing to a text cannot fail.
            let _written = write!(text, "\n  {zh}\n  {en}");
        }
        text
    }
}

/// An error whose own text holds both languages.
fn both(error: &impl ToString) -> (String, String) {
    (error.to_string(), error.to_string())
}

/// The reason a service gave, or the name of the gRPC code.
#[must_use]
pub fn reason_of(status: &tonic::Status) -> String {
    match status.get_details_error_info() {
        Some(info) if !info.reason.is_empty() => info.reason,
        _ => format!("{:?}", status.code()).to_uppercase(),
    }
}

/// What a status says, in Chinese and in English.
fn sentences_of(status: &tonic::Status) -> (String, String) {
    let details = status.get_error_details();
    let info = details.error_info();
    let english = info
        .and_then(|info| info.metadata.get("message_en"))
        .map(String::as_str);
    let english = english.unwrap_or(status.message());
    let chinese = details
        .localized_message()
        .map_or(english, |message| message.message.as_str());
    (chinese.to_owned(), english.to_owned())
}

/// Every bad field of a status, and its trace id.
fn particulars(status: &tonic::Status) -> String {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|request| request.field_violations.as_slice());
    let mut text = String::new();
    for violation in violations.unwrap_or_default() {
        // Writing to a text cannot fail.
        let _written = write!(text, "\n  {}: {}", violation.field, violation.description);
    }
    let metadata = details.error_info().map(|info| &info.metadata);
    if let Some(trace) = metadata.and_then(|metadata| metadata.get("trace_id")) {
        let _written = write!(text, "\n  trace_id {trace}");
    }
    text
}
