//! The one error door: every failure that leaves the process as a gRPC status passes [`to_status`].

mod own;

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::KeyValue;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use own::Error;
pub(crate) use own::{is_lost_connection, sqlstate};

use crate::metrics::{self, Counter};

/// Value of `ErrorInfo.domain` in every status.
pub const DOMAIN: &str = "zhirong";

/// Calls that were refused, by the reason that the caller was told.
static REFUSALS: Counter = Counter::new("zhirong.refusals", "{call}", "Refused calls, by reason.");

/// The pause before a repeat of what failed for a moment.
pub const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Most bytes of field descriptions in one status. Details travel in a header, many clients accept
/// 8 KiB of headers, and base64 adds a third.
const DESCRIPTION_BYTES_MAX: usize = 3_072;

/// Most bytes of one sentence in a status, for the same headers: a sentence may repeat what the caller sent, however long that was.
const SENTENCE_BYTES_MAX: usize = 1_024;

/// What kind of failure it is; a closed set, one gRPC code each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is wrong whatever the state of the system.
    InvalidArgument,
    /// The thing named does not exist, or the caller may not see it.
    NotFound,
    /// The thing exists already, with other content.
    AlreadyExists,
    /// The state of the system does not allow it.
    FailedPrecondition,
    /// The caller is known and may not do this.
    PermissionDenied,
    /// The caller is not known.
    Unauthenticated,
    /// A conflict with another caller; try again.
    Aborted,
    /// A limit was reached.
    ResourceExhausted,
    /// A part of the system is away; try again.
    Unavailable,
    /// It took too long.
    DeadlineExceeded,
    /// A fault of ours; the cause is logged and never sent.
    Internal,
    /// Not built, or switched off here.
    Unimplemented,
    /// Beyond the end of something that may grow.
    OutOfRange,
}

impl Kind {
    /// The gRPC code of this kind.
    pub fn code(self) -> Code {
        match self {
            Self::InvalidArgument => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::FailedPrecondition => Code::FailedPrecondition,
            Self::PermissionDenied => Code::PermissionDenied,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Aborted => Code::Aborted,
            Self::ResourceExhausted => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Internal => Code::Internal,
            Self::Unimplemented => Code::Unimplemented,
            Self::OutOfRange => Code::OutOfRange,
        }
    }

    /// True when the same call may succeed a moment later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Aborted | Self::Unavailable)
    }
}

/// One bad field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field as the caller spells it.
    pub field: String,
    /// Refusal code from the documented list.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

/// A failure that can be shown to a caller. Implemented by the one error enum of each crate.
pub trait Fault: std::error::Error {
    /// The kind, which decides the gRPC code.
    fn kind(&self) -> Kind;
    /// The reason from the documented list, in UPPER_SNAKE case.
    fn reason(&self) -> &'static str;
    /// One sentence for people, in Chinese.
    fn message_zh(&self) -> String;
    /// One sentence for people, in English.
    fn message_en(&self) -> String;
    /// Every bad field of the request.
    fn violations(&self) -> Vec<FieldViolation> {
        Vec::new()
    }
    /// How long the caller shall wait before the same call; none where a repeat would not help.
    fn retry_after(&self) -> Option<Duration> {
        self.kind().is_transient().then_some(RETRY_PAUSE)
    }
    /// Further values a program may need, for `ErrorInfo.metadata`.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Turns a failure into a status; nothing else in the workspace makes one.
///
/// The status message is English; `LocalizedMessage` is zh-CN; `ErrorInfo` carries the reason, the
/// trace id and, per bad field, `violation_<field>` = codes; `BadRequest` lists the bad fields as
/// `code: zh / en`. An internal failure is logged here, once, and its text is not sent.
pub fn to_status(fault: &dyn Fault) -> Status {
    let kind = fault.kind();
    if metrics::is_on() {
        // The refusal stands whatever became of a transaction around it.
        REFUSALS.put(1, &[KeyValue::new("reason", fault.reason())]);
    }
    let (zh, en) = match kind {
        Kind::Internal => {
            tracing::error!(reason = fault.reason(), error = %chain(fault), "request failed inside");
            (
                "内部错误,请凭追踪号联系管理员".to_owned(),
                "internal error; quote the trace id to the operator".to_owned(),
            )
        }
        Kind::Unavailable => {
            tracing::warn!(reason = fault.reason(), error = %chain(fault), "request not served");
            (fault.message_zh(), fault.message_en())
        }
        _ => (fault.message_zh(), fault.message_en()),
    };
    let (zh, en) = (bounded(zh), bounded(en));
    let mut metadata: HashMap<String, String> = fault
        .metadata()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), bounded(value)))
        .collect();
    if let Some(trace_id) = crate::telemetry::current_trace_id() {
        metadata.insert("trace_id".to_owned(), trace_id);
    }
    metadata.insert("message_en".to_owned(), en.clone());
    let mut details = ErrorDetails::new();
    add_violations(&mut details, &mut metadata, &fault.violations());
    details.set_error_info(fault.reason(), DOMAIN, metadata);
    details.set_localized_message("zh-CN", zh);
    if let Some(pause) = fault.retry_after() {
        details.set_retry_info(Some(pause));
    }
    Status::with_error_details(kind.code(), en, details)
}

/// The sentence, cut off with an ellipsis where it is too long.
fn bounded(mut sentence: String) -> String {
    if sentence.len() > SENTENCE_BYTES_MAX {
        sentence.truncate(sentence.floor_char_boundary(SENTENCE_BYTES_MAX));
        sentence.push('…');
    }
    sentence
}

fn add_violations(
    details: &mut ErrorDetails,
    metadata: &mut HashMap<String, String>,
    violations: &[FieldViolation],
) {
    let mut bytes_left = DESCRIPTION_BYTES_MAX;
    for (index, violation) in violations.iter().enumerate() {
        let (zh, en) = (bounded(violation.zh.clone()), bounded(violation.en.clone()));
        let description = format!("{}: {zh} / {en}", violation.code);
        let size = description.len().saturating_add(violation.field.len());
        if index > 0 && size > bytes_left {
            let left_off = violations.len().saturating_sub(index);
            metadata.insert("violations_left_off".to_owned(), left_off.to_string());
            break;
        }
        bytes_left = bytes_left.saturating_sub(size);
        details.add_bad_request_violation(violation.field.clone(), description);
        metadata
            .entry(metadata_key(&violation.field))
            .and_modify(|codes| {
                codes.push(',');
                codes.push_str(violation.code);
            })
            .or_insert_with(|| violation.code.to_owned());
    }
}

/// Keys of `ErrorInfo.metadata` are limited to letters, digits, `-` and `_`, at most 64 (AIP-193).
fn metadata_key(field: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    "violation_"
        .chars()
        .chain(field.chars().map(plain))
        .take(64)
        .collect()
}

/// A cause without what a caller sent: the message of a panic may hold it, and so may PostgreSQL's of data that do not fit (classes 22 and 23).
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(ended) = error.downcast_ref::<tokio::task::JoinError>() {
        return if ended.is_panic() { "panicked" } else { "cancelled" }.to_owned();
    }
    if let Some(sqlx::Error::Database(refused)) = error.downcast_ref::<sqlx::Error>()
        && let Some(code) = refused.code()
        && (code.starts_with("22") || code.starts_with("23"))
    {
        return format!("SQLSTATE {code} {}", refused.constraint().unwrap_or_default());
    }
    error.to_string()
}

/// The failure and all its causes on one line, for the log.
fn chain(fault: &dyn Fault) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&told(error));
        cause = error.source();
    }
    text
}
