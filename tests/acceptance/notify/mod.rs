//! Webhooks: what is sent, when again, to whom, and what of.

mod delivering;
mod failing;
mod owning;
mod secrets;
mod telling;

use std::time::Duration;

use api::notify::v1 as pb;
use client::Client;
use sqlx::PgConnection;
use tonic::Status;
use zhirong_tests::ids::request_id;
use zhirong_tests::sandbox::{Sandbox, close};

/// A type that only an endpoint of the same owner makes, so that one in the shared city hears nothing of other tests.
const QUIET: &str = "webhook_endpoint.disabled";

fn creating(url: &str, types: &[&str]) -> pb::CreateWebhookEndpointRequest {
    pb::CreateWebhookEndpointRequest {
        request_id: request_id(),
        url: url.to_owned(),
        event_types: types.iter().map(|word| (*word).to_owned()).collect(),
        description: "测试端点".to_owned(),
    }
}

/// An endpoint with its secret.
async fn create(client: &Client, url: &str, types: &[&str]) -> (pb::WebhookEndpoint, String) {
    let answer = client
        .webhook()
        .create_webhook_endpoint(creating(url, types))
        .await
        .unwrap()
        .into_inner();
    assert!(answer.audit_head.is_some());
    (answer.endpoint.unwrap(), answer.secret)
}

/// Asks for a test event.
async fn send_test(client: &Client, endpoint: &str) -> Result<pb::WebhookDelivery, Status> {
    let request = pb::SendTestEventRequest {
        request_id: request_id(),
        endpoint: endpoint.to_owned(),
    };
    let answer = client.webhook().send_test_event(request).await?;
    Ok(answer.into_inner().delivery.unwrap())
}

async fn replay(client: &Client, delivery: &str) -> Result<pb::WebhookDelivery, Status> {
    let request = pb::ReplayWebhookDeliveryRequest {
        request_id: request_id(),
        name: delivery.to_owned(),
    };
    let answer = client.webhook().replay_webhook_delivery(request).await?;
    Ok(answer.into_inner().delivery.unwrap())
}

async fn endpoint(client: &Client, name: &str) -> pb::WebhookEndpoint {
    let request = pb::GetWebhookEndpointRequest {
        name: name.to_owned(),
    };
    let answer = client.webhook().get_webhook_endpoint(request).await.unwrap();
    answer.into_inner().endpoint.unwrap()
}

/// The log of an endpoint, the newest first; of all the caller's where the name is empty.
async fn deliveries(client: &Client, endpoint: &str) -> Vec<pb::WebhookDelivery> {
    let request = pb::ListWebhookDeliveriesRequest {
        endpoint: endpoint.to_owned(),
        ..pb::ListWebhookDeliveriesRequest::default()
    };
    let answer = client.webhook().list_webhook_deliveries(request).await.unwrap();
    answer.into_inner().deliveries
}

/// A delivery once its attempt of that number is written down: what a receiver answered is recorded after it answered.
async fn recorded(client: &Client, delivery: &pb::WebhookDelivery, attempt: i32) -> pb::WebhookDelivery {
    for _ in 0..3000 {
        let log = deliveries(client, &delivery.endpoint).await;
        let found = log.into_iter().find(|it| it.name == delivery.name).unwrap();
        let is_recorded = |it: &&pb::WebhookAttempt| it.number == attempt && it.duration_ms.is_some();
        if found.attempts.iter().any(|it| is_recorded(&it)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "attempt {attempt} of {} was not recorded within a minute",
        delivery.name
    );
}

/// Runs statements as the owner of the database, past row-level security: a test moves time by moving what it is compared with.
async fn sql(sandbox: &Sandbox, statement: &'static str, id: &str) {
    let mut database: PgConnection = sandbox.database().await;
    let id = id.rsplit('/').next().unwrap();
    let done = sqlx::query(statement)
        .bind(uuid_of(id))
        .execute(&mut database)
        .await
        .unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
    close(database).await;
}

fn uuid_of(text: &str) -> sqlx::types::Uuid {
    sqlx::types::Uuid::parse_str(text).unwrap()
}

/// Makes the next try of a delivery due.
async fn due(sandbox: &Sandbox, delivery: &pb::WebhookDelivery) {
    let statement = "update notify.delivery set next_try_at = clock_timestamp() where delivery_id = $1";
    sql(sandbox, statement, &delivery.name).await;
}
