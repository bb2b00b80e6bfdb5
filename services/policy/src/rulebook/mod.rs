//! Rulebooks: a document's money rules as data, one revision for each run of policy years.
//!
//! Every value of the document carries its article and its source. Loading refuses gaps and overlaps in tiers and in validity, unknown
//! keys, and values without a source, so that what a batch was computed with can always be held against the document.

mod load;
mod procedure;
mod review;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use crate::codes::Clause;
use crate::date::PolicyYear;
use crate::facts::Product;
use crate::ident::{City, Division};
use crate::money::{Money, Rate};
use crate::reading::{Boundary, ReadingNotSupported, Readings};

pub use procedure::{Negative, Procedure};
pub use review::ReviewThresholds;

/// The rulebook that ships with the engine: 安政〔2018〕9号 (八).
pub const ANYANG_2018_9: &str = include_str!("../../policies/410500-anzheng-2018-9.toml");

/// Why a policy text cannot be loaded or does not cover a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulebookError {
    /// The text is not TOML of the expected shape: unknown key, missing key, wrong type.
    #[error("POLICY_MALFORMED: the policy file cannot be read / 政策文件无法读取: {0}")]
    Malformed(String),
    /// A value without an article or a source.
    #[error("POLICY_VALUE_WITHOUT_SOURCE: {0} has no article or no source / {0} 未注明条款或出处")]
    WithoutSource(String),
    /// A value that is not an amount, rate, clause or known word.
    #[error("POLICY_VALUE_INVALID: {0} is not valid / {0} 取值无效")]
    InvalidValue(String),
    /// Tiers that leave a gap, overlap, or do not begin above zero and end open.
    #[error("POLICY_TIERS_BROKEN: tiers leave a gap or overlap / 分档存在空隙或重叠: {0}")]
    Tiers(String),
    /// Revisions that leave a gap, overlap, or do not begin on 1 January.
    #[error(
        "POLICY_VALIDITY_BROKEN: revisions leave a gap, overlap or do not begin on 1 January / 版本期间有空隙、重叠或不以1月1日起: {0}"
    )]
    Validity(String),
    /// A reading the engine does not support.
    #[error(transparent)]
    Reading(#[from] ReadingNotSupported),
    /// A reading without a value in the file.
    #[error("POLICY_READING_MISSING: reading {0} has no value / 读法 {0} 未取值")]
    ReadingMissing(&'static str),
    /// No revision covers the year.
    #[error("YEAR_WITHOUT_RULEBOOK: no rulebook covers {0} / {0} 年度没有适用的规则")]
    YearNotCovered(PolicyYear),
    /// No shipped rulebook is for the city.
    #[error("CITY_UNKNOWN: no rulebook for city {0} / 没有城市 {0} 的规则")]
    CityUnknown(City),
}

impl RulebookError {
    /// The error's stable name.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "POLICY_MALFORMED",
            Self::WithoutSource(_) => "POLICY_VALUE_WITHOUT_SOURCE",
            Self::InvalidValue(_) => "POLICY_VALUE_INVALID",
            Self::Tiers(_) => "POLICY_TIERS_BROKEN",
            Self::Validity(_) => "POLICY_VALIDITY_BROKEN",
            Self::Reading(_) => "READING_NOT_SUPPORTED",
            Self::ReadingMissing(_) => "POLICY_READING_MISSING",
            Self::YearNotCovered(_) => "YEAR_WITHOUT_RULEBOOK",
            Self::CityUnknown(_) => "CITY_UNKNOWN",
        }
    }
}

/// One tier of a tiered lump sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// The clause that gives it.
    pub clause: Clause,
    /// Lower edge.
    pub from: Money,
    /// Whether the lower edge itself belongs to this tier under reading R1=WORD.
    pub from_inclusive: bool,
    /// Upper edge; none for the highest tier.
    pub to: Option<Money>,
    /// The lump sum.
    pub amount: Money,
}

/// Rule kind: a lump sum by tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieredLumpSum {
    tiers: Vec<Tier>,
}

