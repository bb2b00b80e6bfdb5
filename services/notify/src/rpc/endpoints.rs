//! Endpoints and their secrets.

use api::convert::timestamp;
use api::notify::v1 as pb;
use exchange::RefusalCode;
use ledger::command::request_key;
use ledger::{Caller, both};
use platform::sealing::Keyring;
use sqlx::PgConnection;
use uuid::Uuid;

use super::not_found;
use crate::Webhooks;
use crate::error::{Error, invalid};
use crate::event::is_event_type;
use crate::model::{Owner, endpoint_name, endpoint_of};
use crate::secret::{Secret, place};
use crate::store::endpoint::{self, Endpoint, Wanted};
use crate::store::secret;

/// Endpoints an owner may have, disabled ones too: those can be changed and enabled again.
const ENDPOINTS_MOST: i64 = 10;
/// Most characters of a description.
const DESCRIPTION: usize = 200;
/// Hours for which the old secret signs too, where the caller states none, and at most.
const OVERLAP_DEFAULT: i32 = 24;
const OVERLAP_MOST: i32 = 168;

fn message(stored: &Endpoint) -> pb::WebhookEndpoint {
    let state = match stored.disabled_reason.as_deref() {
        None => pb::WebhookEndpointState::Enabled,
        Some("gone") => pb::WebhookEndpointState::Gone,
        Some("failing") => pb::WebhookEndpointState::Failing,
        Some(_) => pb::WebhookEndpointState::Disabled,
    };
    pb::WebhookEndpoint {
        name: endpoint_name(stored.endpoint_id),
        url: stored.url.clone(),
        event_types: stored.event_types.clone(),
        description: stored.description.clone(),
        state: state.into(),
        created_at: Some(timestamp(stored.created_at)),
        disabled_at: stored.disabled_at.map(timestamp),
        failing_since: stored.failing_since.map(timestamp),
        old_secret_until: stored.old_secret_until.map(timestamp),
    }
}

/// The events that are asked for, each once.
fn event_types_of(words: &[String]) -> Result<Vec<String>, Error> {
    if let Some(unknown) = words.iter().find(|word| !is_event_type(word)) {
        return Err(invalid(
            "event_types",
            "WEBHOOK_EVENT_TYPE_UNKNOWN",
            format!("没有事件类型 {unknown}"),
            format!("there is no event type {unknown}"),
        ));
    }
    let mut words = words.to_vec();
    words.sort_unstable();
    words.dedup();
    Ok(words)
}

/// What the owner says of the endpoint; it may be empty.
fn description_of(text: &str) -> Result<String, Error> {
    exchange::table::text_within(text, DESCRIPTION).map_err(|code| match code {
        RefusalCode::TextTooLong => invalid(
            "description",
            "WEBHOOK_DESCRIPTION_TOO_LONG",
            format!("说明不能超过 {DESCRIPTION} 个字符"),
            format!("a description has at most {DESCRIPTION} characters"),
        ),
        _ => invalid("description", code.as_str(), code.zh(), code.en()),
    })
}

/// An endpoint of this owner; another's does not exist for it.
pub(super) async fn of_owner(
    tx: &mut PgConnection,
    owner: &Owner,
    endpoint_id: Uuid,
) -> Result<Endpoint, Error> {
    let found = endpoint::list(tx, owner, Some(endpoint_id)).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| not_found(endpoint_name(endpoint_id)))
}

async fn read_message(
    tx: &mut PgConnection,
    owner: &Owner,
    endpoint_id: Uuid,
) -> Result<Option<pb::WebhookEndpoint>, Error> {
    Ok(Some(message(&of_owner(tx, owner, endpoint_id).await?)))
}

/// Adds the next secret of an endpoint.
async fn add_secret(
    tx: &mut PgConnection,
    keys: &Keyring,
    owner: &Owner,
    (endpoint_id, request_id): (Uuid, Uuid),
) -> Result<i32, Error> {
    let secret_no = secret::newest(tx, &owner.city, endpoint_id)
        .await?
        .saturating_add(1);
    let sealed = Secret::fresh()?.seal(keys, &place(&owner.city, endpoint_id, secret_no))?;
    secret::insert(tx, owner, (endpoint_id, secret_no, request_id), &sealed).await?;
    Ok(secret_no)
}

