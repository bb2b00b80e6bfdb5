//! What stands on the face of a line: its computation adds up, its alternatives are what the oracle pays under them,
//! and every yuan not paid has a finding.

use std::collections::BTreeSet;

use fastrand::Rng;
use zhirong_policy::codes::Measure;
use zhirong_policy::engine::{Line, LineKey, Outcome, SettledBefore};
use zhirong_policy::explanation::{Alternative, Explanation, ExplanationError, Step, check};
use zhirong_policy::money::Money;
use zhirong_policy::reading::{Budget, Readings, Unit};
use zhirong_policy::rulebook::Rulebook;

use crate::laws::{catches, holds};
use crate::oracle::Oracle;
use crate::world::{World, ask, ask_under, late_rulebook, rulebook};

fn outcome_of(rulebook: &Rulebook, world: &World) -> Outcome {
    ask(rulebook, world, &world.facts, &SettledBefore::new()).unwrap()
}

fn fen(money: Money) -> i128 {
    i128::from(money.fen())
}

// ---- the encoding -----------------------------------------------------------------------------------------------

fn comes_back(
    outcome: &Outcome,
    through: impl Fn(&Explanation) -> Result<Explanation, ExplanationError>,
) -> Result<(), String> {
    for line in &outcome.lines {
        if through(&line.explanation).as_ref() != Ok(&line.explanation) {
            return Err(format!("{:#?}", line.explanation));
        }
    }
    Ok(())
}

#[test]
fn an_explanation_comes_back_from_its_bytes_and_damage_shows() {
    holds(|rulebook, world| {
        comes_back(&outcome_of(rulebook, world), |explanation| {
            Explanation::decode(&explanation.encode())
        })
    });
    catches(|rulebook, world| {
        comes_back(&outcome_of(rulebook, world), |explanation| {
            let mut bytes = explanation.encode();
            bytes.pop();
            Explanation::decode(&bytes)
        })
    });
    let mut other_version = Explanation::default().encode();
    other_version[0] += 1;
    assert_eq!(
        Explanation::decode(&other_version),
        Err(ExplanationError::Version(other_version[0]))
    );
    assert_eq!(Explanation::decode(&[]), Err(ExplanationError::Damaged));
}

// ---- the steps add up ---------------------------------------------------------------------------------------------

/// What a line's own steps say it earns, before rule 7; none where they contradict each other.
fn replayed(line: &Line) -> Option<i128> {
    let steps = &line.explanation.steps;
    let bases: i128 = steps
        .iter()
        .map(|step| {
            if let Step::Contract { base, .. } = step {
                fen(*base)
            } else {
                0
            }
        })
        .sum();
    let mut sum = None;
    let mut earned = None;
    let mut full = 0;
    let mut class = None;
    for step in steps {
        match step {
            Step::Sum { base } => sum = Some(fen(*base)),
            // A premium's rate is that of its policy's class; the next step says which part is this patent's.
            Step::Rate { base, rounded, .. } if line.key.measure == Measure::PremiumSubsidy => {
                class = Some((fen(*base), fen(*rounded)));
            }
            Step::Rate { base, rounded, .. } => {
                (sum == Some(fen(*base)) && bases == fen(*base)).then_some(())?;
                earned = Some(fen(*rounded));
            }
            Step::Cap {
                earned: before,
                cap,
                entitled,
                left,
            } => {
                (earned == Some(fen(*before)) && fen(*entitled) + fen(*left) == fen(*cap)).then_some(())?;
                earned = Some(fen(*before).min(fen(*cap)));
            }
            Step::Tier { base, amount, .. } => {
                (sum == Some(fen(*base))).then_some(())?;
                earned = Some(fen(*amount));
            }
            Step::Payment { part, .. } => full += fen(*part),
            Step::ClassShare {
                class_sum,
                class_subsidy,
                part,
                share,
                ..
            } => {
                (class == Some((fen(*class_sum), fen(*class_subsidy)))).then_some(())?;
                full += fen(*share) - fen(*part);
            }
            Step::OtherMoney { entitled, .. } => full = fen(*entitled),
            Step::Excluded { earned: facts, .. } => {
                (earned.unwrap_or(full) == fen(*facts)).then_some(())?;
            }
            Step::NothingEarned { settled } => {
                (*settled == line.settled_before).then_some(())?;
            }
            // Decisions bear no amount, and conditions come after what the facts earn.
            _ => {}
        }
    }
    Some(earned.unwrap_or(full))
}

