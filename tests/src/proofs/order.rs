//! Laws 3 and 4: any order, duplication and cutting of the same records ends where settling once ends; and the leaves of
//! every line sum to the line.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use exchange::{File, History, Row};
use fastrand::Rng;
use policy::codes::{Limit, Measure, Severity};
use policy::conditions::{Budget, Conditions, Revoked, SetAside};
use policy::date::PolicyYear;
use policy::engine::{Line, Outcome, Question, SettledBefore, settle};
use policy::explanation;
use policy::facts::Facts;
use policy::money::Money;
use policy::reading::Readings;
use policy::rulebook::{ANYANG_2018_9, Rulebook};

use super::{Asked, Figure, in_parallel, show, world};

/// Policies that may follow each other between two batches.
static RULEBOOKS: LazyLock<Vec<Rulebook>> = LazyLock::new(|| {
    let changes = [
        ("", ""),
        ("\"500000.00\"", "\"300000.00\""),
        ("\"150000.00\"", "\"160000.00\""),
        ("\"0.80\"", "\"0.70\""),
    ];
    let load = |(from, to): (&str, &str)| {
        let text = if from.is_empty() {
            ANYANG_2018_9.to_owned()
        } else {
            ANYANG_2018_9.replacen(from, to, 1)
        };
        Rulebook::load(&text).unwrap()
    };
    changes.into_iter().map(load).collect()
});

/// The budget of a batch that has one.
const CEILING_FEN: i64 = 7_000_001;

/// What a batch is settled under, one of a sequence.
#[derive(Clone)]
struct Stage {
    rulebook: &'static Rulebook,
    readings: Readings,
    as_of: NaiveDate,
}

impl Stage {
    fn random(rng: &mut Rng) -> Self {
        let mut readings = Readings::default();
        if rng.u32(0..3) == 0 {
            for (id, values) in Readings::supported() {
                if rng.u32(0..6) == 0 || id == "R14" {
                    readings.set(id, values[rng.usize(0..values.len())]).unwrap();
                }
            }
        }
        let days = ["2025-12-31", "2026-03-31"];
        Self {
            rulebook: &RULEBOOKS[[0, 0, 0, 1, 2, 3][rng.usize(0..6)]],
            readings,
            as_of: days[rng.usize(0..2)].parse().unwrap(),
        }
    }

    /// Whether the reading R14 holds payments to the budget.
    fn shares_budgets(&self) -> bool {
        let readings = self.readings.list();
        readings
            .iter()
            .any(|(id, value)| *id == "R14" && *value != "NONE")
    }

    fn settle(&self, facts: &Facts, settled: &SettledBefore, conditions: &Conditions) -> Outcome {
        let question = Question {
            facts,
            rulebook: self.rulebook,
            readings: &self.readings,
            year: PolicyYear::new(2025).unwrap(),
            as_of: self.as_of,
            settled,
            conditions,
        };
        settle(&question).unwrap()
    }
}

/// How a history is settled; each twin is broken in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As it is.
    True,
    /// Pays what is earned with every batch.
    ForgetsSettled,
    /// Takes back nothing.
    OnlyUp,
    /// Believes the revision that arrived last.
    LastArrived,
}

/// What histories came to.
#[derive(Default)]
struct Reached {
    histories: u64,
    batches: u64,
    negative: u64,
    capped: u64,
    held: u64,
    withdrawn: u64,
    aside: u64,
    decided: u64,
    over_budget_unread: u64,
    over_budget: u64,
    budgets: u64,
    lines: u64,
    wrong_lines: u64,
    wrong: Vec<String>,
}

impl Reached {
    fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.batches += other.batches;
        self.negative += other.negative;
        self.capped += other.capped;
        self.held += other.held;
        self.withdrawn += other.withdrawn;
        self.aside += other.aside;
        self.decided += other.decided;
        self.over_budget_unread += other.over_budget_unread;
        self.over_budget += other.over_budget;
        self.budgets += other.budgets;
        self.lines += other.lines;
        self.wrong_lines += other.wrong_lines;
        self.wrong.extend(other.wrong);
    }

    /// Checks the leaves of every line, and notes what the batch had.
    fn batch(&mut self, outcome: &Outcome, seen: &mut Seen) {
        self.batches += 1;
        for line in &outcome.lines {
            self.lines += 1;
            if let Err(error) = explanation::check(line) {
                self.wrong_lines += 1;
                self.wrong.push(format!("leaves of {:?}: {error}", line.key));
            }
            seen.negative |= line.amount < Money::ZERO;
            seen.capped |= line.limited_by == Some(Limit::YearCap);
        }
        seen.held |= outcome.findings.iter().any(|it| it.severity() == Severity::Hold);
    }
}

