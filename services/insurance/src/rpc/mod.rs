//! The calls of the service: who may make them, then one function a call.

mod batch;
mod import;
mod policies;

use api::common::v1::PremiumAssessment;
use api::insurance::v1 as pb;
use api::insurance::v1::insurance_on_behalf_service_server::InsuranceOnBehalfService;
use api::insurance::v1::insurance_service_server::InsuranceService;
use api::verbs::WriteAnswer;
use exchange::Row;
use ledger::reporter::{Assess, Reporter, keyed, required};
use ledger::{Caller, Error, Ledger, Role, Stamp};
use platform::database::BoxFuture;
use policy::ident::InstitutionCode;
use sqlx::PgConnection;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Policies;
use crate::assessment;

type Answer<T> = Result<Response<T>, Status>;

/// A message as the answer, or its error at the door.
fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(Response::new(result?))
}

impl Assess for Policies {
    type Assessment = PremiumAssessment;

    fn of_rows<'c>(
        tx: &'c mut PgConnection,
        ledger: &'c Ledger,
        stamp: &'c Stamp,
        institution: &'c InstitutionCode,
        rows: &'c [Row],
    ) -> BoxFuture<'c, Result<Vec<PremiumAssessment>, Error>> {
        Box::pin(assessment::of_rows(tx, ledger, stamp, institution, rows))
    }
}

impl Policies {
    /// The call of an institution about its own records.
    fn own<T>(&self, request: &Request<T>, rpc: &'static str) -> Result<Reporter<Self>, Error> {
        Reporter::own(&self.ledger, request, rpc)
    }
}

#[tonic::async_trait]
impl InsuranceService for Policies {
    type ImportInsuranceFactsStream = ReceiverStream<Result<pb::ImportInsuranceFactsResponse, Status>>;

    async fn report_policy(
        &self,
        request: Request<pb::ReportPolicyRequest>,
    ) -> Answer<pb::ReportPolicyResponse> {
        let reporter = self.own(&request, "ReportPolicy")?;
        answer(policies::report(&reporter, request.get_ref()).await)
    }

