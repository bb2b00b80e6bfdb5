//! Reporting and reading loan events.

use api::pledge::v1::{
    AmendLoanEventRequest, AmendLoanEventResponse, GetLoanEventRequest, GetLoanEventResponse,
    ListLoanEventsRequest, ListLoanEventsResponse, LoanEvent, ReportLoanEventRequest,
    ReportLoanEventResponse, StoredLoanEvent, WithdrawLoanEventRequest, WithdrawLoanEventResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

impl Reporter {
    pub(crate) async fn report_loan_event(
        &self,
        body: &ReportLoanEventRequest,
    ) -> Result<ReportLoanEventResponse, Error> {
        let entries = vec![Entry::report(
            "loan_event",
            body.loan_event.as_ref(),
            Some(self.code()),
            body.revision,
        )];
        self.write(
            "ReportLoanEvent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportLoanEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn amend_loan_event(
        &self,
        body: &AmendLoanEventRequest,
    ) -> Result<AmendLoanEventResponse, Error> {
        let record = body.loan_event.as_ref();
        let entries = vec![Entry::amend(
            "loan_event",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendLoanEvent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendLoanEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_loan_event(
        &self,
        body: &WithdrawLoanEventRequest,
    ) -> Result<WithdrawLoanEventResponse, Error> {
        let entry = Entry::withdraw(
            File::LoanEvents,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawLoanEvent",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawLoanEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn get_loan_event(
        &self,
        body: &GetLoanEventRequest,
    ) -> Result<GetLoanEventResponse, Error> {
        let (loan_event, state) = self
            .ledger
            .get::<LoanEvent>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetLoanEventResponse {
            loan_event: Some(StoredLoanEvent {
                loan_event: Some(loan_event),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_loan_events(
        &self,
        body: ListLoanEventsRequest,
    ) -> Result<ListLoanEventsResponse, Error> {
        let query = ListQuery {
            parent: body.parent,
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<LoanEvent>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(loan_event, state)| StoredLoanEvent {
            loan_event: Some(loan_event),
            state: Some(state),
        };
        Ok(ListLoanEventsResponse {
            loan_events: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
