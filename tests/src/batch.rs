//! A batch from opening to release by the officers and the bureau, and its pull as the files of an export.

use std::collections::BTreeMap;
use std::time::Duration;

use api::common::v1 as common;
use api::google::r#type::Date;
use api::settlement::v1 as pb;
use api::settlement::v1::stream_batch_response::Message;
use chrono::NaiveDate;
use client::within;
use exchange::batch::{FindingRow, LineRow, SettledRow};
use tonic::Status;
use zhirong::verify::Files;

use crate::answer::yuan;
use crate::ids;
use crate::records::day;
use crate::sandbox::Sandbox;
use crate::scene::Clients;

/// How long a computation may take.
const LONG: Duration = Duration::from_secs(300);

/// The request that opens the city's year as of a day, under the rulebook's own readings.
pub fn opening(year: i32, as_of: &str) -> pb::OpenBatchRequest {
    pb::OpenBatchRequest {
        request_id: ids::request_id(),
        division_code: "410500".to_owned(),
        year,
        as_of: day(as_of),
        readings: Vec::new(),
    }
}

/// Opens a draft.
pub async fn open(sandbox: &Sandbox, request: pb::OpenBatchRequest) -> pb::Batch {
    let answer = sandbox
        .client("finance-maker")
        .settlement()
        .open_batch(request)
        .await
        .unwrap();
    answer.into_inner().batch.unwrap()
}

/// Computes a draft.
pub async fn compute(sandbox: &Sandbox, name: &str) -> pb::Batch {
    let request = pb::ComputeBatchRequest {
        request_id: ids::request_id(),
        name: name.to_owned(),
    };
    let answer = sandbox
        .client("finance-maker")
        .settlement()
        .compute_batch(within(request, LONG))
        .await
        .unwrap();
    answer.into_inner().batch.unwrap()
}

/// The digest of a computed batch.
pub fn digest(batch: &pb::Batch) -> String {
    let digests = batch.digests.as_ref();
    digests.map(|digests| digests.batch.clone()).unwrap_or_default()
}

/// The request that releases a batch as it stands.
pub fn releasing(batch: &pb::Batch) -> pb::ReleaseBatchRequest {
    pb::ReleaseBatchRequest {
        request_id: ids::request_id(),
        name: batch.name.clone(),
        batch_digest: digest(batch),
    }
}

/// Submits a computed batch as the maker.
pub async fn submit(clients: &impl Clients, batch: &pb::Batch) -> Result<pb::Batch, Status> {
    let request = pb::SubmitBatchRequest {
        request_id: ids::request_id(),
        name: batch.name.clone(),
        batch_digest: digest(batch),
    };
    let answer = clients
        .client("finance-maker")
        .settlement()
        .submit_batch(request)
        .await?;
    Ok(answer.into_inner().batch.unwrap())
}

/// Puts a batch in review on public notice as the bureau.
pub async fn publish(clients: &impl Clients, batch: &pb::Batch) -> Result<pb::Batch, Status> {
    let request = pb::PublishNoticeRequest {
        request_id: ids::request_id(),
        name: batch.name.clone(),
        batch_digest: digest(batch),
    };
    let answer = clients
        .client("bureau")
        .settlement()
        .publish_notice(within(request, LONG))
        .await?;
    Ok(answer.into_inner().batch.unwrap())
}

/// Approves a batch as the checker.
pub async fn approve(clients: &impl Clients, batch: &pb::Batch) -> Result<pb::Batch, Status> {
    let request = pb::ApproveBatchRequest {
        request_id: ids::request_id(),
        name: batch.name.clone(),
        batch_digest: digest(batch),
    };
    let answer = clients
        .client("finance-checker")
        .settlement()
        .approve_batch(within(request, LONG))
        .await?;
    Ok(answer.into_inner().batch.unwrap())
}

/// Releases an approved batch as the releaser.
pub async fn release(clients: &impl Clients, batch: &pb::Batch) -> Result<pb::Batch, Status> {
    let answer = clients
        .client("finance-releaser")
        .settlement()
        .release_batch(within(releasing(batch), LONG))
        .await?;
    Ok(answer.into_inner().batch.unwrap())
}

/// Moves the sandbox's business date to a day; answers the date it has then.
pub async fn advance_to(clients: &impl Clients, to: NaiveDate) -> NaiveDate {
    let request = pb::AdvanceBusinessDateRequest {
        request_id: ids::request_id(),
        step: Some(pb::advance_business_date_request::Step::To(api::convert::date(
            to,
        ))),
    };
    let answer = clients
        .client("finance-maker")
        .sandbox()
        .advance_business_date(request)
        .await
        .unwrap();
    naive(&answer.into_inner().business_date.unwrap())
}

/// A day of an answer.
pub fn naive(day: &Date) -> NaiveDate {
    let small = |number: i32| u32::try_from(number).unwrap();
    NaiveDate::from_ymd_opt(day.year, small(day.month), small(day.day)).unwrap()
}

/// Takes a computed batch to the end of its notice: submitted, published, and the date moved past it.
pub async fn notice_over(clients: &impl Clients, computed: &pb::Batch) -> pb::Batch {
    submit(clients, computed).await.unwrap();
    let published = publish(clients, computed).await.unwrap();
    if let Some(last) = &published.notice_ends_on {
        advance_to(clients, naive(last).succ_opt().unwrap()).await;
    }
    published
}

/// Takes a computed batch to its approval.
pub async fn approved(clients: &impl Clients, computed: &pb::Batch) -> pb::Batch {
    let published = notice_over(clients, computed).await;
    approve(clients, &published).await.unwrap()
}

