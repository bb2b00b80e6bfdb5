//! Figures of business are exact: money by the fen, each committed change once, and nothing for what was refused or repeated.

use api::ledger::v1::ListAuditRowsRequest;
use api::pledge::v1::{LoanEvent, LoanEventKind, ReportLoanEventRequest, ReportLoanRequest};
use api::settlement::v1 as pb;
use exchange::File;
use platform::config::Settings;
use platform::telemetry;
use tonic::{Code, Request};
use tonic_types::StatusExt;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::desk::{prepare, recoveries};
use zhirong_tests::import::{Line, pledge};
use zhirong_tests::records::{day, money};
use zhirong_tests::sandbox::Sandbox;
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use crate::collector::Collector;

/// Trace of the report that is taken.
const REPORTED: &str = "0af7651916cd43dd8448eb211c80319c";
/// Trace of the call that is refused.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Everything that is counted below, and what must not be.
async fn work(sandbox: &Sandbox) -> i32 {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    let report = scene.report(year, "8000000.00");
    lend_twice(&scene, &report).await;
    check_audit_row(sandbox, &scene.code).await;
    import(&scene).await;
    batch::settle(sandbox, year, "2026-03-31").await;
    reverse(&scene, year).await;
    let second = batch::settle(sandbox, year, "2026-03-31").await;
    prepare(sandbox, &second.name).await;
    repay(sandbox, &second.name, &scene.borrower).await;
    year
}

/// One report, its repeat, the same content under another key, and a refused one under a trace of the caller's.
async fn lend_twice(scene: &Lending, report: &ReportLoanRequest) {
    let mut bank = scene.bank.pledge();
    let first = bank.report_loan(traced(report.clone(), REPORTED)).await;
    let first = first.unwrap().into_inner();
    assert_eq!(first.receipt.as_ref().unwrap().trace_id, REPORTED);
    assert_eq!(
        bank.report_loan(report.clone()).await.unwrap().into_inner(),
        first
    );
    let again = ReportLoanRequest {
        request_id: ids::request_id(),
        ..report.clone()
    };
    bank.report_loan(again).await.unwrap();
    let other = ReportLoanRequest {
        loan: Some(scene.loan("9000000.00")),
        ..report.clone()
    };
    let refused = bank.report_loan(traced(other, TRACE)).await.unwrap_err();
    let told = refused.get_details_error_info().unwrap();
    assert_eq!(
        (refused.code(), told.reason.as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
    assert_eq!(told.metadata["trace_id"], TRACE);
}

/// A request that continues a trace of the caller's.
fn traced<T>(message: T, trace_id: &str) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{trace_id}-00f067aa0ba902b7-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    request
}

/// The audit row of the report names the caller's trace, and no other row does: its repeat wrote none.
async fn check_audit_row(sandbox: &Sandbox, stream: &str) {
    let request = ListAuditRowsRequest {
        stream: stream.to_owned(),
        after_chain_no: 0,
        page_size: 100,
    };
    let answer = sandbox.client("auditor").audit().list_audit_rows(request).await;
    let rows = answer.unwrap().into_inner().rows;
    let named = rows.iter().filter(|row| row.traceparent().contains(REPORTED));
    assert_eq!(named.count(), 1, "{rows:?}");
}

/// Two rows that cannot be read, one of them twice wrong.
async fn import(scene: &Lending) {
    let draw = |event_no: &str, on: &str, amount: &str| {
        let cells = [
            ("institution_code", scene.code.as_str()),
            ("contract_no", &scene.contract_no),
            ("event_no", event_no),
            ("kind", "draw"),
            ("occurred_at", on),
            ("amount", amount),
        ];
        Line::new(File::LoanEvents, &cells)
    };
    let lines = [draw("8", "2025-02-30", "1e6"), draw("9", "2025-02-31", "5.00")];
    let imported = pledge(&scene.bank, &lines).await;
    assert_eq!(imported.summary.refused, 2);
}

/// 3,000,000.00 of the draw go back: the tier falls from 150,000.00 to 100,000.00, the bank's 1% from 80,000.00 to 50,000.00.
async fn reverse(scene: &Lending, year: i32) {
    let event = LoanEvent {
        kind: LoanEventKind::Reversal.into(),
        reverses: Some("1".to_owned()),
        ..scene.draw("2", &format!("{year}-04-01"), "3000000.00")
    };
    let request = ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(event),
        ..Default::default()
    };
    let mut bank = scene.bank.pledge();
    bank.report_loan_event(request.clone()).await.unwrap();
    bank.report_loan_event(request).await.unwrap();
}

async fn repay(sandbox: &Sandbox, batch: &str, borrower: &str) {
    let owed = recoveries(sandbox, batch).await;
    let own = owed.iter().find(|it| it.beneficiary == borrower).unwrap();
    let request = |amount: &str| pb::RecordRepaymentRequest {
        request_id: ids::request_id(),
        name: own.name.clone(),
        amount: money(amount),
        paid_on: day("2026-05-01"),
        bank_serial: format!("{}-{amount}", own.name),
    };
    let mut maker = sandbox.client("finance-maker").payment();
    maker.record_repayment(request("20000.01")).await.unwrap();
    // Rolled back by the database's own check.
    let refused = maker.record_repayment(request("30000.00")).await;
    assert_refused(refused, Code::FailedPrecondition, "REPAYMENT_ABOVE_REST");
}

