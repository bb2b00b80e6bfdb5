//! Decisions, conditions and budgets: their laws over random worlds, each with a broken twin, and the cases of the budget.

use std::collections::BTreeMap;

use fastrand::Rng;
use zhirong_policy::codes::{FindingCode, Limit, Measure};
use zhirong_policy::conditions::{Budget, Conditions};
use zhirong_policy::engine::{Line, LineKey, Outcome, SettledBefore};
use zhirong_policy::facts::{Facts, Verdict};
use zhirong_policy::money::{Money, Rate};
use zhirong_policy::reading::Budget as Shared;
use zhirong_policy::rulebook::Rulebook;

use crate::laws::{catches, earlier, holds};
use crate::oracle::{Oracle, Orders};
use crate::world::{World, after, ask, ask_under, conditions};

fn expect(right: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong()) }
}

fn position(lines: &[Line]) -> SettledBefore {
    let lines = lines.iter().map(|line| (line.key.clone(), line.entitled));
    lines.filter(|(_, money)| !money.is_zero()).collect()
}

// ---- decisions --------------------------------------------------------------------------------------------------

/// The engine over possibly other facts pays what the oracle pays over the world's.
fn pays_what_the_oracle_pays(rulebook: &Rulebook, world: &World, facts: &Facts) -> Result<(), String> {
    let outcome = ask(rulebook, world, facts, &SettledBefore::new()).unwrap();
    let found: BTreeMap<LineKey, i128> = position(&outcome.lines)
        .into_iter()
        .map(|(key, money)| (key, i128::from(money.fen())))
        .collect();
    let none = BTreeMap::new();
    let expected = Oracle::of(world).entitled(&Orders {
        as_of: world.as_of,
        settled: &SettledBefore::new(),
        conditions: &Conditions::NONE,
        late_days: None,
        clauses: &none,
    });
    expect(found == expected, || {
        format!("engine {found:#?}\noracle {expected:#?}")
    })
}

#[test]
fn a_decision_does_what_the_oracle_says() {
    holds(|rulebook, world| pays_what_the_oracle_pays(rulebook, world, &world.facts));
    // Twins: rejections are ignored; acceptances are; an acceptance without the share it must state counts the whole.
    for verdict in Verdict::ALL {
        catches(|rulebook, world| {
            let mut facts = world.facts.clone();
            facts.decisions.retain(|row| row.decision != *verdict);
            pays_what_the_oracle_pays(rulebook, world, &facts)
        });
    }
    catches(|rulebook, world| {
        let mut facts = world.facts.clone();
        for row in &mut facts.decisions {
            row.value.get_or_insert(Rate::ONE);
        }
        pays_what_the_oracle_pays(rulebook, world, &facts)
    });
}

/// What is decided is never held, nor warned of, again.
fn decided_is_no_longer_held(outcome: &Outcome, facts: &Facts) -> Result<(), String> {
    for row in facts.decisions.iter().filter(|row| {
        row.decision == Verdict::Reject || row.value.is_some() || row.code != FindingCode::ShareUnstated
    }) {
        let record = format!("{}/{}", row.institution_code, row.reference);
        let known = facts
            .loans
            .iter()
            .any(|loan| format!("{}/{}", loan.institution_code, loan.contract_no) == record)
            || facts
                .policies
                .iter()
                .any(|policy| format!("{}/{}", policy.institution_code, policy.policy_no) == record);
        let again = outcome.findings.iter().find(|finding| {
            finding.code == row.code
                && (finding.reference == record || finding.reference.starts_with(&format!("{record}/")))
        });
        if let Some(again) = again.filter(|_| known && row.code != FindingCode::EnterpriseExcluded) {
            return Err(format!("{row:?}\n{again:?}"));
        }
    }
    Ok(())
}

#[test]
fn what_is_decided_is_not_held_again() {
    let none = SettledBefore::new();
    holds(|rulebook, world| {
        decided_is_no_longer_held(&ask(rulebook, world, &world.facts, &none).unwrap(), &world.facts)
    });
    catches(|rulebook, world| {
        let undecided = Facts {
            decisions: Vec::new(),
            ..world.facts.clone()
        };
        decided_is_no_longer_held(&ask(rulebook, world, &undecided, &none).unwrap(), &world.facts)
    });
}

// ---- conditions -------------------------------------------------------------------------------------------------

