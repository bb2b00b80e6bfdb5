//! The calls of the service: who may make them, then one function a call.

mod change;
mod life;
mod message;
mod pull;
mod read;
mod review;
mod sandbox;

use api::settlement::v1 as pb;
use api::settlement::v1::settlement_service_server::SettlementService;
use ledger::caller::READERS;
use ledger::{Caller, Role};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::Settlement;

type Answer<T> = Result<Response<T>, Status>;

const MAKER: &[Role] = &[Role::FinanceMaker];
const CHECKER: &[Role] = &[Role::FinanceChecker];
const RELEASER: &[Role] = &[Role::FinanceReleaser];
const BUREAU: &[Role] = &[Role::Bureau];
/// Who looks at a batch after its maker, and may stop it.
const REVIEWERS: &[Role] = &[Role::FinanceChecker, Role::FinanceReleaser, Role::Bureau];

#[tonic::async_trait]
impl SettlementService for Settlement {
    type StreamBatchStream = ReceiverStream<Result<pb::StreamBatchResponse, Status>>;
    type DownloadBatchStream = ReceiverStream<Result<pb::DownloadBatchResponse, Status>>;

    async fn open_batch(&self, request: Request<pb::OpenBatchRequest>) -> Answer<pb::OpenBatchResponse> {
        let caller = Caller::admitted(&request, MAKER, "OpenBatch")?;
        Ok(Response::new(self.open(&caller, request.get_ref()).await?))
    }

    async fn compute_batch(
        &self,
        request: Request<pb::ComputeBatchRequest>,
    ) -> Answer<pb::ComputeBatchResponse> {
        let caller = Caller::admitted(&request, MAKER, "ComputeBatch")?;
        Ok(Response::new(self.compute(&caller, request.get_ref()).await?))
    }

    async fn submit_batch(
        &self,
        request: Request<pb::SubmitBatchRequest>,
    ) -> Answer<pb::SubmitBatchResponse> {
        let caller = Caller::admitted(&request, MAKER, "SubmitBatch")?;
        Ok(Response::new(self.submit(&caller, request.get_ref()).await?))
    }

    async fn return_batch(
        &self,
        request: Request<pb::ReturnBatchRequest>,
    ) -> Answer<pb::ReturnBatchResponse> {
        let caller = Caller::admitted(&request, REVIEWERS, "ReturnBatch")?;
        Ok(Response::new(self.give_back(&caller, request.get_ref()).await?))
    }

    async fn publish_notice(
        &self,
        request: Request<pb::PublishNoticeRequest>,
    ) -> Answer<pb::PublishNoticeResponse> {
        let caller = Caller::admitted(&request, BUREAU, "PublishNotice")?;
        Ok(Response::new(self.publish(&caller, request.get_ref()).await?))
    }

    async fn approve_batch(
        &self,
        request: Request<pb::ApproveBatchRequest>,
    ) -> Answer<pb::ApproveBatchResponse> {
        let caller = Caller::admitted(&request, CHECKER, "ApproveBatch")?;
        Ok(Response::new(self.approve(&caller, request.get_ref()).await?))
    }

    async fn release_batch(
        &self,
        request: Request<pb::ReleaseBatchRequest>,
    ) -> Answer<pb::ReleaseBatchResponse> {
        let caller = Caller::admitted(&request, RELEASER, "ReleaseBatch")?;
        Ok(Response::new(self.release(&caller, request.get_ref()).await?))
    }

    async fn cancel_batch(
        &self,
        request: Request<pb::CancelBatchRequest>,
    ) -> Answer<pb::CancelBatchResponse> {
        let caller = Caller::admitted(&request, MAKER, "CancelBatch")?;
        Ok(Response::new(self.cancel(&caller, request.get_ref()).await?))
    }

    async fn get_batch(&self, request: Request<pb::GetBatchRequest>) -> Answer<pb::GetBatchResponse> {
        let caller = Caller::admitted(&request, READERS, "GetBatch")?;
        Ok(Response::new(self.get(&caller, request.get_ref()).await?))
    }

    async fn list_batches(
        &self,
        request: Request<pb::ListBatchesRequest>,
    ) -> Answer<pb::ListBatchesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListBatches")?;
        Ok(Response::new(self.list(&caller, request.get_ref()).await?))
    }

    async fn list_lines(&self, request: Request<pb::ListLinesRequest>) -> Answer<pb::ListLinesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListLines")?;
        Ok(Response::new(self.lines(&caller, request.get_ref()).await?))
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Answer<pb::ListFindingsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListFindings")?;
        Ok(Response::new(self.findings(&caller, request.get_ref()).await?))
    }

    async fn explain_line(
        &self,
        request: Request<pb::ExplainLineRequest>,
    ) -> Answer<pb::ExplainLineResponse> {
        let caller = Caller::admitted(&request, READERS, "ExplainLine")?;
        Ok(Response::new(self.explain(&caller, request.get_ref()).await?))
    }

    async fn stream_batch(
        &self,
        request: Request<pb::StreamBatchRequest>,
    ) -> Answer<Self::StreamBatchStream> {
        let caller = Caller::admitted(&request, READERS, "StreamBatch")?;
        Ok(Response::new(self.pull(&caller, request.get_ref()).await?))
    }

    async fn list_batch_messages(
        &self,
        request: Request<pb::ListBatchMessagesRequest>,
    ) -> Answer<pb::ListBatchMessagesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListBatchMessages")?;
        Ok(Response::new(self.messages(&caller, request.get_ref()).await?))
    }

    async fn download_batch(
        &self,
        request: Request<pb::DownloadBatchRequest>,
    ) -> Answer<Self::DownloadBatchStream> {
        let caller = Caller::admitted(&request, READERS, "DownloadBatch")?;
        Ok(Response::new(self.download(&caller, request.get_ref()).await?))
    }
}
