//! One command, one transaction: request key, effect and audit row commit together, or nothing does.

use std::sync::Arc;

use api::AuditedAnswer;
use api::common::v1::AuditHead;
use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::database::{BoxFuture, Database, Retryable};
use platform::twin::{self, Twin};
use policy::ident::City;
use policy::rulebook::Rulebook;
use prost::Message;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::Error;
use crate::store::{audit, cut_off, request};

/// What every row that a command writes is stamped with.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// The caller's city.
    pub city: City,
    /// The cut-off the write belongs to.
    pub cut_off: i64,
    /// The service's time when the command began.
    pub recorded_at: DateTime<Utc>,
    /// Who reported: the credential's holder.
    pub reported_by: String,
    /// Whether the bureau reports for an institution.
    pub on_behalf: bool,
    /// The caller's request key.
    pub request_id: Uuid,
    /// SHA-256 of the call's name and its decoded body.
    pub body_digest: [u8; 32],
    /// The trace this write belongs to, as W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// What a service needs to write facts and answer for them.
#[derive(Clone)]
pub struct Ledger {
    /// The database.
    pub database: Database,
    /// The role the service takes on in every transaction.
    pub role: &'static str,
    /// The clock.
    pub clock: Clock,
    /// The rules by which answers are computed.
    pub rulebooks: Arc<Vec<Rulebook>>,
}

/// A writing call: who, what, under which key, and the body its digest is taken of.
pub struct Call<'a, B> {
    /// Who calls.
    pub caller: &'a Caller,
    /// The call's name.
    pub rpc: &'static str,
    /// The caller's key, a UUID.
    pub request_id: &'a str,
    /// The decoded request.
    pub body: &'a B,
    /// What the audit row names, e.g. the institution whose record it is.
    pub object: String,
    /// Whether the bureau calls for an institution.
    pub on_behalf: bool,
    /// Whether facts are written: then the city's cut-off is held open until the transaction ends.
    pub writes_facts: bool,
}

impl<'a, B> Call<'a, B> {
    /// A call that writes no facts and is not made for somebody else; its audit row names the call itself.
    pub fn of(caller: &'a Caller, rpc: &'static str, request_id: &'a str, body: &'a B) -> Self {
        Self {
            caller,
            rpc,
            request_id,
            body,
            object: rpc.to_owned(),
            on_behalf: false,
            writes_facts: false,
        }
    }
}

/// Reads a request key.
///
/// # Errors
/// `REQUEST_ID_REQUIRED` or `REQUEST_ID_MALFORMED` on field `request_id`.
pub fn request_key(text: &str) -> Result<Uuid, Error> {
    if text.is_empty() {
        return Err(Error::invalid(
            "request_id",
            "REQUEST_ID_REQUIRED",
            "缺少请求号",
            "a request id is required",
        ));
    }
    Uuid::try_parse(text).map_err(|_| {
        Error::invalid(
            "request_id",
            "REQUEST_ID_MALFORMED",
            "请求号必须是UUID",
            "the request id must be a UUID",
        )
    })
}

/// SHA-256 of a call's name, what it is about, and its decoded body. Encoding a decoded message again is canonical: fields in order of their
/// numbers, defaults and unknown fields left out, whatever order the caller sent them in.
pub fn fingerprint<B: Message>(rpc: &str, object: &str, body: &B) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in [rpc, object] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.update(body.encode_to_vec());
    hasher.finalize().into()
}

impl Ledger {
    /// The rulebook of a city.
    ///
    /// # Errors
    /// `CITY_UNKNOWN`.
    pub fn rulebook(&self, city: &City) -> Result<&Rulebook, Error> {
        let found = self.rulebooks.iter().find(|rulebook| rulebook.city == *city);
        found.ok_or_else(|| policy::rulebook::RulebookError::CityUnknown(city.clone()).into())
    }

