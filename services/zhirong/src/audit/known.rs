//! What is known of the chains from elsewhere than their rows: heads, answers, and the heads that batches print.

use std::collections::BTreeMap;
use std::path::Path;

use api::common::v1::AuditHead;
use client::Client;
use exchange::batch::Receipt;
use ledger::audit_chain::Pin;

use crate::batch_folder::RECEIPT;
use crate::error::{CommandError, reason_of};
use crate::verify::Difference;
use crate::{replay, signature};

/// Rows of chains that are known from elsewhere, by stream.
#[derive(Debug, Default)]
pub(super) struct Known {
    pins: BTreeMap<String, Vec<Pin>>,
    differences: Vec<Difference>,
    printed: usize,
}

impl Known {
    fn add(&mut self, stream: &str, chain_no: i64, hash: &str, source: &str) {
        self.pins.entry(stream.to_owned()).or_default().push(Pin {
            chain_no,
            hash: hash.to_owned(),
            source: source.to_owned(),
        });
    }

    /// Heads of one source.
    pub(super) fn add_heads(&mut self, heads: &[AuditHead], source: &str) {
        for head in heads {
            self.add(&head.stream, head.chain_no, &head.hash, source);
        }
    }

    /// The heads that the server's own batches print, where the caller may read batches and this server has them.
    pub(super) async fn add_batches_of(&mut self, client: &Client) -> Result<(), CommandError> {
        let batches = match replay::all_batches(client).await {
            Ok(batches) => batches,
            // An institution may not, and a process of another service has none.
            Err(CommandError::Call { status, .. })
                if reason_of(&status) == "ROLE_NOT_ALLOWED"
                    || status.code() == tonic::Code::Unimplemented =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for batch in batches {
            self.printed += batch.audit_heads.len();
            self.add_heads(&batch.audit_heads, &format!("批次 / batch {}", batch.batch_no));
        }
        Ok(())
    }

    /// The heads that an exported batch prints. Its receipt must hold by itself: its signature is what pins the heads.
    pub(super) fn add_folder(&mut self, dir: &Path, key: Option<&Path>) -> Result<(), CommandError> {
        let path = dir.join(RECEIPT);
        let bytes = std::fs::read(&path)
            .map_err(|source| CommandError::io("读取文件", "reading the file", &path, source))?;
        let receipt = match Receipt::from_json(&bytes) {
            Ok(receipt) => receipt,
            Err(error) => {
                let (zh, en) = (format!("无法读取：{error}"), error.to_string());
                self.differences
                    .push(Difference::new(path.display().to_string(), zh, en));
                return Ok(());
            }
        };
        let of_folder = |difference: Difference| Difference {
            file: path.display().to_string(),
            ..difference
        };
        if !receipt.is_sealed() {
            let (zh, en) = (
                "批次摘要与回执不符",
                "the batch digest is not that of the receipt",
            );
            self.differences.push(of_folder(Difference::new(RECEIPT, zh, en)));
        }
        self.differences.extend(signature::check(&receipt).map(of_folder));
        if let Some(key) = key {
            let trusted = signature::read_key(key)?;
            self.differences
                .extend(signature::check_key(&receipt, &trusted).map(of_folder));
        }
        self.printed += receipt.audit_heads.len();
        for head in &receipt.audit_heads {
            let source = format!("批次 / batch {}", receipt.batch_no);
            self.add(&head.stream, head.chain_no, &head.hash, &source);
        }
        Ok(())
    }

    /// Streams that anything is known of, ascending.
    pub(super) fn streams(&self) -> impl Iterator<Item = &String> {
        self.pins.keys()
    }

    /// What is known of a stream; the same row from several sources once a source.
    pub(super) fn pins(&self, stream: &str) -> Vec<Pin> {
        let mut pins = self.pins.get(stream).cloned().unwrap_or_default();
        pins.sort_by(|a, b| (a.chain_no, &a.source, &a.hash).cmp(&(b.chain_no, &b.source, &b.hash)));
        pins.dedup();
        pins
    }

    /// Heads printed in batches.
    pub(super) const fn printed(&self) -> usize {
        self.printed
    }

    /// What is wrong with the batches themselves.
    pub(super) fn into_differences(self) -> Vec<Difference> {
        self.differences
    }
}
