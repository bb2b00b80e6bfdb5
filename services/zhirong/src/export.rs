//! `zhirong export`: pulls a batch and writes its files byte for byte as they were computed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use api::client::{Client, is_worth_a_retry, within};
use api::common::v1::{Finding, Measure, Money, Severity};
use api::settlement::v1::stream_batch_response::Message;
use api::settlement::v1::{
    BatchHeader, BatchTrailer, FactRow, Line, SettledRow, StreamBatchRequest, StreamBatchResponse,
};
use exchange::File;
use exchange::batch::{FindingRow, LineRow, Receipt, SettledRow as SettledLine};
use tonic::Status;

use crate::batch_folder::{self, POLICY, RECEIPT, fact_path};
use crate::cli::ExportArgs;
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::output;
use crate::verify::{self, Files};

/// How long a stream may take before it is taken up again.
const LONG: Duration = Duration::from_secs(900);
/// Breaks without a new message after which pulling stops.
const BREAKS_MOST: u32 = 6;
const CALL: &str = "StreamBatch";

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the batch cannot be pulled whole; nothing is written then.
pub async fn run(args: ExportArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    let batch_no = args.batch.strip_prefix("batches/").unwrap_or(&args.batch);
    let receipt = export(&url, &identity, batch_no, &args.out).await?;
    let Receipt {
        batch_no,
        line_count,
        line_sum,
        batch_digest,
        ..
    } = receipt;
    output::line(&format!(
        "{batch_no}: {line_count} lines 条, {line_sum} yuan 元, {batch_digest}"
    ));
    output::note(&format!("已写入 / written to {}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// Pulls a batch as the finance maker (or by the only certificate of the folder), checks every digest and writes the folder.
///
/// # Errors
/// As [`run`].
pub async fn export(url: &str, identity: &Path, batch_no: &str, out: &Path) -> Result<Receipt, CommandError> {
    let client = client_of(url, identity, MAKER)?;
    let (receipt, files) = pull_files(&client, batch_no).await?;
    if let Some(difference) = verify::check_digests(&files, &receipt).first() {
        return Err(broken(
            &difference.zh,
            &format!("{}: {}", difference.file, difference.en),
        ));
    }
    batch_folder::write(out, &files)?;
    Ok(receipt)
}

/// Pulls a batch into memory: its receipt and its files as they came, digests not held against them yet.
///
/// # Errors
/// As [`run`].
pub async fn pull_files(client: &Client, batch_no: &str) -> Result<(Receipt, Files), CommandError> {
    pull(client, &format!("batches/{batch_no}")).await?.into_files()
}

fn broken(zh: &str, en: &str) -> CommandError {
    CommandError::usage(
        "BATCH_PULL_DIFFERS",
        format!("拉取的批次与其摘要不符，未写入：{zh}"),
        format!("what was pulled is not what its digests say, nothing is written: {en}"),
    )
}

/// What a pull has brought so far.
#[derive(Default)]
struct Pulled {
    sequence: i64,
    header: Option<BatchHeader>,
    lines: Vec<LineRow>,
    findings: Vec<FindingRow>,
    settled: Vec<SettledLine>,
    facts: BTreeMap<File, Vec<u8>>,
    facts_count: i64,
    trailer: Option<BatchTrailer>,
}

/// Pulls the whole stream; a break is taken up after the last message that came.
async fn pull(client: &Client, name: &str) -> Result<Pulled, CommandError> {
    let mut pulled = Pulled::default();
    let mut breaks = 0;
    loop {
        let before = pulled.sequence;
        let status = match pull_once(client, name, &mut pulled).await? {
            None => return Ok(pulled),
            Some(status) => status,
        };
        breaks = if pulled.sequence > before { 1 } else { breaks + 1 };
        if breaks >= BREAKS_MOST || !is_worth_a_retry(&status) {
            return Err(CommandError::call(CALL, status));
        }
        output::note(&format!(
            "连接中断，从第 {0} 条后继续 / the stream broke, going on after message {0}",
            pulled.sequence
        ));
        tokio::time::sleep(Duration::from_millis(200) * breaks).await;
    }
}

/// Reads one stream to its end; a status that broke it is the answer.
async fn pull_once(client: &Client, name: &str, pulled: &mut Pulled) -> Result<Option<Status>, CommandError> {
    let digests = pulled
        .header
        .as_ref()
        .and_then(|header| header.batch.as_ref()?.digests.as_ref());
    let request = StreamBatchRequest {
        name: name.to_owned(),
        after_sequence: pulled.sequence,
        batch_digest: digests.map(|digests| digests.batch.clone()).unwrap_or_default(),
    };
    let mut stream = match client.settlement().stream_batch(within(request, LONG)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => pulled.take(message)?,
            Ok(None) if pulled.trailer.is_some() => return Ok(None),
            // A stream that ends without its trailer was cut off.
            Ok(None) => return Ok(Some(Status::unavailable("the stream ended before its trailer"))),
            Err(status) => return Ok(Some(status)),
        }
    }
}

impl Pulled {
    fn take(&mut self, response: StreamBatchResponse) -> Result<(), CommandError> {
        if response.sequence != self.sequence + 1 {
            return Err(broken(
                "消息不连续",
                &format!("message {} came after {}", response.sequence, self.sequence),
            ));
        }
        self.sequence = response.sequence;
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
    fn into_files(self) -> Result<(Receipt, Files), CommandError> {
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
