//! Tables `ledger.audit` and `ledger.audit_head`: who did what, as hash chains. The database numbers and chains the rows.

use api::common::v1::AuditHead;
use sqlx::PgConnection;

use crate::audit_chain::AuditRow;
use crate::caller::Caller;
use crate::command::Stamp;
use crate::error::Error;

/// Who an audit row says acted, and in which chain.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The chain.
    pub stream: &'a str,
    /// Who.
    pub holder: &'a str,
    /// As what.
    pub role: &'a str,
}

impl<'a> From<&'a Caller> for Actor<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            stream: caller.stream(),
            holder: &caller.holder,
            role: caller.role.as_str(),
        }
    }
}

/// A head as the database answers it: stream, number and hash.
type HeadRow = (String, i64, Vec<u8>);

fn head((stream, chain_no, hash): HeadRow) -> AuditHead {
    AuditHead {
        stream,
        chain_no,
        hash: exchange::digest::hex(&hash),
    }
}

const INSERT: &str = "insert into ledger.audit
    (city, audit_id, stream, actor, actor_role, action, object, body_digest, request_id, cut_off, traceparent)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    returning stream, chain_no, row_hash";

/// What a transaction did, as its audit row says it.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// Who.
    pub actor: Actor<'a>,
    /// When, under which key and cut-off.
    pub stamp: &'a Stamp,
    /// The call.
    pub name: &'a str,
    /// What it is about.
    pub object: &'a str,
}

macro_rules! bound {
    ($query:expr, $action:expr) => {
        $query
            .bind($action.stamp.city.as_str())
            .bind(platform::ids::new_v7())
            .bind($action.actor.stream)
            .bind($action.actor.holder)
            .bind($action.actor.role)
            .bind($action.name)
            .bind($action.object)
            .bind($action.stamp.body_digest.as_slice())
            .bind($action.stamp.request_id)
            .bind($action.stamp.cut_off)
            .bind(&$action.stamp.traceparent)
    };
}

/// Adds the row of a transaction to its chain; the last statement of the transaction, since it holds the chain until the end.
///
/// # Errors
/// Database errors.
pub async fn append(tx: &mut PgConnection, action: Action<'_>) -> Result<AuditHead, Error> {
    let row: HeadRow = bound!(sqlx::query_as(INSERT), action).fetch_one(tx).await?;
    Ok(head(row))
}

/// Adds the row of a transaction to its chain and keeps the first answer and that row beside the request's key: one statement, the last
/// of the transaction, so that the chain is held for one round trip and the commit.
///
/// # Errors
/// Database errors.
pub async fn append_answered(
    tx: &mut PgConnection,
    action: Action<'_>,
    answer: &[u8],
) -> Result<AuditHead, Error> {
    let sql = sqlx::AssertSqlSafe(format!(
        "with appended as ({INSERT})
         update ledger.request r
         set answer = $12, audit_stream = appended.stream, audit_chain_no = appended.chain_no, audit_hash = appended.row_hash
         from appended
         where r.city = $1 and r.caller = $4 and r.request_id = $9
         returning appended.stream, appended.chain_no, appended.row_hash"
    ));
    let row: HeadRow = bound!(sqlx::query_as(sql), action)
        .bind(answer)
        .fetch_one(tx)
        .await?;
    Ok(head(row))
}

/// The heads of all chains of the city that the transaction may see, ascending streams.
///
/// # Errors
/// Database errors.
pub async fn heads(tx: &mut PgConnection, city: &str) -> Result<Vec<AuditHead>, Error> {
    let rows: Vec<HeadRow> = sqlx::query_as(
        "select stream, chain_no, head_hash from ledger.audit_head
         where city = $1
         order by stream collate \"C\"",
    )
    .bind(city)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(head).collect())
}

/// Of every stream, the highest row that a stored answer names. It reads every answer, as a check of the trail reads every row.
///
/// # Errors
/// Database errors.
pub async fn answered_heads(tx: &mut PgConnection, city: &str) -> Result<Vec<AuditHead>, Error> {
    let rows: Vec<HeadRow> = sqlx::query_as(
        "select distinct on (audit_stream collate \"C\") audit_stream, audit_chain_no, audit_hash
         from ledger.request
         where city = $1 and audit_stream is not null
         order by audit_stream collate \"C\", audit_chain_no desc",
    )
    .bind(city)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(head).collect())
}

/// Rows of a stream after a number, ascending.
///
/// # Errors
/// Database errors.
pub async fn page(
    tx: &mut PgConnection,
    city: &str,
    stream: &str,
    after: i64,
    size: i64,
) -> Result<Vec<AuditRow>, Error> {
    let rows = sqlx::query_as(
        "select city, stream, chain_no, previous_hash, row_hash, hash_version, audit_id, actor, actor_role, action, object,
                body_digest, request_id, cut_off, traceparent, recorded_at
         from ledger.audit
         where city = $1 and stream = $2 and chain_no > $3
         order by chain_no
         limit $4",
    )
    .bind(city)
    .bind(stream)
    .bind(after)
    .bind(size)
    .fetch_all(tx)
    .await?;
    Ok(rows)
}