/// Opens, computes, submits, publishes, approves and releases.
pub async fn settle(sandbox: &Sandbox, year: i32, as_of: &str) -> pb::Batch {
    let draft = open(sandbox, opening(year, as_of)).await;
    let computed = compute(sandbox, &draft.name).await;
    let approved = approved(sandbox, &computed).await;
    release(sandbox, &approved).await.unwrap()
}

/// Every line of a batch.
pub async fn lines(sandbox: &Sandbox, name: &str) -> Vec<pb::Line> {
    let mut service = sandbox.client("auditor").settlement();
    let mut request = pb::ListLinesRequest {
        parent: name.to_owned(),
        page_size: 1000,
        page_token: String::new(),
    };
    let mut lines = Vec::new();
    loop {
        let page = service.list_lines(request.clone()).await.unwrap().into_inner();
        lines.extend(page.lines);
        if page.next_page_token.is_empty() {
            return lines;
        }
        request.page_token = page.next_page_token;
    }
}

/// Every finding of a batch.
pub async fn findings(sandbox: &Sandbox, name: &str) -> Vec<common::Finding> {
    let mut service = sandbox.client("auditor").settlement();
    let mut request = pb::ListFindingsRequest {
        parent: name.to_owned(),
        page_size: 1000,
        page_token: String::new(),
    };
    let mut findings = Vec::new();
    loop {
        let page = service.list_findings(request.clone()).await.unwrap().into_inner();
        findings.extend(page.findings);
        if page.next_page_token.is_empty() {
            return findings;
        }
        request.page_token = page.next_page_token;
    }
}

/// The whole stream of a batch after a sequence, asked for as callers of the first version do.
#[expect(deprecated, reason = "callers of the first version still send a sequence")]
pub async fn pull(sandbox: &Sandbox, name: &str, after_sequence: i64) -> Vec<pb::StreamBatchResponse> {
    let request = pb::StreamBatchRequest {
        name: name.to_owned(),
        after_sequence,
        ..pb::StreamBatchRequest::default()
    };
    let answer = sandbox
        .client("auditor")
        .settlement()
        .stream_batch(within(request, LONG))
        .await
        .unwrap();
    let mut stream = answer.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        messages.push(message);
    }
    messages
}

fn measure_word(measure: common::Measure) -> &'static str {
    match measure {
        common::Measure::LoanSubsidy => "loan_subsidy",
        common::Measure::BankIncentive => "bank_incentive",
        common::Measure::PremiumSubsidy => "premium_subsidy",
        common::Measure::Unspecified => "",
    }
}

/// The word of a line's measure in the files.
pub fn measure_of(line: &pb::Line) -> &'static str {
    measure_word(line.measure())
}

fn line_row(line: &pb::Line) -> LineRow {
    LineRow {
        batch_no: line.batch_no.clone(),
        line_no: line.line_no.to_string(),
        policy_year: line.policy_year.to_string(),
        measure: measure_of(line).to_owned(),
        beneficiary: line.beneficiary.clone(),
        beneficiary_name: line.beneficiary_name.clone(),
        item: line.item.clone(),
        base_amount: yuan(&line.base_amount).to_owned(),
        entitled: yuan(&line.entitled).to_owned(),
        settled_before: yuan(&line.settled_before).to_owned(),
        amount: yuan(&line.amount).to_owned(),
        limited_by: line.limited_by.clone(),
        clause: line.clause.clone(),
        rule_revision: line.rule_revision.clone(),
    }
}

fn finding_row(finding: &common::Finding) -> FindingRow {
    let severity = match finding.severity() {
        common::Severity::Hold => "hold",
        common::Severity::Warn => "warn",
        common::Severity::Info => "info",
        common::Severity::Unspecified => "",
    };
    let message = finding.message.clone().unwrap_or_default();
    FindingRow {
        code: finding.code.clone(),
        severity: severity.to_owned(),
        measure: measure_word(finding.measure()).to_owned(),
        beneficiary: finding.beneficiary.clone(),
        reference: finding.reference.clone(),
        message: format!("{} / {}", message.zh, message.en),
    }
}

fn settled_row(row: &pb::SettledRow) -> SettledRow {
    SettledRow {
        policy_year: row.policy_year.to_string(),
        measure: measure_word(row.measure()).to_owned(),
        beneficiary: row.beneficiary.clone(),
        item: row.item.clone(),
        settled: yuan(&row.settled).to_owned(),
    }
}

/// The files of an export, made from the messages of a pull.
pub fn files(messages: &[pb::StreamBatchResponse]) -> Files {
    let mut files = Files::new();
    let mut facts: BTreeMap<String, String> = BTreeMap::new();
    let (mut lines, mut findings, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        match message.message.as_ref().unwrap() {
            Message::Header(header) => {
                files.insert(
                    "receipt.json".to_owned(),
                    header.receipt_json.clone().into_bytes(),
                );
                files.insert("policy.toml".to_owned(), header.policy_toml.clone().into_bytes());
            }
            Message::Fact(row) => {
                let text = facts
                    .entry(format!("facts/{}.csv", row.file))
                    .or_insert_with(|| "\u{feff}".to_owned());
                text.push_str(&row.csv_line);
                text.push_str("\r\n");
            }
            Message::Settled(row) => settled.push(settled_row(row)),
            Message::Finding(finding) => findings.push(finding_row(finding)),
            Message::Line(line) => lines.push(line_row(line)),
            Message::Trailer(_) => {}
        }
    }
    files.extend(facts.into_iter().map(|(path, text)| (path, text.into_bytes())));
    files.insert(LineRow::FILE_NAME.to_owned(), LineRow::to_csv(&lines));
    files.insert(FindingRow::FILE_NAME.to_owned(), FindingRow::to_csv(&findings));
    files.insert(SettledRow::FILE_NAME.to_owned(), SettledRow::to_csv(&settled));
    files
}
