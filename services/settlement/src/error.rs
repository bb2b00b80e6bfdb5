//! What the settlement service can answer but success.

use platform::error::{Fault, FieldViolation, Kind};

/// Errors of settlement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command of the ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Payment or recovery was refused.
    #[error(transparent)]
    Payment(#[from] crate::payment::Error),
    /// A draft is open for the city and year; one at a time.
    #[error("batch {batch_no} is still a draft")]
    BatchAlreadyOpen {
        /// The draft.
        batch_no: String,
    },
    /// The batch is no draft any more.
    #[error("batch {batch_no} is {state} and cannot change")]
    BatchClosed {
        /// The batch.
        batch_no: String,
        /// Its state.
        state: &'static str,
    },
    /// The batch has not been computed.
    #[error("batch {batch_no} is not computed yet")]
    BatchNotComputed {
        /// The batch.
        batch_no: String,
    },
    /// The digest stated is not the batch's.
    #[error("the digest of batch {batch_no} is another one")]
    BatchDigestMismatch {
        /// The batch.
        batch_no: String,
    },
    /// Rows of a computed batch were changed in the database since: they are not what its receipt's digests cover.
    #[error("{file} of batch {batch_no} was altered since it was computed: its digest is not the receipt's")]
    BatchFileAltered {
        /// The batch.
        batch_no: String,
        /// Path of the file in the batch, `facts/` where it may be any of them.
        file: String,
    },
    /// The files of the batch are larger than one archive can be.
    #[error("the files of batch {batch_no} are too large for one archive, pull it as a stream")]
    BatchTooLarge {
        /// The batch.
        batch_no: String,
    },
    /// Whoever opened a batch never releases it.
    #[error("batch {batch_no} was opened by {person}, who cannot release it")]
    TwoPeopleNeeded {
        /// The batch.
        batch_no: String,
        /// Who opened it.
        person: String,
    },
    /// The settled position moved since the batch was computed.
    #[error("the settled position moved since batch {batch_no} was computed")]
    SettledMoved {
        /// The batch.
        batch_no: String,
    },
    /// A city and year has at most 999 batches.
    #[error("no batch number is left for this year")]
    BatchNumbersExhausted,
}

impl From<platform::Error> for Error {
    fn from(error: platform::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl platform::database::Retryable for Error {
    fn as_sqlx(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Ledger(error) => error.as_sqlx(),
            _ => None,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Ledger(inner) => inner.status(),
            own => platform::error::to_status(own),
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Payment(error) => error.kind(),
            Self::BatchAlreadyOpen { .. } => Kind::AlreadyExists,
            Self::BatchClosed { .. }
            | Self::BatchNotComputed { .. }
            | Self::BatchFileAltered { .. }
            | Self::BatchTooLarge { .. }
            | Self::BatchNumbersExhausted => Kind::FailedPrecondition,
            Self::BatchDigestMismatch { .. } | Self::SettledMoved { .. } => Kind::Aborted,
            Self::TwoPeopleNeeded { .. } => Kind::PermissionDenied,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.reason(),
            Self::Payment(error) => error.reason(),
            Self::BatchAlreadyOpen { .. } => "BATCH_ALREADY_OPEN",
            Self::BatchClosed { .. } => "BATCH_CLOSED",
            Self::BatchNotComputed { .. } => "BATCH_NOT_COMPUTED",
            Self::BatchDigestMismatch { .. } => "BATCH_DIGEST_MISMATCH",
            Self::BatchFileAltered { .. } => "BATCH_FILE_ALTERED",
            Self::BatchTooLarge { .. } => "BATCH_TOO_LARGE",
            Self::TwoPeopleNeeded { .. } => "TWO_PEOPLE_NEEDED",
            Self::SettledMoved { .. } => "SETTLED_MOVED",
            Self::BatchNumbersExhausted => "BATCH_NUMBERS_EXHAUSTED",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_zh(),
            Self::Payment(error) => error.message_zh(),
            Self::BatchAlreadyOpen { batch_no } => {
                format!("批次 {batch_no} 尚为草稿，同一城市同一年度只能有一个草稿")
            }
            Self::BatchClosed { batch_no, state } => format!("批次 {batch_no} 状态为 {state}，不能更改"),
            Self::BatchNotComputed { batch_no } => format!("批次 {batch_no} 尚未计算"),
            Self::BatchDigestMismatch { batch_no } => format!("批次 {batch_no} 的摘要与所给不一致"),
            Self::BatchFileAltered { batch_no, file } => {
                format!("批次 {batch_no} 的 {file} 在计算后被改动：摘要与回执不符")
            }
            Self::BatchTooLarge { batch_no } => {
                format!("批次 {batch_no} 的文件过大，不能合为一个压缩包，请以流拉取")
            }
            Self::TwoPeopleNeeded { batch_no, person } => {
                format!("批次 {batch_no} 由 {person} 开立，不能由同一人放行")
            }
            Self::SettledMoved { batch_no } => {
                format!("批次 {batch_no} 计算后已结算余额发生变化，请重新开批")
            }
            Self::BatchNumbersExhausted => "本年度批次号已用完".to_owned(),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_en(),
            Self::Payment(error) => error.message_en(),
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

/// The name of the constraint that refused a statement.
pub(crate) fn constraint_of(error: &sqlx::Error) -> Option<String> {
    error
        .as_database_error()
        .and_then(|database| database.constraint().map(str::to_owned))
}
