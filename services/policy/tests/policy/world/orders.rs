//! Reviewers' decisions, and the conditions of a batch.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use fastrand::Rng;
use zhirong_policy::codes::{Clause, FindingCode, Measure};
use zhirong_policy::conditions::{Budget, Conditions, Freeze, Frozen, Revoked, SetAside};
use zhirong_policy::engine::LineKey;
use zhirong_policy::facts::{Decision, Facts, Verdict};
use zhirong_policy::ident::{InstitutionCode, Reference};
use zhirong_policy::money::{Money, Rate};

use super::{Builder, SHARES, any_day, last_day, often, one_of, reference};

/// Codes a reviewer decides on: what can stand on a contract or policy, and a few that cannot.
///
/// A line's size (SUBSIDY_ABOVE_LOAN and the like) is one of a contract under R3=PER_LOAN alone, so that the alternatives of R3
/// would say otherwise than the reading itself; it has a test of its own.
const OF_LOANS: [FindingCode; 16] = [
    FindingCode::DrawBeforeRegistration,
    FindingCode::DrawBeforeRegistration,
    FindingCode::PledgeeNotLender,
    FindingCode::PledgorNotBorrower,
    FindingCode::PledgeDouble,
    FindingCode::PledgeDouble,
    FindingCode::ShareUnstated,
    FindingCode::ShareUnstated,
    FindingCode::BorrowerClass,
    FindingCode::LoanUpperMoney,
    FindingCode::LoanOtherMoney,
    FindingCode::WatchListed,
    FindingCode::InvalidatedLater,
    FindingCode::ReversalUnknown,
    FindingCode::DrawOverReversed,
    FindingCode::EnterpriseExcluded,
];
const OF_POLICIES: [FindingCode; 11] = [
    FindingCode::PolicyholderClass,
    FindingCode::PolicyholderNotOwner,
    FindingCode::PolicySecond,
    FindingCode::PolicyCoinsuranceDiffers,
    FindingCode::ProductOther,
    FindingCode::PatentUnknown,
    FindingCode::WatchListed,
    FindingCode::InvalidatedLater,
    FindingCode::RefundUnknown,
    FindingCode::PaymentOverRefunded,
    FindingCode::PolicyOtherMoney,
];

impl Builder {
    pub(super) fn decisions(&mut self) {
        let mut keys = BTreeSet::new();
        let loans: Vec<_> = self
            .facts
            .loans
            .iter()
            .map(|row| (row.institution_code.clone(), row.contract_no.clone()))
            .collect();
        let policies: Vec<_> = self
            .facts
            .policies
            .iter()
            .map(|row| (row.institution_code.clone(), row.policy_no.clone()))
            .collect();
        let pairs = [(loans, &OF_LOANS[..]), (policies, &OF_POLICIES[..])];
        for (records, codes) in pairs {
            for (institution, number) in records {
                for _ in 0..one_of(&mut self.rng, &[0, 0, 1, 2, 4]) {
                    let code = one_of(&mut self.rng, codes);
                    // A few name a record that nobody knows.
                    let number = if often(&mut self.rng, 3) {
                        reference("HT-9")
                    } else {
                        number.clone()
                    };
                    if keys.insert((institution.clone(), number.clone(), code)) {
                        self.decision(&institution, number, code);
                    }
                }
            }
        }
    }

    fn decision(&mut self, institution: &InstitutionCode, number: Reference, code: FindingCode) {
        let accept = often(&mut self.rng, 65);
        let states = often(
            &mut self.rng,
            if code == FindingCode::ShareUnstated {
                70
            } else {
                10
            },
        );
        let share = Rate::parse(one_of(&mut self.rng, &SHARES)).unwrap();
        self.facts.decisions.push(Decision {
            institution_code: institution.clone(),
            reference: number,
            code,
            decision: if accept { Verdict::Accept } else { Verdict::Reject },
            value: states.then_some(share),
            decided_on: any_day(&mut self.rng),
            reason: "已核实".to_owned(),
        });
    }
}

/// Conditions around lines and facts; the as-of date lies often on an edge of a freeze.
pub(crate) fn conditions(rng: &mut Rng, facts: &Facts, keys: &[LineKey], as_of: NaiveDate) -> Conditions {
    let mut conditions = Conditions::default();
    for key in keys {
        if often(rng, 12) {
            conditions.set_aside.push(SetAside {
                key: key.clone(),
                reference: format!("YY-{}", conditions.set_aside.len()),
                reason: "异议".to_owned(),
            });
        }
        if often(rng, 12) {
            conditions.revoked.push(Revoked {
                key: key.clone(),
                at_most: Money::from_fen(one_of(rng, &[0, 1, 1_000_000, 5_000_000, 7_500_001])),
                reference: format!("ZH-{}", conditions.revoked.len()),
                basis: "第十四条".to_owned(),
                reason: "骗取".to_owned(),
            });
        }
    }
    for _ in 0..one_of(rng, &[0, 0, 1, 2]) {
        let what = if rng.bool() || facts.institutions.is_empty() {
            Frozen::Clause(one_of(rng, Clause::ALL))
        } else {
            Frozen::Institution(one_of(rng, &facts.institutions).institution_code)
        };
        let from = one_of(
            rng,
            &[as_of, as_of.succ_opt().unwrap(), as_of.pred_opt().unwrap()],
        );
        let to = if rng.bool() {
            Some(as_of.max(from))
        } else {
            last_day(rng, from, 50)
        };
        conditions.freezes.push(Freeze {
            what,
            from,
            to,
            reason: "核查".to_owned(),
        });
    }
    conditions.budgets = budgets(rng);
    conditions
}

/// Appropriations of up to two programmes; a measure is in one of them at most.
pub(crate) fn budgets(rng: &mut Rng) -> Vec<Budget> {
    let mut budgets: Vec<Budget> = Vec::new();
    for programme in 0..rng.usize(0..=2) {
        budgets.push(Budget {
            programme: format!("专项{programme}"),
            measures: Vec::new(),
            ceiling: Money::from_fen(one_of(
                rng,
                &[0, 1, 99_999, 1_000_001, 7_000_003, 20_000_000, 90_000_000],
            )),
            committed: Money::from_fen(one_of(rng, &[0, 0, 1, 50_000, 30_000_000])),
        });
    }
    for measure in Measure::ALL {
        let place = rng.usize(0..=budgets.len());
        if let Some(budget) = budgets.get_mut(place) {
            budget.measures.push(*measure);
        }
    }
    budgets
}
