//! Registering and reading exclusions.

use api::registry::v1::{
    AmendExclusionRequest, AmendExclusionResponse, Exclusion, GetExclusionRequest, GetExclusionResponse,
    ListExclusionsRequest, ListExclusionsResponse, RegisterExclusionRequest, RegisterExclusionResponse,
    StoredExclusion, WithdrawExclusionRequest, WithdrawExclusionResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_exclusion_for(
        &self,
        caller: &Caller,
        body: &RegisterExclusionRequest,
    ) -> Result<RegisterExclusionResponse, Error> {
        let entry = Entry::report("exclusion", body.exclusion.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterExclusion",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterExclusionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_exclusion_for(
        &self,
        caller: &Caller,
        body: &AmendExclusionRequest,
    ) -> Result<AmendExclusionResponse, Error> {
        let entry = Entry::amend(
            "exclusion",
            body.exclusion.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendExclusion",
            &body.request_id,
            body,
            entry,
            |receipt| AmendExclusionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_exclusion_for(
        &self,
        caller: &Caller,
        body: &WithdrawExclusionRequest,
    ) -> Result<WithdrawExclusionResponse, Error> {
        let entry = Entry::withdraw(
            File::Exclusions,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawExclusion",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawExclusionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_exclusion_for(
        &self,
        caller: &Caller,
        body: &GetExclusionRequest,
    ) -> Result<GetExclusionResponse, Error> {
        let (exclusion, state) = self.ledger.get::<Exclusion>(caller, &body.name, None).await?;
        Ok(GetExclusionResponse {
            exclusion: Some(StoredExclusion {
                exclusion: Some(exclusion),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_exclusions_for(
        &self,
        caller: &Caller,
        body: &ListExclusionsRequest,
    ) -> Result<ListExclusionsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<Exclusion>(caller, query, None).await?;
        let stored = |(exclusion, state)| StoredExclusion {
            exclusion: Some(exclusion),
            state: Some(state),
        };
        Ok(ListExclusionsResponse {
            exclusions: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
