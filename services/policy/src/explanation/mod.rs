//! The explanation of a line: made by the code that computes the amount, kept as versioned bytes, rendered on reading.

mod check;
mod render;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::money::{Money, Rate};

pub use check::{StepsDiffer, check};

/// The version of the encoding: the first byte of every encoded explanation.
pub const ENCODING_VERSION: u8 = 1;

/// The bytes are not an explanation of a version this engine reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplanationError {
    /// Written by another version of the encoding.
    #[error("explanation encoding version {0} is not known")]
    Version(u8),
    /// Damaged bytes.
    #[error("the explanation cannot be decoded")]
    Damaged,
}

/// Why a line has its amount.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The computation, from the facts to the entitled amount, in order.
    pub steps: Vec<Step>,
    /// The readings that decided it, as `(id, value)`.
    pub readings: Vec<(String, String)>,
    /// What other readings would have paid.
    pub alternatives: Vec<Alternative>,
}

/// What another value of a reading would have paid for the same year, measure and beneficiary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// Reading id.
    pub reading: String,
    /// Its other value.
    pub value: String,
    /// The amount in total.
    pub amount: Money,
}

/// One step of a computation. Amounts in fen inside, dates as Beijing dates `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A draw that counts (rule 1), less what was reversed.
    Draw {
        /// `institution_code/contract_no/event_no`
        reference: String,
        /// The date it counts on.
        date: String,
        /// Drawn.
        amount: Money,
        /// Reversed.
        reversed: Money,
    },
    /// A contract's base (rule 2).
    Contract {
        /// `institution_code/contract_no`
        reference: String,
        /// Counted draws of the period.
        drawn: Money,
        /// What the contract amount leaves of them.
        within_limit: Money,
        /// The patent share, for mixed collateral.
        share: Option<String>,
        /// The base, rounded once.
        base: Money,
    },
    /// The sum of bases.
    Sum {
        /// Total.
        base: Money,
    },
    /// The tier of a base (rule 3).
    Tier {
        /// What is looked up.
        base: Money,
        /// Clause id.
        clause: String,
        /// Lower edge.
        from: Money,
        /// Upper edge.
        to: Option<Money>,
        /// The lump sum.
        amount: Money,
    },
    /// A rate of a base, rounded once.
    Rate {
        /// The base.
        base: Money,
        /// The rate.
        rate: String,
        /// The exact product in yuan, all places.
        exact: String,
        /// Rounded to the fen.
        rounded: Money,
    },
    /// The yearly cap (rule 4) as a waterfall.
    Cap {
        /// Before the cap.
        earned: Money,
        /// The cap.
        cap: Money,
        /// After it.
        entitled: Money,
        /// Room left under the cap.
        left: Money,
    },
    /// A premium payment less its refunds (rule 5).
    Payment {
        /// `institution_code/policy_no/event_no`
        reference: String,
        /// Date paid.
        date: String,
        /// Paid.
        paid: Money,
        /// Refunded, whenever dated.
        refunded: Money,
        /// The part that falls on the line's patent.
        part: Money,
    },
    /// The class a part is paid under.
    Class {
        /// Clause id.
        clause: String,
        /// The fact that puts the patent there, e.g. a grant date or an award.
        because: String,
    },
    /// The common class of a policy and its share that falls on the line's patent.
    ClassShare {
        /// `institution_code/policy_no`
        reference: String,
        /// The class's sum.
        class_sum: Money,
        /// The class's rounded subsidy.
        class_subsidy: Money,
        /// This patent's part of the sum.
        part: Money,
        /// This patent's share of the subsidy, by largest remainder.
        share: Money,
    },
    /// Other levels' money on the same policy (reading R13).
    OtherMoney {
        /// Their money in all.
        money: Money,
        /// The year's net premium of payments that count by date and place.
        year_net: Money,
        /// What the year's premium leaves after it.
        ceiling: Money,
        /// Earned by the policy before the ceiling.
        earned: Money,
        /// This line after it.
        entitled: Money,
    },
    /// The enterprise is excluded on the as-of date (rule 7).
    Excluded {
        /// As-of date.
        as_of: String,
        /// What the facts earn.
        earned: Money,
        /// What stays: never more than was settled.
        entitled: Money,
    },
    /// No fact earns anything any more: what was settled is taken back.
    NothingEarned {
        /// Settled before.
        settled: Money,
    },
    /// A reviewer's decision on a finding (rule 8).
    Decided {
        /// `institution_code/contract_no` or `institution_code/policy_no`
        reference: String,
        /// Code of the finding.
        code: String,
        /// `accept` or `reject`.
        verdict: String,
        /// The value that it states, such as the patent share.
        value: Option<String>,
        /// Date decided.
        decided_on: String,
        /// The reviewer's reason.
        reason: String,
    },
    /// An order of recovery says what the line keeps at most.
    Revoked {
        /// Number of the order.
        reference: String,
        /// Its legal basis.
        basis: String,
        /// Its reason.
        reason: String,
        /// What the line keeps at most.
        at_most: Money,
        /// Before it.
        earned: Money,
        /// After it.
        entitled: Money,
    },
    /// An objection against the line is open or was upheld.
    SetAside {
        /// Number of the objection.
        reference: String,
        /// What it says.
        reason: String,
        /// Before it.
        earned: Money,
        /// What stays: never more than was settled.
        entitled: Money,
    },
    /// A clause or an institution is frozen on the as-of date.
    Frozen {
        /// The clause or the institution's code.
        what: String,
        /// First day.
        from: String,
        /// Last day, if it has one.
        to: Option<String>,
        /// Why.
        reason: String,
        /// Before it.
        earned: Money,
        /// What stays: never more than was settled.
        entitled: Money,
    },
    /// The as-of date is after the last day for more money of the year.
    LateWindow {
        /// As-of date.
        as_of: String,
        /// The last day.
        last_day: String,
        /// Before it.
        earned: Money,
        /// What stays: never more than was settled.
        entitled: Money,
    },
    /// The appropriation of the programme did not reach (reading R14).
    Budget {
        /// Name of the programme; empty where no appropriation is stated.
        programme: String,
        /// What is left of it.
        available: Money,
        /// What all its lines are due.
        wanted: Money,
        /// This line before it.
        earned: Money,
        /// What it gets of it on top of what was settled.
        granted: Money,
        /// This line after it.
        entitled: Money,
    },
}

