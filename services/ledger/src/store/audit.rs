//! Table `ledger.audit`: who did what.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::caller::Caller;
use crate::command::Stamp;
use crate::error::Error;

/// Adds a row for an action of the transaction.
///
/// # Errors
/// Database errors.
pub async fn insert(
    tx: &mut PgConnection,
    audit_id: Uuid,
    caller: &Caller,
    stamp: &Stamp,
    action: &str,
    object: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into ledger.audit
             (city, audit_id, stream, actor, actor_role, action, object, body_digest, request_id, cut_off, traceparent)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(stamp.city.as_str())
    .bind(audit_id)
    .bind(caller.stream())
    .bind(&caller.holder)
    .bind(caller.role.as_str())
    .bind(action)
    .bind(object)
    .bind(stamp.body_digest.as_slice())
    .bind(stamp.request_id)
    .bind(stamp.cut_off)
    .bind(&stamp.traceparent)
    .execute(tx)
    .await?;
    Ok(())
}
