//! Tables `settlement.notice` and `settlement.notice_line`: what was put on public notice, and for how long.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;

/// A notice as stored, with the count and sum of its lines.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Notice {
    pub(crate) notice_no: i32,
    pub(crate) published_by: String,
    pub(crate) published_at: DateTime<Utc>,
    pub(crate) published_on: NaiveDate,
    pub(crate) working_days: i32,
    pub(crate) ends_on: NaiveDate,
    pub(crate) batch_digest: String,
    pub(crate) line_count: i64,
    pub(crate) line_sum_fen: i64,
}

/// Whether a positive line of the batch is on no notice with its amount.
pub(crate) async fn is_needed(tx: &mut PgConnection, number: &BatchNo) -> Result<bool, Error> {
    let (needed,): (bool,) = sqlx::query_as(
        "select exists (
             select from settlement.line l
             where l.city = $1 and l.year = $2 and l.sequence = $3 and l.amount_fen > 0
                 and not exists (
                     select from settlement.notice_line n
                     where n.city = l.city and n.year = l.year and n.sequence = l.sequence
                         and n.policy_year = l.policy_year and n.measure = l.measure
                         and n.beneficiary = l.beneficiary and n.item = l.item and n.amount_fen = l.amount_fen))",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_one(tx)
    .await?;
    Ok(needed)
}

/// Publishes the lines that are on no notice with their amount, from today's business date on.
pub(crate) async fn publish(
    tx: &mut PgConnection,
    number: &BatchNo,
    (person, at): (&str, DateTime<Utc>),
    working_days: i32,
    batch_digest: &str,
) -> Result<(), Error> {
    let (notice_no,): (i32,) = sqlx::query_as(
        "insert into settlement.notice
             (city, year, sequence, notice_no, published_by, published_at, published_on, working_days, ends_on, batch_digest)
         select $1, $2, $3, coalesce((
                    select max(notice_no) from settlement.notice where city = $1 and year = $2 and sequence = $3), 0) + 1,
                $4, $5, today, $6, settlement.notice_end($1, today, $6), $7
         from ledger.today($1) as today
         returning notice_no",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(person)
    .bind(at)
    .bind(working_days)
    .bind(batch_digest)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query(
        "insert into settlement.notice_line
             (city, year, sequence, notice_no, line_no, policy_year, measure, beneficiary, beneficiary_name, item, clause,
              amount_fen)
         select city, year, sequence, $4, line_no, policy_year, measure, beneficiary, beneficiary_name, item, clause, amount_fen
         from settlement.line l
         where l.city = $1 and l.year = $2 and l.sequence = $3 and l.amount_fen > 0
             and not exists (
                 select from settlement.notice_line n
                 where n.city = l.city and n.year = l.year and n.sequence = l.sequence
                     and n.policy_year = l.policy_year and n.measure = l.measure
                     and n.beneficiary = l.beneficiary and n.item = l.item and n.amount_fen = l.amount_fen)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(notice_no)
    .execute(tx)
    .await?;
    Ok(())
}

/// The last day of a batch's last notice.
pub(crate) async fn last_day(tx: &mut PgConnection, number: &BatchNo) -> Result<Option<NaiveDate>, Error> {
    let (day,): (Option<NaiveDate>,) = sqlx::query_as(
        "select max(ends_on) from settlement.notice where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_one(tx)
    .await?;
    Ok(day)
}

/// A page of a batch's notices after a number, ascending.
pub(crate) async fn page(
    tx: &mut PgConnection,
    number: &BatchNo,
    after: i32,
    size: i64,
) -> Result<Vec<Notice>, Error> {
    Ok(sqlx::query_as(
        "select p.notice_no, p.published_by, p.published_at, p.published_on, p.working_days, p.ends_on, p.batch_digest,
                count(n.line_no) as line_count, coalesce(sum(n.amount_fen), 0)::bigint as line_sum_fen
         from settlement.notice p
         left join settlement.notice_line n using (city, year, sequence, notice_no)
         where p.city = $1 and p.year = $2 and p.sequence = $3 and p.notice_no > $4
         group by p.city, p.year, p.sequence, p.notice_no
         order by p.notice_no
         limit $5",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?)
}

/// An entry of the list for the public: all lines of one beneficiary and measure.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct PublicEntry {
    pub(crate) measure: String,
    pub(crate) beneficiary_name: String,
    pub(crate) clauses: Vec<String>,
    pub(crate) amount_fen: i64,
}

/// The entries of a notice for the public, by measure and then in the order of the lines. The credit code keeps namesakes apart.
pub(crate) async fn public_entries(
    tx: &mut PgConnection,
    number: &BatchNo,
    notice_no: i32,
) -> Result<Vec<PublicEntry>, Error> {
    Ok(sqlx::query_as(
        "select measure, min(beneficiary_name) as beneficiary_name, array_agg(distinct clause order by clause) as clauses,
                sum(amount_fen)::bigint as amount_fen
         from settlement.notice_line
         where city = $1 and year = $2 and sequence = $3 and notice_no = $4
         group by measure, beneficiary
         order by measure, min(line_no)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(notice_no)
    .fetch_all(tx)
    .await?)
}
