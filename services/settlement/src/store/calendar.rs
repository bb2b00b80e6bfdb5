//! Table `settlement.calendar_day`: working days and days off that are not as the week says.

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;

/// A day as it holds for a city.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct CalendarDay {
    pub(crate) day: NaiveDate,
    pub(crate) is_working: bool,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) is_own: bool,
}

/// Sets days of a city; a day that it had set before is replaced.
pub(crate) async fn set(tx: &mut PgConnection, city: &str, days: &[CalendarDay]) -> Result<(), Error> {
    let text = |get: fn(&CalendarDay) -> String| days.iter().map(get).collect::<Vec<String>>();
    sqlx::query(
        "insert into settlement.calendar_day (city, day, is_working, name, source)
         select $1, d, w, n, s from unnest($2::date[], $3::boolean[], $4::text[], $5::text[]) as given (d, w, n, s)
         on conflict (city, day) do update
         set is_working = excluded.is_working, name = excluded.name, source = excluded.source",
    )
    .bind(city)
    .bind(days.iter().map(|day| day.day).collect::<Vec<_>>())
    .bind(days.iter().map(|day| day.is_working).collect::<Vec<_>>())
    .bind(text(|day| day.name.clone()))
    .bind(text(|day| day.source.clone()))
    .execute(tx)
    .await?;
    Ok(())
}

/// The days of a calendar year, ascending; a city's own day goes before the one that ships.
pub(crate) async fn of_year(tx: &mut PgConnection, city: &str, year: i32) -> Result<Vec<CalendarDay>, Error> {
    Ok(sqlx::query_as(
        "select distinct on (day) day, is_working, name, source, city <> '' as is_own
         from settlement.calendar_day
         where city in ('', $1) and extract(year from day) = $2
         order by day, city desc",
    )
    .bind(city)
    .bind(year)
    .fetch_all(tx)
    .await?)
}
