//! What can go wrong on the caller's side.

use tonic::Status;

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is no URL, or a certificate or key is no PEM text.
    #[error("the address, the certificates or the key of the client cannot be used")]
    Configuration(#[from] tonic::transport::Error),
    /// The address is not https: identity is the certificate, so there is no call without TLS.
    #[error("{0} is not an https address")]
    NotHttps(String),
}

/// Why a batch was not pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A call was refused, or broke too often without anything new in between.
    #[error("{call}: {status}")]
    Call {
        /// The call.
        call: &'static str,
        /// Its last status.
        status: Box<Status>,
    },
    /// What came is not what the batch says of itself: keep nothing of it and pull again.
    #[error("what was pulled is not what its digests say: {en}")]
    Differs {
        /// What differs, in Chinese.
        zh: String,
        /// What differs, in English.
        en: String,
    },
}

impl PullError {
    pub(crate) fn differs(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Differs {
            zh: zh.into(),
            en: en.into(),
        }
    }
}
