//! Law 2 and rule 7: the settled position, what holds or lowers a line on the as-of date, and the signed difference.

use std::collections::BTreeMap;

use super::decisions::Reviewed;
use super::review::complete;
use super::{
    Draft, EngineError, Finding, Line, LineKey, Outcome, Question, Rules, bank_incentive, budget, conditions,
    loan_subsidy, premium_subsidy,
};
use crate::codes::{Clause, FindingCode, Limit, Measure};
use crate::explanation::{Explanation, Step, date_text};
use crate::money::Money;

/// A line on its way from what the facts earn to what it is entitled to.
pub(super) struct Standing {
    pub(super) draft: Draft,
    pub(super) settled: Money,
    pub(super) entitled: Money,
}

/// How a line that is lowered is told.
pub(super) struct Lowered {
    pub(super) limit: Limit,
    pub(super) code: FindingCode,
    pub(super) detail: String,
}

impl Standing {
    /// What is not yet settled is held; nothing that is settled is lowered.
    pub(super) fn hold(
        &mut self,
        told: Lowered,
        step: impl FnOnce(Money, Money) -> Step,
        findings: &mut Vec<Finding>,
    ) {
        self.lower(self.settled, told, step, findings);
    }

    /// Lowers the line to an amount, if it stands above it, and says so on its face and as a finding.
    pub(super) fn lower(
        &mut self,
        to: Money,
        told: Lowered,
        step: impl FnOnce(Money, Money) -> Step,
        findings: &mut Vec<Finding>,
    ) {
        let (earned, entitled) = (self.entitled, self.entitled.min(to));
        if entitled == earned {
            return;
        }
        self.entitled = entitled;
        self.draft.limited_by = Some(told.limit);
        self.draft.explanation.steps.push(step(earned, entitled));
        findings.push(Finding {
            code: told.code,
            measure: self.draft.key.measure,
            beneficiary: self.draft.key.beneficiary.to_string(),
            reference: self.draft.key.item.clone(),
            amount: earned.minus(entitled).ok(),
            detail: told.detail,
            evidence: Vec::new(),
        });
    }
}

pub(super) fn assemble(
    question: &Question<'_>,
    reviewed: &Reviewed<'_>,
    rules: &Rules<'_>,
    drafts: Vec<Draft>,
    mut findings: Vec<Finding>,
) -> Result<Outcome, EngineError> {
    let index = &reviewed.index;
    reviewed.tell(question, &mut findings);
    let mut by_key: BTreeMap<LineKey, Draft> = drafts
        .into_iter()
        .map(|draft| (draft.key.clone(), draft))
        .collect();
    for (key, settled) in question.settled {
        if !settled.is_zero() && !by_key.contains_key(key) {
            by_key.insert(key.clone(), nothing_earned(rules, key, *settled));
        }
    }
    let mut standing = Vec::with_capacity(by_key.len());
    for (key, mut draft) in by_key {
        draft.explanation.steps.splice(0..0, reviewed.steps(&draft));
        let mut line = Standing {
            settled: question.settled.get(&key).copied().unwrap_or_default(),
            entitled: draft.earned,
            draft,
        };
        if key.measure != Measure::BankIncentive
            && index.is_excluded(key.beneficiary.as_str(), question.as_of)
        {
            exclude(question, &mut line, &mut findings);
        }
        conditions::apply(question, index, rules, &mut line, &mut findings);
        standing.push(line);
    }
    budget::share(question, rules, &mut standing, &mut findings)?;
    let mut lines = Vec::with_capacity(standing.len());
    for Standing {
        draft,
        settled,
        entitled,
    } in standing
    {
        let key = draft.key;
        let name = match key.measure {
            Measure::BankIncentive => index.legal_person_name(&key.beneficiary),
            Measure::LoanSubsidy | Measure::PremiumSubsidy => index.enterprise_name(&key.beneficiary),
        };
        lines.push(Line {
            policy_year: question.year,
            beneficiary_name: name.unwrap_or_default().to_owned(),
            base: draft.base,
            entitled,
            settled_before: settled,
            amount: entitled.minus(settled)?,
            limited_by: draft.limited_by,
            clause: draft.clause,
            explanation: draft.explanation,
            institutions: draft.institutions,
            first_event: draft.first_event,
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
        institutions: Vec::new(),
        first_event: None,
    }
}

/// Rule 7: what is not yet settled is held, and nothing that is settled is lowered by the exclusion itself.
fn exclude(question: &Question<'_>, line: &mut Standing, findings: &mut Vec<Finding>) {
    let as_of = date_text(question.as_of);
    let told = Lowered {
        limit: Limit::Exclusion,
        code: FindingCode::EnterpriseExcluded,
        detail: as_of.clone(),
    };
    let step = |earned, entitled| Step::Excluded {
        as_of,
        earned,
        entitled,
    };
    line.hold(told, step, findings);
}
