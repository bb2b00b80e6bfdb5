//! The calls of the service: who may make them, then one function a call.

mod batch;
mod import;
mod policies;
mod policy_patents;
mod premium_events;

use api::AuditedAnswer;
use api::common::v1::{PremiumAssessment, Receipt};
use api::insurance::v1 as pb;
use api::insurance::v1::insurance_on_behalf_service_server::InsuranceOnBehalfService;
use api::insurance::v1::insurance_service_server::InsuranceService;
use ledger::command::Call;
use ledger::report::{Entry, apply};
use ledger::{Caller, Error, Ledger, Role};
use policy::ident::InstitutionCode;
use prost::Message;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Policies;
use crate::assessment;

type Answer<T> = Result<Response<T>, Status>;

/// A message as the answer, or its error at the door.
fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(Response::new(result?))
}

/// One call for one institution: its own, or the bureau's on its behalf.
pub(crate) struct Reporter {
    pub(crate) ledger: Ledger,
    pub(crate) caller: Caller,
    institution: InstitutionCode,
    on_behalf: bool,
}

impl Policies {
    /// The call of an institution about its own records.
    async fn own<T: Sync>(&self, request: &Request<T>, rpc: &'static str) -> Result<Reporter, Error> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(&[Role::Institution], rpc)?;
        let institution = caller.institution().ok_or(Error::CallerUnknown)?;
        Ok(Reporter {
            ledger: self.ledger.clone(),
            caller,
            institution,
            on_behalf: false,
        })
    }

    /// The call of the bureau for an institution.
    async fn on_behalf<T: Sync>(
        &self,
        request: &Request<T>,
        rpc: &'static str,
        code: &str,
    ) -> Result<Reporter, Error> {
        let caller = self.bureau(request, rpc).await?;
        let institution = InstitutionCode::from_canonical(code.trim()).map_err(|error| {
            Error::invalid(
                "institution_code",
                "INSTITUTION_CODE_MALFORMED",
                "机构代码格式不正确",
                error.to_string(),
            )
        })?;
        Ok(Reporter {
            ledger: self.ledger.clone(),
            caller,
            institution,
            on_behalf: true,
        })
    }

    async fn bureau<T: Sync>(&self, request: &Request<T>, rpc: &'static str) -> Result<Caller, Error> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(&[Role::Bureau], rpc)?;
        Ok(caller)
    }
}

impl Reporter {
    /// The institution's code.
    pub(crate) fn code(&self) -> &str {
        self.institution.as_str()
    }

    /// One writing call: the entries are stored and what they stand for is answered, in one transaction.
    pub(crate) async fn write<B, A>(
        &self,
        rpc: &'static str,
        request_id: &str,
        body: &B,
        entries: Vec<Entry>,
        answer: fn(Receipt, Vec<PremiumAssessment>) -> A,
    ) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
    {
        let call = Call {
            caller: &self.caller,
            rpc,
            request_id,
            body,
            object: self.institution.to_string(),
            on_behalf: self.on_behalf,
            writes_facts: true,
        };
        let (ledger, institution) = (self.ledger.clone(), self.institution.clone());
        self.ledger
            .command(call, move |tx, stamp| {
                let (ledger, institution, entries) = (ledger.clone(), institution.clone(), entries.clone());
                Box::pin(async move {
                    let applied = apply(tx, &stamp, entries).await?;
                    let assessments =
                        assessment::of_rows(tx, &ledger, &stamp, &institution, &applied.rows).await?;
                    Ok(answer(applied.receipt, assessments))
                })
            })
            .await
    }
}

#[tonic::async_trait]
impl InsuranceService for Policies {
    type ImportInsuranceFactsStream = ReceiverStream<Result<pb::ImportInsuranceFactsResponse, Status>>;

    async fn report_policy(
        &self,
        request: Request<pb::ReportPolicyRequest>,
    ) -> Answer<pb::ReportPolicyResponse> {
        let reporter = self.own(&request, "ReportPolicy").await?;
        answer(reporter.report_policy(request.get_ref()).await)
    }

    async fn amend_policy(
        &self,
        request: Request<pb::AmendPolicyRequest>,
    ) -> Answer<pb::AmendPolicyResponse> {
        let reporter = self.own(&request, "AmendPolicy").await?;
        answer(reporter.amend_policy(request.get_ref()).await)
    }

    async fn withdraw_policy(
        &self,
        request: Request<pb::WithdrawPolicyRequest>,
    ) -> Answer<pb::WithdrawPolicyResponse> {
        let reporter = self.own(&request, "WithdrawPolicy").await?;
        answer(reporter.withdraw_policy(request.get_ref()).await)
    }

    async fn get_policy(&self, request: Request<pb::GetPolicyRequest>) -> Answer<pb::GetPolicyResponse> {
        let reporter = self.own(&request, "GetPolicy").await?;
        answer(reporter.get_policy(request.get_ref()).await)
    }

    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Answer<pb::ListPoliciesResponse> {
        let reporter = self.own(&request, "ListPolicies").await?;
        Ok(Response::new(
            reporter.list_policies(request.get_ref().clone()).await?,
        ))
    }

    async fn report_policy_patent(
        &self,
        request: Request<pb::ReportPolicyPatentRequest>,
    ) -> Answer<pb::ReportPolicyPatentResponse> {
        let reporter = self.own(&request, "ReportPolicyPatent").await?;
        answer(reporter.report_policy_patent(request.get_ref()).await)
    }

