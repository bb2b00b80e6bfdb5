//! Table `ledger.cut_off`: which batch's facts a write belongs to (decision D4).

use sqlx::PgConnection;

use crate::error::Error;

/// Everybody's place in the queue for a city's cut-off. A row that is locked for share is locked for share again at once, so writers
/// who overlap without end would keep whoever closes the cut-off waiting for ever; this lock serves in the order of asking.
const QUEUE_TO_WRITE: &str =
    "select pg_advisory_xact_lock_shared(hashtextextended('ledger.cut_off.' || $1, 0))";
const QUEUE_TO_CLOSE: &str = "select pg_advisory_xact_lock(hashtextextended('ledger.cut_off.' || $1, 0))";

/// The cut-off that facts written by this transaction are accepted under.
///
/// The share lock is held to the end of the transaction, so a cut-off closes only when no write under it is in flight.
/// It is a statement of its own: a statement's snapshot is older than the lock it waits for.
///
/// # Errors
/// Database errors.
pub async fn for_writing(tx: &mut PgConnection, city: &str) -> Result<i64, Error> {
    sqlx::query(QUEUE_TO_WRITE).bind(city).execute(&mut *tx).await?;
    let read = "select current from ledger.cut_off where city = $1 for share";
    if let Some((current,)) = sqlx::query_as::<_, (i64,)>(read)
        .bind(city)
        .fetch_optional(&mut *tx)
        .await?
    {
        return Ok(current);
    }
    sqlx::query("insert into ledger.cut_off (city) values ($1) on conflict do nothing")
        .bind(city)
        .execute(&mut *tx)
        .await?;
    let (current,) = sqlx::query_as::<_, (i64,)>(read).bind(city).fetch_one(tx).await?;
    Ok(current)
}

/// The cut-off that is open now, for a command that writes no facts; 1 where the city has none yet.
///
/// # Errors
/// Database errors.
pub async fn current(tx: &mut PgConnection, city: &str) -> Result<i64, Error> {
    let found: Option<(i64,)> = sqlx::query_as("select current from ledger.cut_off where city = $1")
        .bind(city)
        .fetch_optional(tx)
        .await?;
    Ok(found.map_or(1, |(current,)| current))
}

/// Closes the city's cut-off and opens the next one; answers the closed number. Waits for every write under it.
///
/// # Errors
/// Database errors.
pub async fn close(tx: &mut PgConnection, city: &str) -> Result<i64, Error> {
    sqlx::query(QUEUE_TO_CLOSE).bind(city).execute(&mut *tx).await?;
    sqlx::query("insert into ledger.cut_off (city) values ($1) on conflict do nothing")
        .bind(city)
        .execute(&mut *tx)
        .await?;
    let (current,): (i64,) = sqlx::query_as("select current from ledger.cut_off where city = $1 for update")
        .bind(city)
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query("update ledger.cut_off set current = current + 1 where city = $1")
        .bind(city)
        .execute(tx)
        .await?;
    Ok(current)
}
