//! The explanation of a line: made by the code that computes the amount, kept as versioned bytes, rendered on reading.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::codes::Clause;
use crate::money::{Money, Rate};

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
        }
    }

    /// The record the step speaks of, if it speaks of one.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Draw { reference, .. }
            | Self::Contract { reference, .. }
            | Self::Payment { reference, .. }
            | Self::ClassShare { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The step in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } if reversed.is_zero() => {
                format!("{date} 放款 {amount} 元（{reference}）")
            }
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } => {
                format!("{date} 放款 {amount} 元，冲正 {reversed} 元（{reference}）")
            }
            Self::Contract {
                reference,
                drawn,
                within_limit,
                share,
                base,
            } => {
                let share = share
                    .as_ref()
                    .map(|share| format!("，专利占比 {share}"))
                    .unwrap_or_default();
                format!(
                    "合同 {reference}：计入放款 {drawn} 元，合同额度内 {within_limit} 元{share}，基数 {base} 元"
                )
            }
            Self::Sum { base } => format!("基数合计 {base} 元"),
            Self::Tier {
                base, clause, amount, ..
            } => {
                let text = Clause::parse(clause).map_or("", Clause::zh);
                format!("{base} 元适用 {text}，应得 {amount} 元")
            }
            Self::Rate {
                base,
                rate,
                exact,
                rounded,
            } => format!("{base} × {rate} = {exact}，舍入到分 {rounded} 元"),
            Self::Cap {
                earned,
                cap,
                entitled,
                left,
            } => {
                format!("年度上限 {cap} 元：应得 {earned} 元，计 {entitled} 元，剩余额度 {left} 元")
            }
            Self::Payment {
                reference,
                date,
                paid,
                refunded,
                part,
            } => {
                format!("{date} 缴费 {paid} 元，退费 {refunded} 元（{reference}），本专利分摊 {part} 元")
            }
            Self::Class { clause, because } => {
                format!(
                    "{}（{because}）",
                    Clause::parse(clause).map_or(clause.as_str(), |known| known.zh())
                )
            }
            Self::ClassShare {
                reference,
                class_sum,
                class_subsidy,
                part,
                share,
            } => format!(
                "保单 {reference} 同类保费合计 {class_sum} 元，补贴 {class_subsidy} 元；本专利 {part} 元，最大余数法分得 {share} 元"
            ),
            Self::OtherMoney {
                money,
                year_net,
                ceiling,
                earned,
                entitled,
            } => format!(
                "其他级次资金 {money} 元；本年净保费 {year_net} 元，可补上限 {ceiling} 元；保单应得 {earned} 元，本行计 {entitled} 元"
            ),
            Self::Excluded {
                as_of,
                earned,
                entitled,
            } => {
                format!("{as_of} 处于限制名单：事实应得 {earned} 元，暂计 {entitled} 元")
            }
        }
    }

    /// The step in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } => {
                format!("{date} drawn {amount}, reversed {reversed} ({reference})")
            }
            Self::Contract {
                reference,
                drawn,
                within_limit,
                share,
                base,
            } => {
                let share = share
                    .as_ref()
                    .map(|share| format!(", patent share {share}"))
                    .unwrap_or_default();
                format!(
                    "contract {reference}: counted draws {drawn}, within the contract {within_limit}{share}, base {base}"
                )
            }
            Self::Sum { base } => format!("sum of bases {base}"),
            Self::Tier {
                base, clause, amount, ..
            } => {
                format!(
                    "{base} falls under {}: {amount}",
                    Clause::parse(clause).map_or("", Clause::en)
                )
            }
            Self::Rate {
                base,
                rate,
                exact,
                rounded,
            } => format!("{base} x {rate} = {exact}, rounded to the fen {rounded}"),
            Self::Cap {
                earned,
                cap,
                entitled,
                left,
            } => {
                format!("yearly cap {cap}: earned {earned}, entitled {entitled}, room left {left}")
            }
            Self::Payment {
                reference,
                date,
                paid,
                refunded,
                part,
            } => {
                format!("{date} paid {paid}, refunded {refunded} ({reference}), this patent's part {part}")
            }
            Self::Class { clause, because } => {
                format!(
                    "{} ({because})",
                    Clause::parse(clause).map_or(clause.as_str(), |known| known.en())
                )
            }
            Self::ClassShare {
                reference,
                class_sum,
                class_subsidy,
                part,
                share,
            } => format!(
                "policy {reference}: class sum {class_sum}, class subsidy {class_subsidy}; this patent {part}, share by largest remainder {share}"
            ),
            Self::OtherMoney {
                money,
                year_net,
                ceiling,
                earned,
                entitled,
            } => format!(
                "other levels paid {money}; the year's net premium {year_net}, ceiling {ceiling}; policy earned {earned}, this line {entitled}"
            ),
            Self::Excluded {
                as_of,
                earned,
                entitled,
            } => {
                format!("excluded on {as_of}: facts earn {earned}, for now {entitled}")
            }
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