/// A step's date text.
#[must_use]
pub fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

impl Step {
    /// A rate step with its exact product.
    ///
    /// # Errors
    /// [`crate::money::MoneyError`] on overflow.
    pub fn rate(base: Money, rate: Rate, rounded: Money) -> Result<Self, crate::money::MoneyError> {
        let exact_fen = base.times_exact(rate)?;
        let exact = exact_fen
            .checked_div(rust_decimal::Decimal::ONE_HUNDRED)
            .ok_or(crate::money::MoneyError::Overflow)?
            .normalize()
            .to_string();
        Ok(Self::Rate {
            base,
            rate: rate.to_string(),
            exact,
            rounded,
        })
    }

    /// The step's stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Draw { .. } => "DRAW",
            Self::Contract { .. } => "CONTRACT",
            Self::Sum { .. } => "SUM",
            Self::Tier { .. } => "TIER",
            Self::Rate { .. } => "RATE",
            Self::Cap { .. } => "CAP",
            Self::Payment { .. } => "PAYMENT",
            Self::Class { .. } => "CLASS",
            Self::ClassShare { .. } => "CLASS_SHARE",
            Self::OtherMoney { .. } => "OTHER_MONEY",
            Self::Excluded { .. } => "EXCLUDED",
            Self::NothingEarned { .. } => "NOTHING_EARNED",
            Self::Decided { .. } => "DECIDED",
            Self::Revoked { .. } => "REVOKED",
            Self::SetAside { .. } => "SET_ASIDE",
            Self::Frozen { .. } => "FROZEN",
            Self::LateWindow { .. } => "LATE_WINDOW",
            Self::Budget { .. } => "BUDGET",
        }
    }

    /// The record the step speaks of, if it speaks of one.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Draw { reference, .. }
            | Self::Contract { reference, .. }
            | Self::Payment { reference, .. }
            | Self::ClassShare { reference, .. }
            | Self::Decided { reference, .. } => Some(reference),
            _ => None,
        }
    }
}

impl Explanation {
    /// The versioned bytes that a batch stores and its digest covers.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Serialising these plain types into memory cannot fail; an empty body would be caught by `decode`.
        let body = postcard::to_stdvec(self).unwrap_or_default();
        let mut bytes = Vec::with_capacity(body.len() + 1);
        bytes.push(ENCODING_VERSION);
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads the bytes back.
    ///
    /// # Errors
    /// [`ExplanationError`] for another version or damaged bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, ExplanationError> {
        match bytes.split_first() {
            Some((&ENCODING_VERSION, body)) => {
                postcard::from_bytes(body).map_err(|_| ExplanationError::Damaged)
            }
            Some((&version, _)) => Err(ExplanationError::Version(version)),
            None => Err(ExplanationError::Damaged),
        }
    }

    /// One sentence in Chinese: the decisive steps.
    #[must_use]
    pub fn sentence_zh(&self) -> String {
        self.decisive().map(Step::zh).collect::<Vec<_>>().join("；")
    }

    /// One sentence in English: the decisive steps.
    #[must_use]
    pub fn sentence_en(&self) -> String {
        self.decisive().map(Step::en).collect::<Vec<_>>().join("; ")
    }

    fn decisive(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| !matches!(step, Step::Draw { .. } | Step::Contract { .. } | Step::Sum { .. }))
    }
}