    /// The stamp of a call as it begins, not yet under a cut-off.
    ///
    /// # Errors
    /// Those of the key.
    pub(crate) fn stamp<B: Message>(&self, call: &Call<'_, B>) -> Result<Stamp, Error> {
        Ok(Stamp {
            city: call.caller.city.clone(),
            cut_off: 0,
            recorded_at: self.clock.now(),
            reported_by: call.caller.holder.clone(),
            on_behalf: call.on_behalf,
            request_id: request_key(call.request_id)?,
            body_digest: fingerprint(call.rpc, &call.object, call.body),
            traceparent: platform::telemetry::current_traceparent(),
        })
    }

    /// Runs a writing call once. A repeat of its key with the same body gets the first answer; with another body it is refused.
    ///
    /// # Errors
    /// Those of the key, and of the effect.
    pub async fn command<B, A, E, F>(&self, call: Call<'_, B>, effect: F) -> Result<A, E>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
        E: From<Error> + From<platform::Error> + Retryable + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Stamp) -> BoxFuture<'c, Result<A, E>>
            + Send
            + Sync
            + Clone
            + 'static,
    {
        let stamp = self.stamp(&call)?;
        let (caller, rpc, object, writes_facts) =
            (call.caller.clone(), call.rpc, call.object, call.writes_facts);
        let scope = caller.scope(self.role);
        let key = stamp.request_id;
        let answer = self
            .database
            .run_keyed(rpc, &scope, move |tx| {
                let (caller, object, stamp, effect) =
                    (caller.clone(), object.clone(), stamp.clone(), effect.clone());
                Box::pin(once(tx, (caller, rpc, object, writes_facts), stamp, effect))
            })
            .await?;
        twin::crash_after_commit(key).await;
        Ok(answer)
    }
}

async fn once<A, E, F>(
    tx: &mut PgConnection,
    (caller, rpc, object, writes_facts): (Caller, &'static str, String, bool),
    mut stamp: Stamp,
    effect: F,
) -> Result<A, E>
where
    A: Message + Default + AuditedAnswer + Send + 'static,
    E: From<Error>,
    F: for<'c> Fn(&'c mut PgConnection, Stamp) -> BoxFuture<'c, Result<A, E>> + Send + Sync,
{
    let city = stamp.city.as_str().to_owned();
    match request::claim(tx, &caller, stamp.request_id, rpc, &stamp.body_digest).await? {
        request::Claim::Answered { body_digest, .. }
            if body_digest != stamp.body_digest && !twin::is_on(Twin::BodyUnread) =>
        {
            return Err(Error::RequestIdReused {
                request_id: stamp.request_id.to_string(),
            }
            .into());
        }
        request::Claim::Answered {
            answer, audit_head, ..
        } => return Ok(first_answer(&answer.unwrap_or_default(), audit_head)?),
        request::Claim::New => {}
    }
    stamp.cut_off = if writes_facts {
        cut_off::for_writing(tx, &city).await?
    } else {
        cut_off::current(tx, &city).await?
    };
    let mut answer = effect(tx, stamp.clone()).await?;
    let action = audit::Action {
        actor: audit::Actor::from(&caller),
        stamp: &stamp,
        name: rpc,
        object: &object,
    };
    let stored = if twin::is_on(Twin::AnswerNotStored) {
        Vec::new()
    } else {
        answer.encode_to_vec()
    };
    let head = audit::append_answered(tx, action, &stored).await?;
    answer.set_audit_head(head);
    Ok(answer)
}

/// The first answer to a key, with the audit row that it named.
pub(crate) fn first_answer<A>(bytes: &[u8], audit_head: Option<AuditHead>) -> Result<A, Error>
where
    A: Message + Default + AuditedAnswer,
{
    let mut answer = A::decode(bytes).map_err(|error| Error::StoredRowUnreadable {
        file: "request",
        detail: error.to_string(),
    })?;
    if let Some(head) = audit_head {
        answer.set_audit_head(head);
    }
    Ok(answer)
}
