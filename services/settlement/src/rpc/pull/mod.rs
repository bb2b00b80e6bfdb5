//! Pulling a batch: the same data as one stream, as pages and as one file, each resumable and under one digest.

mod file;
mod proof;
mod token;
mod walk;

use api::settlement::v1 as pb;
use ledger::Caller;
use ledger::read::page_size;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use self::proof::{Proven, prove};
use self::walk::{Mark, Outbox, Page, Source, Stop, walk};
use super::change::number_of;
use super::message;
use crate::Settlement;
use crate::error::Error;
use crate::model::BatchNo;

/// Messages that may wait for a slow reader before the stream stops reading.
const MESSAGES_WAITING: usize = 16;

/// The batch as the header carries it: from its release on as it was released, whatever became of it since, so that pulling again
/// gives the same bytes.
async fn header(tx: &mut PgConnection, number: &BatchNo, proven: &Proven) -> Result<pb::Batch, Error> {
    let mut batch = message::batch(tx, number, &proven.stored).await?;
    if batch.released_at.is_some() {
        batch.state = pb::BatchState::Released.into();
        batch.paid_at = None;
        batch.etag = format!("released-{}", proven.receipt.batch_digest);
    }
    Ok(batch)
}

impl Settlement {
    pub(super) async fn pull(
        &self,
        caller: &Caller,
        body: &pb::StreamBatchRequest,
    ) -> Result<ReceiverStream<Result<pb::StreamBatchResponse, Status>>, Error> {
        let number = number_of(caller, &body.name)?;
        let wanted = token::of_stream(&number, body)?;
        let scope = caller.scope(self.ledger.role);
        let (of, digest) = (number.clone(), wanted.digest);
        let (proven, header) = self
            .ledger
            .database
            .snapshot("settlement.pull", &scope, move |tx| {
                let (of, digest) = (of.clone(), digest.clone());
                Box::pin(async move {
                    let proven = prove(tx, &of, &digest).await?;
                    let header = header(tx, &of, &proven).await?;
                    Ok::<_, Error>((proven, header))
                })
            })
            .await?;
        let (messages, stream) = mpsc::channel(MESSAGES_WAITING);
        let failures = messages.clone();
        let mark = Mark::new(&number, &proven.receipt.batch_digest, wanted.after);
        let mut outbox = Outbox::stream(mark, messages);
        let settlement = self.clone();
        tokio::spawn(async move {
            let mut source = Source::Anew { settlement, scope };
            if let Err(Stop::Failed(error)) = walk(&mut outbox, &mut source, proven, header, &number).await {
                // The receiver may be gone already: then nobody is left to tell.
                let _gone = failures.send(Err(error.into())).await;
            }
        });
        Ok(ReceiverStream::new(stream))
    }

    pub(super) async fn messages(
        &self,
        caller: &Caller,
        body: &pb::ListBatchMessagesRequest,
    ) -> Result<pb::ListBatchMessagesResponse, Error> {
        let number = number_of(caller, &body.parent)?;
        let size = usize::try_from(page_size(body.page_size)?).unwrap_or(usize::MAX);
        let wanted = token::wanted(&number, "page_token", &body.page_token, &body.batch_digest)?;
        let scope = caller.scope(self.ledger.role);
        self.ledger
            .database
            .snapshot("settlement.list_batch_messages", &scope, move |tx| {
                let (number, wanted) = (number.clone(), wanted.clone());
                Box::pin(async move {
                    let proven = prove(tx, &number, &wanted.digest).await?;
                    let header = header(tx, &number, &proven).await?;
                    let batch_digest = proven.receipt.batch_digest.clone();
                    let mut outbox = Outbox::page(Mark::new(&number, &batch_digest, wanted.after), size);
                    let mut source = Source::Within(tx);
                    let has_more = match walk(&mut outbox, &mut source, proven, header, &number).await {
                        Ok(()) => false,
                        Err(Stop::Done) => true,
                        Err(Stop::Failed(error)) => return Err(error),
                    };
                    let Page { messages, .. } = outbox.into_page();
                    let last = messages.last().filter(|_| has_more);
                    Ok(pb::ListBatchMessagesResponse {
                        next_page_token: last.map(|last| last.resume_token.clone()).unwrap_or_default(),
                        messages,
                        batch_digest,
                    })
                })
            })
            .await
    }
}