fn steps_add_up(outcome: &Outcome, oracle: &Oracle<'_>) -> Result<(), String> {
    let earned = oracle.earned();
    for line in &outcome.lines {
        let expected = earned.get(&line.key).copied().unwrap_or(0);
        if replayed(line) != Some(expected) {
            return Err(format!(
                "steps say {:?}, facts earn {expected}: {line:#?}",
                replayed(line)
            ));
        }
    }
    Ok(())
}

#[test]
fn the_steps_of_a_line_add_up_to_what_the_facts_earn() {
    holds(|rulebook, world| {
        let oracle = Oracle {
            facts: &world.facts,
            readings: &world.readings,
            year: world.year,
        };
        steps_add_up(&outcome_of(rulebook, world), &oracle)
    });
    // The twin leaves out the last step that bears an amount.
    catches(|rulebook, world| {
        let oracle = Oracle {
            facts: &world.facts,
            readings: &world.readings,
            year: world.year,
        };
        let mut outcome = outcome_of(rulebook, world);
        for line in &mut outcome.lines {
            line.explanation.steps.pop();
        }
        steps_add_up(&outcome, &oracle)
    });
}

// ---- the production check -----------------------------------------------------------------------------------------

/// The world's outcome over a settled position that differs from it: half of each line, and one line nobody earns any more.
fn second_outcome(rulebook: &Rulebook, world: &World) -> Outcome {
    let first = outcome_of(rulebook, world);
    let mut settled: SettledBefore = first
        .lines
        .iter()
        .map(|line| (line.key.clone(), Money::from_fen(line.entitled.fen() / 2)))
        .collect();
    if let Some(line) = first.lines.first() {
        let mut key = line.key.clone();
        key.item.push_str("/gone");
        settled.insert(key, Money::from_fen(100));
    }
    ask(rulebook, world, &world.facts, &settled).unwrap()
}

/// The world's outcome under random conditions and R14, after the last day for more money in one of two.
fn ordered_outcome(rulebooks: &[Rulebook; 2], world: &World) -> Outcome {
    let mut rng = Rng::with_seed(world.seed);
    let first = outcome_of(&rulebooks[0], world);
    let keys: Vec<LineKey> = first.lines.iter().map(|line| line.key.clone()).collect();
    let conditions = crate::world::conditions(&mut rng, &world.facts, &keys, world.as_of);
    let mut world = world.clone();
    world.readings.budget = [Budget::None, Budget::ProRata, Budget::FirstCome][rng.usize(0..3)];
    let settled: SettledBefore = first
        .lines
        .iter()
        .map(|line| (line.key.clone(), Money::from_fen(line.entitled.fen() / 2)))
        .collect();
    ask_under(
        &rulebooks[rng.usize(0..2)],
        &world,
        &world.facts,
        &settled,
        &conditions,
    )
    .unwrap()
}

fn every_line_checks(lines: &[Line]) -> Result<(), String> {
    for line in lines {
        check(line).map_err(|error| format!("{error}: {line:#?}"))?;
    }
    Ok(())
}

#[test]
fn every_line_follows_from_its_own_steps() {
    let rulebooks = [rulebook(), late_rulebook(0)];
    holds(|rulebook, world| {
        every_line_checks(&outcome_of(rulebook, world).lines)?;
        every_line_checks(&ordered_outcome(&rulebooks, world).lines)?;
        every_line_checks(&second_outcome(rulebook, world).lines)
    });
    // Twins: a leaf or an amount is lost, doubled or one fen off, and the line stands as it was.
    let twins: [fn(&mut Line); 6] = [
        |line| drop(line.explanation.steps.pop()),
        |line| {
            drop(
                line.explanation
                    .steps
                    .drain(..line.explanation.steps.len().min(1)),
            )
        },
        |line| {
            line.explanation
                .steps
                .extend(line.explanation.steps.first().cloned())
        },
        |line| line.entitled = Money::from_fen(line.entitled.fen() + 1),
        |line| line.settled_before = Money::from_fen(line.settled_before.fen() + 1),
        |line| line.base = Money::from_fen(line.base.fen() + 1),
    ];
    for twin in twins {
        catches(|rulebook, world| {
            let mut lines = second_outcome(rulebook, world).lines;
            lines.iter_mut().for_each(twin);
            every_line_checks(&lines)
        });
    }
}

