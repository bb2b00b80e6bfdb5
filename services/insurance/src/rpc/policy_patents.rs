//! Reporting and reading policy patents.

use api::insurance::v1::{
    AmendPolicyPatentRequest, AmendPolicyPatentResponse, GetPolicyPatentRequest, GetPolicyPatentResponse,
    ListPolicyPatentsRequest, ListPolicyPatentsResponse, PolicyPatent, ReportPolicyPatentRequest,
    ReportPolicyPatentResponse, StoredPolicyPatent, WithdrawPolicyPatentRequest,
    WithdrawPolicyPatentResponse,
};
use exchange::File;
use ledger::Error;
use ledger::read::ListQuery;
use ledger::report::Entry;

use super::Reporter;

impl Reporter {
    pub(crate) async fn report_policy_patent(
        &self,
        body: &ReportPolicyPatentRequest,
    ) -> Result<ReportPolicyPatentResponse, Error> {
        let entries = vec![Entry::report(
            "policy_patent",
            body.policy_patent.as_ref(),
            Some(self.code()),
            body.revision,
        )];
        self.write(
            "ReportPolicyPatent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| ReportPolicyPatentResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn amend_policy_patent(
        &self,
        body: &AmendPolicyPatentRequest,
    ) -> Result<AmendPolicyPatentResponse, Error> {
        let record = body.policy_patent.as_ref();
        let entries = vec![Entry::amend(
            "policy_patent",
            record,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )];
        self.write(
            "AmendPolicyPatent",
            &body.request_id,
            body,
            entries,
            |receipt, assessments| AmendPolicyPatentResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_policy_patent(
        &self,
        body: &WithdrawPolicyPatentRequest,
    ) -> Result<WithdrawPolicyPatentResponse, Error> {
        let entry = Entry::withdraw(
            File::PolicyPatents,
            &body.name,
            Some(self.code()),
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            "WithdrawPolicyPatent",
            &body.request_id,
            body,
            vec![entry],
            |receipt, assessments| WithdrawPolicyPatentResponse {
                receipt: Some(receipt),
                assessment: assessments.into_iter().next(),
            },
        )
        .await
    }

    pub(crate) async fn get_policy_patent(
        &self,
        body: &GetPolicyPatentRequest,
    ) -> Result<GetPolicyPatentResponse, Error> {
        let (policy_patent, state) = self
            .ledger
            .get::<PolicyPatent>(&self.caller, &body.name, Some(self.code()))
            .await?;
        Ok(GetPolicyPatentResponse {
            policy_patent: Some(StoredPolicyPatent {
                policy_patent: Some(policy_patent),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_policy_patents(
        &self,
        body: ListPolicyPatentsRequest,
    ) -> Result<ListPolicyPatentsResponse, Error> {
        let query = ListQuery {
            parent: body.parent,
            page_size: body.page_size,
            page_token: body.page_token,
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self
            .ledger
            .list::<PolicyPatent>(&self.caller, query, Some(self.code()))
            .await?;
        let stored = |(policy_patent, state)| StoredPolicyPatent {
            policy_patent: Some(policy_patent),
            state: Some(state),
        };
        Ok(ListPolicyPatentsResponse {
            policy_patents: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