impl Webhooks {
    /// What a caller states of an endpoint, its host looked up.
    async fn wanted(&self, url: &str, event_types: &[String], description: &str) -> Result<Wanted, Error> {
        let texts = both(event_types_of(event_types), description_of(description));
        let ((), (event_types, description)) = both(self.reach.check(url).await, texts)?;
        Ok(Wanted {
            url: url.to_owned(),
            event_types,
            description,
        })
    }

    /// The secret that a request made, for its own answer alone.
    async fn secret_of(
        &self,
        caller: &Caller,
        endpoint: Option<&pb::WebhookEndpoint>,
        request_id: &str,
    ) -> Result<String, Error> {
        let keys = self.keys()?;
        let name = endpoint
            .map(|endpoint| endpoint.name.as_str())
            .unwrap_or_default();
        let (endpoint_id, request_id) = (endpoint_of("name", name)?, request_key(request_id)?);
        let owner = Owner::from(caller);
        self.read(caller, "notify.secret", move |tx| {
            let (owner, keys) = (owner.clone(), keys.clone());
            Box::pin(async move {
                let Some(stored) = secret::just_made(tx, &owner, endpoint_id, request_id).await? else {
                    return Ok(String::new());
                };
                let place = place(&owner.city, endpoint_id, stored.secret_no);
                Ok(Secret::open(&keys, &stored.key_id, &stored.sealed, &place)?.text())
            })
        })
        .await
    }

    pub(super) async fn create_endpoint(
        &self,
        caller: &Caller,
        body: &pb::CreateWebhookEndpointRequest,
    ) -> Result<pb::CreateWebhookEndpointResponse, Error> {
        let keys = self.keys()?;
        let wanted = self
            .wanted(&body.url, &body.event_types, &body.description)
            .await?;
        let owner = Owner::from(caller);
        let about = (
            "CreateWebhookEndpoint",
            body.request_id.as_str(),
            "webhookEndpoints",
        );
        let mut answer: pb::CreateWebhookEndpointResponse = self
            .command(caller, about, body, move |tx, stamp| {
                let (owner, keys, wanted) = (owner.clone(), keys.clone(), wanted.clone());
                Box::pin(async move {
                    if endpoint::count(tx, &owner).await? >= ENDPOINTS_MOST {
                        return Err(Error::EndpointsTooMany { most: ENDPOINTS_MOST });
                    }
                    let endpoint_id = platform::ids::new_v7();
                    endpoint::insert(tx, &owner, (endpoint_id, &stamp.reported_by), &wanted).await?;
                    add_secret(tx, &keys, &owner, (endpoint_id, stamp.request_id)).await?;
                    Ok(pb::CreateWebhookEndpointResponse {
                        endpoint: read_message(tx, &owner, endpoint_id).await?,
                        ..pb::CreateWebhookEndpointResponse::default()
                    })
                })
            })
            .await?;
        answer.secret = self
            .secret_of(caller, answer.endpoint.as_ref(), &body.request_id)
            .await?;
        Ok(answer)
    }

    pub(super) async fn rotate_secret(
        &self,
        caller: &Caller,
        body: &pb::RotateWebhookSecretRequest,
    ) -> Result<pb::RotateWebhookSecretResponse, Error> {
        let keys = self.keys()?;
        let endpoint_id = endpoint_of("name", &body.name)?;
        let overlap = body.overlap_hours.unwrap_or(OVERLAP_DEFAULT);
        if !(0..=OVERLAP_MOST).contains(&overlap) {
            return Err(invalid(
                "overlap_hours",
                "WEBHOOK_OVERLAP_INVALID",
                format!("重叠时间应为 0 至 {OVERLAP_MOST} 小时"),
                format!("the overlap is 0 to {OVERLAP_MOST} hours"),
            ));
        }
        let owner = Owner::from(caller);
        let about = (
            "RotateWebhookSecret",
            body.request_id.as_str(),
            body.name.as_str(),
        );
        let mut answer: pb::RotateWebhookSecretResponse = self
            .command(caller, about, body, move |tx, stamp| {
                let (owner, keys) = (owner.clone(), keys.clone());
                Box::pin(async move {
                    of_owner(tx, &owner, endpoint_id).await?;
                    let newest = add_secret(tx, &keys, &owner, (endpoint_id, stamp.request_id)).await?;
                    secret::retire(tx, &owner.city, (endpoint_id, newest), overlap).await?;
                    Ok(pb::RotateWebhookSecretResponse {
                        endpoint: read_message(tx, &owner, endpoint_id).await?,
                        ..pb::RotateWebhookSecretResponse::default()
                    })
                })
            })
            .await?;
        answer.secret = self
            .secret_of(caller, answer.endpoint.as_ref(), &body.request_id)
            .await?;
        Ok(answer)
    }