/// One amount of a step, a fen larger; two fen where largest remainder may go either way by one.
fn bent(step: &mut Step) {
    let more = match step {
        Step::ClassShare { .. } | Step::OtherMoney { .. } => 2,
        _ => 1,
    };
    let amount = match step {
        Step::Draw { amount, .. } | Step::Tier { amount, .. } => amount,
        Step::Contract { base, .. } | Step::Sum { base } => base,
        Step::Rate { rounded, .. } => rounded,
        Step::Cap { entitled, .. } | Step::Excluded { entitled, .. } | Step::OtherMoney { entitled, .. } => {
            entitled
        }
        Step::Payment { part, .. } => part,
        Step::NothingEarned { settled } => settled,
        Step::ClassShare { share, .. } => share,
        Step::Revoked { entitled, .. }
        | Step::SetAside { entitled, .. }
        | Step::Frozen { entitled, .. }
        | Step::LateWindow { entitled, .. } => entitled,
        Step::Budget { granted, .. } => granted,
        // A decision bears none either.
        Step::Decided { code, .. } => {
            "NO_SUCH_CODE".clone_into(code);
            return;
        }
        // A class bears no amount; another clause is its mistake.
        Step::Class { clause, .. } => {
            *clause = "A8.9".to_owned();
            return;
        }
    };
    *amount = Money::from_fen(amount.fen() + more);
}

#[test]
fn a_fen_more_in_any_step_of_any_line_shows() {
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let rulebooks = [rulebook(), late_rulebook(0)];
    holds(|rulebook, world| {
        let ordered = ordered_outcome(&rulebooks, world).lines;
        for line in second_outcome(rulebook, world).lines.into_iter().chain(ordered) {
            for place in 0..line.explanation.steps.len() {
                let mut twin = line.clone();
                bent(&mut twin.explanation.steps[place]);
                seen.borrow_mut().insert(line.explanation.steps[place].code());
                // A second class of the same line decides no clause, so another one there shows nowhere.
                let is_class = matches!(line.explanation.steps[place], Step::Class { .. });
                if !is_class && check(&twin).is_ok() {
                    return Err(format!("step {place} of {line:#?}"));
                }
            }
        }
        Ok(())
    });
    assert_eq!(seen.into_inner().len(), 18, "every kind of step was bent");
}

// ---- alternatives -------------------------------------------------------------------------------------------------

/// What a beneficiary gets of a measure under other readings, by the oracle.
fn paid_under(world: &World, readings: &Readings, line: &Line) -> i128 {
    let earned = Oracle {
        facts: &world.facts,
        readings,
        year: world.year,
    }
    .earned();
    let of_line = earned
        .iter()
        .filter(|(key, _)| key.measure == line.key.measure && key.beneficiary == line.key.beneficiary);
    of_line.map(|(_, amount)| amount).sum()
}

/// Whether R1 decides one of a borrower's lump sums: a looked-up base of exactly 3 or 6 million.
fn is_on_edge(world: &World, line: &Line) -> bool {
    let word = Readings {
        boundary: zhirong_policy::reading::Boundary::Word,
        ..world.readings
    };
    ["HIGH", "LOW"].into_iter().any(|value| {
        let mut other = word;
        other.set("R1", value).unwrap();
        paid_under(world, &other, line) != paid_under(world, &word, line)
    })
}

