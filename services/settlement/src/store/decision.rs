//! View `published.decisions`: reviewers' decisions, as far as a batch needs to know when they were taken.

use sqlx::PgConnection;

use crate::error::Error;

/// The last cut-off up to the given one under which a decision was taken.
pub(crate) async fn last(tx: &mut PgConnection, city: &str, up_to: i64) -> Result<Option<i64>, Error> {
    let (last,): (Option<i64>,) = sqlx::query_as("select settlement.last_decision($1, $2)")
        .bind(city)
        .bind(up_to)
        .fetch_one(tx)
        .await?;
    Ok(last)
}
