//! Rule 5: 80% or all of the premium paid for an insured patent ((八) sentence 3).

mod assessment;
mod payments;
mod top_up;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use self::assessment::PolicyAssessment;
pub(crate) use self::payments::{Payment, net_payments};
use self::top_up::top_up;
use super::index::Index;
use super::{Draft, EngineError, Finding, LineKey, Rules};
use crate::codes::{Clause, FindingCode, Measure};
use crate::date::PolicyYear;
use crate::explanation::{Explanation, Step};
use crate::facts::{Policy, PremiumEventKind};
use crate::ident::{InstitutionCode, PatentNo, Reference, Uscc};
use crate::money::Money;

/// Readings that decide a line of this measure.
pub(crate) const DECIDING: &[&str] = &["R10", "R10P", "R11", "R12", "R13", "R16"];

/// What one policy number earns for its holder, by patent.
type Numbered<'a> = BTreeMap<(&'a Uscc, &'a Reference), BTreeMap<&'a PatentNo, Earned>>;

/// What one patent of a policy number earns, over all insurers of a co-insured policy.
#[derive(Default)]
struct Earned {
    base: Money,
    amount: Money,
    clause: Option<Clause>,
    steps: Vec<Step>,
    /// Insurers with a part of a payment that counts.
    institutions: BTreeSet<InstitutionCode>,
    /// The first day of such a payment.
    first_event: Option<NaiveDate>,
}

pub(crate) fn lines(
    index: &Index<'_>,
    rules: &Rules<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, EngineError> {
    report_unknown_policies(index, rules, findings);
    let mut policies: Vec<&Policy> = index.facts.policies.iter().collect();
    policies.sort_by(|one, other| {
        (&one.policy_no, &one.institution_code).cmp(&(&other.policy_no, &other.institution_code))
    });
    let mut numbered = Numbered::new();
    for policy in policies {
        let mut assessment = PolicyAssessment {
            index,
            rules,
            policy,
            findings: &mut *findings,
        };
        for (patent_no, earned) in assessment.earn()? {
            let total = numbered
                .entry((&policy.policyholder_uscc, &policy.policy_no))
                .or_default()
                .entry(patent_no)
                .or_default();
            total.base = total.base.plus(earned.base)?;
            total.amount = total.amount.plus(earned.amount)?;
            total.clause = total.clause.or(earned.clause);
            total.steps.extend(earned.steps);
            total.institutions.extend(earned.institutions);
            total.first_event = total.first_event.into_iter().chain(earned.first_event).min();
        }
    }
    let mut drafts = Vec::new();
    for ((holder, number), mut patents) in numbered {
        let limit = top_up(index, rules, holder, number, &mut patents, findings)?;
        for (patent_no, earned) in patents {
            if earned.amount.is_zero() {
                continue;
            }
            drafts.push(Draft {
                key: LineKey {
                    measure: Measure::PremiumSubsidy,
                    beneficiary: holder.clone(),
                    item: format!("{number}/{patent_no}"),
                },
                base: earned.base,
                earned: earned.amount,
                limited_by: limit,
                clause: earned
                    .clause
                    .unwrap_or(rules.revision.premium_subsidy.rate_clause),
                explanation: Explanation {
                    steps: earned.steps,
                    readings: rules.named(DECIDING),
                    alternatives: Vec::new(),
                },
                institutions: earned.institutions.into_iter().collect(),
                first_event: earned.first_event,
            });
        }
    }
    Ok(drafts)
}

fn report_unknown_policies(index: &Index<'_>, rules: &Rules<'_>, findings: &mut Vec<Finding>) {
    for event in &index.facts.premium_events {
        let known = index
            .policies
            .contains_key(&(&event.institution_code, &event.policy_no));
        if !known
            && event.kind == PremiumEventKind::Payment
            && PolicyYear::of(event.occurred_on) == rules.year
        {
            findings.push(Finding {
                code: FindingCode::PolicyUnknown,
                measure: Measure::PremiumSubsidy,
                beneficiary: String::new(),
                reference: format!(
                    "{}/{}/{}",
                    event.institution_code, event.policy_no, event.event_no
                ),
                amount: Some(event.amount),
                detail: String::new(),
                evidence: Vec::new(),
            });
        }
    }
}
