//! Audit rows as messages and back.

use api::ledger::v1 as pb;
use chrono::DateTime;
use exchange::digest::hex;
use uuid::Uuid;

use super::AuditRow;
use crate::error::Error;

/// A row as a message.
#[must_use]
pub fn row_to_wire(row: &AuditRow) -> pb::AuditRow {
    pb::AuditRow {
        city: row.city.clone(),
        stream: row.stream.clone(),
        chain_no: row.chain_no,
        previous_hash: hex(&row.previous_hash),
        audit_id: row.audit_id.to_string(),
        actor: row.actor.clone(),
        actor_role: row.actor_role.clone(),
        action: row.action.clone(),
        object: row.object.clone(),
        body_digest: hex(&row.body_digest),
        request_id: row.request_id.map(|id| id.to_string()),
        cut_off: row.cut_off,
        traceparent: row.traceparent.clone(),
        recorded_at: Some(api::convert::timestamp(row.recorded_at)),
        hash_version: i32::from(row.hash_version),
        row_hash: hex(&row.row_hash),
    }
}

/// A message as the row it states.
///
/// # Errors
/// [`Error::StoredRowUnreadable`] where a part of it is no hash, id, time or version.
pub fn row_from_wire(message: &pb::AuditRow) -> Result<AuditRow, Error> {
    let wrong = |what: &str| Error::StoredRowUnreadable {
        file: "audit",
        detail: format!("{} {}: {what}", message.stream, message.chain_no),
    };
    let bytes = |text: &str, what: &str| exchange::digest::unhex(text).ok_or_else(|| wrong(what));
    let id = |text: &str, what: &str| Uuid::try_parse(text).map_err(|_| wrong(what));
    let recorded_at = message.recorded_at.as_ref().and_then(|time| {
        let nanos = u32::try_from(time.nanos).ok()?;
        DateTime::from_timestamp(time.seconds, nanos)
    });
    Ok(AuditRow {
        city: message.city.clone(),
        stream: message.stream.clone(),
        chain_no: message.chain_no,
        previous_hash: bytes(&message.previous_hash, "previous_hash")?,
        row_hash: bytes(&message.row_hash, "row_hash")?,
        hash_version: i16::try_from(message.hash_version).map_err(|_| wrong("hash_version"))?,
        audit_id: id(&message.audit_id, "audit_id")?,
        actor: message.actor.clone(),
        actor_role: message.actor_role.clone(),
        action: message.action.clone(),
        object: message.object.clone(),
        body_digest: bytes(&message.body_digest, "body_digest")?,
        request_id: message
            .request_id
            .as_deref()
            .map(|text| id(text, "request_id"))
            .transpose()?,
        cut_off: message.cut_off,
        traceparent: message.traceparent.clone(),
        recorded_at: recorded_at.ok_or_else(|| wrong("recorded_at"))?,
    })
}
