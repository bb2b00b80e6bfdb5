//! Registering and reading patents.

use api::registry::v1::{
    AmendPatentRequest, AmendPatentResponse, GetPatentRequest, GetPatentResponse, ListPatentsRequest,
    ListPatentsResponse, Patent, RegisterPatentRequest, RegisterPatentResponse, StoredPatent,
    WithdrawPatentRequest, WithdrawPatentResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_patent_for(
        &self,
        caller: &Caller,
        body: &RegisterPatentRequest,
    ) -> Result<RegisterPatentResponse, Error> {
        let entry = Entry::report("patent", body.patent.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterPatent",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterPatentResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_patent_for(
        &self,
        caller: &Caller,
        body: &AmendPatentRequest,
    ) -> Result<AmendPatentResponse, Error> {
        let entry = Entry::amend(
            "patent",
            body.patent.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(caller, "AmendPatent", &body.request_id, body, entry, |receipt| {
            AmendPatentResponse {
                receipt: Some(receipt),
            }
        })
        .await
    }

    pub(crate) async fn withdraw_patent_for(
        &self,
        caller: &Caller,
        body: &WithdrawPatentRequest,
    ) -> Result<WithdrawPatentResponse, Error> {
        let entry = Entry::withdraw(File::Patents, &body.name, None, body.revision, body.etag.clone())?;
        self.write(
            caller,
            "WithdrawPatent",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawPatentResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_patent_for(
        &self,
        caller: &Caller,
        body: &GetPatentRequest,
    ) -> Result<GetPatentResponse, Error> {
        let (patent, state) = self.ledger.get::<Patent>(caller, &body.name, None).await?;
        Ok(GetPatentResponse {
            patent: Some(StoredPatent {
                patent: Some(patent),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_patents_for(
        &self,
        caller: &Caller,
        body: &ListPatentsRequest,
    ) -> Result<ListPatentsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<Patent>(caller, query, None).await?;
        let stored = |(patent, state)| StoredPatent {
            patent: Some(patent),
            state: Some(state),
        };
        Ok(ListPatentsResponse {
            patents: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
