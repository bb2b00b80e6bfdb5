//! Table `ledger.request`: the first answer to every request key.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Error;

/// What a claim of a request key found.
pub enum Claim {
    /// The key is new; the transaction holds it now.
    New,
    /// The key was answered before.
    Answered {
        /// The digest of the body it was used for.
        body_digest: Vec<u8>,
        /// The first answer.
        answer: Option<Vec<u8>>,
    },
}

/// Claims a key. A second caller with the same key waits here until the first has committed or gone.
///
/// # Errors
/// Database errors.
pub async fn claim(
    tx: &mut PgConnection,
    city: &str,
    caller: &str,
    request_id: Uuid,
    rpc: &str,
    body_digest: &[u8],
) -> Result<Claim, Error> {
    let claimed = sqlx::query(
        "insert into ledger.request (city, caller, request_id, rpc, body_digest)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(city)
    .bind(caller)
    .bind(request_id)
    .bind(rpc)
    .bind(body_digest)
    .execute(&mut *tx)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let (body_digest, answer): (Vec<u8>, Option<Vec<u8>>) = sqlx::query_as(
        "select body_digest, answer from ledger.request
         where city = $1 and caller = $2 and request_id = $3",
    )
    .bind(city)
    .bind(caller)
    .bind(request_id)
    .fetch_one(tx)
    .await?;
    Ok(Claim::Answered { body_digest, answer })
}

/// Keeps the answer beside its key, in the transaction that made it.
///
/// # Errors
/// Database errors.
pub async fn answer(
    tx: &mut PgConnection,
    city: &str,
    caller: &str,
    request_id: Uuid,
    answer: &[u8],
) -> Result<(), Error> {
    sqlx::query(
        "update ledger.request set answer = $4
         where city = $1 and caller = $2 and request_id = $3",
    )
    .bind(city)
    .bind(caller)
    .bind(request_id)
    .bind(answer)
    .execute(tx)
    .await?;
    Ok(())
}
