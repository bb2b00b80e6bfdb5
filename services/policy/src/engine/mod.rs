//! Entitlement and delta: facts and rules in, lines and findings out (laws 1 and 2 of the design).

mod bank_incentive;
mod budget;
mod conditions;
mod contract;
mod decisions;
mod index;
mod loan_subsidy;
mod outcome;
mod premium_class;
mod premium_subsidy;
mod preview;
mod review;
mod why_not;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::codes::{Clause, FindingCode, Limit, Measure, Severity};
use crate::conditions::Conditions;
use crate::date::PolicyYear;
use crate::explanation::Explanation;
use crate::facts::Facts;
use crate::ident::{InstitutionCode, Uscc};
use crate::money::{Money, MoneyError};
use crate::reading::Readings;
use crate::rulebook::{Rulebook, RulebookError};

pub use preview::{ContractPreview, Figure, PolicyPreview, preview_contract, preview_policy};
pub use why_not::{Acceptance, Cure, Subject, Verdict, counted_draws, why_not};

/// The version of the engine's computation: part of every receipt. A change that can move a fen raises it.
pub const ENGINE_VERSION: &str = "zhirong-engine/2";

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A sum left the range of 64-bit fen.
    #[error("AMOUNT_OVERFLOW: a sum left the range of amounts / 金额合计超出范围")]
    Money(#[from] MoneyError),
    /// The rulebook does not cover the question.
    #[error(transparent)]
    Rulebook(#[from] RulebookError),
}

/// What a settled position belongs to: one line of one year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// What is paid.
    pub measure: Measure,
    /// Credit code of who is paid; for a bank its legal person's.
    pub beneficiary: Uscc,
    /// Empty, `institution_code/contract_no` (R3=PER_LOAN), the institution code (R9=BRANCH) or `policy_no/patent_no`.
    pub item: String,
}

/// What was settled before this batch, by line; missing means zero.
pub type SettledBefore = BTreeMap<LineKey, Money>;

/// One question to the engine: a city's year on an as-of date.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Everything known.
    pub facts: &'a Facts,
    /// The city's rules.
    pub rulebook: &'a Rulebook,
    /// The readings; usually the revision's own.
    pub readings: &'a Readings,
    /// The policy year.
    pub year: PolicyYear,
    /// The batch's as-of date, which serves only the exclusion test of rule 7.
    pub as_of: NaiveDate,
    /// The settled position.
    pub settled: &'a SettledBefore,
    /// What else the batch is settled under.
    pub conditions: &'a Conditions,
}

/// One line: what a beneficiary is entitled to, what was settled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The year it belongs to.
    pub policy_year: PolicyYear,
    /// What it belongs to.
    pub key: LineKey,
    /// The beneficiary's name: an enterprise's latest, a bank's legal person's.
    pub beneficiary_name: String,
    /// The base it was computed from.
    pub base: Money,
    /// What the facts earn under the rules.
    pub entitled: Money,
    /// Settled by released batches before.
    pub settled_before: Money,
    /// `entitled - settled_before`; may be negative.
    pub amount: Money,
    /// What kept it lower, if anything.
    pub limited_by: Option<Limit>,
    /// The clause it is paid under.
    pub clause: Clause,
    /// Why.
    pub explanation: Explanation,
    /// The institutions whose records it rests on, in order; a freeze of one of them holds it.
    pub institutions: Vec<InstitutionCode>,
    /// The day of the earliest draw or payment that counts for it; the order of R14=FIRST_COME.
    pub first_event: Option<NaiveDate>,
}

/// Something a reader should know: held, warned of, or the reason that a yuan was not paid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is.
    pub code: FindingCode,
    /// Which measure it concerns.
    pub measure: Measure,
    /// Whose money it concerns; empty where nobody's is known.
    pub beneficiary: String,
    /// The record: `institution/contract/event`, `institution/policy/patent` and the like.
    pub reference: String,
    /// Amount it concerns, where there is one.
    pub amount: Option<Money>,
    /// What else there is to say, e.g. the other record of a pair.
    pub detail: String,
    /// Names of the records that show it, as `<file>/<key parts joined by '/'>`, sorted, each once.
    pub evidence: Vec<String>,
}

