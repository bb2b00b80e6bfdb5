//! Statements against an oracle that knows nothing of movements: random reports, corrections, withdrawals and late commits over months.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use exchange::File;
use policy::money::Money;

use super::Statement;
use super::model::{Account, Balance, Change, EventKey, Revision, Standing};
use crate::month::{Month, MonthEnd, MonthEnds};

const HISTORIES: u64 = 400;
const MONTHS: u32 = 6;

/// A stored revision as the database has it: nothing says yet in which month it stands.
#[derive(Debug, Clone)]
struct Stored {
    event: u32,
    number: u32,
    standing: Option<Standing>,
    recorded_at: DateTime<Utc>,
    cut_off: i64,
}

/// Everything that was ever stored, in the order of commits, and the closings between them: how many rows were there, and which month.
struct History {
    rows: Vec<Stored>,
    closings: Vec<(usize, MonthEnd)>,
}

fn first() -> Month {
    Month::parse("2026-01").unwrap()
}

fn month(index: u32) -> Month {
    (0..index).fold(first(), |month, _| month.next())
}

fn start_of(month: Month) -> DateTime<Utc> {
    month.first_day().and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(8)
}

fn standing(random: &mut fastrand::Rng) -> Standing {
    Standing {
        account: Account::ALL[random.usize(..Account::ALL.len())],
        amount: Money::from_fen(random.i64(1..=9_999_999_999_999)),
        occurred_on: NaiveDate::from_ymd_opt(2025, 12, 1).unwrap() + Days::new(random.u64(..200)),
        reverses: String::new(),
    }
}

fn history(random: &mut fastrand::Rng) -> History {
    let mut history = History {
        rows: Vec::new(),
        closings: Vec::new(),
    };
    let mut cut_off = 1;
    for index in 0..MONTHS {
        let (from, to) = (start_of(month(index)), start_of(month(index + 1)));
        let seconds = (to - from).num_seconds();
        let mut times: Vec<i64> = (0..random.usize(..8)).map(|_| random.i64(0..seconds)).collect();
        times.sort_unstable();
        for at in times {
            let is_withdrawn = random.u8(..5) == 0;
            history.rows.push(Stored {
                event: random.u32(..4),
                number: random.u32(1..6),
                standing: (!is_withdrawn).then(|| standing(random)),
                recorded_at: from + TimeDelta::seconds(at),
                cut_off,
            });
        }
        // Not every month is closed as soon as it is over, and a batch raises the cut-off too.
        if random.bool() {
            let end = MonthEnd {
                month: month(index),
                cut_off,
                closed_at: to + TimeDelta::seconds(1),
            };
            history.closings.push((history.rows.len(), end));
            cut_off += 1;
            // A transaction that took its time before midnight and came after the closing.
            if random.bool() {
                history.rows.push(Stored {
                    event: random.u32(..4),
                    number: random.u32(1..6),
                    standing: Some(standing(random)),
                    recorded_at: to - TimeDelta::milliseconds(1),
                    cut_off,
                });
            }
        }
        if random.bool() {
            cut_off += 1;
        }
    }
    // The first revision of a number stands; what came after it under the same number was a conflict.
    let mut seen = std::collections::BTreeSet::new();
    let before: Vec<bool> = history
        .rows
        .iter()
        .map(|row| seen.insert((row.event, row.number)))
        .collect();
    for (count, _) in &mut history.closings {
        *count = before.iter().take(*count).filter(|is_kept| **is_kept).count();
    }
    let mut kept = before.into_iter();
    history.rows.retain(|_| kept.next().unwrap());
    history
}

fn key(event: u32) -> EventKey {
    EventKey {
        file: File::LoanEvents,
        parent: "HT-1".to_owned(),
        event_no: event.to_string(),
    }
}

type Number = fn(usize, &Stored) -> u32;

/// The statement of a month from the first rows, as the service makes it.
fn statement(rows: &[Stored], ends: &MonthEnds, month: Month, number: Number) -> Statement {
    let mut by_event: BTreeMap<u32, Vec<Revision>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        by_event.entry(row.event).or_default().push(Revision {
            number: number(place, row),
            standing: row.standing.clone(),
            month: ends.month_of(row.recorded_at, row.cut_off),
            recorded_at: row.recorded_at,
            on_behalf: false,
        });
    }
    let mut statement = Statement::new(month);
    for (event, revisions) in by_event {
        statement.take(&key(event), revisions).unwrap();
    }
    statement.finish();
    statement
}

fn stated(_: usize, row: &Stored) -> u32 {
    row.number
}

/// What stands by account when only these rows are known: the highest revision of each event, whatever the order they came in.
fn oracle<'a>(rows: impl Iterator<Item = &'a Stored>) -> BTreeMap<Account, (i64, i128)> {
    let mut highest: BTreeMap<u32, &Stored> = BTreeMap::new();
    for row in rows {
        let known = highest.entry(row.event).or_insert(row);
        if row.number > known.number {
            *known = row;
        }
    }
    let mut sums: BTreeMap<Account, (i64, i128)> = BTreeMap::new();
    for standing in highest.values().filter_map(|row| row.standing.as_ref()) {
        let (records, fen) = sums.entry(standing.account).or_default();
        *records += 1;
        *fen += i128::from(standing.amount.fen());
    }
    sums
}

fn balances(statement: &Statement, of: fn(&super::Movements) -> Balance) -> BTreeMap<Account, (i64, i128)> {
    let all = statement.accounts.iter().map(|(account, movements)| {
        let balance = of(movements);
        (*account, (balance.records, i128::from(balance.amount.fen())))
    });
    all.filter(|(_, sums)| *sums != (0, 0)).collect()
}

