//! What a reviewer's acceptance would pay where nothing but holds stands in the way.

use chrono::NaiveDate;

use super::{Verdict, outcome_of};
use crate::codes::FindingCode;
use crate::engine::{EngineError, Finding, Outcome, Question};
use crate::facts::{Decision, Verdict as Decided};
use crate::ident::{InstitutionCode, Reference};
use crate::money::Money;

/// An acceptance of everything that holds a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The codes to accept.
    pub codes: Vec<FindingCode>,
    /// What the beneficiary is entitled to under the measure and year as it is.
    pub now: Money,
    /// The same once they are accepted.
    pub then: Money,
}

/// Computes the year with every hold of the record accepted; none where something else stops it, or a value has to be stated.
pub(super) fn acceptance(
    question: &Question<'_>,
    verdict: &Verdict,
    outcome: Option<&Outcome>,
) -> Result<Option<Acceptance>, EngineError> {
    let stops: Vec<&Finding> = verdict
        .findings
        .iter()
        .filter(|finding| finding.code.stops())
        .collect();
    let is_open = |code: FindingCode| code.is_cured_by_acceptance() && !code.needs_value();
    let (Some(stop), Some(outcome)) = (stops.first(), outcome) else {
        return Ok(None);
    };
    if !stops.iter().all(|finding| is_open(finding.code)) {
        return Ok(None);
    }
    let mut facts = question.facts.clone();
    facts.decisions.extend(
        stops
            .iter()
            .filter_map(|finding| accepted(finding, question.as_of)),
    );
    let with_them = Question {
        facts: &facts,
        ..*question
    };
    let then = outcome_of(&with_them, verdict.year, question.readings)?;
    let entitled = |outcome: &Outcome| {
        let own = outcome.lines.iter().filter(|line| {
            line.key.measure == verdict.measure && line.key.beneficiary.as_str() == stop.beneficiary
        });
        Money::sum(own.map(|line| line.entitled))
    };
    let mut codes: Vec<FindingCode> = stops.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    Ok(Some(Acceptance {
        codes,
        now: entitled(outcome)?,
        then: entitled(&then)?,
    }))
}

/// The acceptance of one finding; its reference begins with the institution's code and the number.
fn accepted(finding: &Finding, decided_on: NaiveDate) -> Option<Decision> {
    let mut parts = finding.reference.split('/');
    Some(Decision {
        institution_code: InstitutionCode::from_canonical(parts.next()?).ok()?,
        reference: Reference::from_canonical(parts.next()?).ok()?,
        code: finding.code,
        decision: Decided::Accept,
        value: None,
        decided_on,
        reason: String::new(),
    })
}