/// The alternatives that a line must show, with what the oracle pays under each.
fn expected_alternatives(world: &World, line: &Line) -> BTreeSet<(String, String, i128)> {
    let ids: &[&str] = match line.key.measure {
        Measure::LoanSubsidy if is_on_edge(world, line) => &["R1", "R3"],
        Measure::LoanSubsidy => &["R3"],
        Measure::BankIncentive => &["R9"],
        Measure::PremiumSubsidy => &[],
    };
    let now = world.readings.list();
    let mut expected = BTreeSet::new();
    for (id, values) in Readings::supported() {
        for value in values
            .into_iter()
            .filter(|value| ids.contains(&id) && !now.contains(&(id, value)))
        {
            let mut other = world.readings;
            other.set(id, value).unwrap();
            expected.insert((id.to_owned(), value.to_owned(), paid_under(world, &other, line)));
        }
    }
    expected
}

fn alternatives_are_right(
    rulebook: &Rulebook,
    world: &World,
    shown: impl Fn(&Line) -> Vec<Alternative>,
) -> Result<(), String> {
    for line in &outcome_of(rulebook, world).lines {
        let found: BTreeSet<(String, String, i128)> = shown(line)
            .into_iter()
            .map(|one| (one.reading, one.value, fen(one.amount)))
            .collect();
        let expected = expected_alternatives(world, line);
        if found != expected {
            return Err(format!(
                "{:?}: shown {found:?}, the oracle pays {expected:?}",
                line.key
            ));
        }
    }
    Ok(())
}

#[test]
fn a_line_shows_what_other_readings_of_r1_r3_and_r9_would_pay() {
    holds(|rulebook, world| {
        alternatives_are_right(rulebook, world, |line| line.explanation.alternatives.clone())
    });
    // The twin shows what the line itself pays, whatever the reading.
    catches(|rulebook, world| {
        alternatives_are_right(rulebook, world, |line| {
            let own = |one: Alternative| Alternative {
                amount: line.entitled,
                ..one
            };
            line.explanation
                .alternatives
                .clone()
                .into_iter()
                .map(own)
                .collect()
        })
    });
    // Nor would a line without its alternatives pass.
    catches(|rulebook, world| alternatives_are_right(rulebook, world, |_| Vec::new()));
}

#[test]
fn a_loan_line_names_the_readings_that_decided_it() {
    holds(|rulebook, world| {
        for line in &outcome_of(rulebook, world).lines {
            let unit = world.readings.unit.as_str().to_owned();
            let named = line.explanation.readings.contains(&("R3".to_owned(), unit));
            if named != (line.key.measure == Measure::LoanSubsidy) {
                return Err(format!("{:?}: {:?}", line.key, line.explanation.readings));
            }
        }
        Ok(())
    });
    assert_eq!(Readings::default().unit, Unit::EnterpriseYearSum);
}

// ---- every yuan not paid has a finding ------------------------------------------------------------------------------

/// Draws and payments of the year that count nothing, or not in full, must be named by a finding of the measure.
fn unpaid_is_found(outcome: &Outcome, oracle: &Oracle<'_>) -> Result<(), String> {
    for (measure, reference) in oracle.unpaid() {
        let named = outcome.findings.iter().any(|finding| {
            finding.measure == measure
                && (reference == finding.reference
                    || reference.starts_with(&format!("{}/", finding.reference))
                    || finding.reference.starts_with(&format!("{reference}/")))
        });
        if !named {
            return Err(format!(
                "{} {reference} has no finding: {:#?}",
                measure.as_str(),
                outcome.findings
            ));
        }
    }
    Ok(())
}

#[test]
fn every_yuan_not_paid_has_a_finding() {
    holds(|rulebook, world| {
        let oracle = Oracle {
            facts: &world.facts,
            readings: &world.readings,
            year: world.year,
        };
        unpaid_is_found(&outcome_of(rulebook, world), &oracle)
    });
    catches(|rulebook, world| {
        let oracle = Oracle {
            facts: &world.facts,
            readings: &world.readings,
            year: world.year,
        };
        let mut outcome = outcome_of(rulebook, world);
        outcome.findings.truncate(1);
        unpaid_is_found(&outcome, &oracle)
    });
}
