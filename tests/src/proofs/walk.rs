//! The verbs of a batch as things to be called by anybody, in any order.

use std::time::Duration;

use api::settlement::v1 as pb;
use client::{Client, within};
use tonic::Status;

use crate::batch::opening;
use crate::ids;

/// How long a step may take.
const LONG: Duration = Duration::from_secs(60);

/// A verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Opens a draft.
    Open,
    /// Computes it.
    Compute,
    /// Submits it for review.
    Submit,
    /// Puts it on public notice.
    Publish,
    /// Moves the business date past its notice.
    Wait,
    /// Approves it.
    Approve,
    /// Releases it.
    Release,
    /// Returns it to its maker.
    Return,
    /// Cancels it.
    Cancel,
}

impl Verb {
    /// The way to release.
    pub const WAY: [Self; 7] = [
        Self::Open,
        Self::Compute,
        Self::Submit,
        Self::Publish,
        Self::Wait,
        Self::Approve,
        Self::Release,
    ];

    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Compute,
        Self::Submit,
        Self::Publish,
        Self::Wait,
        Self::Approve,
        Self::Release,
        Self::Return,
        Self::Cancel,
    ];

    /// The certificate of whoever may.
    #[must_use]
    pub const fn office(self) -> &'static str {
        match self {
            Self::Open | Self::Compute | Self::Submit | Self::Wait | Self::Cancel => "finance-maker",
            Self::Publish => "bureau",
            Self::Approve | Self::Return => "finance-checker",
            Self::Release => "finance-releaser",
        }
    }

    /// What a batch is called after the verb.
    #[must_use]
    pub const fn after(self) -> &'static str {
        match self {
            Self::Open | Self::Compute | Self::Return => "draft",
            Self::Submit => "in_review",
            Self::Publish | Self::Wait => "public_notice",
            Self::Approve => "approved",
            Self::Release => "released",
            Self::Cancel => "cancelled",
        }
    }
}

/// A call: the same one may be made again.
#[derive(Debug, Clone)]
pub struct Call {
    /// The verb.
    pub verb: Verb,
    /// Its request key.
    pub request_id: String,
    /// Policy year.
    pub year: i32,
    /// Name of the batch; not for opening.
    pub name: String,
    /// The digest that is agreed to.
    pub batch_digest: String,
}

impl Call {
    /// A new call about a batch as it stands.
    #[must_use]
    pub fn new(verb: Verb, year: i32, batch: &pb::Batch) -> Self {
        Self {
            verb,
            request_id: ids::request_id(),
            year,
            name: batch.name.clone(),
            batch_digest: crate::batch::digest(batch),
        }
    }

    /// Makes it; answers the batch after it, none where the verb is about none.
    ///
    /// # Errors
    /// The refusal.
    pub async fn make(&self, client: &Client) -> Result<Option<pb::Batch>, Status> {
        let Self {
            request_id,
            name,
            batch_digest,
            ..
        } = self.clone();
        let mut service = client.settlement();
        macro_rules! verb {
            ($rpc:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
                service
                    .$rpc(within(pb::$request { request_id, $($field: $value),* }, LONG))
                    .await
                    .map(|answer| answer.into_inner().batch)
            };
        }
        match self.verb {
            Verb::Open => {
                let open = pb::OpenBatchRequest {
                    request_id,
                    ..opening(self.year, "2026-03-31")
                };
                service
                    .open_batch(within(open, LONG))
                    .await
                    .map(|answer| answer.into_inner().batch)
            }
            Verb::Compute => verb!(compute_batch, ComputeBatchRequest { name: name }),
            Verb::Submit => verb!(
                submit_batch,
                SubmitBatchRequest {
                    name: name,
                    batch_digest: batch_digest
                }
            ),
            Verb::Publish => verb!(
                publish_notice,
                PublishNoticeRequest {
                    name: name,
                    batch_digest: batch_digest
                }
            ),
            Verb::Approve => verb!(
                approve_batch,
                ApproveBatchRequest {
                    name: name,
                    batch_digest: batch_digest
                }
            ),
            Verb::Release => verb!(
                release_batch,
                ReleaseBatchRequest {
                    name: name,
                    batch_digest: batch_digest
                }
            ),
            Verb::Return => verb!(
                return_batch,
                ReturnBatchRequest {
                    name: name,
                    reason: "退回".to_owned()
                }
            ),
            Verb::Cancel => verb!(
                cancel_batch,
                CancelBatchRequest {
                    name: name,
                    reason: "作废".to_owned()
                }
            ),
            Verb::Wait => {
                let days = pb::AdvanceBusinessDateRequest {
                    request_id,
                    step: Some(pb::advance_business_date_request::Step::Days(20)),
                };
                client
                    .sandbox()
                    .advance_business_date(within(days, LONG))
                    .await
                    .map(|_| None)
            }
        }
    }
}

/// The batch as it stands.
///
/// # Errors
/// The refusal.
pub async fn read(client: &Client, name: &str) -> Result<pb::Batch, Status> {
    let request = pb::GetBatchRequest {
        name: name.to_owned(),
    };
    let answer = client.settlement().get_batch(request).await?;
    Ok(answer.into_inner().batch.unwrap())
}
