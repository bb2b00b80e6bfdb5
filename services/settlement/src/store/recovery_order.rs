//! Table `settlement.recovery_order`: lines that keep no more than stated, by order of two people.

use chrono::{DateTime, Utc};
use policy::date::PolicyYear;
use sqlx::{FromRow, PgConnection};

use super::line::Subject;
use crate::error::Error;

/// An order as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct RecoveryOrder {
    pub(crate) year: i32,
    pub(crate) order_no: i32,
    #[sqlx(flatten)]
    pub(crate) subject: Subject,
    pub(crate) at_most_fen: i64,
    pub(crate) basis: String,
    pub(crate) reason: String,
    pub(crate) ordered_by: String,
    pub(crate) ordered_at: DateTime<Utc>,
    pub(crate) approved_by: Option<String>,
    pub(crate) approved_at: Option<DateTime<Utc>>,
}

/// An order to make.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) at_most_fen: i64,
    pub(crate) basis: String,
    pub(crate) reason: String,
}

const COLUMNS: &str = "year, order_no, measure, beneficiary, beneficiary_name, item, at_most_fen, basis, reason, ordered_by, ordered_at,
    approved_by, approved_at";

/// Makes an order; answers its number.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    (city, year): (&str, PolicyYear),
    subject: &Subject,
    new: &NewOrder,
    (person, at): (&str, DateTime<Utc>),
) -> Result<i32, Error> {
    super::number::hold(tx, city, "recovery_order").await?;
    let (order_no,): (i32,) = sqlx::query_as(
        "insert into settlement.recovery_order
             (city, year, order_no, measure, beneficiary, beneficiary_name, item, at_most_fen, basis, reason, ordered_by, ordered_at)
         select $1, $2, coalesce(max(order_no), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11
         from settlement.recovery_order
         where city = $1 and year = $2
         returning order_no",
    )
    .bind(city)
    .bind(year.number())
    .bind(&subject.measure)
    .bind(&subject.beneficiary)
    .bind(&subject.beneficiary_name)
    .bind(&subject.item)
    .bind(new.at_most_fen)
    .bind(&new.basis)
    .bind(&new.reason)
    .bind(person)
    .bind(at)
    .fetch_one(tx)
    .await?;
    Ok(order_no)
}

/// Approves an order. Its constraint refuses whoever made it, its trigger a second approval.
pub(crate) async fn approve(
    tx: &mut PgConnection,
    (city, year, order_no): (&str, PolicyYear, i32),
    (person, at): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.recovery_order set approved_by = $4, approved_at = $5
         where city = $1 and year = $2 and order_no = $3",
    )
    .bind(city)
    .bind(year.number())
    .bind(order_no)
    .bind(person)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of a year's orders after a number, ascending.
pub(crate) async fn page(
    tx: &mut PgConnection,
    (city, year): (&str, i32),
    after: i32,
    size: i64,
) -> Result<Vec<RecoveryOrder>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.recovery_order
         where city = $1 and year = $2 and order_no > $3
         order by order_no
         limit $4"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(year)
        .bind(after)
        .bind(size)
        .fetch_all(tx)
        .await?)
}

/// The approved orders of a year.
pub(crate) async fn approved(
    tx: &mut PgConnection,
    (city, year): (&str, PolicyYear),
) -> Result<Vec<RecoveryOrder>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.recovery_order
         where city = $1 and year = $2 and approved_by is not null
         order by order_no"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(year.number())
        .fetch_all(tx)
        .await?)
}