impl Finding {
    /// How serious it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The message in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        self.message(self.code.zh(), "涉及金额", "元")
    }

    /// The message in English.
    #[must_use]
    pub fn en(&self) -> String {
        self.message(self.code.en(), "amount concerned", "yuan")
    }

    fn message(&self, text: &str, amount_word: &str, unit: &str) -> String {
        let amount = self
            .amount
            .map(|amount| format!("; {amount_word} {amount} {unit}"))
            .unwrap_or_default();
        let detail = if self.detail.is_empty() {
            String::new()
        } else {
            format!("; {}", self.detail)
        };
        format!("{text}{amount}{detail}")
    }
}

/// The engine's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Every line with an entitlement or a settled position, sorted by measure, beneficiary and item; also those with amount zero.
    pub lines: Vec<Line>,
    /// Everything to know, sorted.
    pub findings: Vec<Finding>,
}

/// Answers a question.
///
/// # Errors
/// [`EngineError`] when the rulebook does not cover the year, or sums overflow.
pub fn settle(question: &Question<'_>) -> Result<Outcome, EngineError> {
    let rules = Rules::of(question)?;
    let reviewed = decisions::review(question, &rules)?;
    let (drafts, findings) = year(&reviewed.index, &rules)?;
    outcome::assemble(question, &reviewed, &rules, drafts, findings)
}

/// What the facts earn in the year, and what is found on the way; nothing of the settled position or the conditions.
fn year(index: &index::Index<'_>, rules: &Rules<'_>) -> Result<(Vec<Draft>, Vec<Finding>), EngineError> {
    let mut findings = Vec::new();
    let contracts = contract::evaluate_all(index, rules, &mut findings)?;
    let mut drafts = loan_subsidy::lines(index, rules, &contracts, &mut findings)?;
    drafts.extend(bank_incentive::lines(index, rules, &contracts, &mut findings)?);
    drafts.extend(premium_subsidy::lines(index, rules, &mut findings)?);
    review::look(index, rules, &contracts, &mut findings);
    Ok((drafts, findings))
}

/// The rules in force for one question.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) revision: &'a crate::rulebook::Revision,
    pub(crate) readings: &'a Readings,
    pub(crate) year: PolicyYear,
    /// Whether findings on the events of every year are wanted, as a decision's effect on a contract is that of every year.
    pub(crate) every_year: bool,
}

impl<'a> Rules<'a> {
    /// The rules of a question.
    pub(crate) fn of(question: &Question<'a>) -> Result<Self, EngineError> {
        Ok(Self {
            rulebook: question.rulebook,
            revision: question.rulebook.revision_of(question.year)?,
            readings: question.readings,
            year: question.year,
            every_year: false,
        })
    }

    /// Whether findings on an event of the day are wanted.
    pub(crate) fn concerns(&self, day: NaiveDate) -> bool {
        self.every_year || PolicyYear::of(day) == self.year
    }

    /// How half a fen is rounded, at every place that rounds.
    pub(crate) fn rounding(&self) -> crate::money::Rounding {
        match self.readings.rounding {
            crate::reading::RoundingMode::HalfUp => crate::money::Rounding::HalfUp,
            crate::reading::RoundingMode::HalfEven => crate::money::Rounding::HalfEven,
        }
    }

    /// The readings by id, for a line's face.
    pub(crate) fn named(&self, ids: &[&str]) -> Vec<(String, String)> {
        self.readings
            .list()
            .into_iter()
            .filter(|(id, _)| ids.contains(id))
            .map(|(id, value)| (id.to_owned(), value.to_owned()))
            .collect()
    }
}

/// A line before the settled position and the exclusion test.
pub(crate) struct Draft {
    pub(crate) key: LineKey,
    pub(crate) base: Money,
    pub(crate) earned: Money,
    pub(crate) limited_by: Option<Limit>,
    pub(crate) clause: Clause,
    pub(crate) explanation: Explanation,
    pub(crate) institutions: Vec<InstitutionCode>,
    pub(crate) first_event: Option<NaiveDate>,
}
