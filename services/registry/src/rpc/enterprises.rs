//! Registering and reading enterprises.

use api::registry::v1::{
    AmendEnterpriseRequest, AmendEnterpriseResponse, Enterprise, GetEnterpriseRequest, GetEnterpriseResponse,
    ListEnterprisesRequest, ListEnterprisesResponse, RegisterEnterpriseRequest, RegisterEnterpriseResponse,
    StoredEnterprise, WithdrawEnterpriseRequest, WithdrawEnterpriseResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_enterprise_for(
        &self,
        caller: &Caller,
        body: &RegisterEnterpriseRequest,
    ) -> Result<RegisterEnterpriseResponse, Error> {
        let entry = Entry::report("enterprise", body.enterprise.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterEnterprise",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterEnterpriseResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_enterprise_for(
        &self,
        caller: &Caller,
        body: &AmendEnterpriseRequest,
    ) -> Result<AmendEnterpriseResponse, Error> {
        let entry = Entry::amend(
            "enterprise",
            body.enterprise.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendEnterprise",
            &body.request_id,
            body,
            entry,
            |receipt| AmendEnterpriseResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_enterprise_for(
        &self,
        caller: &Caller,
        body: &WithdrawEnterpriseRequest,
    ) -> Result<WithdrawEnterpriseResponse, Error> {
        let entry = Entry::withdraw(
            File::Enterprises,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawEnterprise",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawEnterpriseResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_enterprise_for(
        &self,
        caller: &Caller,
        body: &GetEnterpriseRequest,
    ) -> Result<GetEnterpriseResponse, Error> {
        let (enterprise, state) = self.ledger.get::<Enterprise>(caller, &body.name, None).await?;
        Ok(GetEnterpriseResponse {
            enterprise: Some(StoredEnterprise {
                enterprise: Some(enterprise),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_enterprises_for(
        &self,
        caller: &Caller,
        body: &ListEnterprisesRequest,
    ) -> Result<ListEnterprisesResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<Enterprise>(caller, query, None).await?;
        let stored = |(enterprise, state)| StoredEnterprise {
            enterprise: Some(enterprise),
            state: Some(state),
        };
        Ok(ListEnterprisesResponse {
            enterprises: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
