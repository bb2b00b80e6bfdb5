//! What a command of the ledger can answer but success.

use std::collections::BTreeSet;
use std::time::Duration;

use exchange::{Refusal, RefusalCode};
use platform::error::{Fault, FieldViolation, Kind};
use policy::engine::EngineError;
use policy::rulebook::RulebookError;

/// Errors of the ledger and of the services that stand on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plumbing failed.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// The connection's certificate belongs to nobody known, or its credential is not valid now.
    #[error("the caller's certificate is not registered or no longer valid")]
    CallerUnknown,
    /// No open session has this token: it is unknown, unused for too long, past its end or revoked; which of them, nobody outside learns.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// As many calls are under way as may be; nothing of this one was done.
    #[error("{} calls of {} are under way, the most there may be: try again", most, holder.as_deref().unwrap_or("all callers"))]
    CallsTooMany {
        /// Whose calls they are; none where it is everybody's.
        holder: Option<String>,
        /// The bound.
        most: usize,
    },
    /// The reader of an answer took nothing of it for so long that the rest was given up.
    #[error("the reader took nothing for {} s, so the answer was ended", seconds)]
    ReaderStalled {
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The caller's role may not do this.
    #[error("role {role} may not call {rpc}")]
    RoleNotAllowed {
        /// The caller's role.
        role: &'static str,
        /// The call.
        rpc: &'static str,
    },
    /// A request key that was used for another body.
    #[error("request id {request_id} was used for another request")]
    RequestIdReused {
        /// The key.
        request_id: String,
    },
    /// Fields that are wrong in themselves.
    #[error("the request has fields that cannot be accepted")]
    Invalid(Vec<FieldViolation>),
    /// Records that are refused.
    #[error("the record cannot be accepted")]
    Refused(Vec<Refusal>),
    /// No such record for this caller.
    #[error("{name} does not exist")]
    NotFound {
        /// The name asked for.
        name: String,
    },
    /// The record has changed since it was read.
    #[error("{name} has changed since it was read")]
    EtagMismatch {
        /// The record.
        name: String,
    },
    /// A stored row that its own parser refuses.
    #[error("a stored row of {file} cannot be read: {detail}")]
    StoredRowUnreadable {
        /// Exchange file.
        file: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The rules cannot answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No rules for the question.
    #[error(transparent)]
    Rulebook(#[from] RulebookError),
}

/// An error that can be told in one answer with another of the same request.
pub trait Together: Sized {
    /// Both, as far as they can be told together.
    #[must_use]
    fn together(self, other: Self) -> Self;
}

impl Together for Error {
    fn together(self, other: Self) -> Self {
        self.and(other)
    }
}

/// Both values, or what is wrong with either: every bad field of a request is named in one answer.
///
/// # Errors
/// Those of the two, told together.
pub fn both<A, B, E: Together>(one: Result<A, E>, other: Result<B, E>) -> Result<(A, B), E> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.together(other)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Every value, or what is wrong with any of them.
///
/// # Errors
/// Those of all, told together.
pub fn every<A, E: Together>(all: impl IntoIterator<Item = Result<A, E>>) -> Result<Vec<A>, E> {
    let mut values = Ok(Vec::new());
    for value in all {
        values = both(values, value).map(|(mut values, value)| {
            values.push(value);
            values
        });
    }
    values
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Platform(error.into())
    }
}

impl platform::database::Retryable for Error {
    fn as_sqlx(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Platform(error) => error.as_sqlx(),
            _ => None,
        }
    }
}

impl Error {
    /// One wrong field.
    #[must_use]
    pub fn invalid(field: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldViolation {
            field: field.to_owned(),
            code,
            zh: zh.into(),
            en: en.into(),
        }])
    }

    /// One refusal of a record.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }

    /// This error and another of the same request: the bad fields of both; else the first, since only fields can be told together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid(mut violations), Self::Invalid(more)) => {
                violations.extend(more);
                Self::Invalid(violations)
            }
            (first, _) => first,
        }
    }

    /// The one door to a gRPC status.
    #[must_use]
    pub fn status(&self) -> tonic::Status {
        match self {
            Self::Platform(error) => platform::error::to_status(error),
            _ => platform::error::to_status(self),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        error.status()
    }
}

