//! What payment can answer but success.

use platform::error::{Fault, FieldViolation, Kind};
use policy::money::Money;

/// Errors of payment and recovery.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No keys are set, so no account can be sealed or opened.
    #[error("payee_key is not set, so no payee account can be kept or read")]
    KeyMissing,
    /// A revision of an account that is there with other content.
    #[error("revision {revision} of this account is there with other content")]
    AccountConflict {
        /// The revision.
        revision: i32,
    },
    /// Only a released batch is paid.
    #[error("batch {batch_no} is {state}; only a released batch is paid")]
    BatchNotReleased {
        /// The batch.
        batch_no: String,
        /// Its state.
        state: String,
    },
    /// A payment cannot be made to any account.
    #[error("{name} has no account that it can be paid to ({reason})")]
    PayeeUnclear {
        /// The payment.
        name: String,
        /// The hold reason.
        reason: &'static str,
    },
    /// The city's budget unit has no codes.
    #[error("the codes of the budget unit are not set")]
    BudgetUnitMissing,
    /// No voucher was prepared or exported.
    #[error("batch {batch_no} has no voucher to export")]
    VouchersNone {
        /// The batch.
        batch_no: String,
    },
    /// Text that the voucher's encoding does not know.
    #[error("voucher {voucher_no} holds {character:?}, which is not in GBK")]
    NotInGbk {
        /// The voucher.
        voucher_no: String,
        /// The character.
        character: char,
    },
    /// A voucher file could not be written.
    #[error("the voucher file cannot be written: {what}")]
    FileNotWritten {
        /// What is wrong.
        what: String,
    },
    /// Only what the bank returned is paid again.
    #[error("{name} is {state}; only a payment that the bank returned is paid again")]
    NotReturned {
        /// The payment.
        name: String,
        /// Its state.
        state: String,
    },
    /// The year of the first payment is over.
    #[error("{name} was paid from the budget of {year}, which is closed: it needs a new budget")]
    RepayYearClosed {
        /// The payment.
        name: String,
        /// The year of the budget.
        year: i32,
    },
    /// The recovery is closed.
    #[error("{name} is closed")]
    RecoveryClosed {
        /// The recovery.
        name: String,
    },
    /// More than is left.
    #[error("{name} has {rest} yuan left, less than the amount")]
    RepaymentAboveRest {
        /// The recovery.
        name: String,
        /// What is left.
        rest: Money,
    },
    /// Instalments that do not sum to what is left.
    #[error("the instalments sum to {sum} yuan and {rest} is left")]
    InstalmentsSum {
        /// Their sum.
        sum: Money,
        /// What is left.
        rest: Money,
    },
    /// A bank's serial number that stands for something else.
    #[error("bank serial {bank_serial} stands for another transfer")]
    BankSerialTaken {
        /// The serial number.
        bank_serial: String,
    },
    /// Another officer moved the payment or recovery meanwhile.
    #[error("{name} moved meanwhile")]
    MovedMeanwhile {
        /// The payment or recovery.
        name: String,
    },
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::KeyMissing
            | Self::BatchNotReleased { .. }
            | Self::PayeeUnclear { .. }
            | Self::BudgetUnitMissing
            | Self::VouchersNone { .. }
            | Self::NotInGbk { .. }
            | Self::NotReturned { .. }
            | Self::RepayYearClosed { .. }
            | Self::RecoveryClosed { .. }
            | Self::RepaymentAboveRest { .. } => Kind::FailedPrecondition,
            Self::InstalmentsSum { .. } => Kind::InvalidArgument,
            Self::AccountConflict { .. } | Self::BankSerialTaken { .. } => Kind::AlreadyExists,
            Self::MovedMeanwhile { .. } => Kind::Aborted,
            Self::FileNotWritten { .. } => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::KeyMissing => "PAYEE_KEY_MISSING",
            Self::AccountConflict { .. } => "PAYEE_ACCOUNT_CONFLICT",
            Self::BatchNotReleased { .. } => "BATCH_NOT_RELEASED",
            Self::PayeeUnclear { reason, .. } => reason,
            Self::BudgetUnitMissing => "BUDGET_UNIT_MISSING",
            Self::VouchersNone { .. } => "VOUCHERS_NONE",
            Self::NotInGbk { .. } => "CHARACTER_NOT_IN_GBK",
            Self::FileNotWritten { .. } => "INTERNAL",
            Self::NotReturned { .. } => "PAYMENT_NOT_RETURNED",
            Self::RepayYearClosed { .. } => "REPAY_YEAR_CLOSED",
            Self::RecoveryClosed { .. } => "RECOVERY_CLOSED",
            Self::RepaymentAboveRest { .. } => "REPAYMENT_ABOVE_REST",
            Self::InstalmentsSum { .. } => "INSTALMENTS_SUM",
            Self::BankSerialTaken { .. } => "BANK_SERIAL_TAKEN",
            Self::MovedMeanwhile { .. } => "PAYMENT_MOVED",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::KeyMissing => "未配置 payee_key，不能保存或读取收款账户".to_owned(),
            Self::AccountConflict { revision } => format!("该账户的修订 {revision} 已有不同内容"),
            Self::BatchNotReleased { batch_no, state } => {
                format!("批次 {batch_no} 状态为 {state}，只有已放行的批次才能支付")
            }
            Self::PayeeUnclear { name, reason } => format!("{name} 没有可支付的收款账户（{reason}）"),
            Self::BudgetUnitMissing => "尚未设置预算单位代码".to_owned(),
            Self::VouchersNone { batch_no } => format!("批次 {batch_no} 没有可导出的凭证"),
            Self::NotInGbk {
                voucher_no,
                character,
            } => {
                format!("凭证 {voucher_no} 含 GBK 以外的字符“{character}”")
            }
            Self::FileNotWritten { .. } => "凭证文件无法生成".to_owned(),
            Self::NotReturned { name, state } => {
                format!("{name} 状态为 {state}，只有被动退回的支付才能重新支付")
            }
            Self::RepayYearClosed { name, year } => {
                format!("{name} 属于 {year} 年预算，该年度已结束，须另行安排预算")
            }
            Self::RecoveryClosed { name } => format!("{name} 已结清"),
            Self::RepaymentAboveRest { name, rest } => format!("{name} 尚余 {rest} 元，还款金额超过余额"),
            Self::InstalmentsSum { sum, rest } => format!("分期合计 {sum} 元，与余额 {rest} 元不符"),
            Self::BankSerialTaken { bank_serial } => format!("银行流水号 {bank_serial} 已用于另一笔"),
            Self::MovedMeanwhile { name } => format!("{name} 已被他人变更，请重试"),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::FileNotWritten { .. } => "the voucher file cannot be written".to_owned(),
            _ => self.to_string(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        Vec::new()
    }
}
