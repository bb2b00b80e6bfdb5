//! Law 2 and rule 7: the settled position, the exclusion on the as-of date, and the signed difference.

use std::collections::BTreeMap;

use super::index::Index;
use super::review::complete;
use super::{
    Draft, EngineError, Finding, Line, LineKey, Outcome, Question, Rules, bank_incentive, loan_subsidy,
    premium_subsidy,
};
use crate::codes::{Clause, FindingCode, Limit, Measure};
use crate::explanation::{Explanation, Step, date_text};
use crate::money::Money;

pub(super) fn assemble(
    question: &Question<'_>,
    index: &Index<'_>,
    rules: &Rules<'_>,
    drafts: Vec<Draft>,
    mut findings: Vec<Finding>,
) -> Result<Outcome, EngineError> {
    let mut by_key: BTreeMap<LineKey, Draft> = drafts
        .into_iter()
        .map(|draft| (draft.key.clone(), draft))
        .collect();
    for (key, settled) in question.settled {
        if !settled.is_zero() && !by_key.contains_key(key) {
            by_key.insert(key.clone(), nothing_earned(rules, key, *settled));
        }
    }
    let mut lines = Vec::with_capacity(by_key.len());
    for (key, mut draft) in by_key {
        let settled_before = question.settled.get(&key).copied().unwrap_or_default();
        let entitled = exclude(question, index, &mut draft, settled_before, &mut findings);
        let name = match key.measure {
            Measure::BankIncentive => index.legal_person_name(&key.beneficiary),
            Measure::LoanSubsidy | Measure::PremiumSubsidy => index.enterprise_name(&key.beneficiary),
        };
        lines.push(Line {
            policy_year: question.year,
            beneficiary_name: name.unwrap_or_default().to_owned(),
            base: draft.base,
            entitled,
            settled_before,
            amount: entitled.minus(settled_before)?,
            limited_by: draft.limited_by,
            clause: draft.clause,
            explanation: draft.explanation,
            key,
        });
    }
    complete(index, &mut findings);
    findings.sort();
    findings.dedup();
    Ok(Outcome { lines, findings })
}

/// A settled position that no fact earns any more: it is taken back, and the line says so.
fn nothing_earned(rules: &Rules<'_>, key: &LineKey, settled: Money) -> Draft {
    let deciding = match key.measure {
        Measure::BankIncentive => bank_incentive::DECIDING,
        Measure::LoanSubsidy => loan_subsidy::DECIDING,
        Measure::PremiumSubsidy => premium_subsidy::DECIDING,
    };
    Draft {
        key: key.clone(),
        base: Money::ZERO,
        earned: Money::ZERO,
        limited_by: None,
        clause: Clause::NothingEarned,
        explanation: Explanation {
            steps: vec![Step::NothingEarned { settled }],
            readings: rules.named(deciding),
            alternatives: Vec::new(),
        },
    }
}

/// Rule 7: what is not yet settled is held, and nothing that is settled is lowered by the exclusion itself.
fn exclude(
    question: &Question<'_>,
    index: &Index<'_>,
    draft: &mut Draft,
    settled_before: Money,
    findings: &mut Vec<Finding>,
) -> Money {
    let concerns_enterprise = draft.key.measure != Measure::BankIncentive;
    if !concerns_enterprise || !index.is_excluded(draft.key.beneficiary.as_str(), question.as_of) {
        return draft.earned;
    }
    let entitled = draft.earned.min(settled_before);
    if entitled < draft.earned {
        draft.limited_by = Some(Limit::Exclusion);
        draft.explanation.steps.push(Step::Excluded {
            as_of: date_text(question.as_of),
            earned: draft.earned,
            entitled,
        });
        findings.push(Finding {
            code: FindingCode::EnterpriseExcluded,
            measure: draft.key.measure,
            beneficiary: draft.key.beneficiary.to_string(),
            reference: draft.key.item.clone(),
            amount: draft.earned.minus(entitled).ok(),
            detail: date_text(question.as_of),
            evidence: Vec::new(),
        });
    }
    entitled
}
