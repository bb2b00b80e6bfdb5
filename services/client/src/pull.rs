//! Pulling a batch message by message; whatever breaks is taken up behind the last message that came.

use std::time::Duration;

use api::settlement::v1::{ListBatchMessagesRequest, StreamBatchRequest, StreamBatchResponse};
use exchange::batch::Receipt;
use futures_util::stream::{Stream, try_unfold};
use tonic::{Status, Streaming};

use crate::error::PullError;
use crate::parts::{Parts, PulledBatch};
use crate::proof::Proof;
use crate::retry::is_worth_a_retry;
use crate::{Client, within};

/// How long a call may take before it is taken up again.
pub(crate) const LONG: Duration = Duration::from_secs(900);
/// Breaks without anything new after which pulling stops.
const BREAKS_MOST: u32 = 6;
/// Pause after the first break; after the n-th without anything new it is n times as long.
const PAUSE: Duration = Duration::from_millis(200);
/// Messages a page.
const PAGE: i32 = 1000;

/// How the messages of a batch come. Both ways bring the same messages under the same numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// One stream (`StreamBatch`).
    #[default]
    Stream,
    /// Page by page (`ListBatchMessages`), where something between the two does not let streams through.
    Pages,
}

/// Called at every break with what was reached (messages, or bytes of an archive) and the status that broke it.
pub(crate) type Heard = Box<dyn Fn(u64, &Status) + Send + Sync>;

/// Breaks of one pull.
#[derive(Default)]
pub(crate) struct Breaks {
    count: u32,
    reached: u64,
    pub(crate) heard: Option<Heard>,
}

impl Breaks {
    /// Pauses after a break, or gives up. `reached` is a number that grows with what came.
    pub(crate) async fn pause(
        &mut self,
        call: &'static str,
        reached: u64,
        status: Status,
    ) -> Result<(), PullError> {
        self.count = if reached > self.reached { 1 } else { self.count + 1 };
        self.reached = reached;
        if self.count >= BREAKS_MOST || !is_worth_a_retry(&status) {
            let status = Box::new(status);
            return Err(PullError::Call { call, status });
        }
        if let Some(heard) = &self.heard {
            heard(reached, &status);
        }
        tokio::time::sleep(PAUSE * self.count).await;
        Ok(())
    }
}

/// Where the next message comes from.
enum Source {
    /// A call is to be made first.
    Closed,
    Stream(Streaming<StreamBatchResponse>),
    Page(std::vec::IntoIter<StreamBatchResponse>),
}

/// A batch being pulled, made by [`Client::pull`].
///
/// Each message comes once and in order, however often the connection breaks. After the last one, counts, sum and every digest of what
/// came are those of the receipt; otherwise the last message is an error and not the trailer.
pub struct Pull {
    client: Client,
    name: String,
    way: Way,
    source: Source,
    token: String,
    proof: Proof,
    breaks: Breaks,
    has_ended: bool,
}

impl Client {
    /// Begins to pull a batch, named `410500-2025-001` or `batches/410500-2025-001`. Nothing is sent yet.
    #[must_use]
    pub fn pull(&self, batch: &str) -> Pull {
        Pull {
            client: self.clone(),
            name: name_of(batch),
            way: Way::Stream,
            source: Source::Closed,
            token: String::new(),
            proof: Proof::default(),
            breaks: Breaks::default(),
            has_ended: false,
        }
    }
}

/// The resource name of a batch given by its number or its name.
pub(crate) fn name_of(batch: &str) -> String {
    let number = batch.strip_prefix("batches/").unwrap_or(batch);
    format!("batches/{number}")
}