    async fn amend_policy(
        &self,
        request: Request<pb::AmendPolicyRequest>,
    ) -> Answer<pb::AmendPolicyResponse> {
        let reporter = self.own(&request, "AmendPolicy")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_policy(
        &self,
        request: Request<pb::WithdrawPolicyRequest>,
    ) -> Answer<pb::WithdrawPolicyResponse> {
        let reporter = self.own(&request, "WithdrawPolicy")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_policy(&self, request: Request<pb::GetPolicyRequest>) -> Answer<pb::GetPolicyResponse> {
        let reporter = self.own(&request, "GetPolicy")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Answer<pb::ListPoliciesResponse> {
        let reporter = self.own(&request, "ListPolicies")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn report_policy_patent(
        &self,
        request: Request<pb::ReportPolicyPatentRequest>,
    ) -> Answer<pb::ReportPolicyPatentResponse> {
        let reporter = self.own(&request, "ReportPolicyPatent")?;
        answer(reporter.report(request.get_ref()).await)
    }

    async fn amend_policy_patent(
        &self,
        request: Request<pb::AmendPolicyPatentRequest>,
    ) -> Answer<pb::AmendPolicyPatentResponse> {
        let reporter = self.own(&request, "AmendPolicyPatent")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_policy_patent(
        &self,
        request: Request<pb::WithdrawPolicyPatentRequest>,
    ) -> Answer<pb::WithdrawPolicyPatentResponse> {
        let reporter = self.own(&request, "WithdrawPolicyPatent")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_policy_patent(
        &self,
        request: Request<pb::GetPolicyPatentRequest>,
    ) -> Answer<pb::GetPolicyPatentResponse> {
        let reporter = self.own(&request, "GetPolicyPatent")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_policy_patents(
        &self,
        request: Request<pb::ListPolicyPatentsRequest>,
    ) -> Answer<pb::ListPolicyPatentsResponse> {
        let reporter = self.own(&request, "ListPolicyPatents")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn report_premium_event(
        &self,
        request: Request<pb::ReportPremiumEventRequest>,
    ) -> Answer<pb::ReportPremiumEventResponse> {
        let reporter = self.own(&request, "ReportPremiumEvent")?;
        answer(reporter.report(request.get_ref()).await)
    }

    async fn amend_premium_event(
        &self,
        request: Request<pb::AmendPremiumEventRequest>,
    ) -> Answer<pb::AmendPremiumEventResponse> {
        let reporter = self.own(&request, "AmendPremiumEvent")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_premium_event(
        &self,
        request: Request<pb::WithdrawPremiumEventRequest>,
    ) -> Answer<pb::WithdrawPremiumEventResponse> {
        let reporter = self.own(&request, "WithdrawPremiumEvent")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_premium_event(
        &self,
        request: Request<pb::GetPremiumEventRequest>,
    ) -> Answer<pb::GetPremiumEventResponse> {
        let reporter = self.own(&request, "GetPremiumEvent")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_premium_events(
        &self,
        request: Request<pb::ListPremiumEventsRequest>,
    ) -> Answer<pb::ListPremiumEventsResponse> {
        let reporter = self.own(&request, "ListPremiumEvents")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn batch_report(
        &self,
        request: Request<pb::BatchReportRequest>,
    ) -> Answer<pb::BatchReportResponse> {
        let reporter = self.own(&request, "BatchReport")?;
        answer(batch::report(&reporter, request.get_ref()).await)
    }

    async fn import_insurance_facts(
        &self,
        request: Request<Streaming<pb::ImportInsuranceFactsRequest>>,
    ) -> Answer<Self::ImportInsuranceFactsStream> {
        let caller = Caller::admitted(&request, &[Role::Institution], "ImportInsuranceFacts")?;
        Ok(Response::new(import::own(
            self.ledger.clone(),
            caller,
            request.into_inner(),
        )))
    }
}

#[tonic::async_trait]
impl InsuranceOnBehalfService for Policies {
    type ImportInsuranceFactsOnBehalfStream =
        ReceiverStream<Result<pb::ImportInsuranceFactsOnBehalfResponse, Status>>;

    async fn report_on_behalf(
        &self,
        request: Request<pb::ReportOnBehalfRequest>,
    ) -> Answer<pb::ReportOnBehalfResponse> {
        use pb::report_on_behalf_request::Report;
        let body = request.get_ref();
        let reporter =
            Reporter::<Self>::on_behalf(&self.ledger, &request, "ReportOnBehalf", &body.institution_code)?;
        let key = body.request_id.as_str();
        let (receipt, assessments) = match wrapped(body)? {
            Report::ReportPolicy(inner) => policies::report(&reporter, &keyed(inner, key)?)
                .await?
                .into_parts(),
            Report::AmendPolicy(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawPolicy(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
            Report::ReportPolicyPatent(inner) => reporter.report(&keyed(inner, key)?).await?.into_parts(),
            Report::AmendPolicyPatent(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawPolicyPatent(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
            Report::ReportPremiumEvent(inner) => reporter.report(&keyed(inner, key)?).await?.into_parts(),
            Report::AmendPremiumEvent(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawPremiumEvent(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
        };
        Ok(Response::new(pb::ReportOnBehalfResponse { receipt, assessments }))
    }

    async fn import_insurance_facts_on_behalf(
        &self,
        request: Request<Streaming<pb::ImportInsuranceFactsOnBehalfRequest>>,
    ) -> Answer<Self::ImportInsuranceFactsOnBehalfStream> {
        let caller = Caller::admitted(&request, &[Role::Bureau], "ImportInsuranceFactsOnBehalf")?;
        Ok(Response::new(import::on_behalf(
            self.ledger.clone(),
            caller,
            request.into_inner(),
        )))
    }
}

/// The request inside; a call without one is a mistake.
fn wrapped(body: &pb::ReportOnBehalfRequest) -> Result<&pb::report_on_behalf_request::Report, Error> {
    let report = body.report.as_ref();
    report.ok_or_else(|| required("report", "缺少报送内容", "a report is required"))
}
