//! The steps of a batch from draft to released, and its return and cancellation.

use api::settlement::v1 as pb;
use ledger::{Caller, both};

use super::change::{invalid, number_of, text_of};
use crate::Settlement;
use crate::error::Error;
use crate::life;

/// Most characters of a reason.
const REASON: usize = 200;

/// The digest that the caller agrees to.
fn digest_of(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        let en = "the digest that you reviewed is required";
        return Err(invalid(
            "batch_digest",
            "CELL_REQUIRED",
            "须给出经审核的批次摘要",
            en,
        ));
    }
    Ok(text.to_owned())
}

impl Settlement {
    pub(super) async fn submit(
        &self,
        caller: &Caller,
        body: &pb::SubmitBatchRequest,
    ) -> Result<pb::SubmitBatchResponse, Error> {
        let (number, digest) = both(number_of(caller, &body.name), digest_of(&body.batch_digest))?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("SubmitBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, digest) = (number.clone(), digest.clone());
                Box::pin(async move {
                    life::submit(tx, (&stamp, role), &number, &digest).await?;
                    Ok(number)
                })
            },
            |batch| pb::SubmitBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn publish(
        &self,
        caller: &Caller,
        body: &pb::PublishNoticeRequest,
    ) -> Result<pb::PublishNoticeResponse, Error> {
        let (number, digest) = both(number_of(caller, &body.name), digest_of(&body.batch_digest))?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("PublishNotice", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, digest) = (number.clone(), digest.clone());
                Box::pin(async move {
                    life::publish(tx, (&stamp, role), &number, &digest).await?;
                    Ok(number)
                })
            },
            |batch| pb::PublishNoticeResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn approve(
        &self,
        caller: &Caller,
        body: &pb::ApproveBatchRequest,
    ) -> Result<pb::ApproveBatchResponse, Error> {
        let (number, digest) = both(number_of(caller, &body.name), digest_of(&body.batch_digest))?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("ApproveBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, digest) = (number.clone(), digest.clone());
                Box::pin(async move {
                    life::approve(tx, (&stamp, role), &number, &digest).await?;
                    Ok(number)
                })
            },
            |batch| pb::ApproveBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn release(
        &self,
        caller: &Caller,
        body: &pb::ReleaseBatchRequest,
    ) -> Result<pb::ReleaseBatchResponse, Error> {
        let (number, digest) = both(number_of(caller, &body.name), digest_of(&body.batch_digest))?;
        let (role, signer) = (caller.role.as_str(), self.signer.clone());
        self.change(
            caller,
            ("ReleaseBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, digest, signer) = (number.clone(), digest.clone(), signer.clone());
                Box::pin(async move {
                    life::release(tx, (&stamp, role), &number, &digest, signer).await?;
                    Ok(number)
                })
            },
            |batch| pb::ReleaseBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn give_back(
        &self,
        caller: &Caller,
        body: &pb::ReturnBatchRequest,
    ) -> Result<pb::ReturnBatchResponse, Error> {
        let (number, reason) = both(
            number_of(caller, &body.name),
            text_of("reason", &body.reason, REASON),
        )?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("ReturnBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, reason) = (number.clone(), reason.clone());
                Box::pin(async move {
                    life::give_back(tx, (&stamp, role), &number, &reason).await?;
                    Ok(number)
                })
            },
            |batch| pb::ReturnBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn cancel(
        &self,
        caller: &Caller,
        body: &pb::CancelBatchRequest,
    ) -> Result<pb::CancelBatchResponse, Error> {
        let (number, reason) = both(
            number_of(caller, &body.name),
            text_of("reason", &body.reason, REASON),
        )?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("CancelBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, reason) = (number.clone(), reason.clone());
                Box::pin(async move {
                    life::cancel(tx, (&stamp, role), &number, &reason).await?;
                    Ok(number)
                })
            },
            |batch| pb::CancelBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }
}
