//! The calls of the service: who may make them, then one function a call.

mod credentials;
mod door;
mod import;
mod legal_persons;

use api::registry::v1 as pb;
use api::registry::v1::registry_service_server::RegistryService;
use ledger::caller::READERS;
use ledger::{Caller, Error, Role};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Registry;
use door::{Answer, BUREAU, READERS_AND_SELF, answer};

pub(crate) use credentials::ensure_credential;

#[tonic::async_trait]
impl RegistryService for Registry {
    type ImportRegistryStream = ReceiverStream<Result<pb::ImportRegistryResponse, Status>>;

    async fn register_institution(
        &self,
        request: Request<pb::RegisterInstitutionRequest>,
    ) -> Answer<pb::RegisterInstitutionResponse> {
        self.report(request).await
    }

    async fn amend_institution(
        &self,
        request: Request<pb::AmendInstitutionRequest>,
    ) -> Answer<pb::AmendInstitutionResponse> {
        self.amend(request).await
    }

    async fn withdraw_institution(
        &self,
        request: Request<pb::WithdrawInstitutionRequest>,
    ) -> Answer<pb::WithdrawInstitutionResponse> {
        self.withdraw(request).await
    }

    async fn get_institution(
        &self,
        request: Request<pb::GetInstitutionRequest>,
    ) -> Answer<pb::GetInstitutionResponse> {
        let caller = Caller::admitted(&request, READERS_AND_SELF, "GetInstitution")?;
        let body = request.get_ref();
        // An institution may read its own entry and no other.
        if caller.role == Role::Institution && body.name != format!("institutions/{}", caller.holder) {
            let name = body.name.clone();
            return Err(Error::NotFound { name }.into());
        }
        answer(self.ledger.get(&caller, body, None).await)
    }

