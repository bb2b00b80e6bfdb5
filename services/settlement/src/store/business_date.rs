//! Table `ledger.business_date`: how far a sandbox has moved its date. Only the role `zhirong_sandbox` may write it.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::error::Error;

/// The role of a sandbox, taken on for the one statement that no service in earnest may make.
const ROLE: &str = "zhirong_sandbox";

/// Moves a city's business date forward by days, or to a day where that is later; answers the date.
pub(crate) async fn advance(
    tx: &mut PgConnection,
    city: &str,
    own_role: &str,
    (days, to): (i32, Option<NaiveDate>),
) -> Result<NaiveDate, Error> {
    take_on(tx, ROLE).await?;
    sqlx::query(
        "insert into ledger.business_date (city, moved_days)
         values ($1, $2 + greatest(0, coalesce($3 - ledger.today($1), 0)))
         on conflict on constraint business_date_key do update
         set moved_days = business_date.moved_days + $2
             + greatest(0, coalesce($3 - (clock_timestamp() at time zone 'Asia/Shanghai')::date - business_date.moved_days, 0))",
    )
    .bind(city)
    .bind(days)
    .bind(to)
    .execute(&mut *tx)
    .await?;
    take_on(tx, own_role).await?;
    today(tx, city).await
}

/// The city's business date: Beijing's, moved forward in a sandbox.
pub(crate) async fn today(tx: &mut PgConnection, city: &str) -> Result<NaiveDate, Error> {
    Ok(sqlx::query_scalar("select ledger.today($1)")
        .bind(city)
        .fetch_one(tx)
        .await?)
}

async fn take_on(tx: &mut PgConnection, role: &str) -> Result<(), Error> {
    sqlx::query("select set_config('role', $1, true)")
        .bind(role)
        .execute(tx)
        .await?;
    Ok(())
}
