//! The calls of the service: who may make them, then one function a call.

mod batch;
mod import;
mod loan_events;
mod loans;
mod pledges;

use api::AuditedAnswer;
use api::common::v1::{LoanAssessment, Receipt};
use api::pledge::v1 as pb;
use api::pledge::v1::pledge_on_behalf_service_server::PledgeOnBehalfService;
use api::pledge::v1::pledge_service_server::PledgeService;
use ledger::command::Call;
use ledger::report::{Entry, apply};
use ledger::{Caller, Error, Ledger, Role};
use policy::ident::InstitutionCode;
use prost::Message;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Pledges;
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

impl Pledges {
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
        answer: fn(Receipt, Vec<LoanAssessment>) -> A,
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
impl PledgeService for Pledges {
    type ImportPledgeFactsStream = ReceiverStream<Result<pb::ImportPledgeFactsResponse, Status>>;

    async fn report_pledge(
        &self,
        request: Request<pb::ReportPledgeRequest>,
    ) -> Answer<pb::ReportPledgeResponse> {
        let reporter = self.own(&request, "ReportPledge").await?;
        answer(reporter.report_pledge(request.get_ref()).await)
    }

    async fn amend_pledge(
        &self,
        request: Request<pb::AmendPledgeRequest>,
    ) -> Answer<pb::AmendPledgeResponse> {
        let reporter = self.own(&request, "AmendPledge").await?;
        answer(reporter.amend_pledge(request.get_ref()).await)
    }

    async fn withdraw_pledge(
        &self,
        request: Request<pb::WithdrawPledgeRequest>,
    ) -> Answer<pb::WithdrawPledgeResponse> {
        let reporter = self.own(&request, "WithdrawPledge").await?;
        answer(reporter.withdraw_pledge(request.get_ref()).await)
    }

    async fn get_pledge(&self, request: Request<pb::GetPledgeRequest>) -> Answer<pb::GetPledgeResponse> {
        let reporter = self.own(&request, "GetPledge").await?;
        answer(reporter.get_pledge(request.get_ref()).await)
    }

    async fn list_pledges(
        &self,
        request: Request<pb::ListPledgesRequest>,
    ) -> Answer<pb::ListPledgesResponse> {
        let reporter = self.own(&request, "ListPledges").await?;
        Ok(Response::new(
            reporter.list_pledges(request.get_ref().clone()).await?,
        ))
    }

    async fn report_loan(&self, request: Request<pb::ReportLoanRequest>) -> Answer<pb::ReportLoanResponse> {
        let reporter = self.own(&request, "ReportLoan").await?;
        answer(reporter.report_loan(request.get_ref()).await)
    }

    async fn amend_loan(&self, request: Request<pb::AmendLoanRequest>) -> Answer<pb::AmendLoanResponse> {
        let reporter = self.own(&request, "AmendLoan").await?;
        answer(reporter.amend_loan(request.get_ref()).await)
    }

    async fn withdraw_loan(
        &self,
        request: Request<pb::WithdrawLoanRequest>,
    ) -> Answer<pb::WithdrawLoanResponse> {
        let reporter = self.own(&request, "WithdrawLoan").await?;
        answer(reporter.withdraw_loan(request.get_ref()).await)
    }

    async fn get_loan(&self, request: Request<pb::GetLoanRequest>) -> Answer<pb::GetLoanResponse> {
        let reporter = self.own(&request, "GetLoan").await?;
        answer(reporter.get_loan(request.get_ref()).await)
    }

    async fn list_loans(&self, request: Request<pb::ListLoansRequest>) -> Answer<pb::ListLoansResponse> {
        let reporter = self.own(&request, "ListLoans").await?;
        Ok(Response::new(
            reporter.list_loans(request.get_ref().clone()).await?,
        ))
    }

    async fn report_loan_event(
        &self,
        request: Request<pb::ReportLoanEventRequest>,
    ) -> Answer<pb::ReportLoanEventResponse> {
        let reporter = self.own(&request, "ReportLoanEvent").await?;
        answer(reporter.report_loan_event(request.get_ref()).await)
    }

    async fn amend_loan_event(
        &self,
        request: Request<pb::AmendLoanEventRequest>,
    ) -> Answer<pb::AmendLoanEventResponse> {
        let reporter = self.own(&request, "AmendLoanEvent").await?;
        answer(reporter.amend_loan_event(request.get_ref()).await)
    }

    async fn withdraw_loan_event(
        &self,
        request: Request<pb::WithdrawLoanEventRequest>,
    ) -> Answer<pb::WithdrawLoanEventResponse> {
        let reporter = self.own(&request, "WithdrawLoanEvent").await?;
        answer(reporter.withdraw_loan_event(request.get_ref()).await)
    }

    async fn get_loan_event(
        &self,
        request: Request<pb::GetLoanEventRequest>,
    ) -> Answer<pb::GetLoanEventResponse> {
        let reporter = self.own(&request, "GetLoanEvent").await?;
        answer(reporter.get_loan_event(request.get_ref()).await)
    }

    async fn list_loan_events(
        &self,
        request: Request<pb::ListLoanEventsRequest>,
    ) -> Answer<pb::ListLoanEventsResponse> {
        let reporter = self.own(&request, "ListLoanEvents").await?;
        Ok(Response::new(
            reporter.list_loan_events(request.get_ref().clone()).await?,
        ))
    }

    async fn batch_report(
        &self,
        request: Request<pb::BatchReportRequest>,
    ) -> Answer<pb::BatchReportResponse> {
        let reporter = self.own(&request, "BatchReport").await?;
        answer(reporter.batch_report(request.get_ref()).await)
    }

    async fn import_pledge_facts(
        &self,
        request: Request<Streaming<pb::ImportPledgeFactsRequest>>,
    ) -> Answer<Self::ImportPledgeFactsStream> {
        let caller = self.callers.identify(request.extensions()).await?;
        caller.require(&[Role::Institution], "ImportPledgeFacts")?;
        Ok(Response::new(import::own(
            self.ledger.clone(),
            caller,
            request.into_inner(),
        )))
    }
}

#[tonic::async_trait]
impl PledgeOnBehalfService for Pledges {
    type ImportPledgeFactsOnBehalfStream =
        ReceiverStream<Result<pb::ImportPledgeFactsOnBehalfResponse, Status>>;

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
            Report::ReportPledge(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_pledge(&inner).await?;
                (answer.receipt, answer.assessments)
            }
            Report::AmendPledge(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_pledge(&inner).await?;
                (answer.receipt, answer.assessments)
            }
            Report::WithdrawPledge(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_pledge(&inner).await?;
                (answer.receipt, answer.assessments)
            }
            Report::ReportLoan(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_loan(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::AmendLoan(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_loan(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::WithdrawLoan(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_loan(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::ReportLoanEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.report_loan_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::AmendLoanEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.amend_loan_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
            Report::WithdrawLoanEvent(inner) => {
                let mut inner = inner.clone();
                same_key(&mut inner.request_id, &body.request_id)?;
                let answer = reporter.withdraw_loan_event(&inner).await?;
                (answer.receipt, answer.assessment.into_iter().collect())
            }
        };
        Ok(Response::new(pb::ReportOnBehalfResponse { receipt, assessments }))
    }

    async fn import_pledge_facts_on_behalf(
        &self,
        request: Request<Streaming<pb::ImportPledgeFactsOnBehalfRequest>>,
    ) -> Answer<Self::ImportPledgeFactsOnBehalfStream> {
        let caller = self.bureau(&request, "ImportPledgeFactsOnBehalf").await?;
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
