//! Table `ledger.request`: the first answer to every request key.

use api::common::v1::AuditHead;
use platform::twin::{self, Twin};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use super::credential;
use crate::caller::Caller;
use crate::error::Error;

/// A key's row: digest of the body, the first answer, and the stream, number and hash of its audit row.
type StoredAnswer = (
    Vec<u8>,
    Option<Vec<u8>>,
    Option<String>,
    Option<i64>,
    Option<Vec<u8>>,
);

/// What a claim of a request key found.
pub enum Claim {
    /// The key is new; the transaction holds it now.
    New,
    /// The key was answered before.
    Answered {
        /// The digest of the body it was used for.
        body_digest: Vec<u8>,
        /// The first answer, without its audit head.
        answer: Option<Vec<u8>>,
        /// The audit row that the first answer named; none for an answer from before the rows were chained.
        audit_head: Option<AuditHead>,
    },
}

/// Claims a key. A second caller with the same key waits here until the first has committed or gone. The caller's credential is held
/// for share in the same statement: nothing commits under one whose revocation has committed.
///
/// # Errors
/// [`Credential::gone`](crate::caller::Credential::gone) where the credential stands no more; database errors.
pub async fn claim(
    tx: &mut PgConnection,
    caller: &Caller,
    request_id: Uuid,
    rpc: &str,
    body_digest: &[u8],
) -> Result<Claim, Error> {
    let (city, holder) = (caller.city.as_str(), caller.holder.as_str());
    let known_by = credential::known_by(caller);
    let (stands, is_new): (bool, bool) = sqlx::query_as(
        "with credential as materialized (
             select $6::text is null or ledger.caller_stands($6::text, $7::bytea) as stands
         ), claimed as (
             insert into ledger.request (city, caller, request_id, rpc, body_digest)
             select $1, $2, $3, $4, $5 from credential where stands
             on conflict do nothing
             returning request_id
         )
         select stands, exists (select from claimed) from credential",
    )
    .bind(city)
    .bind(holder)
    .bind(request_id)
    .bind(rpc)
    .bind(body_digest)
    .bind(known_by.map(|(kind, _)| kind))
    .bind(known_by.map(|(_, digest)| digest))
    .fetch_one(&mut *tx)
    .await?;
    if !stands {
        return Err(caller.credential.gone());
    }
    if is_new || twin::is_on(Twin::NoRequestKeys) {
        return Ok(Claim::New);
    }
    let key = (city, holder, request_id);
    let stored: StoredAnswer = bind_key(sqlx::query_as(STORED), key).fetch_one(tx).await?;
    Ok(answered(stored))
}

/// Reads a claimed key and holds it until the transaction ends; a key that nobody claimed is new.
///
/// # Errors
/// Database errors.
pub async fn hold(tx: &mut PgConnection, city: &str, caller: &str, request_id: Uuid) -> Result<Claim, Error> {
    let key = (city, caller, request_id);
    let stored: Option<StoredAnswer> = bind_key(sqlx::query_as(HELD), key).fetch_optional(tx).await?;
    Ok(stored.map_or(Claim::New, answered))
}

const STORED: &str =
    "select body_digest, answer, audit_stream, audit_chain_no, audit_hash from ledger.request
    where city = $1 and caller = $2 and request_id = $3";
const HELD: &str = "select body_digest, answer, audit_stream, audit_chain_no, audit_hash from ledger.request
    where city = $1 and caller = $2 and request_id = $3
    for update";

type Stored<'q> = QueryAs<'q, Postgres, StoredAnswer, PgArguments>;

fn bind_key<'q>(query: Stored<'q>, (city, caller, request_id): (&'q str, &'q str, Uuid)) -> Stored<'q> {
    query.bind(city).bind(caller).bind(request_id)
}

fn answered((body_digest, answer, stream, chain_no, hash): StoredAnswer) -> Claim {
    let audit_head = stream
        .zip(chain_no)
        .zip(hash)
        .map(|((stream, chain_no), hash)| AuditHead {
            stream,
            chain_no,
            hash: exchange::digest::hex(&hash),
        });
    Claim::Answered {
        body_digest,
        answer,
        audit_head,
    }
}
