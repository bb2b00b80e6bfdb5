//! Registering and reading awards.

use api::registry::v1::{
    AmendAwardRequest, AmendAwardResponse, Award, GetAwardRequest, GetAwardResponse, ListAwardsRequest,
    ListAwardsResponse, RegisterAwardRequest, RegisterAwardResponse, StoredAward, WithdrawAwardRequest,
    WithdrawAwardResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_award_for(
        &self,
        caller: &Caller,
        body: &RegisterAwardRequest,
    ) -> Result<RegisterAwardResponse, Error> {
        let entry = Entry::report("award", body.award.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterAward",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterAwardResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_award_for(
        &self,
        caller: &Caller,
        body: &AmendAwardRequest,
    ) -> Result<AmendAwardResponse, Error> {
        let entry = Entry::amend(
            "award",
            body.award.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(caller, "AmendAward", &body.request_id, body, entry, |receipt| {
            AmendAwardResponse {
                receipt: Some(receipt),
            }
        })
        .await
    }

    pub(crate) async fn withdraw_award_for(
        &self,
        caller: &Caller,
        body: &WithdrawAwardRequest,
    ) -> Result<WithdrawAwardResponse, Error> {
        let entry = Entry::withdraw(File::Awards, &body.name, None, body.revision, body.etag.clone())?;
        self.write(
            caller,
            "WithdrawAward",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawAwardResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_award_for(
        &self,
        caller: &Caller,
        body: &GetAwardRequest,
    ) -> Result<GetAwardResponse, Error> {
        let (award, state) = self.ledger.get::<Award>(caller, &body.name, None).await?;
        Ok(GetAwardResponse {
            award: Some(StoredAward {
                award: Some(award),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_awards_for(
        &self,
        caller: &Caller,
        body: &ListAwardsRequest,
    ) -> Result<ListAwardsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<Award>(caller, query, None).await?;
        let stored = |(award, state)| StoredAward {
            award: Some(award),
            state: Some(state),
        };
        Ok(ListAwardsResponse {
            awards: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
