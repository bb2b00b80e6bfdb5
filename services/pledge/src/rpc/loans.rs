//! Reporting a loan with its pledge and first draws.

use api::common::v1::{LoanAssessment, Receipt};
use api::pledge::v1::{ReportLoanRequest, ReportLoanResponse};
use exchange::File;
use ledger::Error;
use ledger::report::Entry;
use ledger::reporter::Reporter;

use crate::Pledges;

/// Events that a loan may bring.
const EVENTS_MOST: usize = 100;

pub(crate) async fn report(
    reporter: &Reporter<Pledges>,
    body: &ReportLoanRequest,
) -> Result<ReportLoanResponse, Error> {
    if body.events.len() > EVENTS_MOST {
        let en = format!("a loan brings at most {EVENTS_MOST} events");
        return Err(Error::invalid(
            "events",
            "EVENTS_COUNT",
            format!("随合同最多报送 {EVENTS_MOST} 条流水"),
            en,
        ));
    }
    let entries = loan_with_parts(body, reporter.code());
    reporter
        .write(
            "ReportLoan",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportLoanResponse {
                assessment: own_assessment(&receipt, assessments),
                receipt: Some(receipt),
            },
        )
        .await
}

/// The assessment of the contract reported: its pledge may secure other contracts, which are assessed beside it.
fn own_assessment(receipt: &Receipt, assessments: Vec<LoanAssessment>) -> Option<LoanAssessment> {
    let loan = receipt
        .facts
        .iter()
        .find(|fact| fact.file == File::Loans.as_str())?;
    assessments
        .into_iter()
        .find(|assessment| assessment.name == loan.name)
}

/// A loan may bring its pledge and its first draws in the same call.
fn loan_with_parts(body: &ReportLoanRequest, code: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some(pledge) = &body.pledge {
        entries.push(Entry::report(
            "pledge",
            Some(pledge),
            Some(code),
            body.pledge_revision,
        ));
    }
    entries.push(Entry::report(
        "loan",
        body.loan.as_ref(),
        Some(code),
        body.revision,
    ));
    let contract_no = body.loan.as_ref().map_or("", |loan| loan.contract_no.as_str());
    for (place, event) in body.events.iter().enumerate() {
        let mut event = event.clone();
        if event.contract_no.is_empty() {
            contract_no.clone_into(&mut event.contract_no);
        }
        entries.push(Entry::report(
            &format!("events[{place}]"),
            Some(&event),
            Some(code),
            None,
        ));
    }
    entries
}
