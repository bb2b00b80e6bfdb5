//! Views `published.loan_events` and `published.premium_events`: the trace each report came in with.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::error::Error;

/// The trace of the latest revision of every draw and payment up to a cut-off, by its reference in explanations.
pub(crate) async fn of_reports(
    tx: &mut PgConnection,
    city: &str,
    cut_off: i64,
) -> Result<HashMap<String, String>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select institution_code || '/' || contract_no || '/' || event_no, traceparent
         from published.loan_events
         where city = $1 and cut_off <= $2 and traceparent is not null
         union all
         select institution_code || '/' || policy_no || '/' || event_no, traceparent
         from published.premium_events
         where city = $1 and cut_off <= $2 and traceparent is not null
         order by 1, 2",
    )
    .bind(city)
    .bind(cut_off)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}