impl TieredLumpSum {
    /// The tiers, lowest first.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The tier of a base under a reading of the boundary words; none for a base of zero.
    #[must_use]
    pub fn tier_of(&self, base: Money, boundary: Boundary) -> Option<&Tier> {
        if base <= Money::ZERO {
            return None;
        }
        self.tiers.iter().rev().find(|tier| {
            let edge_is_inside = match boundary {
                Boundary::Word => tier.from_inclusive,
                Boundary::High => true,
                Boundary::Low => false,
            };
            base > tier.from || (base == tier.from && edge_is_inside)
        })
    }

    /// Whether the base lies exactly on an edge between two tiers, where R1 decides.
    #[must_use]
    pub fn is_on_edge(&self, base: Money) -> bool {
        self.tiers.iter().skip(1).any(|tier| tier.from == base)
    }
}

/// Rule kind: a rate of a base with a yearly cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CappedRate {
    /// The clause that gives it.
    pub clause: Clause,
    /// The rate.
    pub rate: Rate,
    /// The cap of a holder and year.
    pub cap: Money,
}

/// Rule kind: a rate by class of the patent, allocated over a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRate {
    /// The clause of the common rate.
    pub rate_clause: Clause,
    /// The common rate.
    pub rate: Rate,
    /// The clause for granted inventions.
    pub full_invention_clause: Clause,
    /// The clause for award-winning patents.
    pub full_award_clause: Clause,
    /// The clause for pledged patents.
    pub full_pledge_clause: Clause,
    /// The insurance products covered.
    pub products: Vec<Product>,
}

/// The readings of a revision with who approved each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Reading id.
    pub id: String,
    /// Approval reference 批复文号; says so where there is none.
    pub reference: String,
}

/// The rules of a run of policy years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name in lines and receipts.
    pub id: String,
    /// First policy year.
    pub first_year: PolicyYear,
    /// Last policy year; none while it is open.
    pub last_year: Option<PolicyYear>,
    /// Sentence 1.
    pub loan_subsidy: TieredLumpSum,
    /// Sentence 2.
    pub bank_incentive: CappedRate,
    /// Sentence 3.
    pub premium_subsidy: ClassRate,
    /// The reading set.
    pub readings: Readings,
    /// The approval reference of each reading.
    pub approvals: Vec<Approval>,
}

/// A document's rules over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    /// The document's id.
    pub id: String,
    /// The city it is for.
    pub city: City,
    /// Document number 文号.
    pub number: String,
    /// Title and section.
    pub title: String,
    /// Date of formation 成文 and of printing 印发.
    pub dates: (NaiveDate, NaiveDate),
    /// Whether the document itself states its validity.
    pub states_validity: bool,
    /// What to warn of, in Chinese and English.
    pub validity_note: (String, String),
    /// The text that it was read from, byte for byte: a batch stores it, so that it can be computed again.
    pub text: String,
    /// Thresholds of the review findings; they decide no money.
    pub review: ReviewThresholds,
    /// How the city settles.
    pub procedure: Procedure,
    excluded_divisions: Vec<Division>,
    revisions: Vec<Revision>,
}

impl Rulebook {
    /// The shipped policy text of a city.
    ///
    /// # Errors
    /// [`RulebookError::CityUnknown`].
    pub fn shipped_text(city: &City) -> Result<&'static str, RulebookError> {
        if city.as_str() == "4105" {
            Ok(ANYANG_2018_9)
        } else {
            Err(RulebookError::CityUnknown(city.clone()))
        }
    }

    /// The revision that settles a policy year.
    ///
    /// # Errors
    /// [`RulebookError::YearNotCovered`].
    pub fn revision_of(&self, year: PolicyYear) -> Result<&Revision, RulebookError> {
        self.revisions
            .iter()
            .find(|revision| {
                revision.first_year <= year && revision.last_year.is_none_or(|last| year <= last)
            })
            .ok_or(RulebookError::YearNotCovered(year))
    }

    /// Whether a division counts as the city: its first four digits, unless the document excludes it.
    #[must_use]
    pub fn includes(&self, division: &Division) -> bool {
        division.city() == self.city && !self.excluded_divisions.contains(division)
    }
}
