//! Table `settlement.freeze`: clauses and institutions whose payments stop.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::error::Error;

/// A freeze as stored; one of clause and institution is there.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Freeze {
    pub(crate) freeze_no: i32,
    pub(crate) clause: Option<String>,
    pub(crate) institution_code: Option<String>,
    pub(crate) first_day: NaiveDate,
    pub(crate) last_day: Option<NaiveDate>,
    pub(crate) reason: String,
    pub(crate) frozen_by: String,
    pub(crate) lifted_by: Option<String>,
    pub(crate) lifted_on: Option<NaiveDate>,
    pub(crate) lift_reason: Option<String>,
}

/// A freeze to begin; without a first day it begins today.
#[derive(Debug, Clone)]
pub(crate) struct NewFreeze {
    pub(crate) clause: Option<String>,
    pub(crate) institution_code: Option<String>,
    pub(crate) first_day: Option<NaiveDate>,
    pub(crate) last_day: Option<NaiveDate>,
    pub(crate) reason: String,
}

const COLUMNS: &str = "freeze_no, clause, institution_code, first_day, last_day, reason, frozen_by, lifted_by, lifted_on, lift_reason";

/// Whether the city has registered such an institution.
pub(crate) async fn is_registered(tx: &mut PgConnection, city: &str, code: &str) -> Result<bool, Error> {
    let (is_registered,): (bool,) = sqlx::query_as(
        "select exists (select from published.institutions where city = $1 and institution_code = $2)",
    )
    .bind(city)
    .bind(code)
    .fetch_one(tx)
    .await?;
    Ok(is_registered)
}

/// Adds a freeze; answers its number.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    city: &str,
    new: &NewFreeze,
    (person, at): (&str, DateTime<Utc>),
) -> Result<i32, Error> {
    super::number::hold(tx, city, "freeze").await?;
    let (freeze_no,): (i32,) = sqlx::query_as(
        "insert into settlement.freeze
             (city, freeze_no, clause, institution_code, first_day, last_day, reason, frozen_by, frozen_at)
         select $1, coalesce(max(freeze_no), 0) + 1, $2, $3, coalesce($4, ledger.today($1)), $5, $6, $7, $8
         from settlement.freeze
         where city = $1
         returning freeze_no",
    )
    .bind(city)
    .bind(&new.clause)
    .bind(&new.institution_code)
    .bind(new.first_day)
    .bind(new.last_day)
    .bind(&new.reason)
    .bind(person)
    .bind(at)
    .fetch_one(tx)
    .await?;
    Ok(freeze_no)
}

/// Lifts a freeze from today on. A lifted one is refused by its trigger.
pub(crate) async fn lift(
    tx: &mut PgConnection,
    (city, freeze_no): (&str, i32),
    reason: &str,
    (person, at): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.freeze
         set lifted_by = $3, lifted_at = $4, lift_reason = $5, lifted_on = ledger.today($1)
         where city = $1 and freeze_no = $2",
    )
    .bind(city)
    .bind(freeze_no)
    .bind(person)
    .bind(at)
    .bind(reason)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of freezes after a number, ascending.
pub(crate) async fn page(
    tx: &mut PgConnection,
    city: &str,
    after: i32,
    size: i64,
) -> Result<Vec<Freeze>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.freeze
         where city = $1 and freeze_no > $2
         order by freeze_no
         limit $3"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(after)
        .bind(size)
        .fetch_all(tx)
        .await?)
}

/// The freezes that nobody lifted and that had not ended by a day.
pub(crate) async fn standing(tx: &mut PgConnection, city: &str, by: NaiveDate) -> Result<Vec<Freeze>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.freeze
         where city = $1 and lifted_on is null and (last_day is null or last_day >= $2)
         order by freeze_no"
    ));
    Ok(sqlx::query_as(sql).bind(city).bind(by).fetch_all(tx).await?)
}