    pub(super) async fn update_endpoint(
        &self,
        caller: &Caller,
        body: &pb::UpdateWebhookEndpointRequest,
    ) -> Result<pb::UpdateWebhookEndpointResponse, Error> {
        let wanted = self.wanted(&body.url, &body.event_types, &body.description).await;
        let (endpoint_id, wanted) = both(endpoint_of("name", &body.name), wanted)?;
        let owner = Owner::from(caller);
        let about = (
            "UpdateWebhookEndpoint",
            body.request_id.as_str(),
            body.name.as_str(),
        );
        self.command(caller, about, body, move |tx, _| {
            let (owner, wanted) = (owner.clone(), wanted.clone());
            Box::pin(async move {
                endpoint::update(tx, &owner, endpoint_id, &wanted).await?;
                Ok(pb::UpdateWebhookEndpointResponse {
                    endpoint: read_message(tx, &owner, endpoint_id).await?,
                    audit_head: None,
                })
            })
        })
        .await
    }

    pub(super) async fn enable_endpoint(
        &self,
        caller: &Caller,
        body: &pb::EnableWebhookEndpointRequest,
    ) -> Result<pb::EnableWebhookEndpointResponse, Error> {
        let endpoint_id = endpoint_of("name", &body.name)?;
        let owner = Owner::from(caller);
        let about = (
            "EnableWebhookEndpoint",
            body.request_id.as_str(),
            body.name.as_str(),
        );
        self.command(caller, about, body, move |tx, _| {
            let owner = owner.clone();
            Box::pin(async move {
                endpoint::enable(tx, &owner, endpoint_id).await?;
                Ok(pb::EnableWebhookEndpointResponse {
                    endpoint: read_message(tx, &owner, endpoint_id).await?,
                    audit_head: None,
                })
            })
        })
        .await
    }

    pub(super) async fn disable_endpoint(
        &self,
        caller: &Caller,
        body: &pb::DisableWebhookEndpointRequest,
    ) -> Result<pb::DisableWebhookEndpointResponse, Error> {
        let endpoint_id = endpoint_of("name", &body.name)?;
        let owner = Owner::from(caller);
        let about = (
            "DisableWebhookEndpoint",
            body.request_id.as_str(),
            body.name.as_str(),
        );
        self.command(caller, about, body, move |tx, _| {
            let owner = owner.clone();
            Box::pin(async move {
                endpoint::disable(tx, &owner, endpoint_id).await?;
                Ok(pb::DisableWebhookEndpointResponse {
                    endpoint: read_message(tx, &owner, endpoint_id).await?,
                    audit_head: None,
                })
            })
        })
        .await
    }

    pub(super) async fn endpoint(
        &self,
        caller: &Caller,
        body: &pb::GetWebhookEndpointRequest,
    ) -> Result<pb::GetWebhookEndpointResponse, Error> {
        let endpoint_id = endpoint_of("name", &body.name)?;
        let owner = Owner::from(caller);
        self.read(caller, "notify.endpoint", move |tx| {
            let owner = owner.clone();
            Box::pin(async move {
                Ok(pb::GetWebhookEndpointResponse {
                    endpoint: read_message(tx, &owner, endpoint_id).await?,
                })
            })
        })
        .await
    }

    pub(super) async fn endpoints(&self, caller: &Caller) -> Result<pb::ListWebhookEndpointsResponse, Error> {
        let owner = Owner::from(caller);
        self.read(caller, "notify.endpoints", move |tx| {
            let owner = owner.clone();
            Box::pin(async move {
                let stored = endpoint::list(tx, &owner, None).await?;
                Ok(pb::ListWebhookEndpointsResponse {
                    endpoints: stored.iter().map(message).collect(),
                })
            })
        })
        .await
    }
}
