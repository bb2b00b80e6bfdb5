//! The heads of the city's audit chains that a batch prints: captured when it is opened, the same for ever.

use api::common::v1 as common;
use exchange::batch::{AuditHeadRow, BatchError};
use ledger::store::audit;
use sqlx::PgConnection;

use crate::error::Error;

fn unreadable(error: &BatchError) -> Error {
    ledger::Error::StoredRowUnreadable {
        file: "batch",
        detail: error.to_string(),
    }
    .into()
}

/// The heads as they stand, as they are stored with a batch.
pub(crate) async fn captured(tx: &mut PgConnection, city: &str) -> Result<String, Error> {
    let heads = audit::heads(tx, city).await?;
    let rows: Vec<AuditHeadRow> = heads
        .into_iter()
        .map(|head| AuditHeadRow {
            stream: head.stream,
            chain_no: head.chain_no,
            hash: head.hash,
        })
        .collect();
    AuditHeadRow::list_to_json(&rows).map_err(|error| unreadable(&error))
}

/// The heads of a stored batch.
pub(crate) fn rows(text: &str) -> Result<Vec<AuditHeadRow>, Error> {
    AuditHeadRow::list_from_json(text).map_err(|error| unreadable(&error))
}

/// The heads of a stored batch as messages.
pub(crate) fn messages(text: &str) -> Result<Vec<common::AuditHead>, Error> {
    let rows = rows(text)?.into_iter();
    Ok(rows
        .map(|row| common::AuditHead {
            stream: row.stream,
            chain_no: row.chain_no,
            hash: row.hash,
        })
        .collect())
}
