//! Table `settlement.batch`.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::error::Error;
use crate::model::{BatchNo, State};

/// A batch as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Batch {
    pub(crate) sequence: i32,
    pub(crate) year: i32,
    pub(crate) state: String,
    pub(crate) cut_off: i64,
    pub(crate) decided_cut_off: Option<i64>,
    pub(crate) conditions: String,
    pub(crate) as_of: NaiveDate,
    pub(crate) policy_text: String,
    pub(crate) rule_revision: String,
    pub(crate) readings: String,
    pub(crate) engine_version: String,
    pub(crate) opened_by: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) line_count: Option<i64>,
    pub(crate) line_sum_fen: Option<i64>,
    pub(crate) receipt: Option<Vec<u8>>,
    pub(crate) batch_digest: Option<String>,
    pub(crate) previous_digest: Option<String>,
    pub(crate) submitted_by: Option<String>,
    pub(crate) submitted_at: Option<DateTime<Utc>>,
    pub(crate) published_by: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) approved_by: Option<String>,
    pub(crate) approved_at: Option<DateTime<Utc>>,
    pub(crate) return_reason: Option<String>,
    pub(crate) released_by: Option<String>,
    pub(crate) released_at: Option<DateTime<Utc>>,
    pub(crate) paid_at: Option<DateTime<Utc>>,
    pub(crate) cancel_reason: Option<String>,
    pub(crate) traceparent: Option<String>,
    /// Heads of the city's audit chains at its opening, as JSON.
    pub(crate) audit_heads: String,
}

/// What is known of a batch when it is opened.
#[derive(Debug, Clone)]
pub(crate) struct NewBatch {
    pub(crate) cut_off: i64,
    pub(crate) as_of: NaiveDate,
    pub(crate) policy_text: String,
    pub(crate) rule_revision: String,
    pub(crate) readings: String,
    pub(crate) opened_by: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) previous_digest: Option<String>,
    pub(crate) traceparent: Option<String>,
    /// Heads of the city's audit chains at its opening, as JSON.
    pub(crate) audit_heads: String,
}

const COLUMNS: &str = "sequence, year, state, cut_off, decided_cut_off, conditions, as_of, policy_text, rule_revision, readings,
    engine_version, opened_by, opened_at, line_count, line_sum_fen, receipt, batch_digest, previous_digest,
    submitted_by, submitted_at, published_by, published_at, approved_by, approved_at, return_reason,
    released_by, released_at, paid_at, cancel_reason, traceparent, audit_heads";

/// The batch of the year that is neither released nor cancelled, if it has one.
pub(crate) async fn open(tx: &mut PgConnection, city: &str, year: i32) -> Result<Option<i32>, Error> {
    let found: Option<(i32,)> = sqlx::query_as(
        "select sequence from settlement.batch
         where city = $1 and year = $2 and state in ('draft', 'in_review', 'public_notice', 'approved')",
    )
    .bind(city)
    .bind(year)
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|(sequence,)| sequence))
}

/// The highest number given and the digest of the last batch released.
pub(crate) async fn last(
    tx: &mut PgConnection,
    city: &str,
    year: i32,
) -> Result<(i32, Option<String>), Error> {
    let (highest, digest): (Option<i32>, Option<String>) = sqlx::query_as(
        "select max(sequence),
                (array_agg(batch_digest order by sequence desc) filter (where state in ('released', 'paid')))[1]
         from settlement.batch
         where city = $1 and year = $2",
    )
    .bind(city)
    .bind(year)
    .fetch_one(tx)
    .await?;
    Ok((highest.unwrap_or(0), digest))
}

/// Adds a draft.
pub(crate) async fn insert(tx: &mut PgConnection, number: &BatchNo, new: &NewBatch) -> Result<(), Error> {
    sqlx::query(
        "insert into settlement.batch
             (city, year, sequence, state, cut_off, as_of, policy_text, rule_revision, readings, engine_version,
              opened_by, opened_at, previous_digest, traceparent, audit_heads)
         values ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(new.cut_off)
    .bind(new.as_of)
    .bind(&new.policy_text)
    .bind(&new.rule_revision)
    .bind(&new.readings)
    .bind(policy::engine::ENGINE_VERSION)
    .bind(&new.opened_by)
    .bind(new.opened_at)
    .bind(&new.previous_digest)
    .bind(&new.traceparent)
    .bind(&new.audit_heads)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a batch.
pub(crate) async fn find(tx: &mut PgConnection, number: &BatchNo) -> Result<Option<Batch>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.batch where city = $1 and year = $2 and sequence = $3"
    ));
    read(tx, sql, number).await
}

/// Reads a batch and keeps others from changing it.
pub(crate) async fn lock(tx: &mut PgConnection, number: &BatchNo) -> Result<Option<Batch>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.batch where city = $1 and year = $2 and sequence = $3 for update"
    ));
    read(tx, sql, number).await
}

async fn read(
    tx: &mut PgConnection,
    sql: sqlx::AssertSqlSafe<String>,
    number: &BatchNo,
) -> Result<Option<Batch>, Error> {
    Ok(sqlx::query_as(sql)
        .bind(number.city.as_str())
        .bind(number.year.number())
        .bind(number.sequence)
        .fetch_optional(tx)
        .await?)
}

/// A page of batches after a year and number, ascending; of one year where it is not 0.
pub(crate) async fn list(
    tx: &mut PgConnection,
    city: &str,
    year: i32,
    after: (i32, i32),
    size: i64,
) -> Result<Vec<Batch>, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from settlement.batch
         where city = $1 and ($2 = 0 or year = $2) and (year, sequence) > ($3, $4)
         order by year, sequence
         limit $5"
    ));
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(year)
        .bind(after.0)
        .bind(after.1)
        .bind(size)
        .fetch_all(tx)
        .await?)
}

/// What a computation yielded.
#[derive(Debug, Clone)]
pub(crate) struct Yield<'a> {
    pub(crate) computed_at: DateTime<Utc>,
    pub(crate) lines: i64,
    pub(crate) sum_fen: i64,
    pub(crate) receipt: &'a [u8],
    pub(crate) batch_digest: &'a str,
    pub(crate) decided_cut_off: Option<i64>,
    pub(crate) conditions: &'a str,
}

/// Keeps what a computation of a draft yielded.
pub(crate) async fn computed(
    tx: &mut PgConnection,
    number: &BatchNo,
    yielded: &Yield<'_>,
) -> Result<(), Error> {
    sqlx::query(
        "update settlement.batch
         set computed_at = $4, line_count = $5, line_sum_fen = $6, receipt = $7, batch_digest = $8,
             decided_cut_off = $9, conditions = $10
         where city = $1 and year = $2 and sequence = $3",
    )
    .bind(number.city.as_str())
    .bind(number.year.number())
    .bind(number.sequence)
    .bind(yielded.computed_at)
    .bind(yielded.lines)
    .bind(yielded.sum_fen)
    .bind(yielded.receipt)
    .bind(yielded.batch_digest)
    .bind(yielded.decided_cut_off)
    .bind(yielded.conditions)
    .execute(tx)
    .await?;
    Ok(())
}

impl Batch {
    /// The state; the column's constraint admits no other word.
    pub(crate) fn state(&self) -> State {
        State::parse(&self.state).unwrap_or(State::Cancelled)
    }
}
