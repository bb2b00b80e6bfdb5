//! The audit trail: every write leaves a row, the rows are chains, and nobody changes them unseen.

mod backfill;
mod chains;
mod tampering;
mod writes;

use std::path::PathBuf;

use api::ledger::v1::{AuditRow, ListAuditRowsRequest};
use zhirong::audit::{AuditVerifyArgs, Found, check};
use zhirong_tests::sandbox::Sandbox;

/// Checks the whole trail as the auditor does.
async fn verify(sandbox: &Sandbox, batches: &[PathBuf]) -> Found {
    let args = AuditVerifyArgs {
        batch: batches.to_vec(),
        ..AuditVerifyArgs::default()
    };
    check(&sandbox.client("auditor"), &args).await.unwrap()
}

/// Every row of a stream.
async fn rows(sandbox: &Sandbox, who: &str, stream: &str) -> Vec<AuditRow> {
    let mut all: Vec<AuditRow> = Vec::new();
    loop {
        let request = ListAuditRowsRequest {
            stream: stream.to_owned(),
            after_chain_no: all.last().map_or(0, |row| row.chain_no),
            page_size: 7,
        };
        let page = sandbox.client(who).audit().list_audit_rows(request).await;
        let page = page.unwrap().into_inner().rows;
        assert!(page.len() <= 7);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
