//! A computed batch walks through every step to its release, with a sandbox's own identities: each officer takes the step that is theirs,
//! and the business date is moved past the end of the notice.

use std::path::Path;
use std::time::Duration;

use api::google::r#type::Date;
use api::settlement::v1 as pb;
use chrono::{Days, NaiveDate};
use client::{Client, request_id, retry, within};
use tonic::{Response, Status};

use crate::connection::{BUREAU, CHECKER, MAKER, RELEASER, client};
use crate::error::CommandError;
use crate::output;

/// How long releasing a city's year may take.
const LONG: Duration = Duration::from_secs(900);

/// Submits, publishes, approves and releases a batch.
///
/// # Errors
/// [`CommandError`] with the step that was refused; the batch stays where it was by then.
pub async fn to_release(url: &str, identity: &Path, batch: &pb::Batch) -> Result<pb::Batch, CommandError> {
    let office = |name| client(url, identity, name);
    let (maker, bureau, checker, releaser) = (
        office(MAKER)?,
        office(BUREAU)?,
        office(CHECKER)?,
        office(RELEASER)?,
    );
    let (name, digest) = (batch.name.clone(), digest_of(batch));
    submit(&maker, &name, &digest).await?;
    let published = publish(&bureau, &name, &digest).await?;
    if let Some(after) = day_after(published.notice_ends_on.as_ref()) {
        advance(&maker, after).await?;
        output::note(&format!(
            "公示期满，业务日期推进到 {after} / the notice is over, the business date is {after}"
        ));
    }
    approve(&checker, &name, &digest).await?;
    release(&releaser, &name, &digest).await
}

/// The digest of a batch as it stands; empty where it is not computed.
#[must_use]
pub fn digest_of(batch: &pb::Batch) -> String {
    let digests = batch.digests.as_ref();
    digests.map(|digests| digests.batch.clone()).unwrap_or_default()
}

fn day_after(day: Option<&Date>) -> Option<NaiveDate> {
    let day = day?;
    let (month, number) = (u32::try_from(day.month).ok()?, u32::try_from(day.day).ok()?);
    NaiveDate::from_ymd_opt(day.year, month, number)?.checked_add_days(Days::new(1))
}

/// The batch of an answer.
///
/// # Errors
/// [`CommandError::Call`] where the call was refused, or its answer holds none.
pub fn stands(
    call: &'static str,
    answer: Result<Option<pb::Batch>, Status>,
) -> Result<pb::Batch, CommandError> {
    let batch = answer.and_then(|batch| batch.ok_or_else(|| Status::internal("the answer holds no batch")));
    batch.map_err(|status| CommandError::call(call, status))
}

macro_rules! step {
    ($(#[$doc:meta])* $name:ident: $rpc:ident, $request:ident, $called:literal) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// [`CommandError::Call`].
        pub async fn $name(officer: &Client, name: &str, digest: &str) -> Result<pb::Batch, CommandError> {
            let request = pb::$request {
                request_id: request_id(),
                name: name.to_owned(),
                batch_digest: digest.to_owned(),
            };
            let answer = retry(|| {
                let (mut service, request) = (officer.settlement(), within(request.clone(), LONG));
                async move { service.$rpc(request).await.map(Response::into_inner) }
            })
            .await;
            stands($called, answer.map(|answer| answer.batch))
        }
    };
}

step!(
    /// Submits a computed draft, as the maker.
    submit: submit_batch, SubmitBatchRequest, "SubmitBatch"
);
step!(
    /// Puts a batch in review on public notice, as the bureau.
    publish: publish_notice, PublishNoticeRequest, "PublishNotice"
);
step!(
    /// Approves a batch, as the checker.
    approve: approve_batch, ApproveBatchRequest, "ApproveBatch"
);
step!(
    /// Releases an approved batch, as the releaser.
    release: release_batch, ReleaseBatchRequest, "ReleaseBatch"
);

/// Moves a sandbox's business date to a day.
async fn advance(maker: &Client, to: NaiveDate) -> Result<(), CommandError> {
    let request = pb::AdvanceBusinessDateRequest {
        request_id: request_id(),
        step: Some(pb::advance_business_date_request::Step::To(api::convert::date(
            to,
        ))),
    };
    let answer = retry(|| {
        let (mut sandbox, request) = (maker.sandbox(), request.clone());
        async move { sandbox.advance_business_date(request).await }
    })
    .await;
    let moved = answer.map_err(|status| CommandError::call("AdvanceBusinessDate", status))?;
    drop(moved);
    Ok(())
}