    async fn amend_policy_patent(
        &self,
        request: Request<pb::AmendPolicyPatentRequest>,
    ) -> Answer<pb::AmendPolicyPatentResponse> {
        let reporter = self.own(&request, "AmendPolicyPatent").await?;
        answer(reporter.amend_policy_patent(request.get_ref()).await)
    }

    async fn withdraw_policy_patent(
        &self,
        request: Request<pb::WithdrawPolicyPatentRequest>,
    ) -> Answer<pb::WithdrawPolicyPatentResponse> {
        let reporter = self.own(&request, "WithdrawPolicyPatent").await?;
        answer(reporter.withdraw_policy_patent(request.get_ref()).await)
    }

    async fn get_policy_patent(
        &self,
        request: Request<pb::GetPolicyPatentRequest>,
    ) -> Answer<pb::GetPolicyPatentResponse> {
        let reporter = self.own(&request, "GetPolicyPatent").await?;
        answer(reporter.get_policy_patent(request.get_ref()).await)
    }

    async fn list_policy_patents(
        &self,
        request: Request<pb::ListPolicyPatentsRequest>,
    ) -> Answer<pb::ListPolicyPatentsResponse> {
        let reporter = self.own(&request, "ListPolicyPatents").await?;
        Ok(Response::new(
            reporter.list_policy_patents(request.get_ref().clone()).await?,
        ))
    }

    async fn report_premium_event(
        &self,
        request: Request<pb::ReportPremiumEventRequest>,
    ) -> Answer<pb::ReportPremiumEventResponse> {
        let reporter = self.own(&request, "ReportPremiumEvent").await?;
        answer(reporter.report_premium_event(request.get_ref()).await)
    }

    async fn amend_premium_event(
        &self,
        request: Request<pb::AmendPremiumEventRequest>,
    ) -> Answer<pb::AmendPremiumEventResponse> {
        let reporter = self.own(&request, "AmendPremiumEvent").await?;
        answer(reporter.amend_premium_event(request.get_ref()).await)
    }

    async fn withdraw_premium_event(
        &self,
        request: Request<pb::WithdrawPremiumEventRequest>,
    ) -> Answer<pb::WithdrawPremiumEventResponse> {
        let reporter = self.own(&request, "WithdrawPremiumEvent").await?;
        answer(reporter.withdraw_premium_event(request.get_ref()).await)
    }

    async fn get_premium_event(
        &self,
        request: Request<pb::GetPremiumEventRequest>,
    ) -> Answer<pb::GetPremiumEventResponse> {
        let reporter = self.own(&request, "GetPremiumEvent").await?;
        answer(reporter.get_premium_event(request.get_ref()).await)
    }

    async fn list_premium_events(
        &self,
        request: Request<pb::ListPremiumEventsRequest>,
    ) -> Answer<pb::ListPremiumEventsResponse> {
        let reporter = self.own(&request, "ListPremiumEvents").await?;
        Ok(Response::new(
            reporter.list_premium_events(request.get_ref().clone()).await?,
        ))
    }

    async fn batch_report(
        &self,
        request: Request<pb::BatchReportRequest>,
    ) -> Answer<pb::BatchReportResponse> {
        let reporter = self.own(&request, "BatchReport").await?;
        answer(reporter.batch_report(request.get_ref()).await)
    }

    async fn import_insurance_facts(
        &self,
        request: Request<Streaming<pb::ImportInsuranceFactsRequest>>,
    ) -> Answer<Self::ImportInsuranceFactsStream> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(&[Role::Institution], "ImportInsuranceFacts")?;
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
        let reporter = self
            .on_behalf(&request, "ReportOnBehalf", &body.institution_code)
            .await?;
        let (receipt, assessments) = match wrapped(body)? {
            Report::ReportPolicy(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_policy(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::AmendPolicy(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_policy(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::WithdrawPolicy(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_policy(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::ReportPolicyPatent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_policy_patent(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::AmendPolicyPatent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_policy_patent(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::WithdrawPolicyPatent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_policy_patent(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::ReportPremiumEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_premium_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::AmendPremiumEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_premium_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::WithdrawPremiumEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_premium_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
        };
        Ok(Response::new(pb::ReportOnBehalfResponse { receipt, assessments }))
    }

    async fn import_insurance_facts_on_behalf(
        &self,
        request: Request<Streaming<pb::ImportInsuranceFactsOnBehalfRequest>>,
    ) -> Answer<Self::ImportInsuranceFactsOnBehalfStream> {
        let caller = self.bureau(&request, "ImportInsuranceFactsOnBehalf").await?;
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
    report.ok_or_else(|| Error::invalid("report", "CELL_REQUIRED", "缺少报送内容", "a report is required"))
}

/// The wrapped request takes the key of the call around it; another key of its own is a mistake.
fn same_key(inner: &mut String, outer: &str) -> Result<(), Error> {
    if !inner.is_empty() && inner != outer {
        let en = "the wrapped request has another request id";
        return Err(Error::invalid(
            "report.request_id",
            "REQUEST_ID_DIFFERS",
            "内层请求号与外层不一致",
            en,
        ));
    }
    outer.clone_into(inner);
    Ok(())
}
