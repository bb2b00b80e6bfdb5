//! A batch's way from draft to released: each verb inside one open transaction, each kept in `settlement.approval`.

use std::sync::Arc;

use ledger::Stamp;
use platform::signing::Signer;
use policy::rulebook::Rulebook;
use sqlx::PgConnection;

use crate::book::not_found;
use crate::error::Error;
use crate::model::{BatchNo, State};
use crate::store::batch::{self, Batch};
use crate::store::step::{self, Agreed, Approval};
use crate::store::{notice, settled};
use crate::{guard, measures, signature};

/// States in which a batch may be computed again.
pub(crate) const COMPUTABLE: &[State] = &[State::Draft, State::InReview, State::PublicNotice];
/// States from which a batch is returned to its maker.
const RETURNABLE: &[State] = &[State::InReview, State::PublicNotice, State::Approved];

/// Who takes a step: the stamp of the call and the caller's role.
pub(crate) type Taker<'a> = (&'a Stamp, &'a str);

/// The batch, locked, if it is in one of the states.
pub(crate) async fn in_states(
    tx: &mut PgConnection,
    number: &BatchNo,
    wanted: &'static [State],
) -> Result<Batch, Error> {
    let stored = open_batch(tx, number).await?;
    match stored.state() {
        state if wanted.contains(&state) => Ok(stored),
        state => Err(Error::BatchWrongState {
            batch_no: number.to_string(),
            state,
            wanted,
        }),
    }
}

/// The batch, locked, if it is neither released nor cancelled.
async fn open_batch(tx: &mut PgConnection, number: &BatchNo) -> Result<Batch, Error> {
    let stored = batch::lock(tx, number).await?.ok_or_else(|| not_found(number))?;
    match stored.state() {
        state if state.is_closed() => Err(Error::BatchClosed {
            batch_no: number.to_string(),
            state: state.as_str(),
        }),
        _ => Ok(stored),
    }
}

/// The batch, locked, if it is computed, in the state that the verb moves it from, and has the digest that the caller states.
async fn agreed(
    tx: &mut PgConnection,
    number: &BatchNo,
    wanted: &'static [State],
    digest: &str,
) -> Result<Batch, Error> {
    let batch_no = number.to_string();
    if open_batch(tx, number).await?.batch_digest.is_none() {
        return Err(Error::BatchNotComputed { batch_no });
    }
    let stored = in_states(tx, number, wanted).await?;
    if stored.batch_digest.as_deref() == Some(digest) {
        Ok(stored)
    } else {
        Err(Error::BatchDigestMismatch { batch_no })
    }
}

async fn keep(
    tx: &mut PgConnection,
    (stamp, role): Taker<'_>,
    number: &BatchNo,
    step: &str,
    (batch_digest, reason): (&str, &str),
) -> Result<(), Error> {
    let approval = Approval {
        step: step.to_owned(),
        person: stamp.reported_by.clone(),
        person_role: role.to_owned(),
        batch_digest: batch_digest.to_owned(),
        reason: reason.to_owned(),
        given_at: stamp.recorded_at,
    };
    step::keep(tx, number, &approval).await
}

async fn agree(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    taken: Agreed,
    digest: &str,
) -> Result<(), Error> {
    let (stamp, _) = taker;
    step::agree(tx, number, taken, (&stamp.reported_by, stamp.recorded_at), digest)
        .await
        .map_err(|error| guard::of_batch(error, number, &stamp.reported_by))?;
    keep(tx, taker, number, taken.as_str(), (digest, "")).await
}

/// Submits a computed draft for review.
pub(crate) async fn submit(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    digest: &str,
) -> Result<(), Error> {
    agreed(tx, number, &[State::Draft], digest).await?;
    agree(tx, taker, number, Agreed::Submitted, digest).await
}

/// Puts a batch in review on public notice: only lines that are on no notice of it with their amount are published.
pub(crate) async fn publish(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    digest: &str,
) -> Result<(), Error> {
    let stored = agreed(tx, number, &[State::InReview], digest).await?;
    if notice::is_needed(tx, number).await? {
        let rules = Rulebook::load(&stored.policy_text).map_err(ledger::Error::from)?;
        let working_days = i32::from(rules.procedure.notice_working_days);
        let by = (taker.0.reported_by.as_str(), taker.0.recorded_at);
        notice::publish(tx, number, by, working_days, digest).await?;
    }
    agree(tx, taker, number, Agreed::Published, digest).await
}

/// Approves a batch; the guards of the database decide whether it may go on.
pub(crate) async fn approve(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    digest: &str,
) -> Result<(), Error> {
    agreed(tx, number, &[State::PublicNotice], digest).await?;
    agree(tx, taker, number, Agreed::Approved, digest).await
}

/// Releases an approved batch under its digest: the settled position moves line by line and the receipt is signed, all or nothing.
pub(crate) async fn release(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    digest: &str,
    signer: Option<Arc<dyn Signer>>,
) -> Result<(), Error> {
    let stored = agreed(tx, number, &[State::Approved], digest).await?;
    let moved = settled::move_to_entitled(tx, number).await?;
    if i64::try_from(moved).ok() != stored.line_count {
        return Err(Error::SettledMoved {
            batch_no: number.to_string(),
        });
    }
    let receipt = signature::released(&stored, signer).await?;
    let (stamp, _) = taker;
    step::release(tx, number, (&stamp.reported_by, stamp.recorded_at), &receipt)
        .await
        .map_err(|error| guard::of_batch(error, number, &stamp.reported_by))?;
    keep(tx, taker, number, "released", (digest, "")).await?;
    measures::released(tx, number).await
}

/// Returns a batch to its maker.
pub(crate) async fn give_back(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    reason: &str,
) -> Result<(), Error> {
    let stored = in_states(tx, number, RETURNABLE).await?;
    let (stamp, _) = taker;
    let returned = (stamp.reported_by.as_str(), stamp.recorded_at, reason);
    step::back_to_draft(tx, number, Some(returned)).await?;
    let digest = stored.batch_digest.unwrap_or_default();
    keep(tx, taker, number, "returned", (&digest, reason)).await
}

/// Makes a batch whose computation changed a draft again: what was submitted and published was another digest.
pub(crate) async fn void(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    stored: &Batch,
) -> Result<(), Error> {
    if stored.state() == State::Draft {
        return Ok(());
    }
    step::back_to_draft(tx, number, None).await?;
    let digest = stored.batch_digest.clone().unwrap_or_default();
    keep(tx, taker, number, "voided", (&digest, "")).await
}

/// Cancels a batch that is not released for good.
pub(crate) async fn cancel(
    tx: &mut PgConnection,
    taker: Taker<'_>,
    number: &BatchNo,
    reason: &str,
) -> Result<(), Error> {
    let stored = open_batch(tx, number).await?;
    let (stamp, _) = taker;
    step::cancel(tx, number, (&stamp.reported_by, stamp.recorded_at), reason).await?;
    let digest = stored.batch_digest.unwrap_or_default();
    keep(tx, taker, number, "cancelled", (&digest, reason)).await
}
