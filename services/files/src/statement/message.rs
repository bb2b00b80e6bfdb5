//! A statement as messages.

use api::convert::{date, money, timestamp};
use api::files::v1 as pb;
use policy::money::MoneyError;

use super::Movements;
use super::issued::{Issued, name_of};
use super::model::{Account, Balance, Change, Entry};

impl From<Change> for pb::StatementChange {
    fn from(change: Change) -> Self {
        match change {
            Change::New => Self::New,
            Change::Corrected => Self::Corrected,
            Change::Withdrawn => Self::Withdrawn,
            Change::Restored => Self::Restored,
            Change::History => Self::History,
        }
    }
}

/// The totals.
///
/// # Errors
/// [`MoneyError`] beyond the range of amounts.
pub(crate) fn totals(issued: &Issued) -> Result<pb::Statement, MoneyError> {
    let statement = &issued.statement;
    let net = statement.net()?;
    let late = statement.entries.iter().filter(|entry| entry.late).count();
    Ok(pb::Statement {
        institution_code: issued.institution.clone(),
        month: statement.month.to_string(),
        first_day: Some(date(statement.month.first_day())),
        last_day: Some(date(statement.month.last_day())),
        r#final: issued.is_final,
        as_of: Some(timestamp(issued.as_of)),
        cut_off: issued.cut_off,
        accounts: statement
            .accounts
            .iter()
            .map(|(account, movements)| account_message(*account, movements))
            .collect(),
        net: Some(pb::StatementNet {
            opening: Some(money(net.opening)),
            change: Some(money(net.closing.minus(net.opening)?)),
            closing: Some(money(net.closing)),
        }),
        entries: count(statement.entries.len()),
        late_entries: count(late),
        legal_person_uscc: issued.legal_person.clone(),
        settled: issued.released.iter().map(|line| settled(issued, line)).collect(),
        settled_total: Some(money(issued.settled_total()?)),
    })
}

/// Entries of the statement from a place on, numbered from 1.
pub(crate) fn entries(issued: &Issued, from: usize, most: usize) -> Vec<pb::StatementEntry> {
    let numbered = issued.statement.entries.iter().zip(1_i64..);
    numbered
        .skip(from)
        .take(most)
        .map(|(entry, number)| entry_message(entry, number))
        .collect()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn balance(balance: Balance) -> pb::StatementBalance {
    pb::StatementBalance {
        records: balance.records,
        amount: Some(money(balance.amount)),
    }
}

fn account_message(account: Account, movements: &Movements) -> pb::StatementAccount {
    let moved = movements
        .by_change
        .iter()
        .map(|(change, (entries, moved))| pb::StatementMovement {
            change: pb::StatementChange::from(*change).into(),
            entries: *entries,
            records: moved.records,
            amount: Some(money(moved.amount)),
        });
    pb::StatementAccount {
        file: account.file().as_str().to_owned(),
        kind: account.kind().to_owned(),
        opening: Some(balance(movements.opening)),
        movements: moved.collect(),
        closing: Some(balance(movements.closing)),
    }
}

fn entry_message(entry: &Entry, number: i64) -> pb::StatementEntry {
    pb::StatementEntry {
        number,
        recorded_at: Some(timestamp(entry.recorded_at)),
        file: entry.key.file.as_str().to_owned(),
        name: name_of(&entry.key),
        revision: i32::try_from(entry.revision).unwrap_or(i32::MAX),
        change: pb::StatementChange::from(entry.change).into(),
        kind: entry.account.map_or("", Account::kind).to_owned(),
        occurred_on: entry.occurred_on.map(date),
        late: entry.late,
        on_behalf: entry.on_behalf,
        reverses: entry.reverses.clone(),
        before: Some(money(entry.before)),
        after: Some(money(entry.after)),
        effect: Some(money(entry.effect)),
    }
}

fn settled(issued: &Issued, line: &crate::store::released::ReleasedLine) -> pb::SettledLine {
    pb::SettledLine {
        batch_no: issued.batch_no(line),
        released_at: Some(timestamp(line.released_at)),
        line_no: line.line_no,
        policy_year: line.policy_year,
        measure: line.measure.clone(),
        item: line.item.clone(),
        amount: Some(money(policy::money::Money::from_fen(line.amount_fen))),
    }
}
