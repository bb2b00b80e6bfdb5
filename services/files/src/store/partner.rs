//! View `published.institutions`: whose legal person a partner was, as known by the end of a month.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::Error;
use crate::month::{Month, MonthEnds};

/// A revision of an institution: its legal person, when it was recorded and under which cut-off.
type Known = (Option<String>, DateTime<Utc>, i64);

/// The credit code of the institution's legal person by its highest revision known at the end of the month that states one; empty where
/// none was known yet, and none at all where the institution was never registered.
///
/// # Errors
/// Database errors.
pub(crate) async fn legal_person(
    tx: &mut PgConnection,
    (city, institution): (&str, &str),
    month: Month,
    ends: &MonthEnds,
) -> Result<Option<String>, Error> {
    let revisions: Vec<Known> = sqlx::query_as(
        "select legal_person_uscc, recorded_at, cut_off from published.institutions
         where city = $1 and institution_code = $2
         order by revision desc",
    )
    .bind(city)
    .bind(institution)
    .fetch_all(tx)
    .await?;
    if revisions.is_empty() {
        return Ok(None);
    }
    let known = revisions
        .into_iter()
        .filter(|(_, recorded_at, cut_off)| ends.month_of(*recorded_at, *cut_off) <= month);
    Ok(Some(known.flat_map(|(uscc, ..)| uscc).next().unwrap_or_default()))
}
