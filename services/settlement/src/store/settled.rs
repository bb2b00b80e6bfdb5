//! Tables `settlement.settled` and `settlement.position_before`: what released batches have settled, and what a batch found.

use policy::codes::Measure;
use policy::engine::{LineKey, SettledBefore};
use policy::ident::Uscc;
use policy::money::Money;
use sqlx::PgConnection;

use crate::error::Error;
use crate::model::BatchNo;

type Position = (String, String, String, i64);

fn positions(rows: Vec<Position>) -> Result<SettledBefore, Error> {
    let unreadable = |detail: String| ledger::Error::StoredRowUnreadable {
        file: "settled",
        detail,
    };
    rows.into_iter()
        .map(|(measure, beneficiary, item, fen)| {
            let key = LineKey {
                measure: Measure::parse(&measure).ok_or_else(|| unreadable(measure.clone()))?,
                beneficiary: Uscc::from_canonical(&beneficiary)
                    .map_err(|error| unreadable(error.to_string()))?,
                item,
            };
            Ok((key, Money::from_fen(fen)))
        })
        .collect()
}

/// The settled position as a batch found it.
pub(crate) async fn before(tx: &mut PgConnection, number: &BatchNo) -> Result<SettledBefore, Error> {
    let rows = sqlx::query_as(
        "select measure, beneficiary, item, settled_fen from settlement.position_before
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_all(tx)
    .await?;
    positions(rows)
}

/// The settled position of a year as it is now.
pub(crate) async fn current(
    tx: &mut PgConnection,
    city: &str,
    year: policy::date::PolicyYear,
) -> Result<SettledBefore, Error> {
    let rows = sqlx::query_as(
        "select measure, beneficiary, item, settled_fen from settlement.settled
         where city = $1 and policy_year = $2 and settled_fen <> 0",
    )
    .bind(city)
    .bind(year.number())
    .fetch_all(tx)
    .await?;
    positions(rows)
}

/// Keeps the position a draft found.
pub(crate) async fn keep_before(tx: &mut PgConnection, number: &BatchNo) -> Result<(), Error> {
    sqlx::query("delete from settlement.position_before where city = $1 and year = $2 and sequence = $3")
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into settlement.position_before (city, year, sequence, policy_year, measure, beneficiary, item, settled_fen)
         select city, $2, $3, policy_year, measure, beneficiary, item, settled_fen
         from settlement.settled
         where city = $1 and policy_year = $2 and settled_fen <> 0",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves the position of every line from what the batch found to what it entitles; answers how many moved.
///
/// A position that is not what the batch found is left alone and not counted, and the caller gives the whole batch up.
pub(crate) async fn move_to_entitled(tx: &mut PgConnection, number: &BatchNo) -> Result<u64, Error> {
    sqlx::query(
        "insert into settlement.settled (city, policy_year, measure, beneficiary, item, settled_fen, last_sequence)
         select city, policy_year, measure, beneficiary, item, 0, $3
         from settlement.line
         where city = $1 and year = $2 and sequence = $3
         order by measure, beneficiary, item
         on conflict do nothing",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .execute(&mut *tx)
    .await?;
    let moved = sqlx::query(
        "update settlement.settled s
         set settled_fen = l.entitled_fen, last_sequence = l.sequence
         from settlement.line l
         where l.city = $1 and l.year = $2 and l.sequence = $3
           and s.city = l.city and s.policy_year = l.policy_year and s.measure = l.measure
           and s.beneficiary = l.beneficiary and s.item = l.item
           and s.settled_fen = l.settled_before_fen",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .execute(tx)
    .await?;
    Ok(moved.rows_affected())
}
