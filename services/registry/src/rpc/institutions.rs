//! Registering and reading institutions.

use api::registry::v1::{
    AmendInstitutionRequest, AmendInstitutionResponse, GetInstitutionRequest, GetInstitutionResponse,
    Institution, ListInstitutionsRequest, ListInstitutionsResponse, RegisterInstitutionRequest,
    RegisterInstitutionResponse, StoredInstitution, WithdrawInstitutionRequest, WithdrawInstitutionResponse,
};
use exchange::File;
use ledger::read::ListQuery;
use ledger::report::Entry;
use ledger::{Caller, Error, Role};

use crate::Registry;

impl Registry {
    pub(crate) async fn register_institution_for(
        &self,
        caller: &Caller,
        body: &RegisterInstitutionRequest,
    ) -> Result<RegisterInstitutionResponse, Error> {
        let entry = Entry::report("institution", body.institution.as_ref(), None, body.revision);
        self.write(
            caller,
            "RegisterInstitution",
            &body.request_id,
            body,
            entry,
            |receipt| RegisterInstitutionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn amend_institution_for(
        &self,
        caller: &Caller,
        body: &AmendInstitutionRequest,
    ) -> Result<AmendInstitutionResponse, Error> {
        let entry = Entry::amend(
            "institution",
            body.institution.as_ref(),
            None,
            body.revision,
            body.etag.clone(),
        );
        self.write(
            caller,
            "AmendInstitution",
            &body.request_id,
            body,
            entry,
            |receipt| AmendInstitutionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn withdraw_institution_for(
        &self,
        caller: &Caller,
        body: &WithdrawInstitutionRequest,
    ) -> Result<WithdrawInstitutionResponse, Error> {
        let entry = Entry::withdraw(
            File::Institutions,
            &body.name,
            None,
            body.revision,
            body.etag.clone(),
        )?;
        self.write(
            caller,
            "WithdrawInstitution",
            &body.request_id,
            body,
            entry,
            |receipt| WithdrawInstitutionResponse {
                receipt: Some(receipt),
            },
        )
        .await
    }

    pub(crate) async fn get_institution_for(
        &self,
        caller: &Caller,
        body: &GetInstitutionRequest,
    ) -> Result<GetInstitutionResponse, Error> {
        // An institution may read its own entry and no other.
        if caller.role == Role::Institution && body.name != format!("institutions/{}", caller.holder) {
            return Err(Error::NotFound {
                name: body.name.clone(),
            });
        }
        let (institution, state) = self.ledger.get::<Institution>(caller, &body.name, None).await?;
        Ok(GetInstitutionResponse {
            institution: Some(StoredInstitution {
                institution: Some(institution),
                state: Some(state),
            }),
        })
    }

    pub(crate) async fn list_institutions_for(
        &self,
        caller: &Caller,
        body: &ListInstitutionsRequest,
    ) -> Result<ListInstitutionsResponse, Error> {
        let query = ListQuery {
            parent: String::new(),
            page_size: body.page_size,
            page_token: body.page_token.clone(),
            show_withdrawn: body.show_withdrawn,
        };
        let (records, next_page_token) = self.ledger.list::<Institution>(caller, query, None).await?;
        let stored = |(institution, state)| StoredInstitution {
            institution: Some(institution),
            state: Some(state),
        };
        Ok(ListInstitutionsResponse {
            institutions: records.into_iter().map(stored).collect(),
            next_page_token,
        })
    }
}
