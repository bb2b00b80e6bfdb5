//! What the database holds back, by the name of its constraint or trigger.

use platform::database::Retryable;

use crate::error::Error;
use crate::model::BatchNo;

/// What keeps a batch from being approved or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A line was never on notice with its amount.
    NotNoticed,
    /// A line's notice is not over.
    NoticeRunning,
    /// An objection against a line is open or upheld.
    Objection,
    /// A line is frozen today.
    Frozen,
    /// More than the budget has left.
    Budget,
}

impl Guard {
    fn of_constraint(constraint: &str) -> Option<Self> {
        Some(match constraint {
            "batch_all_noticed" => Self::NotNoticed,
            "batch_notice_over" => Self::NoticeRunning,
            "batch_objection_open" => Self::Objection,
            "batch_frozen" => Self::Frozen,
            "batch_budget" => Self::Budget,
            _ => return None,
        })
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NotNoticed => "BATCH_NOT_NOTICED",
            Self::NoticeRunning => "BATCH_NOTICE_RUNNING",
            Self::Objection => "BATCH_OBJECTION_OPEN",
            Self::Frozen => "BATCH_FROZEN",
            Self::Budget => "BATCH_OVER_BUDGET",
        }
    }

    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::NotNoticed => "有明细未经公示，请退回后重新公示",
            Self::NoticeRunning => "有明细公示期未满",
            Self::Objection => "有明细存在待处理或成立的异议，请重新计算，其余明细可继续",
            Self::Frozen => "有明细的条款或机构处于冻结期，请重新计算，或作废后以冻结期内的截至日重新开批",
            Self::Budget => "超出项目预算余额，请重新计算或调整预算",
        }
    }

    pub(crate) const fn en(self) -> &'static str {
        match self {
            Self::NotNoticed => "a line was never on notice with its amount; return it and publish again",
            Self::NoticeRunning => "the notice of a line is not over",
            Self::Objection => {
                "an objection against a line is open or upheld; compute again, and the other lines go on"
            }
            Self::Frozen => {
                "the clause or institution of a line is frozen today; compute again, or cancel it and open another as of a day of \
                 the freeze"
            }
            Self::Budget => "more than is left of a programme's budget; compute again or set the budget",
        }
    }
}

/// Why something beside batches cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// The objection is decided or withdrawn.
    Objection,
    /// The freeze is lifted.
    Freeze,
    /// A measure belongs to another programme.
    BudgetMeasure,
    /// More is committed than the appropriation would be.
    BudgetCommitted,
    /// The order of recovery is approved.
    RecoveryOrder,
    /// No number is left for the year.
    Numbers,
}

impl Fixed {
    fn of_constraint(constraint: &str) -> Option<Self> {
        Some(match constraint {
            "objection_closed" => Self::Objection,
            "freeze_lifted_once" => Self::Freeze,
            "budget_measure_key" => Self::BudgetMeasure,
            "budget_within" => Self::BudgetCommitted,
            "recovery_order_approved_once" => Self::RecoveryOrder,
            "objection_number_range" | "recovery_order_number_range" => Self::Numbers,
            _ => return None,
        })
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Objection => "OBJECTION_CLOSED",
            Self::Freeze => "FREEZE_LIFTED",
            Self::BudgetMeasure => "BUDGET_MEASURE_TAKEN",
            Self::BudgetCommitted => "BUDGET_BELOW_COMMITTED",
            Self::RecoveryOrder => "RECOVERY_ORDER_APPROVED",
            Self::Numbers => "NUMBERS_EXHAUSTED",
        }
    }

    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::Objection => "该异议已办结",
            Self::Freeze => "该冻结已解除",
            Self::BudgetMeasure => "该政策措施已属于同年度另一项目",
            Self::BudgetCommitted => "预算不能低于已占用的金额",
            Self::RecoveryOrder => "该追回决定已批准",
            Self::Numbers => "本年度编号已用完",
        }
    }

    pub(crate) const fn en(self) -> &'static str {
        match self {
            Self::Objection => "the objection is decided or withdrawn",
            Self::Freeze => "the freeze is lifted already",
            Self::BudgetMeasure => "a measure belongs to another programme of the year",
            Self::BudgetCommitted => "a budget cannot be below what is committed of it",
            Self::RecoveryOrder => "the order of recovery is approved already",
            Self::Numbers => "no number is left for the year",
        }
    }
}

fn constraint_of(error: &Error) -> Option<String> {
    let database = error.as_sqlx()?.as_database_error()?;
    database.constraint().map(str::to_owned)
}

/// The error that a refused change of a batch is; `person` is who asked for it.
pub(crate) fn of_batch(error: Error, number: &BatchNo, person: &str) -> Error {
    let batch_no = number.to_string();
    match constraint_of(&error).as_deref() {
        Some("batch_two_people" | "batch_three_people") => Error::TwoPeopleNeeded {
            name: format!("batches/{batch_no}"),
            person: person.to_owned(),
        },
        Some("batch_follows_one") => Error::SettledMoved { batch_no },
        Some(other) => match Guard::of_constraint(other) {
            Some(guard) => Error::Guarded { batch_no, guard },
            None => error,
        },
        None => error,
    }
}

/// The error that a refused change of something beside batches is.
pub(crate) fn of_thing(error: Error, name: &str, person: &str) -> Error {
    let name = name.to_owned();
    match constraint_of(&error).as_deref() {
        Some("recovery_order_two_people") => Error::TwoPeopleNeeded {
            name,
            person: person.to_owned(),
        },
        Some(other) => match Fixed::of_constraint(other) {
            Some(fixed) => Error::Fixed { name, fixed },
            None => error,
        },
        None => error,
    }
}
