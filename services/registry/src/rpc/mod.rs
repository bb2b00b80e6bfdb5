//! The calls of the service: who may make them, then one function a call.

mod awards;
mod credentials;
mod decisions;
mod door;
mod enterprises;
mod exclusions;
mod import;
mod institutions;
mod legal_persons;
mod other_awards;
mod patent_owners;
mod patents;

use api::registry::v1 as pb;
use api::registry::v1::registry_service_server::RegistryService;
use ledger::caller::READERS;
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
        let caller = self.caller(&request, BUREAU, "RegisterInstitution").await?;
        answer(self.register_institution_for(&caller, request.get_ref()).await)
    }

    async fn amend_institution(
        &self,
        request: Request<pb::AmendInstitutionRequest>,
    ) -> Answer<pb::AmendInstitutionResponse> {
        let caller = self.caller(&request, BUREAU, "AmendInstitution").await?;
        answer(self.amend_institution_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_institution(
        &self,
        request: Request<pb::WithdrawInstitutionRequest>,
    ) -> Answer<pb::WithdrawInstitutionResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawInstitution").await?;
        answer(self.withdraw_institution_for(&caller, request.get_ref()).await)
    }

    async fn get_institution(
        &self,
        request: Request<pb::GetInstitutionRequest>,
    ) -> Answer<pb::GetInstitutionResponse> {
        let caller = self.caller(&request, READERS_AND_SELF, "GetInstitution").await?;
        answer(self.get_institution_for(&caller, request.get_ref()).await)
    }

    async fn list_institutions(
        &self,
        request: Request<pb::ListInstitutionsRequest>,
    ) -> Answer<pb::ListInstitutionsResponse> {
        let caller = self.caller(&request, READERS, "ListInstitutions").await?;
        answer(self.list_institutions_for(&caller, request.get_ref()).await)
    }

    async fn register_enterprise(
        &self,
        request: Request<pb::RegisterEnterpriseRequest>,
    ) -> Answer<pb::RegisterEnterpriseResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterEnterprise").await?;
        answer(self.register_enterprise_for(&caller, request.get_ref()).await)
    }

    async fn amend_enterprise(
        &self,
        request: Request<pb::AmendEnterpriseRequest>,
    ) -> Answer<pb::AmendEnterpriseResponse> {
        let caller = self.caller(&request, BUREAU, "AmendEnterprise").await?;
        answer(self.amend_enterprise_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_enterprise(
        &self,
        request: Request<pb::WithdrawEnterpriseRequest>,
    ) -> Answer<pb::WithdrawEnterpriseResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawEnterprise").await?;
        answer(self.withdraw_enterprise_for(&caller, request.get_ref()).await)
    }

    async fn get_enterprise(
        &self,
        request: Request<pb::GetEnterpriseRequest>,
    ) -> Answer<pb::GetEnterpriseResponse> {
        let caller = self.caller(&request, READERS, "GetEnterprise").await?;
        answer(self.get_enterprise_for(&caller, request.get_ref()).await)
    }

    async fn list_enterprises(
        &self,
        request: Request<pb::ListEnterprisesRequest>,
    ) -> Answer<pb::ListEnterprisesResponse> {
        let caller = self.caller(&request, READERS, "ListEnterprises").await?;
        answer(self.list_enterprises_for(&caller, request.get_ref()).await)
    }

    async fn register_patent(
        &self,
        request: Request<pb::RegisterPatentRequest>,
    ) -> Answer<pb::RegisterPatentResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterPatent").await?;
        answer(self.register_patent_for(&caller, request.get_ref()).await)
    }

    async fn amend_patent(
        &self,
        request: Request<pb::AmendPatentRequest>,
    ) -> Answer<pb::AmendPatentResponse> {
        let caller = self.caller(&request, BUREAU, "AmendPatent").await?;
        answer(self.amend_patent_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_patent(
        &self,
        request: Request<pb::WithdrawPatentRequest>,
    ) -> Answer<pb::WithdrawPatentResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawPatent").await?;
        answer(self.withdraw_patent_for(&caller, request.get_ref()).await)
    }

    async fn get_patent(&self, request: Request<pb::GetPatentRequest>) -> Answer<pb::GetPatentResponse> {
        let caller = self.caller(&request, READERS, "GetPatent").await?;
        answer(self.get_patent_for(&caller, request.get_ref()).await)
    }

    async fn list_patents(
        &self,
        request: Request<pb::ListPatentsRequest>,
    ) -> Answer<pb::ListPatentsResponse> {
        let caller = self.caller(&request, READERS, "ListPatents").await?;
        answer(self.list_patents_for(&caller, request.get_ref()).await)
    }

    async fn register_patent_owner(
        &self,
        request: Request<pb::RegisterPatentOwnerRequest>,
    ) -> Answer<pb::RegisterPatentOwnerResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterPatentOwner").await?;
        answer(self.register_patent_owner_for(&caller, request.get_ref()).await)
    }

    async fn amend_patent_owner(
        &self,
        request: Request<pb::AmendPatentOwnerRequest>,
    ) -> Answer<pb::AmendPatentOwnerResponse> {
        let caller = self.caller(&request, BUREAU, "AmendPatentOwner").await?;
        answer(self.amend_patent_owner_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_patent_owner(
        &self,
        request: Request<pb::WithdrawPatentOwnerRequest>,
    ) -> Answer<pb::WithdrawPatentOwnerResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawPatentOwner").await?;
        answer(self.withdraw_patent_owner_for(&caller, request.get_ref()).await)
    }

    async fn get_patent_owner(
        &self,
        request: Request<pb::GetPatentOwnerRequest>,
    ) -> Answer<pb::GetPatentOwnerResponse> {
        let caller = self.caller(&request, READERS, "GetPatentOwner").await?;
        answer(self.get_patent_owner_for(&caller, request.get_ref()).await)
    }

    async fn list_patent_owners(
        &self,
        request: Request<pb::ListPatentOwnersRequest>,
    ) -> Answer<pb::ListPatentOwnersResponse> {
        let caller = self.caller(&request, READERS, "ListPatentOwners").await?;
        answer(self.list_patent_owners_for(&caller, request.get_ref()).await)
    }

    async fn register_award(
        &self,
        request: Request<pb::RegisterAwardRequest>,
    ) -> Answer<pb::RegisterAwardResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterAward").await?;
        answer(self.register_award_for(&caller, request.get_ref()).await)
    }

    async fn amend_award(&self, request: Request<pb::AmendAwardRequest>) -> Answer<pb::AmendAwardResponse> {
        let caller = self.caller(&request, BUREAU, "AmendAward").await?;
        answer(self.amend_award_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_award(
        &self,
        request: Request<pb::WithdrawAwardRequest>,
    ) -> Answer<pb::WithdrawAwardResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawAward").await?;
        answer(self.withdraw_award_for(&caller, request.get_ref()).await)
    }

    async fn get_award(&self, request: Request<pb::GetAwardRequest>) -> Answer<pb::GetAwardResponse> {
        let caller = self.caller(&request, READERS, "GetAward").await?;
        answer(self.get_award_for(&caller, request.get_ref()).await)
    }

    async fn list_awards(&self, request: Request<pb::ListAwardsRequest>) -> Answer<pb::ListAwardsResponse> {
        let caller = self.caller(&request, READERS, "ListAwards").await?;
        answer(self.list_awards_for(&caller, request.get_ref()).await)
    }

    async fn register_exclusion(
        &self,
        request: Request<pb::RegisterExclusionRequest>,
    ) -> Answer<pb::RegisterExclusionResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterExclusion").await?;
        answer(self.register_exclusion_for(&caller, request.get_ref()).await)
    }

    async fn amend_exclusion(
        &self,
        request: Request<pb::AmendExclusionRequest>,
    ) -> Answer<pb::AmendExclusionResponse> {
        let caller = self.caller(&request, BUREAU, "AmendExclusion").await?;
        answer(self.amend_exclusion_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_exclusion(
        &self,
        request: Request<pb::WithdrawExclusionRequest>,
    ) -> Answer<pb::WithdrawExclusionResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawExclusion").await?;
        answer(self.withdraw_exclusion_for(&caller, request.get_ref()).await)
    }

    async fn get_exclusion(
        &self,
        request: Request<pb::GetExclusionRequest>,
    ) -> Answer<pb::GetExclusionResponse> {
        let caller = self.caller(&request, READERS, "GetExclusion").await?;
        answer(self.get_exclusion_for(&caller, request.get_ref()).await)
    }

    async fn list_exclusions(
        &self,
        request: Request<pb::ListExclusionsRequest>,
    ) -> Answer<pb::ListExclusionsResponse> {
        let caller = self.caller(&request, READERS, "ListExclusions").await?;
        answer(self.list_exclusions_for(&caller, request.get_ref()).await)
    }

    async fn register_other_award(
        &self,
        request: Request<pb::RegisterOtherAwardRequest>,
    ) -> Answer<pb::RegisterOtherAwardResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterOtherAward").await?;
        answer(self.register_other_award_for(&caller, request.get_ref()).await)
    }

    async fn amend_other_award(
        &self,
        request: Request<pb::AmendOtherAwardRequest>,
    ) -> Answer<pb::AmendOtherAwardResponse> {
        let caller = self.caller(&request, BUREAU, "AmendOtherAward").await?;
        answer(self.amend_other_award_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_other_award(
        &self,
        request: Request<pb::WithdrawOtherAwardRequest>,
    ) -> Answer<pb::WithdrawOtherAwardResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawOtherAward").await?;
        answer(self.withdraw_other_award_for(&caller, request.get_ref()).await)
    }

    async fn get_other_award(
        &self,
        request: Request<pb::GetOtherAwardRequest>,
    ) -> Answer<pb::GetOtherAwardResponse> {
        let caller = self.caller(&request, READERS, "GetOtherAward").await?;
        answer(self.get_other_award_for(&caller, request.get_ref()).await)
    }

    async fn list_other_awards(
        &self,
        request: Request<pb::ListOtherAwardsRequest>,
    ) -> Answer<pb::ListOtherAwardsResponse> {
        let caller = self.caller(&request, READERS, "ListOtherAwards").await?;
        answer(self.list_other_awards_for(&caller, request.get_ref()).await)
    }

    async fn register_decision(
        &self,
        request: Request<pb::RegisterDecisionRequest>,
    ) -> Answer<pb::RegisterDecisionResponse> {
        let caller = self.caller(&request, BUREAU, "RegisterDecision").await?;
        answer(self.register_decision_for(&caller, request.get_ref()).await)
    }

    async fn amend_decision(
        &self,
        request: Request<pb::AmendDecisionRequest>,
    ) -> Answer<pb::AmendDecisionResponse> {
        let caller = self.caller(&request, BUREAU, "AmendDecision").await?;
        answer(self.amend_decision_for(&caller, request.get_ref()).await)
    }

    async fn withdraw_decision(
        &self,
        request: Request<pb::WithdrawDecisionRequest>,
    ) -> Answer<pb::WithdrawDecisionResponse> {
        let caller = self.caller(&request, BUREAU, "WithdrawDecision").await?;
        answer(self.withdraw_decision_for(&caller, request.get_ref()).await)
    }

    async fn get_decision(
        &self,
        request: Request<pb::GetDecisionRequest>,
    ) -> Answer<pb::GetDecisionResponse> {
        let caller = self.caller(&request, READERS, "GetDecision").await?;
        answer(self.get_decision_for(&caller, request.get_ref()).await)
    }

    async fn list_decisions(
        &self,
        request: Request<pb::ListDecisionsRequest>,
    ) -> Answer<pb::ListDecisionsResponse> {
        let caller = self.caller(&request, READERS, "ListDecisions").await?;
        answer(self.list_decisions_for(&caller, request.get_ref()).await)
    }

    async fn list_legal_persons(
        &self,
        request: Request<pb::ListLegalPersonsRequest>,
    ) -> Answer<pb::ListLegalPersonsResponse> {
        let caller = self.caller(&request, READERS, "ListLegalPersons").await?;
        answer(self.list_legal_persons_for(&caller, request.get_ref()).await)
    }

    async fn create_credential(
        &self,
        request: Request<pb::CreateCredentialRequest>,
    ) -> Answer<pb::CreateCredentialResponse> {
        let caller = self.caller(&request, BUREAU, "CreateCredential").await?;
        answer(self.create_credential_for(&caller, request.get_ref()).await)
    }

    async fn list_credentials(
        &self,
        request: Request<pb::ListCredentialsRequest>,
    ) -> Answer<pb::ListCredentialsResponse> {
        let caller = self.caller(&request, READERS, "ListCredentials").await?;
        answer(self.list_credentials_for(&caller, request.get_ref()).await)
    }

    async fn revoke_credential(
        &self,
        request: Request<pb::RevokeCredentialRequest>,
    ) -> Answer<pb::RevokeCredentialResponse> {
        let caller = self.caller(&request, BUREAU, "RevokeCredential").await?;
        answer(self.revoke_credential_for(&caller, request.get_ref()).await)
    }

    async fn import_registry(
        &self,
        request: Request<Streaming<pb::ImportRegistryRequest>>,
    ) -> Answer<Self::ImportRegistryStream> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(BUREAU, "ImportRegistry")?;
        Ok(Response::new(self.import(caller, request.into_inner())))
    }
}
