//! Numbers that follow each other without gaps.

use sqlx::PgConnection;

use crate::error::Error;

/// Lets one transaction at a time take the next number of a kind in a city; held until the transaction ends.
pub(crate) async fn hold(tx: &mut PgConnection, city: &str, kind: &str) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('settlement.' || $2 || '.' || $1, 0))")
        .bind(city)
        .bind(kind)
        .execute(tx)
        .await?;
    Ok(())
}
