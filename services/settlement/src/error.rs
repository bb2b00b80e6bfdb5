//! What the settlement service can answer but success.

use platform::error::{Fault, FieldViolation, Kind};

use crate::guard::{Fixed, Guard};
use crate::model::State;

fn wanted_en(wanted: &[State]) -> String {
    wanted
        .iter()
        .map(|state| state.as_str())
        .collect::<Vec<_>>()
        .join(" or ")
}

/// Errors of settlement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command of the ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Payment or recovery was refused.
    #[error(transparent)]
    Payment(#[from] crate::payment::Error),
    /// A batch is open for the city and year; one at a time.
    #[error("batch {batch_no} is neither released nor cancelled yet")]
    BatchAlreadyOpen {
        /// The batch.
        batch_no: String,
    },
    /// The batch is released, paid or cancelled.
    #[error("batch {batch_no} is {state} and cannot change")]
    BatchClosed {
        /// The batch.
        batch_no: String,
        /// Its state.
        state: &'static str,
    },
    /// The batch is in another state than the verb moves it from.
    #[error("batch {batch_no} is {} and not {}", state.as_str(), wanted_en(wanted))]
    BatchWrongState {
        /// The batch.
        batch_no: String,
        /// Its state.
        state: State,
        /// The states that the verb moves it from.
        wanted: &'static [State],
    },
    /// A guard of approval and release holds the batch back.
    #[error("batch {batch_no}: {}", guard.en())]
    Guarded {
        /// The batch.
        batch_no: String,
        /// The guard.
        guard: Guard,
    },
    /// A thing beside batches that cannot be changed any more, or not so.
    #[error("{name}: {}", fixed.en())]
    Fixed {
        /// Its name.
        name: String,
        /// Why.
        fixed: Fixed,
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
    /// One person took two steps that need two.
    #[error("{person} took an earlier step with {name}, and this one needs another person")]
    TwoPeopleNeeded {
        /// What it is about.
        name: String,
        /// Who calls.
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

ledger::carries_ledger_error!(Error);

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Payment(error) => error.kind(),
            Self::BatchAlreadyOpen { .. } => Kind::AlreadyExists,
            Self::BatchClosed { .. }
            | Self::BatchNotComputed { .. }
            | Self::BatchWrongState { .. }
            | Self::Guarded { .. }
            | Self::Fixed { .. }
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
            Self::BatchWrongState { .. } => "BATCH_WRONG_STATE",
            Self::Guarded { guard, .. } => guard.reason(),
            Self::Fixed { fixed, .. } => fixed.reason(),
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
                format!("批次 {batch_no} 尚未放行或作废，同一城市同一年度只能有一个在办批次")
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
            Self::BatchWrongState {
                batch_no,
                state,
                wanted,
            } => {
                let wanted: Vec<&str> = wanted.iter().map(|state| state.zh()).collect();
                format!(
                    "批次 {batch_no} 状态为{}，此操作须在{}状态",
                    state.zh(),
                    wanted.join("或")
                )
            }
            Self::Guarded { batch_no, guard } => format!("批次 {batch_no}：{}", guard.zh()),
            Self::Fixed { name, fixed } => format!("{name}：{}", fixed.zh()),
            Self::TwoPeopleNeeded { name, person } => {
                format!("{person} 已办理 {name} 的前一步骤，此步骤须由另一人办理")
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
