//! A command of several transactions, such as an uploaded file: its key is claimed first and its answer kept last.
//!
//! What lies between must be safe to repeat: a call that broke off is begun anew under its key, and with the same body alone.

use api::AuditedAnswer;
use prost::Message;
use sqlx::PgConnection;

use crate::caller::Caller;
use crate::command::{Call, Ledger, Stamp, first_answer};
use crate::error::Error;
use crate::store::request::Claim;
use crate::store::{audit, credential, cut_off, request};

/// What a long command finds when it begins.
#[derive(Debug)]
pub enum Begun<A> {
    /// It was never finished: it runs now.
    Open(Stamp),
    /// It was: this is its first answer.
    Answered(A),
}

impl Ledger {
    /// Claims the key of a long command.
    ///
    /// # Errors
    /// Those of the key; `REQUEST_ID_REUSED` where it was begun with another body.
    pub async fn begin<B, A>(&self, call: &Call<'_, B>) -> Result<Begun<A>, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
    {
        let stamp = self.stamp(call)?;
        let (caller, rpc, own) = (call.caller.clone(), call.rpc, stamp.clone());
        let found = self
            .database
            .run_keyed(rpc, &call.caller.scope(self.role), move |tx| {
                let (caller, stamp) = (caller.clone(), own.clone());
                Box::pin(async move { claim(tx, &caller, rpc, &stamp).await })
            })
            .await?;
        Ok(found.map_or(Begun::Open(stamp), Begun::Answered))
    }

    /// Keeps the answer of a long command with the audit row of its end. Where a repeat of it was quicker, that one's answer stands.
    ///
    /// # Errors
    /// Database errors.
    pub async fn finish<B, A>(&self, call: &Call<'_, B>, stamp: Stamp, answer: A) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Clone + Send + Sync + 'static,
    {
        let (caller, rpc, object) = (call.caller.clone(), call.rpc, call.object.clone());
        self.database
            .run_keyed(rpc, &call.caller.scope(self.role), move |tx| {
                let (caller, object) = (caller.clone(), object.clone());
                let (stamp, answer) = (stamp.clone(), answer.clone());
                Box::pin(async move { keep(tx, &caller, (rpc, &object), stamp, answer).await })
            })
            .await
    }
}

async fn claim<A>(
    tx: &mut PgConnection,
    caller: &Caller,
    rpc: &str,
    stamp: &Stamp,
) -> Result<Option<A>, Error>
where
    A: Message + Default + AuditedAnswer,
{
    let key = stamp.request_id;
    match request::claim(tx, caller, key, rpc, &stamp.body_digest).await? {
        Claim::Answered { body_digest, .. } if body_digest != stamp.body_digest => {
            Err(Error::RequestIdReused {
                request_id: key.to_string(),
            })
        }
        Claim::Answered {
            answer: Some(answer),
            audit_head,
            ..
        } => first_answer(&answer, audit_head).map(Some),
        Claim::New | Claim::Answered { answer: None, .. } => Ok(None),
    }
}

async fn keep<A>(
    tx: &mut PgConnection,
    caller: &Caller,
    (rpc, object): (&str, &str),
    mut stamp: Stamp,
    mut answer: A,
) -> Result<A, Error>
where
    A: Message + Default + AuditedAnswer,
{
    credential::hold(tx, caller).await?;
    let held = request::hold(tx, stamp.city.as_str(), &caller.holder, stamp.request_id).await?;
    if let Claim::Answered {
        answer: Some(first),
        audit_head,
        ..
    } = held
    {
        return first_answer(&first, audit_head);
    }
    stamp.cut_off = cut_off::current(tx, stamp.city.as_str()).await?;
    let action = audit::Action {
        actor: audit::Actor::from(caller),
        stamp: &stamp,
        name: rpc,
        object,
    };
    let head = audit::append_answered(tx, action, &answer.encode_to_vec()).await?;
    answer.set_audit_head(head);
    Ok(answer)
}
