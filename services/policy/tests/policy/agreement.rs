//! The engine and the oracle pay the same, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fastrand::Rng;
use zhirong_policy::codes::{FindingCode, Limit, Measure};
use zhirong_policy::conditions::Conditions;
use zhirong_policy::engine::{LineKey, Outcome, SettledBefore};
use zhirong_policy::ident::Uscc;
use zhirong_policy::money::Money;
use zhirong_policy::reading::Budget;
use zhirong_policy::rulebook::Rulebook;

use crate::oracle::{Earned, Oracle, Orders};
use crate::world::{World, ask_under, late_rulebook, rulebook};

/// How many worlds, and the seed of the first; the others follow it.
const WORLDS: u64 = 100_000;
const FIRST_SEED: u64 = 41_050_020_180_009;
/// Disagreements printed in full before the test gives up.
const SHOWN: usize = 3;

fn line_map(lines: impl IntoIterator<Item = (LineKey, Money)>) -> Earned {
    let fen = lines
        .into_iter()
        .map(|(key, money)| (key, i128::from(money.fen())));
    fen.filter(|(_, fen)| *fen != 0).collect()
}

/// A settled position around what is earned: some lines exactly, some more, some less, some that earn nothing now.
fn random_settled(rng: &mut Rng, earned: &Earned) -> SettledBefore {
    let mut settled = SettledBefore::new();
    for (key, amount) in earned {
        let amount = i64::try_from(*amount).unwrap();
        let before = match rng.u32(0..6) {
            0 => amount,
            1 => amount + rng.i64(1..1_000),
            2 => rng.i64(0..=amount),
            _ => 0,
        };
        if before > 0 {
            settled.insert(key.clone(), Money::from_fen(before));
        }
    }
    if rng.u32(0..5) == 0 {
        let beneficiary = Uscc::from_canonical("91410500MA0000000X").unwrap();
        let measure = *Measure::ALL.get(rng.usize(0..3)).unwrap();
        settled.insert(
            LineKey {
                measure,
                beneficiary,
                item: "BD-9/x".to_owned(),
            },
            Money::from_fen(12_345),
        );
    }
    settled
}

/// What differs between the engine's lines and the oracle's, as text; empty where nothing does.
fn difference(outcome: &Outcome, expected: &Earned, settled: &SettledBefore) -> String {
    let mut text = String::new();
    let found = line_map(outcome.lines.iter().map(|line| (line.key.clone(), line.entitled)));
    let keys: BTreeSet<&LineKey> = found.keys().chain(expected.keys()).collect();
    for key in keys {
        let (engine, oracle) = (found.get(key).unwrap_or(&0), expected.get(key).unwrap_or(&0));
        if engine != oracle {
            let _ = writeln!(text, "  {key:?}: engine {engine}, oracle {oracle}");
        }
    }
    let before = line_map(
        outcome
            .lines
            .iter()
            .map(|line| (line.key.clone(), line.settled_before)),
    );
    if before != line_map(settled.clone()) {
        let _ = writeln!(text, "  settled before: engine {before:?}, asked {settled:?}");
    }
    for line in &outcome.lines {
        if line.amount.fen() != line.entitled.fen() - line.settled_before.fen() {
            let _ = writeln!(text, "  amount of {:?} is not entitled less settled", line.key);
        }
    }
    if !outcome.lines.is_sorted_by(|first, second| {
        let key = |line: &zhirong_policy::engine::Line| {
            (
                line.key.measure.as_str(),
                line.key.beneficiary.clone(),
                line.key.item.clone(),
            )
        };
        key(first) < key(second)
    }) {
        let _ = writeln!(text, "  lines are not sorted, or one is there twice");
    }
    text
}

/// How often each thing happened, so that the worlds are known to reach it.
#[derive(Default)]
struct Reached {
    measures: BTreeMap<&'static str, u64>,
    limits: BTreeMap<&'static str, u64>,
    findings: BTreeMap<&'static str, u64>,
}

