//! Reporting and reading premium events.

use api::insurance::v1::{
    AmendPremiumEventRequest, AmendPremiumEventResponse, GetPremiumEventRequest, GetPremiumEventResponse,
    ListPremiumEventsRequest, ListPremiumEventsResponse, PremiumEvent, ReportPremiumEventRequest,
    ReportPremiumEventResponse, StoredPremiumEvent, WithdrawPremiumEventRequest,
    WithdrawPremiumEventResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

impl Reporter {
    pub(crate) async fn report_premium_event(
        &self,
        body: &ReportPremiumEventRequest,
    ) -> Result<ReportPremiumEventResponse, Error> {
        let entries = vec![Entry::report(
            "premium_event",
            body.premium_event.as_ref(),
            Some(self.code()),
            body.revision,
        )];
        self.write(
            "ReportPremiumEvent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportPremiumEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn amend_premium_event(
        &self,
        body: &AmendPremiumEventRequest,
    ) -> Result<AmendPremiumEventResponse, Error> {
        let record = body.premium_event.as_ref();
        let entries = vec![Entry::amend(
            "premium_event",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendPremiumEvent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendPremiumEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_premium_event(
        &self,
        body: &WithdrawPremiumEventRequest,
    ) -> Result<WithdrawPremiumEventResponse, Error> {
        let entry = Entry::withdraw(
            File::PremiumEvents,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawPremiumEvent",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawPremiumEventResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn get_premium_event(
        &self,
        body: &GetPremiumEventRequest,
    ) -> Result<GetPremiumEventResponse, Error> {
        let (premium_event, state) = self
            .ledger
            .get::<PremiumEvent>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetPremiumEventResponse {
            premium_event: Some(StoredPremiumEvent {
                premium_event: Some(premium_event),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_premium_events(
        &self,
        body: ListPremiumEventsRequest,
    ) -> Result<ListPremiumEventsResponse, Error> {
        let query = ListQuery {
            parent: body.parent,
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<PremiumEvent>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(premium_event, state)| StoredPremiumEvent {
            premium_event: Some(premium_event),
            state: Some(state),
        };
        Ok(ListPremiumEventsResponse {
            premium_events: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
