//! Tables `files.month_end` and `files.month_release`: months that are over.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::error::Error;
use crate::month::{Month, MonthEnd, MonthEnds};

/// The months that were closed, and what the database's clock says: it is the clock that facts are recorded by.
///
/// # Errors
/// Database errors.
pub(crate) async fn ends(tx: &mut PgConnection, city: &str) -> Result<(MonthEnds, DateTime<Utc>), Error> {
    let rows: Vec<(NaiveDate, i64, DateTime<Utc>)> = sqlx::query_as(
        "select month, cut_off, closed_at from files.month_end where city = $1 order by month",
    )
    .bind(city)
    .fetch_all(&mut *tx)
    .await?;
    let (now,): (DateTime<Utc>,) = sqlx::query_as("select clock_timestamp()").fetch_one(tx).await?;
    let ends = rows.into_iter().map(|(month, cut_off, closed_at)| MonthEnd {
        month: Month::of_day(month),
        cut_off,
        closed_at,
    });
    Ok((MonthEnds::new(ends.collect()), now))
}

/// Adds the end of a month under a cut-off that this transaction closed, and lists the batches that were released by then and stand in no
/// month yet. A month that was closed meanwhile stays as it is; answers whether this one closed it.
///
/// # Errors
/// Database errors.
pub(crate) async fn close(
    tx: &mut PgConnection,
    city: &str,
    month: Month,
    cut_off: i64,
) -> Result<bool, Error> {
    let closed = sqlx::query(
        "insert into files.month_end (city, month, cut_off) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(city)
    .bind(month.first_day())
    .bind(cut_off)
    .execute(&mut *tx)
    .await?;
    if closed.rows_affected() == 0 {
        return Ok(false);
    }
    // A release may take its time before midnight and commit after the month was closed: then it stands in the month after.
    sqlx::query(
        "insert into files.month_release (city, year, sequence, month)
         select b.city, b.year, b.sequence, greatest(
             date_trunc('month', b.released_at at time zone 'Asia/Shanghai')::date,
             (select (max(e.month) + interval '1 month')::date from files.month_end e where e.city = $1 and e.month < $2))
         from published.released_batches b
         where b.city = $1 and b.released_at < (($2::date + interval '1 month') at time zone 'Asia/Shanghai')
         on conflict do nothing",
    )
    .bind(city)
    .bind(month.first_day())
    .execute(tx)
    .await?;
    Ok(true)
}