#[test]
fn figures_of_business_are_exact_and_traces_lead_from_the_error_to_the_span() {
    run(async {
        let (collector, address) = Collector::start().await;
        let settings = Settings {
            otlp_endpoint: Some(format!("http://{address}")),
            log_level: "error".to_owned(),
            ..Settings::default()
        };
        let guard = telemetry::init(&settings).unwrap();
        let sandbox = Sandbox::start().await;
        let year = work(&sandbox).await;
        sandbox.stop().await;
        tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();
        check_money(&collector, &year.to_string());
        check_records(&collector);
        check_trace(&collector);
        check_names(&collector);
    });
}

fn check_money(collector: &Collector, year: &str) {
    let of = |name: &str, measure: &str| {
        let full = format!("zhirong.settlement.{name}");
        assert!(
            collector
                .series(&full)
                .iter()
                .all(|series| series.unit == "{fen}"),
            "{full}"
        );
        collector.sum(&full, &[("measure", measure), ("city", "4105")])
    };
    // Settled by the first batch, returned by the second.
    assert_eq!(
        (of("settled", "loan_subsidy"), of("settled", "bank_incentive")),
        (15_000_000, 8_000_000)
    );
    assert_eq!(
        (of("returned", "loan_subsidy"), of("returned", "bank_incentive")),
        (5_000_000, 3_000_000)
    );
    // What the year stands at now, and not what the two computations sum to.
    assert_eq!(
        (of("assessed", "loan_subsidy"), of("assessed", "bank_incentive")),
        (10_000_000, 5_000_000)
    );
    assert_eq!(
        (of("capped", "loan_subsidy"), of("capped", "bank_incentive")),
        (0, 0)
    );
    // 50,000.00 of a yearly cap of 500,000.00.
    let of_year = [("policy.year", year), ("measure", "bank_incentive")];
    assert_eq!(collector.sum("zhirong.settlement.cap.fill", &of_year), 10);
    assert_eq!(
        collector.sum("zhirong.settlement.recovered", &[("way", "repaid")]),
        2_000_001
    );
    assert!(collector.series("zhirong.settlement.held").len() > 1);
    assert_eq!(collector.sum("zhirong.settlement.held", &[]), 0);
    assert_eq!(
        collector.sum("zhirong.objection.oldest.age", &[("city", "4105")]),
        0
    );
    assert_eq!(collector.series("zhirong.objection.oldest.age").len(), 1);
}

fn check_records(collector: &Collector) {
    let records =
        |file: &str, verdict: &str| collector.sum("zhirong.records", &[("file", file), ("verdict", verdict)]);
    // The loan with its draw once; the same under another key is unchanged; the repeats are nothing. The reversal is the second event.
    assert_eq!(
        (records("loans", "stored"), records("loans", "unchanged")),
        (1, 1)
    );
    assert_eq!(
        (
            records("loan_events", "stored"),
            records("loan_events", "unchanged")
        ),
        (2, 1)
    );
    let refused =
        |code: &str| collector.sum("zhirong.rows.refused", &[("file", "loan_events"), ("code", code)]);
    assert_eq!((refused("DATE_INVALID"), refused("AMOUNT_MALFORMED")), (2, 1));
    let refusals = |reason: &str| collector.sum("zhirong.refusals", &[("reason", reason)]);
    assert_eq!(
        (refusals("REQUEST_ID_REUSED"), refusals("REPAYMENT_ABOVE_REST")),
        (1, 1)
    );
}

fn check_trace(collector: &Collector) {
    let spans = collector.spans("zhirong.pledge.v1.PledgeService/ReportLoan");
    let span = spans.iter().find(|span| span.trace_id == TRACE);
    let span = span.expect("the refused call has a span");
    assert_eq!(span.attributes["rpc.response.status_code"], "ALREADY_EXISTS");
    assert!(!span.is_error, "a refusal is an answer");
    assert_eq!((span.kind, span.parent.as_str()), (2, "00f067aa0ba902b7"));
    let inside = collector.spans("ReportLoan");
    assert!(
        inside.iter().any(|span| span.trace_id == TRACE && span.kind == 3),
        "its transaction is in the same trace"
    );
}

/// Everything that came is described, and the boundaries of times are those of the conventions.
fn check_names(collector: &Collector) {
    let page = include_str!("../../docs/metrics.md");
    for name in collector.names() {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "{name} is not in docs/metrics.md"
        );
    }
    let times = collector.series("rpc.server.call.duration");
    assert!(
        times
            .iter()
            .all(|series| series.boundaries == platform::metrics::CALL_SECONDS)
    );
    assert!(
        collector
            .resources()
            .iter()
            .all(|own| own["service.name"] == "zhirong")
    );
}
