//! The files of a batch, out of the messages of a pull.
//!
//! A message adds bytes to one file; what takes them is either the file itself or its running digest. So a batch of any size is
//! proven in constant memory, and a caller who wants the files gets exactly the bytes that were proven.

use std::collections::BTreeMap;

use api::common::v1::{Finding, Measure, Money};
use api::settlement::v1::stream_batch_response::Message;
use api::settlement::v1::{FactRow, Line, SettledRow};
use exchange::File;
use exchange::batch::{FindingRow, LineRow, Receipt, SettledRow as SettledLine};
use sha2::{Digest, Sha256};

use crate::error::PullError;

/// Name of the receipt in a batch.
pub(crate) const RECEIPT: &str = "receipt.json";
/// Name of the rules in a batch.
pub(crate) const POLICY: &str = "policy.toml";
/// Begins every table: the byte order mark of UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";
const LINE_END: &[u8] = b"\r\n";

/// Path of an exchange file inside a batch.
#[must_use]
pub fn fact_path(file: File) -> String {
    format!("facts/{}", file.file_name())
}

/// A pulled batch whose bytes have the digests of its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledBatch {
    /// Its receipt.
    pub receipt: Receipt,
    /// Its files by their path: `receipt.json`, `policy.toml`, `lines.csv`, `findings.csv`, `settled.csv` and those of `facts/`.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What takes the bytes of one file.
pub(crate) trait Part: Default {
    /// Takes the next bytes.
    fn add(&mut self, bytes: &[u8]);
}

impl Part for Vec<u8> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Part for Sha256 {
    fn add(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// The files of a batch by their path, as far as they came.
pub(crate) struct Parts<P> {
    pub(crate) files: BTreeMap<String, P>,
}

impl<P: Part> Default for Parts<P> {
    fn default() -> Self {
        let mut parts = Self {
            files: BTreeMap::new(),
        };
        // These three are there without a row too.
        parts.add(LineRow::FILE_NAME, &LineRow::to_csv(&[]));
        parts.add(FindingRow::FILE_NAME, &FindingRow::to_csv(&[]));
        parts.add(SettledLine::FILE_NAME, &SettledLine::to_csv(&[]));
        parts
    }
}

impl<P: Part> Parts<P> {
    fn add(&mut self, path: &str, bytes: &[u8]) {
        match self.files.get_mut(path) {
            Some(part) => part.add(bytes),
            None => self.files.entry(path.to_owned()).or_default().add(bytes),
        }
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// [`PullError::Differs`] for a fact of an unknown file: its name becomes a path, so only those of the contract are taken.
    pub(crate) fn take(&mut self, message: &Message) -> Result<(), PullError> {
        match message {
            Message::Header(header) => {
                self.add(RECEIPT, header.receipt_json.as_bytes());
                self.add(POLICY, header.policy_toml.as_bytes());
            }
            Message::Line(line) => self.add(LineRow::FILE_NAME, &row(LineRow::to_csv, line_row(line))),
            Message::Finding(finding) => {
                self.add(
                    FindingRow::FILE_NAME,
                    &row(FindingRow::to_csv, finding_row(finding)),
                );
            }
            Message::Settled(settled) => {
                self.add(
                    SettledLine::FILE_NAME,
                    &row(SettledLine::to_csv, settled_row(settled)),
                );
            }
            Message::Fact(fact) => self.take_fact(fact)?,
            Message::Trailer(_) => {}
        }
        Ok(())
    }

    fn take_fact(&mut self, fact: &FactRow) -> Result<(), PullError> {
        let file = File::parse(&fact.file).ok_or_else(|| {
            PullError::differs("未知的事实文件", format!("{} is no file of facts", fact.file))
        })?;
        let path = fact_path(file);
        if !self.files.contains_key(&path) {
            self.add(&path, MARK);
        }
        self.add(&path, fact.csv_line.as_bytes());
        self.add(&path, LINE_END);
        Ok(())
    }
}

/// The bytes of one row: those of a table with it, without those of a table without rows.
fn row<R>(to_csv: fn(&[R]) -> Vec<u8>, row: R) -> Vec<u8> {
    let header = to_csv(&[]).len();
    to_csv(&[row]).split_off(header)
}

/// The word of an enum's value in the files; empty where there is none.
fn word(name: &str, prefix: &str) -> String {
    match name.trim_start_matches(prefix) {
        "UNSPECIFIED" => String::new(),
        known => known.to_ascii_lowercase(),
    }
}

fn measure_word(measure: Measure) -> String {
    word(measure.as_str_name(), "MEASURE_")
}

fn yuan(money: Option<&Money>) -> String {
    money.map(|money| money.amount.clone()).unwrap_or_default()
}

fn line_row(line: &Line) -> LineRow {
    LineRow {
        measure: measure_word(line.measure()),
        batch_no: line.batch_no.clone(),
        line_no: line.line_no.to_string(),
        policy_year: line.policy_year.to_string(),
        beneficiary: line.beneficiary.clone(),
        beneficiary_name: line.beneficiary_name.clone(),
        item: line.item.clone(),
        base_amount: yuan(line.base_amount.as_ref()),
        entitled: yuan(line.entitled.as_ref()),
        settled_before: yuan(line.settled_before.as_ref()),
        amount: yuan(line.amount.as_ref()),
        limited_by: line.limited_by.clone(),
        clause: line.clause.clone(),
        rule_revision: line.rule_revision.clone(),
    }
}

fn finding_row(finding: &Finding) -> FindingRow {
    let message = finding.message.clone().unwrap_or_default();
    FindingRow {
        code: finding.code.clone(),
        severity: word(finding.severity().as_str_name(), "SEVERITY_"),
        measure: measure_word(finding.measure()),
        beneficiary: finding.beneficiary.clone(),
        reference: finding.reference.clone(),
        message: format!("{} / {}", message.zh, message.en),
    }
}

fn settled_row(row: &SettledRow) -> SettledLine {
    SettledLine {
        measure: measure_word(row.measure()),
        policy_year: row.policy_year.to_string(),
        beneficiary: row.beneficiary.clone(),
        item: row.item.clone(),
        settled: yuan(row.settled.as_ref()),
    }
}
