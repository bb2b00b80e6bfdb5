//! Registering and reading other awards.

use api::registry::v1::{
    AmendOtherAwardRequest, AmendOtherAwardResponse, GetOtherAwardRequest, GetOtherAwardResponse,
    ListOtherAwardsRequest, ListOtherAwardsResponse, OtherAward, RegisterOtherAwardRequest,
    RegisterOtherAwardResponse, StoredOtherAward, WithdrawOtherAwardRequest, WithdrawOtherAwardResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_other_award_for(
        &self,
        caller: &Caller,
        body: &RegisterOtherAwardRequest,
    ) -> Result<RegisterOtherAwardResponse, Error> {
        let entry = Entry::report("other_award", body.other_award.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterOtherAward",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterOtherAwardResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_other_award_for(
        &self,
        caller: &Caller,
        body: &AmendOtherAwardRequest,
    ) -> Result<AmendOtherAwardResponse, Error> {
        let entry = Entry::amend(
            "other_award",
            body.other_award.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendOtherAward",
            &body.request_id,
            body,
            entry,
            |receipt| AmendOtherAwardResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_other_award_for(
        &self,
        caller: &Caller,
        body: &WithdrawOtherAwardRequest,
    ) -> Result<WithdrawOtherAwardResponse, Error> {
        let entry = Entry::withdraw(
            File::OtherAwards,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawOtherAward",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawOtherAwardResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_other_award_for(
        &self,
        caller: &Caller,
        body: &GetOtherAwardRequest,
    ) -> Result<GetOtherAwardResponse, Error> {
        let (other_award, state) = self.ledger.get::<OtherAward>(caller, &body.name, None).await?;
        Ok(GetOtherAwardResponse {
            other_award: Some(StoredOtherAward {
                other_award: Some(other_award),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_other_awards_for(
        &self,
        caller: &Caller,
        body: &ListOtherAwardsRequest,
    ) -> Result<ListOtherAwardsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<OtherAward>(caller, query, None).await?;
        let stored = |(other_award, state)| StoredOtherAward {
            other_award: Some(other_award),
            state: Some(state),
        };
        Ok(ListOtherAwardsResponse {
            other_awards: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
