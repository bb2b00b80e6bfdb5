//! What the webhook service can answer but success.

use platform::error::{Fault, FieldViolation, Kind};

/// Errors of webhooks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command of the ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// No keys are set, so no secret can be sealed or opened.
    #[error("webhook_key is not set, so no webhook secret can be kept")]
    KeyMissing,
    /// The owner has as many endpoints as there may be.
    #[error("an owner has at most {most} webhook endpoints; change one of them instead")]
    EndpointsTooMany {
        /// How many there may be.
        most: i64,
    },
    /// Nothing is sent to a disabled endpoint.
    #[error("{name} is disabled; enable it first")]
    EndpointDisabled {
        /// The endpoint.
        name: String,
    },
}

ledger::carries_ledger_error!(Error);

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::KeyMissing | Self::EndpointsTooMany { .. } | Self::EndpointDisabled { .. } => {
                Kind::FailedPrecondition
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.reason(),
            Self::KeyMissing => "WEBHOOK_KEY_MISSING",
            Self::EndpointsTooMany { .. } => "WEBHOOK_ENDPOINTS_TOO_MANY",
            Self::EndpointDisabled { .. } => "WEBHOOK_ENDPOINT_DISABLED",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_zh(),
            Self::KeyMissing => "未配置 webhook_key，不能保存通知端点的密钥".to_owned(),
            Self::EndpointsTooMany { most } => format!("每个主体最多 {most} 个通知端点，请改用已有的端点"),
            Self::EndpointDisabled { name } => format!("{name} 已停用，请先启用"),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_en(),
            _ => self.to_string(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Ledger(error) => error.violations(),
            _ => Vec::new(),
        }
    }
}

/// One wrong field.
pub(crate) fn invalid(
    field: &str,
    code: &'static str,
    zh: impl Into<String>,
    en: impl Into<String>,
) -> Error {
    ledger::Error::invalid(field, code, zh, en).into()
}