    async fn list_institutions(
        &self,
        request: Request<pb::ListInstitutionsRequest>,
    ) -> Answer<pb::ListInstitutionsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListInstitutions")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_enterprise(
        &self,
        request: Request<pb::RegisterEnterpriseRequest>,
    ) -> Answer<pb::RegisterEnterpriseResponse> {
        self.report(request).await
    }

    async fn amend_enterprise(
        &self,
        request: Request<pb::AmendEnterpriseRequest>,
    ) -> Answer<pb::AmendEnterpriseResponse> {
        self.amend(request).await
    }

    async fn withdraw_enterprise(
        &self,
        request: Request<pb::WithdrawEnterpriseRequest>,
    ) -> Answer<pb::WithdrawEnterpriseResponse> {
        self.withdraw(request).await
    }

    async fn get_enterprise(
        &self,
        request: Request<pb::GetEnterpriseRequest>,
    ) -> Answer<pb::GetEnterpriseResponse> {
        let caller = Caller::admitted(&request, READERS, "GetEnterprise")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_enterprises(
        &self,
        request: Request<pb::ListEnterprisesRequest>,
    ) -> Answer<pb::ListEnterprisesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListEnterprises")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_patent(
        &self,
        request: Request<pb::RegisterPatentRequest>,
    ) -> Answer<pb::RegisterPatentResponse> {
        self.report(request).await
    }

    async fn amend_patent(
        &self,
        request: Request<pb::AmendPatentRequest>,
    ) -> Answer<pb::AmendPatentResponse> {
        self.amend(request).await
    }

    async fn withdraw_patent(
        &self,
        request: Request<pb::WithdrawPatentRequest>,
    ) -> Answer<pb::WithdrawPatentResponse> {
        self.withdraw(request).await
    }

    async fn get_patent(&self, request: Request<pb::GetPatentRequest>) -> Answer<pb::GetPatentResponse> {
        let caller = Caller::admitted(&request, READERS, "GetPatent")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_patents(
        &self,
        request: Request<pb::ListPatentsRequest>,
    ) -> Answer<pb::ListPatentsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListPatents")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_patent_owner(
        &self,
        request: Request<pb::RegisterPatentOwnerRequest>,
    ) -> Answer<pb::RegisterPatentOwnerResponse> {
        self.report(request).await
    }

    async fn amend_patent_owner(
        &self,
        request: Request<pb::AmendPatentOwnerRequest>,
    ) -> Answer<pb::AmendPatentOwnerResponse> {
        self.amend(request).await
    }

    async fn withdraw_patent_owner(
        &self,
        request: Request<pb::WithdrawPatentOwnerRequest>,
    ) -> Answer<pb::WithdrawPatentOwnerResponse> {
        self.withdraw(request).await
    }

    async fn get_patent_owner(
        &self,
        request: Request<pb::GetPatentOwnerRequest>,
    ) -> Answer<pb::GetPatentOwnerResponse> {
        let caller = Caller::admitted(&request, READERS, "GetPatentOwner")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_patent_owners(
        &self,
        request: Request<pb::ListPatentOwnersRequest>,
    ) -> Answer<pb::ListPatentOwnersResponse> {
        let caller = Caller::admitted(&request, READERS, "ListPatentOwners")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_award(
        &self,
        request: Request<pb::RegisterAwardRequest>,
    ) -> Answer<pb::RegisterAwardResponse> {
        self.report(request).await
    }

    async fn amend_award(&self, request: Request<pb::AmendAwardRequest>) -> Answer<pb::AmendAwardResponse> {
        self.amend(request).await
    }

    async fn withdraw_award(
        &self,
        request: Request<pb::WithdrawAwardRequest>,
    ) -> Answer<pb::WithdrawAwardResponse> {
        self.withdraw(request).await
    }

    async fn get_award(&self, request: Request<pb::GetAwardRequest>) -> Answer<pb::GetAwardResponse> {
        let caller = Caller::admitted(&request, READERS, "GetAward")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_awards(&self, request: Request<pb::ListAwardsRequest>) -> Answer<pb::ListAwardsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListAwards")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_exclusion(
        &self,
        request: Request<pb::RegisterExclusionRequest>,
    ) -> Answer<pb::RegisterExclusionResponse> {
        self.report(request).await
    }

    async fn amend_exclusion(
        &self,
        request: Request<pb::AmendExclusionRequest>,
    ) -> Answer<pb::AmendExclusionResponse> {
        self.amend(request).await
    }

    async fn withdraw_exclusion(
        &self,
        request: Request<pb::WithdrawExclusionRequest>,
    ) -> Answer<pb::WithdrawExclusionResponse> {
        self.withdraw(request).await
    }

    async fn get_exclusion(
        &self,
        request: Request<pb::GetExclusionRequest>,
    ) -> Answer<pb::GetExclusionResponse> {
        let caller = Caller::admitted(&request, READERS, "GetExclusion")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_exclusions(
        &self,
        request: Request<pb::ListExclusionsRequest>,
    ) -> Answer<pb::ListExclusionsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListExclusions")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_other_award(
        &self,
        request: Request<pb::RegisterOtherAwardRequest>,
    ) -> Answer<pb::RegisterOtherAwardResponse> {
        self.report(request).await
    }

    async fn amend_other_award(
        &self,
        request: Request<pb::AmendOtherAwardRequest>,
    ) -> Answer<pb::AmendOtherAwardResponse> {
        self.amend(request).await
    }

    async fn withdraw_other_award(
        &self,
        request: Request<pb::WithdrawOtherAwardRequest>,
    ) -> Answer<pb::WithdrawOtherAwardResponse> {
        self.withdraw(request).await
    }

    async fn get_other_award(
        &self,
        request: Request<pb::GetOtherAwardRequest>,
    ) -> Answer<pb::GetOtherAwardResponse> {
        let caller = Caller::admitted(&request, READERS, "GetOtherAward")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_other_awards(
        &self,
        request: Request<pb::ListOtherAwardsRequest>,
    ) -> Answer<pb::ListOtherAwardsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListOtherAwards")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn register_decision(
        &self,
        request: Request<pb::RegisterDecisionRequest>,
    ) -> Answer<pb::RegisterDecisionResponse> {
        self.report(request).await
    }

    async fn amend_decision(
        &self,
        request: Request<pb::AmendDecisionRequest>,
    ) -> Answer<pb::AmendDecisionResponse> {
        self.amend(request).await
    }

    async fn withdraw_decision(
        &self,
        request: Request<pb::WithdrawDecisionRequest>,
    ) -> Answer<pb::WithdrawDecisionResponse> {
        self.withdraw(request).await
    }

    async fn get_decision(
        &self,
        request: Request<pb::GetDecisionRequest>,
    ) -> Answer<pb::GetDecisionResponse> {
        let caller = Caller::admitted(&request, READERS, "GetDecision")?;
        answer(self.ledger.get(&caller, request.get_ref(), None).await)
    }

    async fn list_decisions(
        &self,
        request: Request<pb::ListDecisionsRequest>,
    ) -> Answer<pb::ListDecisionsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListDecisions")?;
        answer(self.ledger.list(&caller, request.get_ref(), None).await)
    }

    async fn list_legal_persons(
        &self,
        request: Request<pb::ListLegalPersonsRequest>,
    ) -> Answer<pb::ListLegalPersonsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListLegalPersons")?;
        answer(self.list_legal_persons_for(&caller, request.get_ref()).await)
    }

    async fn create_credential(
        &self,
        request: Request<pb::CreateCredentialRequest>,
    ) -> Answer<pb::CreateCredentialResponse> {
        let caller = Caller::admitted(&request, BUREAU, "CreateCredential")?;
        answer(self.create_credential_for(&caller, request.get_ref()).await)
    }

    async fn list_credentials(
        &self,
        request: Request<pb::ListCredentialsRequest>,
    ) -> Answer<pb::ListCredentialsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListCredentials")?;
        answer(self.list_credentials_for(&caller, request.get_ref()).await)
    }

    async fn revoke_credential(
        &self,
        request: Request<pb::RevokeCredentialRequest>,
    ) -> Answer<pb::RevokeCredentialResponse> {
        let caller = Caller::admitted(&request, BUREAU, "RevokeCredential")?;
        answer(self.revoke_credential_for(&caller, request.get_ref()).await)
    }

    async fn import_registry(
        &self,
        request: Request<Streaming<pb::ImportRegistryRequest>>,
    ) -> Answer<Self::ImportRegistryStream> {
        let caller = Caller::admitted(&request, BUREAU, "ImportRegistry")?;
        Ok(Response::new(self.import(caller, request.into_inner())))
    }
}
