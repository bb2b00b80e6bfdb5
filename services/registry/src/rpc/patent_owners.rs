//! Registering and reading patent owners.

use api::registry::v1::{
    AmendPatentOwnerRequest, AmendPatentOwnerResponse, GetPatentOwnerRequest, GetPatentOwnerResponse,
    ListPatentOwnersRequest, ListPatentOwnersResponse, PatentOwner, RegisterPatentOwnerRequest,
    RegisterPatentOwnerResponse, StoredPatentOwner, WithdrawPatentOwnerRequest, WithdrawPatentOwnerResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_patent_owner_for(
        &self,
        caller: &Caller,
        body: &RegisterPatentOwnerRequest,
    ) -> Result<RegisterPatentOwnerResponse, Error> {
        let entry = Entry::report("patent_owner", body.patent_owner.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterPatentOwner",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterPatentOwnerResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_patent_owner_for(
        &self,
        caller: &Caller,
        body: &AmendPatentOwnerRequest,
    ) -> Result<AmendPatentOwnerResponse, Error> {
        let entry = Entry::amend(
            "patent_owner",
            body.patent_owner.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendPatentOwner",
            &body.request_id,
            body,
            entry,
            |receipt| AmendPatentOwnerResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_patent_owner_for(
        &self,
        caller: &Caller,
        body: &WithdrawPatentOwnerRequest,
    ) -> Result<WithdrawPatentOwnerResponse, Error> {
        let entry = Entry::withdraw(
            File::PatentOwners,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawPatentOwner",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawPatentOwnerResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_patent_owner_for(
        &self,
        caller: &Caller,
        body: &GetPatentOwnerRequest,
    ) -> Result<GetPatentOwnerResponse, Error> {
        let (patent_owner, state) = self.ledger.get::<PatentOwner>(caller, &body.name, None).await?;
        Ok(GetPatentOwnerResponse {
            patent_owner: Some(StoredPatentOwner {
                patent_owner: Some(patent_owner),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_patent_owners_for(
        &self,
        caller: &Caller,
        body: &ListPatentOwnersRequest,
    ) -> Result<ListPatentOwnersResponse, Error> {
        let query = ListQuery {
            parent: body.parent.clone(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<PatentOwner>(caller, query, None).await?;
        let stored = |(patent_owner, state)| StoredPatentOwner {
            patent_owner: Some(patent_owner),
            state: Some(state),
        };
        Ok(ListPatentOwnersResponse {
            patent_owners: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
