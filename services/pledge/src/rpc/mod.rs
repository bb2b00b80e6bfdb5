//! The calls of the service: who may make them, then one function a call.

mod batch;
mod import;
mod loans;

use api::common::v1::LoanAssessment;
use api::pledge::v1 as pb;
use api::pledge::v1::pledge_on_behalf_service_server::PledgeOnBehalfService;
use api::pledge::v1::pledge_service_server::PledgeService;
use api::verbs::WriteAnswer;
use exchange::Row;
use ledger::reporter::{Assess, Reporter, keyed, required};
use ledger::{Caller, Error, Ledger, Role, Stamp};
use platform::database::BoxFuture;
use policy::ident::InstitutionCode;
use sqlx::PgConnection;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Pledges;
use crate::assessment;

type Answer<T> = Result<Response<T>, Status>;

/// A message as the answer, or its error at the door.
fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(Response::new(result?))
}

impl Assess for Pledges {
    type Assessment = LoanAssessment;

    fn of_rows<'c>(
        tx: &'c mut PgConnection,
        ledger: &'c Ledger,
        stamp: &'c Stamp,
        institution: &'c InstitutionCode,
        rows: &'c [Row],
    ) -> BoxFuture<'c, Result<Vec<LoanAssessment>, Error>> {
        Box::pin(assessment::of_rows(tx, ledger, stamp, institution, rows))
    }
}

impl Pledges {
    /// The call of an institution about its own records.
    fn own<T>(&self, request: &Request<T>, rpc: &'static str) -> Result<Reporter<Self>, Error> {
        Reporter::own(&self.ledger, request, rpc)
    }
}

#[tonic::async_trait]
impl PledgeService for Pledges {
    type ImportPledgeFactsStream = ReceiverStream<Result<pb::ImportPledgeFactsResponse, Status>>;

    async fn report_pledge(
        &self,
        request: Request<pb::ReportPledgeRequest>,
    ) -> Answer<pb::ReportPledgeResponse> {
        let reporter = self.own(&request, "ReportPledge")?;
        answer(reporter.report(request.get_ref()).await)
    }

    async fn amend_pledge(
        &self,
        request: Request<pb::AmendPledgeRequest>,
    ) -> Answer<pb::AmendPledgeResponse> {
        let reporter = self.own(&request, "AmendPledge")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_pledge(
        &self,
        request: Request<pb::WithdrawPledgeRequest>,
    ) -> Answer<pb::WithdrawPledgeResponse> {
        let reporter = self.own(&request, "WithdrawPledge")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_pledge(&self, request: Request<pb::GetPledgeRequest>) -> Answer<pb::GetPledgeResponse> {
        let reporter = self.own(&request, "GetPledge")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_pledges(
        &self,
        request: Request<pb::ListPledgesRequest>,
    ) -> Answer<pb::ListPledgesResponse> {
        let reporter = self.own(&request, "ListPledges")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn report_loan(&self, request: Request<pb::ReportLoanRequest>) -> Answer<pb::ReportLoanResponse> {
        let reporter = self.own(&request, "ReportLoan")?;
        answer(loans::report(&reporter, request.get_ref()).await)
    }

    async fn amend_loan(&self, request: Request<pb::AmendLoanRequest>) -> Answer<pb::AmendLoanResponse> {
        let reporter = self.own(&request, "AmendLoan")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_loan(
        &self,
        request: Request<pb::WithdrawLoanRequest>,
    ) -> Answer<pb::WithdrawLoanResponse> {
        let reporter = self.own(&request, "WithdrawLoan")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_loan(&self, request: Request<pb::GetLoanRequest>) -> Answer<pb::GetLoanResponse> {
        let reporter = self.own(&request, "GetLoan")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_loans(&self, request: Request<pb::ListLoansRequest>) -> Answer<pb::ListLoansResponse> {
        let reporter = self.own(&request, "ListLoans")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn report_loan_event(
        &self,
        request: Request<pb::ReportLoanEventRequest>,
    ) -> Answer<pb::ReportLoanEventResponse> {
        let reporter = self.own(&request, "ReportLoanEvent")?;
        answer(reporter.report(request.get_ref()).await)
    }

    async fn amend_loan_event(
        &self,
        request: Request<pb::AmendLoanEventRequest>,
    ) -> Answer<pb::AmendLoanEventResponse> {
        let reporter = self.own(&request, "AmendLoanEvent")?;
        answer(reporter.amend(request.get_ref()).await)
    }

    async fn withdraw_loan_event(
        &self,
        request: Request<pb::WithdrawLoanEventRequest>,
    ) -> Answer<pb::WithdrawLoanEventResponse> {
        let reporter = self.own(&request, "WithdrawLoanEvent")?;
        answer(reporter.withdraw(request.get_ref()).await)
    }

    async fn get_loan_event(
        &self,
        request: Request<pb::GetLoanEventRequest>,
    ) -> Answer<pb::GetLoanEventResponse> {
        let reporter = self.own(&request, "GetLoanEvent")?;
        answer(reporter.get(request.get_ref()).await)
    }

    async fn list_loan_events(
        &self,
        request: Request<pb::ListLoanEventsRequest>,
    ) -> Answer<pb::ListLoanEventsResponse> {
        let reporter = self.own(&request, "ListLoanEvents")?;
        answer(reporter.list(request.get_ref()).await)
    }

    async fn batch_report(
        &self,
        request: Request<pb::BatchReportRequest>,
    ) -> Answer<pb::BatchReportResponse> {
        let reporter = self.own(&request, "BatchReport")?;
        answer(batch::report(&reporter, request.get_ref()).await)
    }

    async fn import_pledge_facts(
        &self,
        request: Request<Streaming<pb::ImportPledgeFactsRequest>>,
    ) -> Answer<Self::ImportPledgeFactsStream> {
        let caller = Caller::admitted(&request, &[Role::Institution], "ImportPledgeFacts")?;
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
        let reporter =
            Reporter::<Self>::on_behalf(&self.ledger, &request, "ReportOnBehalf", &body.institution_code)?;
        let key = body.request_id.as_str();
        let (receipt, assessments) = match wrapped(body)? {
            Report::ReportPledge(inner) => reporter.report(&keyed(inner, key)?).await?.into_parts(),
            Report::AmendPledge(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawPledge(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
            Report::ReportLoan(inner) => loans::report(&reporter, &keyed(inner, key)?).await?.into_parts(),
            Report::AmendLoan(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawLoan(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
            Report::ReportLoanEvent(inner) => reporter.report(&keyed(inner, key)?).await?.into_parts(),
            Report::AmendLoanEvent(inner) => reporter.amend(&keyed(inner, key)?).await?.into_parts(),
            Report::WithdrawLoanEvent(inner) => reporter.withdraw(&keyed(inner, key)?).await?.into_parts(),
        };
        Ok(Response::new(pb::ReportOnBehalfResponse { receipt, assessments }))
    }

    async fn import_pledge_facts_on_behalf(
        &self,
        request: Request<Streaming<pb::ImportPledgeFactsOnBehalfRequest>>,
    ) -> Answer<Self::ImportPledgeFactsOnBehalfStream> {
        let caller = Caller::admitted(&request, &[Role::Bureau], "ImportPledgeFactsOnBehalf")?;
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
