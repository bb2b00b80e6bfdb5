//! View `published.released_lines`: what batches settled for a legal person, by the month in whose statement it stands.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::month::Month;

/// A line of a released batch.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct ReleasedLine {
    pub(crate) year: i32,
    pub(crate) sequence: i32,
    pub(crate) released_at: DateTime<Utc>,
    pub(crate) line_no: i32,
    pub(crate) policy_year: i32,
    pub(crate) measure: String,
    pub(crate) item: String,
    pub(crate) amount_fen: i64,
}

/// The bank incentive of a legal person, and of one institution of it where the rules pay branches, in batches of the month.
///
/// # Errors
/// Database errors.
pub(crate) async fn lines(
    tx: &mut PgConnection,
    (city, institution): (&str, &str),
    legal_person: &str,
    month: Month,
) -> Result<Vec<ReleasedLine>, Error> {
    let rows = sqlx::query_as(
        "select l.year, l.sequence, b.released_at, l.line_no, l.policy_year, l.measure, l.item, l.amount_fen
         from published.released_lines l
         join published.released_batches b on b.city = l.city and b.year = l.year and b.sequence = l.sequence
         left join files.month_release r on r.city = l.city and r.year = l.year and r.sequence = l.sequence
         where l.city = $1 and l.measure = 'bank_incentive' and l.beneficiary = $2 and l.item in ('', $3)
             and coalesce(r.month, greatest(
                 date_trunc('month', b.released_at at time zone 'Asia/Shanghai')::date,
                 (select (max(e.month) + interval '1 month')::date from files.month_end e where e.city = $1))) = $4
         order by b.released_at, l.year, l.sequence, l.line_no",
    )
    .bind(city)
    .bind(legal_person)
    .bind(institution)
    .bind(month.first_day())
    .fetch_all(tx)
    .await?;
    Ok(rows)
}