/// Random conditions on the world's lines, over half of what it earns as settled.
fn ordered(rulebook: &Rulebook, world: &World) -> (SettledBefore, Conditions, Outcome) {
    let mut rng = Rng::with_seed(world.seed);
    let mut settled = position(
        &ask(rulebook, world, &world.facts, &SettledBefore::new())
            .unwrap()
            .lines,
    );
    let keys: Vec<LineKey> = settled.keys().cloned().collect();
    for money in settled.values_mut() {
        *money = Money::from_fen(money.fen() * rng.i64(0..=3) / 2);
    }
    let conditions = conditions(&mut rng, &world.facts, &keys, world.as_of);
    let outcome = ask_under(rulebook, world, &world.facts, &settled, &conditions).unwrap();
    (settled, conditions, outcome)
}

fn never_raises(
    rulebook: &Rulebook,
    world: &World,
    entitled: impl Fn(&Line, &Conditions) -> Money,
) -> Result<(), String> {
    let (settled, conditions, outcome) = ordered(rulebook, world);
    let free = ask(rulebook, world, &world.facts, &settled).unwrap();
    for (line, free) in outcome.lines.iter().zip(&free.lines) {
        let now = entitled(line, &conditions);
        expect(line.key == free.key && now <= free.entitled, || {
            format!("{now} above {}: {line:#?}", free.entitled)
        })?;
    }
    expect(outcome.lines.len() == free.lines.len(), || {
        "lines came or went".to_owned()
    })
}

#[test]
fn a_condition_never_raises_a_line() {
    holds(|rulebook, world| never_raises(rulebook, world, |line, _| line.entitled));
    // The twin lets an objection keep what was settled even where the facts earn less now.
    catches(|rulebook, world| {
        never_raises(rulebook, world, |line, conditions| {
            if conditions.set_aside.iter().any(|it| it.key == line.key) {
                line.settled_before
            } else {
                line.entitled
            }
        })
    });
}

/// Everything is settled; then come objections, freezes, budgets: nothing moves but by an order of recovery.
fn keeps_what_is_settled(
    rulebook: &Rulebook,
    world: &World,
    amount: impl Fn(&Line, &Conditions) -> Money,
) -> Result<(), String> {
    let settled = position(
        &ask(rulebook, world, &world.facts, &SettledBefore::new())
            .unwrap()
            .lines,
    );
    let mut rng = Rng::with_seed(world.seed);
    let keys: Vec<LineKey> = settled.keys().cloned().collect();
    let conditions = conditions(&mut rng, &world.facts, &keys, world.as_of);
    let mut world = world.clone();
    world.readings.budget = [Shared::None, Shared::ProRata, Shared::FirstCome][rng.usize(0..3)];
    let outcome = ask_under(rulebook, &world, &world.facts, &settled, &conditions).unwrap();
    for line in &outcome.lines {
        let is_revoked = conditions.revoked.iter().any(|order| order.key == line.key);
        let amount = amount(line, &conditions);
        expect(
            amount.is_zero() || (is_revoked && line.limited_by == Some(Limit::Recovery)),
            || format!("{amount}: {line:#?}"),
        )?;
    }
    Ok(())
}

#[test]
fn only_an_order_of_recovery_takes_back_settled_money() {
    holds(|rulebook, world| keeps_what_is_settled(rulebook, world, |line, _| line.amount));
    // The twin takes a freeze for a recovery.
    catches(|rulebook, world| {
        keeps_what_is_settled(rulebook, world, |line, conditions| {
            let frozen = conditions.freezes.iter().any(|freeze| {
                freeze.what == zhirong_policy::conditions::Frozen::Clause(line.clause)
                    && freeze.period().contains(world.as_of)
            });
            if frozen {
                Money::from_fen(-line.settled_before.fen())
            } else {
                line.amount
            }
        })
    });
}

// ---- budgets ----------------------------------------------------------------------------------------------------

fn more(lines: &[Line], measures: &[Measure]) -> i64 {
    let of = lines
        .iter()
        .filter(|line| measures.contains(&line.key.measure) && line.amount > Money::ZERO);
    of.map(|line| line.amount.fen()).sum()
}

