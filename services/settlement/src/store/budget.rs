//! Tables `settlement.budget`, `settlement.budget_measure` and `settlement.budget_change`: appropriations and what is taken of them.

use chrono::{DateTime, Utc};
use policy::date::PolicyYear;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;

/// A budget as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Budget {
    pub(crate) year: i32,
    pub(crate) programme: String,
    pub(crate) measures: Vec<String>,
    pub(crate) appropriation_fen: i64,
    pub(crate) committed_fen: i64,
}

/// An appropriation as it was set.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Change {
    pub(crate) appropriation_fen: i64,
    pub(crate) measures: Vec<String>,
    pub(crate) approval: String,
    pub(crate) changed_by: String,
    pub(crate) changed_at: DateTime<Utc>,
}

/// An appropriation to set.
#[derive(Debug, Clone)]
pub(crate) struct NewBudget {
    pub(crate) year: PolicyYear,
    pub(crate) programme: String,
    pub(crate) measures: Vec<String>,
    pub(crate) appropriation_fen: i64,
    pub(crate) approval: String,
}

/// Sets an appropriation and the measures it pays for, and keeps it with its document.
pub(crate) async fn set(
    tx: &mut PgConnection,
    city: &str,
    new: &NewBudget,
    (person, at): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    sqlx::query(
        "insert into settlement.budget (city, year, programme, appropriation_fen) values ($1, $2, $3, $4)
         on conflict (city, year, programme) do update set appropriation_fen = excluded.appropriation_fen",
    )
    .bind(city)
    .bind(new.year.number())
    .bind(&new.programme)
    .bind(new.appropriation_fen)
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from settlement.budget_measure where city = $1 and year = $2 and programme = $3")
        .bind(city)
        .bind(new.year.number())
        .bind(&new.programme)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into settlement.budget_measure (city, year, measure, programme)
         select $1, $2, measure, $3 from unnest($4::text[]) as measure",
    )
    .bind(city)
    .bind(new.year.number())
    .bind(&new.programme)
    .bind(&new.measures)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into settlement.budget_change
             (city, year, programme, change_no, appropriation_fen, measures, approval, changed_by, changed_at)
         select $1, $2, $3, coalesce(max(change_no), 0) + 1, $4, $5, $6, $7, $8
         from settlement.budget_change
         where city = $1 and year = $2 and programme = $3",
    )
    .bind(city)
    .bind(new.year.number())
    .bind(&new.programme)
    .bind(new.appropriation_fen)
    .bind(&new.measures)
    .bind(&new.approval)
    .bind(person)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

/// The budgets of a year by programme.
pub(crate) async fn of_year(tx: &mut PgConnection, city: &str, year: i32) -> Result<Vec<Budget>, Error> {
    Ok(sqlx::query_as(
        "select b.year, b.programme, b.appropriation_fen, b.committed_fen,
                array(select m.measure from settlement.budget_measure m
                      where m.city = b.city and m.year = b.year and m.programme = b.programme
                      order by m.measure) as measures
         from settlement.budget b
         where b.city = $1 and b.year = $2
         order by b.programme",
    )
    .bind(city)
    .bind(year)
    .fetch_all(tx)
    .await?)
}

/// Every appropriation set for a programme, oldest first.
pub(crate) async fn changes(
    tx: &mut PgConnection,
    city: &str,
    budget: &Budget,
) -> Result<Vec<Change>, Error> {
    Ok(sqlx::query_as(
        "select appropriation_fen, measures, approval, changed_by, changed_at
         from settlement.budget_change
         where city = $1 and year = $2 and programme = $3
         order by change_no",
    )
    .bind(city)
    .bind(budget.year)
    .bind(&budget.programme)
    .fetch_all(tx)
    .await?)
}