impl Pull {
    /// Pulls this way; as a stream where it is not said.
    #[must_use]
    pub fn by(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// Calls `heard` at every break with the number of the last message that came and the status.
    #[must_use]
    pub fn on_break(mut self, heard: impl Fn(u64, &Status) + Send + Sync + 'static) -> Self {
        self.breaks.heard = Some(Box::new(heard));
        self
    }

    /// The next message; none after the trailer.
    ///
    /// # Errors
    /// [`PullError::Call`] where the service refuses, or the connection broke six times in a row without a message in between;
    /// [`PullError::Differs`] where what came is not what the batch says of itself. None follows after either.
    pub async fn next(&mut self) -> Result<Option<StreamBatchResponse>, PullError> {
        if self.has_ended {
            return Ok(None);
        }
        let next = self.reach().await;
        self.has_ended = next.is_err() || self.proof.is_whole;
        next.map(Some)
    }

    /// Leaves the call under way, if there is one: [`Pull::next`] makes a new one that goes on behind the last message.
    pub fn disconnect(&mut self) {
        self.source = Source::Closed;
    }

    /// The receipt of the batch, once the header came.
    #[must_use]
    pub const fn receipt(&self) -> Option<&Receipt> {
        self.proof.receipt.as_ref()
    }

    /// The messages as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<StreamBatchResponse, PullError>> {
        try_unfold(self, |mut pull| async move {
            let next = pull.next().await?;
            Ok(next.map(|message| (message, pull)))
        })
    }

    /// Pulls the whole batch into memory, as the files that `zhirong export` writes and `zhirong verify` computes again.
    ///
    /// # Errors
    /// As [`Pull::next`].
    pub async fn into_batch(mut self) -> Result<PulledBatch, PullError> {
        let mut parts = Parts::<Vec<u8>>::default();
        while let Some(response) = self.next().await? {
            if let Some(message) = &response.message {
                parts.take(message)?;
            }
        }
        match self.proof.receipt {
            Some(receipt) => Ok(PulledBatch {
                receipt,
                files: parts.files,
            }),
            None => Err(PullError::differs("缺少首条消息", "the header is missing")),
        }
    }

    async fn reach(&mut self) -> Result<StreamBatchResponse, PullError> {
        let call = match self.way {
            Way::Stream => "StreamBatch",
            Way::Pages => "ListBatchMessages",
        };
        loop {
            match self.fetch().await {
                Ok(message) => {
                    self.proof.take(&message)?;
                    self.token.clone_from(&message.resume_token);
                    return Ok(message);
                }
                Err(status) => {
                    self.source = Source::Closed;
                    let reached = u64::try_from(self.proof.sequence).unwrap_or_default();
                    self.breaks.pause(call, reached, status).await?;
                }
            }
        }
    }

    /// The next message of the call under way, or the first of a new one.
    async fn fetch(&mut self) -> Result<StreamBatchResponse, Status> {
        let came = match &mut self.source {
            Source::Closed => None,
            Source::Stream(stream) => stream.message().await?,
            Source::Page(page) => page.next(),
        };
        match (came, &self.source) {
            (Some(message), _) => Ok(message),
            // Streams end with the trailer, after which nothing is fetched: this one was cut off.
            (None, Source::Stream(_)) => Err(Status::unavailable("the stream ended before its trailer")),
            (None, Source::Closed | Source::Page(_)) => self.open().await,
        }
    }

    /// Calls, and takes the first message.
    async fn open(&mut self) -> Result<StreamBatchResponse, Status> {
        let receipt = self.proof.receipt.as_ref();
        let batch_digest = receipt
            .map(|receipt| receipt.batch_digest.clone())
            .unwrap_or_default();
        let mut settlement = self.client.settlement();
        let first = match self.way {
            Way::Stream => {
                let request = StreamBatchRequest {
                    name: self.name.clone(),
                    batch_digest,
                    resume_token: self.token.clone(),
                    ..StreamBatchRequest::default()
                };
                let mut stream = settlement.stream_batch(within(request, LONG)).await?.into_inner();
                let first = stream.message().await?;
                self.source = Source::Stream(stream);
                first
            }
            Way::Pages => {
                let request = ListBatchMessagesRequest {
                    parent: self.name.clone(),
                    page_size: PAGE,
                    page_token: self.token.clone(),
                    batch_digest,
                };
                let answer = settlement.list_batch_messages(within(request, LONG)).await?;
                let mut page = answer.into_inner().messages.into_iter();
                let first = page.next();
                self.source = Source::Page(page);
                first
            }
        };
        first.ok_or_else(|| Status::unavailable("an answer without a message came before the trailer"))
    }
}