/// What one history had.
#[derive(Default)]
struct Seen {
    negative: bool,
    capped: bool,
    held: bool,
}

/// The rows in an order of their own, some of them more than once.
fn arrivals(rng: &mut Rng, rows: &[Row]) -> Vec<Row> {
    let mut arrivals = rows.to_vec();
    for row in rows {
        if rng.u32(0..6) == 0 {
            arrivals.push(row.clone());
        }
    }
    rng.shuffle(&mut arrivals);
    arrivals
}

/// Objections, an order of recovery and a budget that stand in one batch and are gone by the last: what they held is paid then.
fn passing(rng: &mut Rng, lines: &[Line]) -> Conditions {
    let mut conditions = Conditions::NONE;
    for line in lines {
        let (key, reference) = (line.key.clone(), "YY-1".to_owned());
        match rng.u32(0..6) {
            0 | 1 => conditions.set_aside.push(SetAside {
                key,
                reference,
                reason: "异议".to_owned(),
            }),
            2 => conditions.revoked.push(Revoked {
                key,
                at_most: Money::from_fen(rng.i64(0..10_000_000)),
                reference,
                basis: "财政违法行为处罚处分条例".to_owned(),
                reason: "追回".to_owned(),
            }),
            _ => {}
        }
    }
    if rng.bool() {
        conditions.budgets.push(Budget {
            programme: "专利".to_owned(),
            measures: Measure::ALL.to_vec(),
            ceiling: Money::from_fen(CEILING_FEN),
            committed: Money::ZERO,
        });
    }
    conditions
}

/// What a batch pays above its budget, in fen.
fn over_budget(outcome: &Outcome) -> u64 {
    let paid: i64 = outcome.lines.iter().map(|line| line.amount.fen().max(0)).sum();
    u64::try_from((paid - CEILING_FEN).max(0)).unwrap()
}

fn entitled(outcome: &Outcome) -> SettledBefore {
    let lines = outcome.lines.iter().map(|line| (line.key.clone(), line.entitled));
    lines.filter(|(_, money)| !money.is_zero()).collect()
}

/// Settles one random history in batches and once, and says where they differ.
fn history(seed: u64, way: Way, reached: &mut Reached) -> Option<String> {
    let mut rng = Rng::with_seed(seed);
    let rows = world::rows(&mut rng);
    let arrivals = arrivals(&mut rng, &rows);
    let mut cuts: Vec<usize> = (0..rng.usize(1..=3))
        .map(|_| rng.usize(0..=arrivals.len()))
        .collect();
    cuts.push(arrivals.len());
    cuts.sort_unstable();
    let mut last = Stage::random(&mut rng);
    // A budget never takes back what is settled, so under one the end depends on the way; the end is without.
    last.readings.set("R14", "NONE").unwrap();
    let (mut known, mut begin) = (History::default(), 0);
    let mut settled = SettledBefore::new();
    let mut paid: BTreeMap<_, i64> = BTreeMap::new();
    let (mut seen, mut facts, mut lines) = (Seen::default(), Facts::default(), Vec::new());
    for (place, cut) in cuts.iter().enumerate() {
        for (arrival, row) in arrivals[begin..*cut].iter().enumerate() {
            let mut row = row.clone();
            if way == Way::LastArrived {
                row.revision = u32::try_from(begin + arrival + 1).unwrap();
            }
            known.insert(row);
        }
        begin = *cut;
        facts = known.facts();
        let is_last = place + 1 == cuts.len();
        let stage = if is_last || rng.u32(0..2) == 0 {
            last.clone()
        } else {
            Stage::random(&mut rng)
        };
        let conditions = if is_last || rng.u32(0..3) > 0 {
            Conditions::NONE
        } else {
            passing(&mut rng, &lines)
        };
        reached.aside += u64::from(!conditions.set_aside.is_empty());
        let outcome = stage.settle(&facts, &settled, &conditions);
        reached.batch(&outcome, &mut seen);
        if stage.shares_budgets() && !conditions.budgets.is_empty() {
            reached.budgets += 1;
            reached.over_budget += over_budget(&outcome);
            let mut without = stage.clone();
            without.readings.set("R14", "NONE").unwrap();
            let unread = without.settle(&facts, &settled, &conditions);
            reached.over_budget_unread += over_budget(&unread);
        }
        for line in &outcome.lines {
            let amount = match way {
                Way::ForgetsSettled => line.entitled,
                Way::OnlyUp => line.amount.max(Money::ZERO),
                Way::True | Way::LastArrived => line.amount,
            };
            *paid.entry(line.key.clone()).or_default() += amount.fen();
        }
        paid.retain(|_, fen| *fen != 0);
        let position = paid.iter().map(|(key, fen)| (key.clone(), Money::from_fen(*fen)));
        settled = position.collect();
        lines = outcome.lines;
    }
    reached.histories += 1;
    reached.negative += u64::from(seen.negative);
    reached.capped += u64::from(seen.capped);
    reached.held += u64::from(seen.held);
    reached.withdrawn += u64::from(rows.iter().any(Row::is_withdrawn));
    reached.decided += u64::from(rows.iter().any(|row| row.file == File::Decisions));
    let mut whole = History::default();
    for row in rows {
        whole.insert(row);
    }
    let whole = whole.into_facts();
    let once = last.settle(&whole, &SettledBefore::new(), &Conditions::NONE);
    if once != last.settle(&facts, &SettledBefore::new(), &Conditions::NONE) {
        return Some(format!(
            "seed {seed}: another order of arrival is answered otherwise"
        ));
    }
    let once = entitled(&once);
    (settled != once).then(|| format!("seed {seed}: in batches {settled:?}, at once {once:?}"))
}