/// Gives a service's own error, which has a variant `Ledger` for everything that the ledger refuses, its conversions: from a database's
/// and the platform's errors through the ledger's, into a gRPC status, the look at the database error inside that retries rest on, and that
/// two refusals are told as one.
#[macro_export]
macro_rules! carries_ledger_error {
    ($error:ident) => {
        impl From<::platform::Error> for $error {
            fn from(error: ::platform::Error) -> Self {
                Self::Ledger(error.into())
            }
        }

        impl From<::sqlx::Error> for $error {
            fn from(error: ::sqlx::Error) -> Self {
                Self::Ledger(error.into())
            }
        }

        impl $crate::Together for $error {
            fn together(self, other: Self) -> Self {
                match (self, other) {
                    (Self::Ledger(one), Self::Ledger(other)) => one.and(other).into(),
                    (first, _) => first,
                }
            }
        }

        impl ::platform::database::Retryable for $error {
            fn as_sqlx(&self) -> Option<&::sqlx::Error> {
                match self {
                    Self::Ledger(error) => error.as_sqlx(),
                    _ => None,
                }
            }
        }

        impl From<$error> for ::tonic::Status {
            fn from(error: $error) -> Self {
                match &error {
                    $error::Ledger(inner) => inner.status(),
                    own => ::platform::error::to_status(own),
                }
            }
        }
    };
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Platform(error) => error.kind(),
            Self::CallerUnknown | Self::SessionEnded => Kind::Unauthenticated,
            Self::CallsTooMany { .. } => Kind::ResourceExhausted,
            Self::ReaderStalled { .. } => Kind::DeadlineExceeded,
            Self::RoleNotAllowed { .. } => Kind::PermissionDenied,
            Self::RequestIdReused { .. } => Kind::AlreadyExists,
            Self::Invalid(_) => Kind::InvalidArgument,
            Self::Refused(refusals) => kind_of(refusals),
            Self::NotFound { .. } => Kind::NotFound,
            Self::EtagMismatch { .. } => Kind::Aborted,
            Self::StoredRowUnreadable { .. } => Kind::Internal,
            Self::Engine(_) | Self::Rulebook(_) => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Platform(error) => error.reason(),
            Self::CallerUnknown => "CALLER_UNKNOWN",
            Self::SessionEnded => "SESSION_ENDED",
            Self::CallsTooMany { .. } => "CALLS_TOO_MANY",
            Self::ReaderStalled { .. } => "READER_STALLED",
            Self::RoleNotAllowed { .. } => "ROLE_NOT_ALLOWED",
            Self::RequestIdReused { .. } => "REQUEST_ID_REUSED",
            Self::Invalid(violations) => single(
                violations.iter().map(|violation| violation.code),
                "FIELDS_INVALID",
            ),
            Self::Refused(refusals) => single(
                refusals.iter().map(|refusal| refusal.code.as_str()),
                "RECORD_REFUSED",
            ),
            Self::NotFound { .. } => "NOT_FOUND",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::StoredRowUnreadable { .. } => "INTERNAL",
            Self::Engine(EngineError::Rulebook(error)) | Self::Rulebook(error) => error.reason(),
            Self::Engine(EngineError::Money(_)) => "AMOUNT_OVERFLOW",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Platform(error) => error.message_zh(),
            Self::CallerUnknown => "证书未登记或已失效".to_owned(),
            Self::SessionEnded => "会话已结束，请重新登录".to_owned(),
            Self::CallsTooMany {
                holder: Some(holder),
                most,
            } => format!("{holder} 同时进行的调用已达上限 {most} 个，请稍后重试"),
            Self::CallsTooMany { holder: None, most } => {
                format!("本服务同时进行的调用已达上限 {most} 个，请稍后重试")
            }
            Self::ReaderStalled { seconds } => format!("接收方 {seconds} 秒未读取数据，应答已终止"),
            Self::RoleNotAllowed { role, rpc } => format!("角色 {role} 无权调用 {rpc}"),
            Self::RequestIdReused { request_id } => format!("请求号 {request_id} 已用于内容不同的请求"),
            Self::Invalid(violations) => join(violations.iter().map(|violation| violation.zh.clone()), "；"),
            Self::Refused(refusals) => join(refusals.iter().map(|refusal| refusal.zh.to_string()), "；"),
            Self::NotFound { name } => format!("{name} 不存在"),
            Self::EtagMismatch { name } => format!("{name} 在读取后已被修改"),
            Self::StoredRowUnreadable { .. } => "内部错误".to_owned(),
            Self::Engine(error) => error.to_string(),
            Self::Rulebook(error) => error.to_string(),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Platform(error) => error.message_en(),
            Self::Invalid(violations) => join(violations.iter().map(|violation| violation.en.clone()), "; "),
            Self::Refused(refusals) => join(refusals.iter().map(|refusal| refusal.en.to_string()), "; "),
            Self::StoredRowUnreadable { .. } => "internal error".to_owned(),
            _ => self.to_string(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Platform(error) => error.retry_after(),
            // Spread over half a second, so that callers who were refused together do not return together.
            Self::CallsTooMany { .. } => Some(Duration::from_millis(
                750_u64.saturating_add(platform::ids::random_below(500)),
            )),
            _ => self.kind().is_transient().then_some(platform::error::RETRY_PAUSE),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::Refused(refusals) => refusals
                .iter()
                .map(|refusal| FieldViolation {
                    field: refusal
                        .column
                        .map_or_else(|| refusal.file.as_str().to_owned(), str::to_owned),
                    code: refusal.code.as_str(),
                    zh: refusal.zh.to_string(),
                    en: refusal.en.to_string(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A conflict of one revision already exists; an institution's standing is a precondition; the rest is the caller's text.
fn kind_of(refusals: &[Refusal]) -> Kind {
    match refusals.first().map(|refusal| refusal.code) {
        Some(RefusalCode::RevisionConflict) => Kind::AlreadyExists,
        Some(RefusalCode::InstitutionNotRegistered | RefusalCode::InstitutionWithdrawn) => {
            Kind::FailedPrecondition
        }
        Some(RefusalCode::OtherInstitution | RefusalCode::NotTheBureau) => Kind::PermissionDenied,
        _ => Kind::InvalidArgument,
    }
}

fn single(codes: impl Iterator<Item = &'static str>, several: &'static str) -> &'static str {
    let codes: BTreeSet<&'static str> = codes.collect();
    match codes.first() {
        Some(code) if codes.len() == 1 => code,
        _ => several,
    }
}

fn join(texts: impl Iterator<Item = String>, separator: &str) -> String {
    texts.collect::<Vec<_>>().join(separator)
}
