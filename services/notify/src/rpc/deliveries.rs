//! The log of deliveries, replay and the test event.

use std::collections::HashMap;

use api::convert::timestamp;
use api::notify::v1 as pb;
use ledger::Caller;
use ledger::read::{page_behind, page_size};
use sqlx::PgConnection;
use uuid::Uuid;

use super::endpoints::of_owner;
use super::not_found;
use crate::Webhooks;
use crate::error::Error;
use crate::event::TEST;
use crate::model::{Owner, delivery_name, delivery_of, endpoint_name, endpoint_of, failure, webhook_id};
use crate::store::delivery::{self, Attempt, Delivery, Filter};

fn attempt(stored: &Attempt) -> pb::WebhookAttempt {
    pb::WebhookAttempt {
        number: stored.attempt_no,
        started_at: Some(timestamp(stored.started_at)),
        duration_ms: stored.duration_ms,
        status_code: stored.status_code,
        failure: failure(stored.failure.as_deref()).into(),
        response_excerpt: stored.response_excerpt.clone(),
    }
}

fn message(stored: &Delivery, attempts: Vec<pb::WebhookAttempt>) -> pb::WebhookDelivery {
    let state = match stored.state.as_str() {
        "pending" => pb::WebhookDeliveryState::Pending,
        "delivered" => pb::WebhookDeliveryState::Delivered,
        _ => pb::WebhookDeliveryState::Failed,
    };
    pb::WebhookDelivery {
        name: delivery_name(stored.delivery_id),
        webhook_id: webhook_id(stored.delivery_id),
        endpoint: endpoint_name(stored.endpoint_id),
        event_type: stored.event_type.clone(),
        payload: stored.payload.clone(),
        state: state.into(),
        created_at: Some(timestamp(stored.created_at)),
        next_try_at: stored.next_try_at.map(timestamp),
        attempts,
    }
}

/// Deliveries with their attempts.
async fn messages(
    tx: &mut PgConnection,
    owner: &Owner,
    stored: &[Delivery],
) -> Result<Vec<pb::WebhookDelivery>, Error> {
    let ids: Vec<Uuid> = stored.iter().map(|row| row.delivery_id).collect();
    let mut attempts: HashMap<Uuid, Vec<pb::WebhookAttempt>> = HashMap::new();
    for row in delivery::attempts(tx, &owner.city, &ids).await? {
        attempts.entry(row.delivery_id).or_default().push(attempt(&row));
    }
    let with_attempts = |row: &Delivery| message(row, attempts.remove(&row.delivery_id).unwrap_or_default());
    Ok(stored.iter().map(with_attempts).collect())
}

/// A delivery of this owner as it stands, held until the transaction ends; another's does not exist for it.
async fn of_id(tx: &mut PgConnection, owner: &Owner, delivery_id: Uuid) -> Result<Delivery, Error> {
    delivery::lock(tx, owner, delivery_id)
        .await?
        .ok_or_else(|| not_found(delivery_name(delivery_id)))
}

async fn whole(
    tx: &mut PgConnection,
    owner: &Owner,
    delivery_id: Uuid,
) -> Result<Option<pb::WebhookDelivery>, Error> {
    let stored = of_id(tx, owner, delivery_id).await?;
    Ok(messages(tx, owner, &[stored]).await?.pop())
}

/// An endpoint of this owner that events are sent to.
async fn enabled(tx: &mut PgConnection, owner: &Owner, endpoint_id: Uuid) -> Result<(), Error> {
    let found = of_owner(tx, owner, endpoint_id).await?;
    if found.disabled_at.is_some() {
        return Err(Error::EndpointDisabled {
            name: endpoint_name(endpoint_id),
        });
    }
    Ok(())
}

fn filter_of(body: &pb::ListWebhookDeliveriesRequest) -> Result<Filter, Error> {
    let endpoint_id = match body.endpoint.as_str() {
        "" => None,
        name => Some(endpoint_of("endpoint", name)?),
    };
    let state = match body.state() {
        pb::WebhookDeliveryState::Unspecified => "",
        pb::WebhookDeliveryState::Pending => "pending",
        pb::WebhookDeliveryState::Delivered => "delivered",
        pb::WebhookDeliveryState::Failed => "failed",
    };
    let before = page_behind(&body.page_token)?;
    Ok(Filter {
        endpoint_id,
        state,
        before,
        size: page_size(body.page_size)?,
    })
}

impl Webhooks {
    pub(super) async fn deliveries(
        &self,
        caller: &Caller,
        body: &pb::ListWebhookDeliveriesRequest,
    ) -> Result<pb::ListWebhookDeliveriesResponse, Error> {
        let filter = filter_of(body)?;
        let owner = Owner::from(caller);
        self.read(caller, "notify.deliveries", move |tx| {
            let (owner, filter) = (owner.clone(), filter.clone());
            Box::pin(async move {
                let asked = Filter {
                    size: filter.size.saturating_add(1),
                    ..filter
                };
                let mut stored = delivery::page(tx, &owner, &asked).await?;
                let length = usize::try_from(asked.size.saturating_sub(1)).unwrap_or(usize::MAX);
                let has_more = stored.len() > length;
                stored.truncate(length);
                let last = stored.last().filter(|_| has_more);
                Ok(pb::ListWebhookDeliveriesResponse {
                    next_page_token: last.map(|row| row.delivery_no.to_string()).unwrap_or_default(),
                    deliveries: messages(tx, &owner, &stored).await?,
                })
            })
        })
        .await
    }

    pub(super) async fn replay(
        &self,
        caller: &Caller,
        body: &pb::ReplayWebhookDeliveryRequest,
    ) -> Result<pb::ReplayWebhookDeliveryResponse, Error> {
        let delivery_id = delivery_of("name", &body.name)?;
        let owner = Owner::from(caller);
        let about = (
            "ReplayWebhookDelivery",
            body.request_id.as_str(),
            body.name.as_str(),
        );
        self.command(caller, about, body, move |tx, _| {
            let owner = owner.clone();
            Box::pin(async move {
                let stored = of_id(tx, &owner, delivery_id).await?;
                enabled(tx, &owner, stored.endpoint_id).await?;
                delivery::replay(tx, &owner, delivery_id).await?;
                Ok(pb::ReplayWebhookDeliveryResponse {
                    delivery: whole(tx, &owner, delivery_id).await?,
                    audit_head: None,
                })
            })
        })
        .await
    }

    pub(super) async fn send_test(
        &self,
        caller: &Caller,
        body: &pb::SendTestEventRequest,
    ) -> Result<pb::SendTestEventResponse, Error> {
        let endpoint_id = endpoint_of("endpoint", &body.endpoint)?;
        let owner = Owner::from(caller);
        let about = ("SendTestEvent", body.request_id.as_str(), body.endpoint.as_str());
        self.command(caller, about, body, move |tx, _| {
            let owner = owner.clone();
            Box::pin(async move {
                enabled(tx, &owner, endpoint_id).await?;
                let delivery_id = platform::ids::new_v4();
                let name = endpoint_name(endpoint_id);
                delivery::insert(tx, &owner, (delivery_id, endpoint_id), (TEST, &name)).await?;
                Ok(pb::SendTestEventResponse {
                    delivery: whole(tx, &owner, delivery_id).await?,
                    audit_head: None,
                })
            })
        })
        .await
    }
}
