//! Table `settlement.objection`: objections against lines, whatever batch a line is in.

use chrono::{DateTime, NaiveDate, Utc};
use policy::date::PolicyYear;
use sqlx::{FromRow, PgConnection};

use super::line::Subject;
use crate::error::Error;

/// An objection as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Objection {
    pub(crate) year: i32,
    pub(crate) objection_no: i32,
    #[sqlx(flatten)]
    pub(crate) subject: Subject,
    pub(crate) objector_name: String,
    pub(crate) objector_kind: String,
    pub(crate) content: String,
    pub(crate) state: String,
    pub(crate) opened_by: String,
    pub(crate) opened_on: NaiveDate,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_on: Option<NaiveDate>,
    pub(crate) decision_reason: Option<String>,
}

/// An objection to take down.
#[derive(Debug, Clone)]
pub(crate) struct NewObjection {
    pub(crate) objector_name: String,
    pub(crate) objector_kind: &'static str,
    pub(crate) content: String,
}

const COLUMNS: &str =
    "year, objection_no, measure, beneficiary, beneficiary_name, item, objector_name, objector_kind, content,
    state, opened_by, opened_on, decided_by, decided_on, decision_reason";

/// Days that the city's oldest open objection has waited by the city's own day; 0 where none is open.
pub(crate) async fn oldest_days(tx: &mut PgConnection, city: &str) -> Result<i32, Error> {
    let (days,): (Option<i32>,) = sqlx::query_as(
        "select ledger.today($1) - min(opened_on) from settlement.objection where city = $1 and state = 'open'",
    )
    .bind(city)
    .fetch_one(tx)
    .await?;
    Ok(days.unwrap_or(0))
}

/// Takes an objection down; answers its number. The lock on the year's open batch makes it come before its release or after.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    (city, year): (&str, PolicyYear),
    subject: &Subject,
    new: &NewObjection,
    (person, at): (&str, DateTime<Utc>),
) -> Result<i32, Error> {
    sqlx::query(
        "select from settlement.batch
         where city = $1 and year = $2 and state in ('draft', 'in_review', 'public_notice', 'approved')
         for no key update",
    )
    .bind(city)
    .bind(year.number())
    .execute(&mut *tx)
    .await?;
    super::number::hold(tx, city, "objection").await?;
    let (objection_no,): (i32,) = sqlx::query_as(
        "insert into settlement.objection
             (city, year, objection_no, measure, beneficiary, beneficiary_name, item, objector_name, objector_kind,
              is_identity_proven, content, state, opened_by, opened_on, opened_at)
         select $1, $2, coalesce(max(objection_no), 0) + 1, $3, $4, $5, $6, $7, $8, true, $9, 'open', $10, ledger.today($1), $11
         from settlement.objection
         where city = $1 and year = $2
         returning objection_no",
    )
    .bind(city)
    .bind(year.number())
    .bind(&subject.measure)
    .bind(&subject.beneficiary)
    .bind(&subject.beneficiary_name)
    .bind(&subject.item)
    .bind(&new.objector_name)
    .bind(new.objector_kind)
    .bind(&new.content)
    .bind(person)
    .bind(at)
    .fetch_one(tx)
    .await?;
    Ok(objection_no)
}

/// Decides an objection, or takes its withdrawal down. A decided one is refused by its trigger.
pub(crate) async fn decide(
    tx: &mut PgConnection,
    (city, year, objection_no): (&str, PolicyYear, i32),
    (state, reason): (&str, &str),
    (person, at): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.objection
         set state = $4, decision_reason = $5, decided_by = $6, decided_at = $7, decided_on = ledger.today($1)
         where city = $1 and year = $2 and objection_no = $3",
    )
    .bind(city)
    .bind(year.number())
    .bind(objection_no)
    .bind(state)
    .bind(reason)
    .bind(person)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of a year's objections after a number, ascending.
pub(crate) async fn page(
    tx: &mut PgConnection,
    (city, year): (&str, i32),
    after: i32,
    size: i64,
) -> Result<Vec<Objection>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.objection
         where city = $1 and year = $2 and objection_no > $3
         order by objection_no
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

/// The objections of a year that set their lines aside.
pub(crate) async fn standing(
    tx: &mut PgConnection,
    (city, year): (&str, PolicyYear),
) -> Result<Vec<Objection>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.objection
         where city = $1 and year = $2 and state in ('open', 'upheld')
         order by objection_no"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(year.number())
        .fetch_all(tx)
        .await?)
}
