//! Reporting and reading pledges.

use api::pledge::v1::{
    AmendPledgeRequest, AmendPledgeResponse, GetPledgeRequest, GetPledgeResponse, ListPledgesRequest,
    ListPledgesResponse, Pledge, ReportPledgeRequest, ReportPledgeResponse, StoredPledge,
    WithdrawPledgeRequest, WithdrawPledgeResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

impl Reporter {
    pub(crate) async fn report_pledge(
        &self,
        body: &ReportPledgeRequest,
    ) -> Result<ReportPledgeResponse, Error> {
        let entries = vec![Entry::report(
            "pledge",
            body.pledge.as_ref(),
            Some(self.code()),
            body.revision,
        )];
        self.write(
            "ReportPledge",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportPledgeResponse {
                receipt: Some(receipt),
                assessments,
            },
        )
        .await
    }

    pub(crate) async fn amend_pledge(&self, body: &AmendPledgeRequest) -> Result<AmendPledgeResponse, Error> {
        let record = body.pledge.as_ref();
        let entries = vec![Entry::amend(
            "pledge",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendPledge",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendPledgeResponse {
                receipt: Some(receipt),
                assessments,
            },
        )
        .await
    }

    pub(crate) async fn withdraw_pledge(
        &self,
        body: &WithdrawPledgeRequest,
    ) -> Result<WithdrawPledgeResponse, Error> {
        let entry = Entry::withdraw(
            File::Pledges,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawPledge",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawPledgeResponse {
                receipt: Some(receipt),
                assessments,
            },
        )
        .await
    }

    pub(crate) async fn get_pledge(&self, body: &GetPledgeRequest) -> Result<GetPledgeResponse, Error> {
        let (pledge, state) = self
            .ledger
            .get::<Pledge>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetPledgeResponse {
            pledge: Some(StoredPledge {
                pledge: Some(pledge),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_pledges(&self, body: ListPledgesRequest) -> Result<ListPledgesResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<Pledge>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(pledge, state)| StoredPledge {
            pledge: Some(pledge),
            state: Some(state),
        };
        Ok(ListPledgesResponse {
            pledges: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
