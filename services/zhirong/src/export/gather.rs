//! The messages of a pull, gathered into the files of the batch.

use std::collections::BTreeMap;

use api::common::v1::{Finding, Measure, Money, Severity};
use api::settlement::v1::stream_batch_response::Message;
use api::settlement::v1::{BatchHeader, BatchTrailer, FactRow, Line, SettledRow, StreamBatchResponse};
use exchange::File;
use exchange::batch::{FindingRow, LineRow, Receipt, SettledRow as SettledLine};

use super::broken;
use crate::batch_folder::{POLICY, RECEIPT, fact_path};
use crate::error::CommandError;
use crate::verify::Files;

/// What a pull has brought so far.
#[derive(Default)]
pub(super) struct Pulled {
    pub(super) sequence: i64,
    /// Token of the last message that came; empty before the first.
    pub(super) resume_token: String,
    header: Option<BatchHeader>,
    lines: Vec<LineRow>,
    findings: Vec<FindingRow>,
    settled: Vec<SettledLine>,
    facts: BTreeMap<File, Vec<u8>>,
    facts_count: i64,
    pub(super) trailer: Option<BatchTrailer>,
}

impl Pulled {
    /// The digest of the batch, once its header came.
    pub(super) fn batch_digest(&self) -> String {
        let digests = self
            .header
            .as_ref()
            .and_then(|header| header.batch.as_ref()?.digests.as_ref());
        digests.map(|digests| digests.batch.clone()).unwrap_or_default()
    }

    /// Takes the next message in.
    pub(super) fn take(&mut self, response: StreamBatchResponse) -> Result<(), CommandError> {
        if response.sequence != self.sequence + 1 {
            return Err(broken(
                "消息不连续",
                &format!("message {} came after {}", response.sequence, self.sequence),
            ));
        }
        self.sequence = response.sequence;
        self.resume_token = response.resume_token;
        match response.message {
            Some(Message::Header(header)) => self.header = Some(header),
            Some(Message::Line(line)) => self.lines.push(line_row(line)),
            Some(Message::Finding(finding)) => self.findings.push(finding_row(finding)),
            Some(Message::Settled(row)) => self.settled.push(settled_row(row)),
            Some(Message::Fact(row)) => self.take_fact(&row)?,
            Some(Message::Trailer(trailer)) => self.trailer = Some(trailer),
            None => {
                return Err(broken(
                    "消息为空或版本较新",
                    "a message is empty or of a later version",
                ));
            }
        }
        Ok(())
    }

    fn take_fact(&mut self, row: &FactRow) -> Result<(), CommandError> {
        // The name becomes a path, so only those of the contract are taken.
        let file = File::parse(&row.file)
            .ok_or_else(|| broken("未知的事实文件", &format!("unknown file {}", row.file)))?;
        let bytes = self.facts.entry(file).or_insert_with(|| b"\xEF\xBB\xBF".to_vec());
        bytes.extend_from_slice(row.csv_line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        self.facts_count += 1;
        Ok(())
    }

    /// The files of the batch, with the receipt read.
    pub(super) fn into_files(self) -> Result<(Receipt, Files), CommandError> {
        let (Some(header), Some(trailer)) = (self.header, self.trailer) else {
            return Err(broken("缺少首尾消息", "header or trailer is missing"));
        };
        let receipt = Receipt::from_json(header.receipt_json.as_bytes())
            .map_err(|error| broken("回执无法读取", &error.to_string()))?;
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let counted = (
            count(self.lines.len()),
            count(self.findings.len()),
            count(self.settled.len()),
            self.facts_count,
        );
        let stated = (
            trailer.lines_count,
            trailer.findings_count,
            trailer.settled_count,
            trailer.facts_count,
        );
        if counted != stated {
            return Err(broken(
                "条数不符",
                &format!("{counted:?} messages came of {stated:?}"),
            ));
        }
        if trailer
            .digests
            .is_some_and(|digests| digests.batch != receipt.batch_digest)
        {
            return Err(broken(
                "批次摘要不符",
                "the trailer's batch digest is not the receipt's",
            ));
        }
        let mut files = Files::new();
        files.insert(LineRow::FILE_NAME.to_owned(), LineRow::to_csv(&self.lines));
        files.insert(
            FindingRow::FILE_NAME.to_owned(),
            FindingRow::to_csv(&self.findings),
        );
        files.insert(
            SettledLine::FILE_NAME.to_owned(),
            SettledLine::to_csv(&self.settled),
        );
        files.insert(POLICY.to_owned(), header.policy_toml.into_bytes());
        files.insert(RECEIPT.to_owned(), header.receipt_json.into_bytes());
        files.extend(
            self.facts
                .into_iter()
                .map(|(file, bytes)| (fact_path(file), bytes)),
        );
        Ok((receipt, files))
    }
}

/// The word of a measure in the files; empty where there is none.
fn measure_word(measure: Measure) -> String {
    match measure {
        Measure::Unspecified => String::new(),
        known => known
            .as_str_name()
            .trim_start_matches("MEASURE_")
            .to_ascii_lowercase(),
    }
}

fn yuan(money: Option<Money>) -> String {
    money.map(|money| money.amount).unwrap_or_default()
}

fn line_row(line: Line) -> LineRow {
    LineRow {
        measure: measure_word(line.measure()),
        batch_no: line.batch_no,
        line_no: line.line_no.to_string(),
        policy_year: line.policy_year.to_string(),
        beneficiary: line.beneficiary,
        beneficiary_name: line.beneficiary_name,
        item: line.item,
        base_amount: yuan(line.base_amount),
        entitled: yuan(line.entitled),
        settled_before: yuan(line.settled_before),
        amount: yuan(line.amount),
        limited_by: line.limited_by,
        clause: line.clause,
        rule_revision: line.rule_revision,
    }
}

fn finding_row(finding: Finding) -> FindingRow {
    let severity = match finding.severity() {
        Severity::Unspecified => String::new(),
        known => known
            .as_str_name()
            .trim_start_matches("SEVERITY_")
            .to_ascii_lowercase(),
    };
    let measure = measure_word(finding.measure());
    let message = finding.message.unwrap_or_default();
    FindingRow {
        code: finding.code,
        severity,
        measure,
        beneficiary: finding.beneficiary,
        reference: finding.reference,
        message: format!("{} / {}", message.zh, message.en),
    }
}

fn settled_row(row: SettledRow) -> SettledLine {
    SettledLine {
        measure: measure_word(row.measure()),
        policy_year: row.policy_year.to_string(),
        beneficiary: row.beneficiary,
        item: row.item,
        settled: yuan(row.settled),
    }
}
