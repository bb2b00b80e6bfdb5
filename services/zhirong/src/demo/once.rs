//! Calls of the demonstration beside the two batches: the same report twice and changed, and the cap's waterfall.

use api::common::v1::Money;
use api::google::r#type::Date;
use api::pledge::v1::{Collateral, Loan, ReportLoanRequest, ReportLoanResponse};
use api::settlement::v1::ExplainLineRequest;
use exchange::batch::LineRow;
use tonic::Status;

use super::{Settled, report};
use crate::connection::client;
use crate::error::{CommandError, reason_of};
use crate::node::Node;

/// What became of one report sent three times.
pub(super) struct Repeated {
    /// The answer to the first sending: the amount when fully drawn.
    pub(super) first: String,
    /// Whether the second answer had the same bytes.
    pub(super) is_same: bool,
    /// Why the changed one was refused.
    pub(super) refused: String,
}

/// Reports a loan that is not drawn yet (it earns nothing), the same again, and the same key with another amount.
pub(super) async fn report_twice_and_changed(node: &Node) -> Result<Repeated, CommandError> {
    let bank = report::SHOWN_BANK;
    let client = client(node.url(), node.identity(), bank)?;
    let mut request = ReportLoanRequest {
        request_id: client::request_id(),
        loan: Some(Loan {
            contract_no: "YANSHI-2026-1".to_owned(),
            borrower_uscc: report::SHOWN_ENTERPRISE.to_owned(),
            contract_amount: Some(yuan("8000000.00")),
            signed_on: Some(Date {
                year: 2026,
                month: 1,
                day: 15,
            }),
            revolving: Some(false),
            collateral: Collateral::Patent.into(),
            ..Loan::default()
        }),
        ..ReportLoanRequest::default()
    };
    let call = |request: ReportLoanRequest| {
        let mut pledge = client.pledge();
        async move { pledge.report_loan(request).await.map(tonic::Response::into_inner) }
    };
    let failed = |status: Status| CommandError::call("ReportLoan", status);
    let first = call(request.clone()).await.map_err(failed)?;
    let second = call(request.clone()).await.map_err(failed)?;
    if let Some(loan) = &mut request.loan {
        loan.contract_amount = Some(yuan("9000000.00"));
    }
    let refused = match call(request).await {
        Ok(_) => String::new(),
        Err(status) => reason_of(&status),
    };
    Ok(Repeated {
        first: amount_when_drawn(&first),
        is_same: first == second,
        refused,
    })
}

fn yuan(amount: &str) -> Money {
    Money {
        currency_code: "CNY".to_owned(),
        amount: amount.to_owned(),
    }
}

fn amount_when_drawn(answer: &ReportLoanResponse) -> String {
    let figure = answer
        .assessment
        .as_ref()
        .and_then(|assessment| assessment.contract_when_fully_drawn.as_ref());
    figure
        .and_then(|figure| figure.amount.as_ref())
        .map(|money| money.amount.clone())
        .unwrap_or_default()
}

/// The explanation of every line of the last batch that its yearly cap limits, as sentences in Chinese and English.
pub(super) async fn cap_waterfalls(
    node: &Node,
    batches: &[Settled],
) -> Result<Vec<(String, String)>, CommandError> {
    let client = client(node.url(), node.identity(), "finance-maker")?;
    let mut waterfalls = Vec::new();
    for settled in batches {
        for row in lines_of(settled)?
            .iter()
            .filter(|row| row.limited_by == "year_cap")
        {
            let name = format!("batches/{}/lines/{}", settled.batch.batch_no, row.line_no);
            let answer = client
                .settlement()
                .explain_line(ExplainLineRequest { name })
                .await;
            let answer = answer
                .map_err(|status| CommandError::call("ExplainLine", status))?
                .into_inner();
            let sentence = answer.sentence.unwrap_or_default();
            waterfalls.push((sentence.zh, sentence.en));
        }
    }
    Ok(waterfalls)
}

/// The rows of a batch's `lines.csv`.
pub(super) fn lines_of(settled: &Settled) -> Result<Vec<LineRow>, CommandError> {
    let bytes = settled.files.get("lines.csv").map_or(&[][..], Vec::as_slice);
    LineRow::from_csv(bytes)
        .map_err(|error| CommandError::usage("BATCH_UNREADABLE", "批次明细无法读取", error.to_string()))
}
