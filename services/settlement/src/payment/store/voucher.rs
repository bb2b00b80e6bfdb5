//! Tables `settlement.voucher` and `settlement.budget_unit`.

use chrono::{DateTime, NaiveDate, Utc};
use ledger::Stamp;
use platform::sealing::Sealed;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::BatchNo;
use crate::payment::model::voucher_no;

/// A voucher with what its file states.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredVoucher {
    pub(crate) voucher_no: String,
    pub(crate) year: i32,
    pub(crate) sequence: i32,
    pub(crate) line_no: i32,
    pub(crate) attempt: i32,
    pub(crate) amount_fen: i64,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) voucher_on: Option<NaiveDate>,
    pub(crate) budget_revision: Option<i32>,
    pub(crate) measure: String,
    /// State of the payment, where this is its last attempt; what became of this attempt otherwise.
    pub(crate) state: String,
}

const SELECT: &str = "select v.voucher_no, v.year, v.sequence, v.line_no, v.attempt, v.amount_fen, v.key_id, v.sealed, v.voucher_on,
        v.budget_revision, l.measure, case when p.attempt = v.attempt then p.state else 'returned_passive' end as state
    from settlement.voucher v
    join settlement.payment p using (city, year, sequence, line_no)
    join settlement.line l using (city, year, sequence, line_no)";

/// Adds the voucher of an attempt.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    number: &BatchNo,
    stamp: &Stamp,
    (line_no, attempt, amount_fen): (i32, i32, i64),
    sealed: &Sealed,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into settlement.voucher (city, voucher_no, year, sequence, line_no, attempt, amount_fen, key_id, sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(number.city.as_str())
    .bind(voucher_no(number, line_no, attempt))
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(line_no)
    .bind(attempt)
    .bind(amount_fen)
    .bind(&sealed.key_id)
    .bind(&sealed.bytes)
    .bind(stamp.recorded_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// The highest wave of a batch, 0 where nothing was exported.
pub(crate) async fn last_wave(tx: &mut PgConnection, number: &BatchNo) -> Result<i32, Error> {
    Ok(sqlx::query_scalar(
        "select coalesce(max(wave), 0) from settlement.voucher where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .fetch_one(tx)
    .await?)
}

/// Lines whose voucher was not exported, in order, at most as many as a wave holds.
pub(crate) async fn unexported(
    tx: &mut PgConnection,
    number: &BatchNo,
    most: i64,
) -> Result<Vec<i32>, Error> {
    Ok(sqlx::query_scalar(
        "select line_no from settlement.payment
         where city = $1 and year = $2 and sequence = $3 and state = 'prepared'
         order by line_no
         limit $4",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(most)
    .fetch_all(tx)
    .await?)
}

/// Exports the vouchers of these lines as a wave, and their payments with them; answers how many moved.
pub(crate) async fn export(
    tx: &mut PgConnection,
    number: &BatchNo,
    lines: &[i32],
    (wave, voucher_on, budget_revision): (i32, NaiveDate, i32),
) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "update settlement.voucher v
         set wave = $5, voucher_on = $6, budget_revision = $7
         from settlement.payment p
         where v.city = $1 and v.year = $2 and v.sequence = $3 and v.line_no = any($4)
            and (p.city, p.year, p.sequence, p.line_no, p.attempt) = (v.city, v.year, v.sequence, v.line_no, v.attempt)
            and p.state = 'prepared'",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(lines)
    .bind(wave)
    .bind(voucher_on)
    .bind(budget_revision)
    .execute(&mut *tx)
    .await?;
    let moved = sqlx::query(
        "update settlement.payment set state = 'exported'
         where city = $1 and year = $2 and sequence = $3 and line_no = any($4) and state = 'prepared'",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(lines)
    .execute(tx)
    .await?;
    Ok(moved.rows_affected())
}

/// The vouchers of a wave in order of their numbers.
pub(crate) async fn of_wave(
    tx: &mut PgConnection,
    number: &BatchNo,
    wave: i32,
) -> Result<Vec<StoredVoucher>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} where v.city = $1 and v.year = $2 and v.sequence = $3 and v.wave = $4 order by v.voucher_no"
    ));
    Ok(sqlx::query_as(sql)
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .bind(wave)
        .fetch_all(tx)
        .await?)
}

/// The vouchers of a batch, or of a period by their days.
pub(crate) async fn of_scope(
    tx: &mut PgConnection,
    city: &str,
    prefix: &str,
    period: (NaiveDate, NaiveDate),
) -> Result<Vec<StoredVoucher>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} where v.city = $1 and case when $2 = '' then v.voucher_on between $3 and $4 else starts_with(v.voucher_no, $2) end
         order by v.voucher_no"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(prefix)
        .bind(period.0)
        .bind(period.1)
        .fetch_all(tx)
        .await?)
}

/// A voucher by its number.
pub(crate) async fn find(
    tx: &mut PgConnection,
    city: &str,
    voucher_no: &str,
) -> Result<Option<StoredVoucher>, Error> {
    let sql = sqlx::AssertSqlSafe(format!("{SELECT} where v.city = $1 and v.voucher_no = $2"));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(voucher_no)
        .fetch_optional(tx)
        .await?)
}

/// The codes of the budget unit: of a revision, or the highest.
pub(crate) async fn budget_unit(
    tx: &mut PgConnection,
    city: &str,
    revision: Option<i32>,
) -> Result<Option<(i32, Vec<u8>)>, Error> {
    Ok(sqlx::query_as(
        "select revision, codes from settlement.budget_unit
         where city = $1 and ($2::integer is null or revision = $2)
         order by revision desc
         limit 1",
    )
    .bind(city)
    .bind(revision)
    .fetch_optional(tx)
    .await?)
}

/// Adds a revision of the codes.
pub(crate) async fn set_budget_unit(
    tx: &mut PgConnection,
    city: &str,
    (revision, codes): (i32, &[u8]),
    (recorded_at, recorded_by): (DateTime<Utc>, &str),
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into settlement.budget_unit (city, revision, codes, recorded_at, recorded_by)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(city)
    .bind(revision)
    .bind(codes)
    .bind(recorded_at)
    .bind(recorded_by)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
