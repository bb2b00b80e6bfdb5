//! Reporting and reading loans.

use api::common::v1::{LoanAssessment, Receipt};
use api::pledge::v1::{
    AmendLoanRequest, AmendLoanResponse, GetLoanRequest, GetLoanResponse, ListLoansRequest,
    ListLoansResponse, Loan, ReportLoanRequest, ReportLoanResponse, StoredLoan, WithdrawLoanRequest,
    WithdrawLoanResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

/// Events that a loan may bring.
const EVENTS_MOST: usize = 100;

impl Reporter {
    pub(crate) async fn report_loan(&self, body: &ReportLoanRequest) -> Result<ReportLoanResponse, Error> {
        if body.events.len() > EVENTS_MOST {
            let en = format!("a loan brings at most {EVENTS_MOST} events");
            return Err(Error::invalid(
                "events",
                "EVENTS_COUNT",
                format!("随合同最多报送 {EVENTS_MOST} 条流水"),
                en,
            ));
        }
        let entries = loan_with_parts(body, self.code());
        self.write(
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

    pub(crate) async fn amend_loan(&self, body: &AmendLoanRequest) -> Result<AmendLoanResponse, Error> {
        let record = body.loan.as_ref();
        let entries = vec![Entry::amend(
            "loan",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendLoan",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendLoanResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_loan(
        &self,
        body: &WithdrawLoanRequest,
    ) -> Result<WithdrawLoanResponse, Error> {
        let entry = Entry::withdraw(
            File::Loans,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawLoan",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawLoanResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn get_loan(&self, body: &GetLoanRequest) -> Result<GetLoanResponse, Error> {
        let (loan, state) = self
            .ledger
            .get::<Loan>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetLoanResponse {
            loan: Some(StoredLoan {
                loan: Some(loan),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_loans(&self, body: ListLoansRequest) -> Result<ListLoansResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<Loan>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(loan, state)| StoredLoan {
            loan: Some(loan),
            state: Some(state),
        };
        Ok(ListLoansResponse {
            loans: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
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