/// Everything that must hold of a history; the first thing that does not.
fn check(history: &History, ends: &MonthEnds, number: Number) -> Result<(), String> {
    let mut before = BTreeMap::new();
    for index in 0..=MONTHS {
        let month = month(index);
        let statement = statement(&history.rows, ends, month, number);
        let known = history
            .rows
            .iter()
            .filter(|row| ends.month_of(row.recorded_at, row.cut_off) <= month);
        let (opening, closing) = (
            balances(&statement, |it| it.opening),
            balances(&statement, |it| it.closing),
        );
        if opening != before {
            return Err(format!(
                "{month} does not open with the closing of the month before"
            ));
        }
        if closing != oracle(known) {
            return Err(format!("{month} does not close with what was known at its end"));
        }
        for (account, movements) in &statement.accounts {
            let entries = statement
                .entries
                .iter()
                .filter(|entry| entry.account == Some(*account));
            let effect: i128 = entries.map(|entry| i128::from(entry.effect.fen())).sum();
            let opened = i128::from(movements.opening.amount.fen());
            if opened + effect != i128::from(movements.closing.amount.fen()) {
                return Err(format!("the entries of {month} do not lead to its closing"));
            }
            let moved: i64 = movements.by_change.values().map(|(_, moved)| moved.records).sum();
            if movements.opening.records + moved != movements.closing.records {
                return Err(format!("the records of {month} do not add up"));
            }
        }
        before = closing;
    }
    Ok(())
}

/// A month that was closed is the same ever after, whatever comes.
fn check_final(history: &History, ends: &MonthEnds) -> Result<(), String> {
    for (count, end) in &history.closings {
        let then = statement(&history.rows[..*count], ends, end.month, stated);
        let now = statement(&history.rows, ends, end.month, stated);
        if then != now {
            return Err(format!(
                "the statement of {} changed after it was closed",
                end.month
            ));
        }
    }
    Ok(())
}

fn ends_of(history: &History) -> MonthEnds {
    MonthEnds::new(history.closings.iter().map(|(_, end)| *end).collect())
}

#[test]
fn every_statement_ties_to_the_fen_and_a_closed_one_never_changes() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..HISTORIES {
        let history = history(&mut random);
        let ends = ends_of(&history);
        check(&history, &ends, stated).unwrap_or_else(|wrong| panic!("seed {seed} round {round}: {wrong}"));
        check_final(&history, &ends).unwrap_or_else(|wrong| panic!("seed {seed} round {round}: {wrong}"));
    }
}

#[test]
fn a_statement_that_lets_the_last_comer_win_is_caught() {
    let mut random = fastrand::Rng::with_seed(1);
    let by_arrival: Number = |place, _| u32::try_from(place).unwrap() + 1;
    let caught = (0..HISTORIES).filter(|_| {
        let history = history(&mut random);
        check(&history, &ends_of(&history), by_arrival).is_err()
    });
    assert!(caught.count() > 100);
}

#[test]
fn a_month_by_the_clock_alone_is_caught() {
    let mut random = fastrand::Rng::with_seed(1);
    let caught = (0..HISTORIES).filter(|_| {
        let history = history(&mut random);
        check_final(&history, &MonthEnds::default()).is_err()
    });
    assert!(caught.count() > 100);
}

#[test]
fn each_change_has_its_sort_and_effect() {
    let march = Month::parse("2026-03").unwrap();
    let at = |day: i64| start_of(march) + TimeDelta::days(day);
    let event = |account, fen| {
        Some(Standing {
            account,
            amount: Money::from_fen(fen),
            occurred_on: NaiveDate::from_ymd_opt(2026, 2, 28).unwrap(),
            reverses: String::new(),
        })
    };
    let revision = |number, standing, day, month| Revision {
        number,
        standing,
        month,
        recorded_at: at(day),
        on_behalf: false,
    };
    let mut statement = Statement::new(march);
    let revisions = vec![
        revision(2, event(Account::Draw, 100), -3, Month::parse("2026-02").unwrap()),
        revision(1, event(Account::Draw, 700), 1, march),
        revision(3, event(Account::Draw, 80), 2, march),
        revision(4, event(Account::Repayment, 80), 3, march),
        revision(5, None, 4, march),
        revision(6, event(Account::Draw, 50), 5, march),
        revision(7, event(Account::Draw, 60), 40, march.next()),
    ];
    statement.take(&key(1), revisions).unwrap();
    statement
        .take(&key(2), vec![revision(1, event(Account::Reversal, 30), 6, march)])
        .unwrap();
    statement.finish();
    let entries: Vec<(u32, Change, Option<Account>, i64)> = statement
        .entries
        .iter()
        .map(|entry| (entry.revision, entry.change, entry.account, entry.effect.fen()))
        .collect();
    let (draw, repayment) = (Some(Account::Draw), Some(Account::Repayment));
    let expected = [
        (1, Change::History, draw, 0),
        (3, Change::Corrected, draw, -20),
        (4, Change::Corrected, draw, -80),
        (4, Change::Corrected, repayment, 80),
        (5, Change::Withdrawn, repayment, -80),
        (6, Change::Restored, draw, 50),
        (1, Change::New, Some(Account::Reversal), 30),
    ];
    assert_eq!(entries, expected);
    assert!(statement.entries.iter().all(|entry| entry.late));
    let net = statement.net().unwrap();
    assert_eq!((net.opening.fen(), net.closing.fen()), (100, 20));
}