/// Settles many histories one way.
fn histories(first: u64, count: u64, way: Way) -> Reached {
    in_parallel(
        count,
        |number, reached: &mut Reached| {
            if let Some(wrong) = history(first.wrapping_add(number), way, reached) {
                reached.wrong.push(wrong);
            }
        },
        Reached::add,
    )
}

/// Lines whose amount was moved by a fen: those that the check of the leaves does not find, and those it finds.
fn moved_lines(first: u64, count: u64) -> (u64, u64) {
    let (mut missed, mut found) = (0, 0);
    for number in 0..count {
        let mut rng = Rng::with_seed(first.wrapping_add(number));
        let mut known = History::default();
        for row in world::rows(&mut rng) {
            known.insert(row);
        }
        let stage = Stage::random(&mut rng);
        let outcome = stage.settle(&known.facts(), &SettledBefore::new(), &Conditions::NONE);
        for mut line in outcome.lines {
            let fen = Money::from_fen(1);
            line.entitled = line.entitled.plus(fen).unwrap();
            line.amount = line.amount.plus(fen).unwrap();
            let is_found = explanation::check(&line).is_err();
            (missed, found) = (missed + u64::from(!is_found), found + u64::from(is_found));
        }
    }
    (missed, found)
}

/// The figures of order freedom, true-up and the leaves of lines.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    let many = asked.of(2_000, 20_000, 100_000, 2_000_000);
    let few = asked.of(500, 2_000, 2_000, 20_000);
    let reached = histories(asked.seed, many, Way::True);
    show("order", &reached.wrong);
    let leaves = reached.wrong_lines;
    let differ = super::count(reached.wrong.len()) - leaves;
    let twin = |way| {
        let reached = histories(asked.seed, few, way);
        super::count(reached.wrong.len()) - reached.wrong_lines
    };
    let (missed, found) = moved_lines(asked.seed, few);
    const LAW: &str = "order_and_true_up_differences";
    const LEAVES: &str = "lines_not_the_sum_of_their_leaves";
    vec![
        Figure::none(LAW, differ),
        Figure::red_twin(
            "order_and_true_up_differences, settled_before forgotten",
            twin(Way::ForgetsSettled),
        ),
        Figure::red_twin(
            "order_and_true_up_differences, nothing taken back",
            twin(Way::OnlyUp),
        ),
        Figure::red_twin(
            "order_and_true_up_differences, last arrived believed",
            twin(Way::LastArrived),
        ),
        Figure::at_least("order_histories", reached.histories, many),
        Figure::at_least("order_batches", reached.batches, many * 2),
        Figure::at_least(
            "order_histories_with_a_negative_line",
            reached.negative,
            many / 20,
        ),
        Figure::at_least("order_histories_with_a_cap", reached.capped, many / 50),
        Figure::at_least("order_histories_with_a_hold", reached.held, many / 20),
        Figure::at_least("order_histories_with_a_withdrawal", reached.withdrawn, many / 20),
        Figure::at_least("order_histories_with_a_decision", reached.decided, many / 10),
        Figure::at_least("order_batches_with_an_objection", reached.aside, many / 100),
        Figure::none("budget_fen_over", reached.over_budget),
        Figure::red_twin("budget_fen_over, budget not read", reached.over_budget_unread),
        Figure::at_least("budget_batches", reached.budgets, many / 1_000),
        Figure::none(LEAVES, leaves),
        Figure::red_twin(LEAVES, found),
        Figure::none("lines_moved_by_a_fen_and_not_found", missed),
        Figure::at_least("lines_with_their_leaves_checked", reached.lines, many),
    ]
}
