//! Views `published.loan_events` and `published.premium_events`: every revision of an institution's events, one event after the other.

use chrono::{DateTime, NaiveDate, Utc};
use exchange::File;
use futures_util::TryStreamExt;
use policy::money::Money;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::month::MonthEnds;
use crate::statement::Statement;
use crate::statement::model::{Account, EventKey, Revision, Standing};

/// A stored revision as the views have it.
#[derive(Debug, FromRow)]
struct Stored {
    parent: String,
    event_no: String,
    revision: i32,
    withdrawn: bool,
    kind: Option<String>,
    amount_fen: Option<i64>,
    reverses: Option<String>,
    occurred_on: Option<NaiveDate>,
    on_behalf: bool,
    recorded_at: DateTime<Utc>,
    cut_off: i64,
}

const LOAN_EVENTS: &str =
    "select contract_no as parent, event_no, revision, withdrawn, kind, amount_fen, reverses,
        (occurred_at at time zone 'Asia/Shanghai')::date as occurred_on, on_behalf, recorded_at, cut_off
    from published.loan_events
    where city = $1 and institution_code = $2
    order by contract_no, event_no, revision";
const PREMIUM_EVENTS: &str =
    "select policy_no as parent, event_no, revision, withdrawn, kind, amount_fen, reverses,
        occurred_on, on_behalf, recorded_at, cut_off
    from published.premium_events
    where city = $1 and institution_code = $2
    order by policy_no, event_no, revision";

/// Folds every event of an institution into the statement, one event in memory at a time.
///
/// # Errors
/// Database errors, and amounts beyond their range.
pub(crate) async fn fold(
    tx: &mut PgConnection,
    (city, institution): (&str, &str),
    ends: &MonthEnds,
    statement: &mut Statement,
) -> Result<(), Error> {
    for (file, sql) in [
        (File::LoanEvents, LOAN_EVENTS),
        (File::PremiumEvents, PREMIUM_EVENTS),
    ] {
        let mut rows = sqlx::query_as::<_, Stored>(sql)
            .bind(city)
            .bind(institution)
            .fetch(&mut *tx);
        let mut event: Option<(EventKey, Vec<Revision>)> = None;
        while let Some(stored) = rows.try_next().await? {
            let key = EventKey {
                file,
                parent: stored.parent.clone(),
                event_no: stored.event_no.clone(),
            };
            let revision = revision(file, stored, ends)?;
            match &mut event {
                Some((same, revisions)) if *same == key => revisions.push(revision),
                _ => {
                    if let Some((done, revisions)) = event.replace((key, vec![revision])) {
                        statement.take(&done, revisions)?;
                    }
                }
            }
        }
        if let Some((done, revisions)) = event {
            statement.take(&done, revisions)?;
        }
    }
    statement.finish();
    Ok(())
}

fn revision(file: File, stored: Stored, ends: &MonthEnds) -> Result<Revision, Error> {
    let unreadable = || ledger::Error::StoredRowUnreadable {
        file: file.as_str(),
        detail: format!("{} {}", stored.parent, stored.event_no),
    };
    let standing = match (
        stored.withdrawn,
        stored.kind.as_deref(),
        stored.amount_fen,
        stored.occurred_on,
    ) {
        (true, ..) => None,
        (false, Some(kind), Some(fen), Some(occurred_on)) => Some(Standing {
            account: Account::parse(kind).ok_or_else(unreadable)?,
            amount: Money::from_fen(fen),
            occurred_on,
            reverses: stored.reverses.clone().unwrap_or_default(),
        }),
        _ => return Err(unreadable().into()),
    };
    Ok(Revision {
        number: u32::try_from(stored.revision).map_err(|_| unreadable())?,
        standing,
        month: ends.month_of(stored.recorded_at, stored.cut_off),
        recorded_at: stored.recorded_at,
        on_behalf: stored.on_behalf,
    })
}
