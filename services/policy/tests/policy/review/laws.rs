//! What holds over random worlds: no review finding moves a fen, its evidence is among the facts, and order shows nowhere.

use std::collections::BTreeSet;

use zhirong_policy::engine::{Outcome, SettledBefore};
use zhirong_policy::facts::Facts;
use zhirong_policy::money::{Money, Rate};
use zhirong_policy::rulebook::{ReviewThresholds, Rulebook};

use crate::laws::{catches, holds};
use crate::world::ask;

/// Every threshold at one end of its range.
fn extreme(everything: bool) -> ReviewThresholds {
    let (zero, most) = (Money::ZERO, Money::from_fen(i64::MAX));
    let (none, whole) = (Rate::from_hundredths(0), Rate::ONE);
    let wide = |wide: u32, narrow: u32| if everything { wide } else { narrow };
    ReviewThresholds {
        splitting_days: wide(u32::MAX, 0),
        splitting_contracts: wide(0, u32::MAX),
        tiny_loan: if everything { most } else { zero },
        quick_repayment_days: wide(u32::MAX, 0),
        quick_repayment_share: if everything { none } else { whole },
        circular_draws: wide(0, u32::MAX),
        transfer_days: wide(u32::MAX, 0),
        cancelled_days: wide(u32::MAX, 0),
        decorative_share: if everything { whole } else { none },
        refund_share: if everything { none } else { whole },
        premium_share: if everything { none } else { whole },
        premium_times: wide(0, u32::MAX),
        premium_policies: wide(0, u32::MAX),
        backdated_days: wide(0, u32::MAX),
        unit_low: if everything { most } else { zero },
        unit_high: if everything { zero } else { most },
    }
}

fn with(rulebook: &Rulebook, review: ReviewThresholds) -> Rulebook {
    let mut rulebook = rulebook.clone();
    rulebook.review = review;
    rulebook
}

#[test]
fn no_threshold_changes_a_line() {
    holds(|rulebook, world| {
        let none = SettledBefore::new();
        let answer = |rulebook: &Rulebook| ask(rulebook, world, &world.facts, &none).unwrap();
        let now = answer(rulebook);
        for everything in [true, false] {
            let other = answer(&with(rulebook, extreme(everything)));
            if other.lines != now.lines {
                return Err(format!("lines differ under extreme({everything})"));
            }
        }
        Ok(())
    });
    // The thresholds do reach the findings: else the law would say nothing.
    catches(|rulebook, world| {
        let none = SettledBefore::new();
        let answer = |review| ask(&with(rulebook, review), world, &world.facts, &none).unwrap();
        let (most, least) = (answer(extreme(true)), answer(extreme(false)));
        (most.findings == least.findings)
            .then_some(())
            .ok_or_else(String::new)
    });
}

/// The names of all records.
fn names(facts: &Facts) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |file: &str, key: String| names.insert(format!("{file}/{key}"));
    for row in &facts.institutions {
        add("institutions", row.institution_code.to_string());
    }
    for row in &facts.enterprises {
        add("enterprises", format!("{}/{}", row.uscc, row.registered_from));
    }
    for row in &facts.patents {
        add("patents", row.patent_no.to_string());
    }
    for row in &facts.patent_owners {
        let (holder, role) = (&row.holder, row.role.as_str());
        let key = format!("{}/{holder}/{role}/{}", row.patent_no, row.valid_from);
        add("patent_owners", key);
    }
    for row in &facts.awards {
        let key = format!("{}/{}/{}", row.patent_no, row.level.as_str(), row.award_name);
        add("awards", key);
    }
    for row in &facts.exclusions {
        let key = format!("{}/{}/{}", row.subject, row.grade.as_str(), row.valid_from);
        add("exclusions", key);
    }
    for row in &facts.pledges {
        add("pledges", format!("{}/{}", row.institution_code, row.pledge_no));
    }
    for row in &facts.loans {
        add("loans", format!("{}/{}", row.institution_code, row.contract_no));
    }
    for row in &facts.loan_events {
        let key = format!("{}/{}/{}", row.institution_code, row.contract_no, row.event_no);
        add("loan_events", key);
    }
    for row in &facts.policies {
        add("policies", format!("{}/{}", row.institution_code, row.policy_no));
    }
    for row in &facts.policy_patents {
        let key = format!("{}/{}/{}", row.institution_code, row.policy_no, row.patent_no);
        add("policy_patents", key);
    }
    for row in &facts.premium_events {
        let key = format!("{}/{}/{}", row.institution_code, row.policy_no, row.event_no);
        add("premium_events", key);
    }
    for row in &facts.other_awards {
        let (measure, level) = (row.measure.as_str(), row.level.as_str());
        let key = format!("{}/{measure}/{}/{level}", row.beneficiary_uscc, row.reference);
        add("other_awards", key);
    }
    for row in &facts.decisions {
        let key = format!("{}/{}/{}", row.institution_code, row.reference, row.code.as_str());
        add("decisions", key);
    }
    names
}

/// Every finding shows records, each of which is among the facts, in order and once.
fn evidence_is_known(outcome: &Outcome, facts: &Facts) -> Result<(), String> {
    let names = names(facts);
    for finding in &outcome.findings {
        let sorted = finding.evidence.is_sorted_by(|one, other| one < other);
        let unknown = finding.evidence.iter().find(|name| !names.contains(*name));
        if finding.evidence.is_empty() || !sorted || unknown.is_some() {
            return Err(format!("{unknown:?} {finding:#?}"));
        }
    }
    Ok(())
}

#[test]
fn every_finding_shows_records_that_are_among_the_facts() {
    let none = SettledBefore::new();
    holds(|rulebook, world| {
        let outcome = ask(&with(rulebook, extreme(true)), world, &world.facts, &none).unwrap();
        evidence_is_known(&outcome, &world.facts)
    });
    catches(|rulebook, world| {
        let outcome = ask(rulebook, world, &world.facts, &none).unwrap();
        let mut facts = world.facts.clone();
        facts.loan_events.pop();
        evidence_is_known(&outcome, &facts)
    });
}

#[test]
fn the_order_of_the_facts_shows_in_no_finding() {
    let none = SettledBefore::new();
    let differs = |rulebook: &Rulebook, world: &crate::world::World, cut: bool| {
        let rulebook = with(rulebook, extreme(true));
        let first = ask(&rulebook, world, &world.facts, &none).unwrap();
        let mut facts = crate::laws::shuffled(&mut fastrand::Rng::with_seed(world.seed), &world.facts);
        if cut {
            facts.loan_events.truncate(world.facts.loan_events.len() / 2);
        }
        let other = ask(&rulebook, world, &facts, &none).unwrap();
        (first.findings == other.findings)
            .then_some(())
            .ok_or_else(|| format!("{:#?}\n{:#?}", first.findings, other.findings))
    };
    holds(|rulebook, world| differs(rulebook, world, false));
    catches(|rulebook, world| differs(rulebook, world, true));
}
