//! The calls of the webhook service: everybody may make them all, each about endpoints of its own.

mod deliveries;
mod endpoints;

use api::AuditedAnswer;
use api::notify::v1 as pb;
use api::notify::v1::webhook_service_server::WebhookService;
use ledger::command::Call;
use ledger::{Caller, Role, Stamp};
use platform::database::BoxFuture;
use prost::Message;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use crate::Webhooks;
use crate::error::Error;

type Answer<T> = Result<Response<T>, Status>;

fn not_found(name: String) -> Error {
    ledger::Error::NotFound { name }.into()
}

impl Webhooks {
    /// One writing call about an object. What it answers is kept with its request key, so it never holds a secret.
    async fn command<B, A, F>(
        &self,
        caller: &Caller,
        (rpc, request_id, object): (&'static str, &str, &str),
        body: &B,
        verb: F,
    ) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Stamp) -> BoxFuture<'c, Result<A, Error>>
            + Send
            + Sync
            + Clone
            + 'static,
    {
        let call = Call {
            object: object.to_owned(),
            ..Call::of(caller, rpc, request_id, body)
        };
        self.ledger.command(call, verb).await
    }

    /// One reading call.
    async fn read<A, F>(&self, caller: &Caller, name: &'static str, work: F) -> Result<A, Error>
    where
        A: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<A, Error>> + Send + Sync + 'static,
    {
        self.ledger
            .database
            .snapshot(name, &caller.scope(self.ledger.role), work)
            .await
    }
}

#[tonic::async_trait]
impl WebhookService for Webhooks {
    async fn create_webhook_endpoint(
        &self,
        request: Request<pb::CreateWebhookEndpointRequest>,
    ) -> Answer<pb::CreateWebhookEndpointResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "CreateWebhookEndpoint")?;
        Ok(Response::new(
            self.create_endpoint(&caller, request.get_ref()).await?,
        ))
    }

    async fn update_webhook_endpoint(
        &self,
        request: Request<pb::UpdateWebhookEndpointRequest>,
    ) -> Answer<pb::UpdateWebhookEndpointResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "UpdateWebhookEndpoint")?;
        Ok(Response::new(
            self.update_endpoint(&caller, request.get_ref()).await?,
        ))
    }

    async fn enable_webhook_endpoint(
        &self,
        request: Request<pb::EnableWebhookEndpointRequest>,
    ) -> Answer<pb::EnableWebhookEndpointResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "EnableWebhookEndpoint")?;
        Ok(Response::new(
            self.enable_endpoint(&caller, request.get_ref()).await?,
        ))
    }

    async fn disable_webhook_endpoint(
        &self,
        request: Request<pb::DisableWebhookEndpointRequest>,
    ) -> Answer<pb::DisableWebhookEndpointResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "DisableWebhookEndpoint")?;
        Ok(Response::new(
            self.disable_endpoint(&caller, request.get_ref()).await?,
        ))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<pb::RotateWebhookSecretRequest>,
    ) -> Answer<pb::RotateWebhookSecretResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "RotateWebhookSecret")?;
        Ok(Response::new(
            self.rotate_secret(&caller, request.get_ref()).await?,
        ))
    }

    async fn get_webhook_endpoint(
        &self,
        request: Request<pb::GetWebhookEndpointRequest>,
    ) -> Answer<pb::GetWebhookEndpointResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "GetWebhookEndpoint")?;
        Ok(Response::new(self.endpoint(&caller, request.get_ref()).await?))
    }

    async fn list_webhook_endpoints(
        &self,
        request: Request<pb::ListWebhookEndpointsRequest>,
    ) -> Answer<pb::ListWebhookEndpointsResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "ListWebhookEndpoints")?;
        Ok(Response::new(self.endpoints(&caller).await?))
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<pb::ListWebhookDeliveriesRequest>,
    ) -> Answer<pb::ListWebhookDeliveriesResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "ListWebhookDeliveries")?;
        Ok(Response::new(self.deliveries(&caller, request.get_ref()).await?))
    }

    async fn replay_webhook_delivery(
        &self,
        request: Request<pb::ReplayWebhookDeliveryRequest>,
    ) -> Answer<pb::ReplayWebhookDeliveryResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "ReplayWebhookDelivery")?;
        Ok(Response::new(self.replay(&caller, request.get_ref()).await?))
    }

    async fn send_test_event(
        &self,
        request: Request<pb::SendTestEventRequest>,
    ) -> Answer<pb::SendTestEventResponse> {
        let caller = Caller::admitted(&request, &Role::ALL, "SendTestEvent")?;
        Ok(Response::new(self.send_test(&caller, request.get_ref()).await?))
    }
}