/// Up to four batches, each committing what it pays: no programme ever pays a fen above its ceiling, and all of it where it binds.
fn budget_is_kept(rulebook: &Rulebook, world: &World, committed: impl Fn(i64) -> i64) -> Result<(), String> {
    let mut rng = Rng::with_seed(world.seed);
    let mut stages = vec![world.facts.clone()];
    for _ in 0..rng.usize(1..=3) {
        let before = earlier(&mut rng, stages.last().unwrap());
        stages.push(before);
    }
    let mut budgets = crate::world::budgets(&mut rng);
    let mut world = world.clone();
    let mut taken = vec![0; budgets.len()];
    let mut settled = SettledBefore::new();
    for facts in stages.iter().rev() {
        for (budget, taken) in budgets.iter_mut().zip(&taken) {
            budget.committed = Money::from_fen(committed(*taken));
        }
        let conditions = Conditions {
            budgets: budgets.clone(),
            ..Conditions::NONE
        };
        world.readings.budget = Shared::None;
        let wanted = ask_under(rulebook, &world, facts, &settled, &conditions).unwrap();
        world.readings.budget = [Shared::ProRata, Shared::FirstCome][rng.usize(0..2)];
        let outcome = ask_under(rulebook, &world, facts, &settled, &conditions).unwrap();
        for (budget, taken) in budgets.iter().zip(&mut taken) {
            let paid = more(&outcome.lines, &budget.measures);
            let due = more(&wanted.lines, &budget.measures);
            let exact = due.min(budget.available().fen());
            expect(paid == exact, || format!("{budget:?} pays {paid} of {due}"))?;
            *taken += paid;
            expect(*taken <= budget.ceiling.fen(), || {
                format!("{budget:?} has paid {taken}")
            })?;
        }
        let paid = outcome.lines.iter().map(|line| (line.key.clone(), line.amount));
        settled = after(&settled, paid);
    }
    Ok(())
}

#[test]
fn no_budget_is_ever_exceeded_by_a_fen() {
    holds(|rulebook, world| budget_is_kept(rulebook, world, |taken| taken));
    // The twin forgets with every batch what earlier ones took.
    catches(|rulebook, world| budget_is_kept(rulebook, world, |_| 0));
}

/// The twin of largest remainder: each share rounded by itself.
fn plain(total: i64, due: &[i64]) -> Vec<i64> {
    let whole: i64 = due.iter().sum();
    due.iter()
        .map(|one| (total * one * 2 + whole) / (2 * whole))
        .collect()
}

#[test]
fn the_published_cases_of_a_budget() {
    let cases: [(&str, &[i64], i64, &[i64]); 3] = [
        (
            "X01",
            &[15_000_000, 10_000_000, 5_000_000],
            20_000_000,
            &[10_000_000, 6_666_667, 3_333_333],
        ),
        (
            "X02",
            &[5_000_000, 5_000_000, 5_000_000],
            10_000_000,
            &[3_333_334, 3_333_333, 3_333_333],
        ),
        (
            "X03",
            &[
                10_000_000, 15_000_000, 15_000_000, 15_000_000, 15_000_000, 15_000_000, 15_000_000,
            ],
            50_000_000,
            &[
                5_000_000, 7_500_000, 7_500_000, 7_500_000, 7_500_000, 7_500_000, 7_500_000,
            ],
        ),
    ];
    for (id, earned, ceiling, expected) in cases {
        let mut world = crate::scene::enterprises(earned);
        world.readings.budget = Shared::ProRata;
        let conditions = crate::scene::appropriation(ceiling);
        let outcome = crate::scene::settle(&world, &SettledBefore::new(), &conditions);
        assert_eq!(crate::scene::subsidies(&outcome), expected, "{id}");
        let rounded = plain(ceiling, earned);
        assert_eq!(
            rounded.iter().sum::<i64>() == ceiling,
            id != "X02",
            "{id}: {rounded:?}"
        );
        // Whoever drew first is paid first; the bank's incentive has no appropriation and is paid nothing.
        world.readings.budget = Shared::FirstCome;
        let outcome = crate::scene::settle(&world, &SettledBefore::new(), &conditions);
        let paid = crate::scene::subsidies(&outcome);
        assert_eq!(paid.first(), earned.first(), "{id}");
        assert_eq!(paid.iter().sum::<i64>(), ceiling, "{id}");
        assert_eq!(more(&outcome.lines, &[Measure::BankIncentive]), 0, "{id}");
        let unstated = outcome.findings.iter().find(|finding| {
            finding.code == FindingCode::BudgetCarried && finding.measure == Measure::BankIncentive
        });
        assert!(unstated.unwrap().detail.contains("no appropriation"), "{id}");
    }
}

#[test]
fn what_is_committed_is_gone() {
    let budget = |ceiling, committed| Budget {
        programme: String::new(),
        measures: Vec::new(),
        ceiling: Money::from_fen(ceiling),
        committed: Money::from_fen(committed),
    };
    assert_eq!(budget(100, 99).available(), Money::from_fen(1));
    assert_eq!(budget(100, 101).available(), Money::ZERO);
}