impl Reached {
    fn add(&mut self, outcome: &Outcome) {
        for line in outcome.lines.iter().filter(|line| !line.entitled.is_zero()) {
            *self.measures.entry(line.key.measure.as_str()).or_default() += 1;
        }
        for limit in outcome.lines.iter().filter_map(|line| line.limited_by) {
            *self.limits.entry(limit.as_str()).or_default() += 1;
        }
        for finding in &outcome.findings {
            *self.findings.entry(finding.code.as_str()).or_default() += 1;
        }
    }
}

/// The shipped rulebook, and those that let no more be paid after the year's last day or after New Year's day.
fn rulebooks() -> [(Option<i64>, Rulebook); 3] {
    [
        (None, rulebook()),
        (Some(0), late_rulebook(0)),
        (Some(1), late_rulebook(1)),
    ]
}

fn compare(rulebooks: &[(Option<i64>, Rulebook)], seed: u64, reached: &mut Reached) -> Option<String> {
    let mut world = World::new(seed);
    let mut rng = Rng::with_seed(seed ^ 0x5e77_1ed0);
    let mut conditions = Conditions::NONE;
    let mut book = rulebooks.first().unwrap();
    let earned = Oracle::of(&world).earned();
    let settled = random_settled(&mut rng, &earned);
    if rng.bool() {
        let keys: Vec<LineKey> = earned.keys().cloned().collect();
        conditions = crate::world::conditions(&mut rng, &world.facts, &keys, world.as_of);
        book = rulebooks.get(rng.usize(0..rulebooks.len())).unwrap();
        world.readings.budget = match rng.u32(0..4) {
            0 => Budget::ProRata,
            1 => Budget::FirstCome,
            _ => Budget::None,
        };
    }
    let outcome = ask_under(&book.1, &world, &world.facts, &settled, &conditions).unwrap();
    reached.add(&outcome);
    let clauses = outcome.lines.iter().map(|line| (line.key.clone(), line.clause));
    let orders = Orders {
        as_of: world.as_of,
        settled: &settled,
        conditions: &conditions,
        late_days: book.0,
        clauses: &clauses.collect(),
    };
    let oracle = Oracle::of(&world);
    let mut difference = difference(&outcome, &oracle.entitled(&orders), &settled);
    for line in outcome.lines.iter().filter(|line| earned.contains_key(&line.key)) {
        let codes = line.institutions.iter().map(ToString::to_string).collect();
        let (found, expected) = ((codes, line.first_event), oracle.contributors(&line.key));
        if found != expected {
            let _ = writeln!(
                difference,
                "  {:?} rests on {found:?}, oracle {expected:?}",
                line.key
            );
        }
    }
    if difference.is_empty() {
        return None;
    }
    let changed = world.readings.changed();
    let year = world.year;
    Some(format!(
        "seed {seed}, year {year}, as of {}, readings {changed:?}, {conditions:#?}\n{difference}{:#?}",
        world.as_of, world.facts
    ))
}

#[test]
fn the_engine_pays_what_the_oracle_pays_in_100_000_worlds() {
    let rulebooks = rulebooks();
    let mut reached = Reached::default();
    let mut wrong = Vec::new();
    println!("seeds {FIRST_SEED} to {}", FIRST_SEED + WORLDS - 1);
    for seed in FIRST_SEED..FIRST_SEED + WORLDS {
        wrong.extend(compare(&rulebooks, seed, &mut reached));
    }
    println!(
        "lines {:?}\nlimits {:?}\nfindings {:?}",
        reached.measures, reached.limits, reached.findings
    );
    let shown = wrong
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {WORLDS} worlds disagree\n{shown}",
        wrong.len()
    );
    assert_eq!(
        reached.measures.len(),
        Measure::ALL.len(),
        "every measure pays somewhere"
    );
    assert_eq!(
        reached.limits.len(),
        Limit::ALL.len(),
        "every limit bites somewhere"
    );
    let missing: Vec<&str> = FindingCode::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !reached.findings.contains_key(code))
        .collect();
    assert_eq!(
        missing,
        ["NO_DRAW_YET"],
        "every finding is found somewhere but those of a preview"
    );
}
