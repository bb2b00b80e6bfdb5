//! `zhirong webhook`: endpoints that events are sent to, and the log of what became of the events.

/// Calls by a method of the service until there is an answer, always with the same request.
macro_rules! call {
    ($service:expr, $name:literal, $method:ident, $request:expr) => {{
        let (service, request): (&$crate::webhook::Service, _) = ($service, $request);
        client::retry(|| {
            let (mut service, request) = (service.clone(), request.clone());
            async move { service.$method(request).await }
        })
        .await
        .map_err(|status| $crate::error::CommandError::call($name, status))?
        .into_inner()
    }};
}

mod listen;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use api::notify::v1 as pb;
use clap::{Args, Subcommand, ValueEnum};
use client::{Client, Transport, request_id};
use platform::config::Settings;

use crate::cli::ClientArgs;
use crate::connection::{BUREAU, client_of, target};
use crate::error::CommandError;
use crate::output;

/// Options of `webhook`.
#[derive(Debug, Clone, Args)]
pub struct WebhookArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// 证书 Whose endpoints: the name of a certificate, such as an institution's code; the bureau's where not given
    #[arg(long = "as", global = true, value_name = "NAME", default_value = BUREAU)]
    pub name: String,
    /// 服务地址 Address of the services; that of the sandbox running on this machine where not given
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// 证书目录 Folder with ca.pem and the caller's certificate and key; the sandbox's where not given
    #[arg(long, global = true, value_name = "DIR")]
    pub identity: Option<PathBuf>,
    /// Settings; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// The actions.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// 新建 Creates an endpoint and prints its secret, this once
    Create(Wanted),
    /// 修改 Replaces address, event types and description of an endpoint
    Update {
        /// The endpoint.
        #[command(flatten)]
        endpoint: Endpoint,
        /// What it shall be.
        #[command(flatten)]
        wanted: Wanted,
    },
    /// 列表 Prints endpoints: id, state, address, event types, description
    List,
    /// 启用 Enables an endpoint; what waits for it is sent
    Enable(Endpoint),
    /// 停用 Disables an endpoint
    Disable(Endpoint),
    /// 轮换密钥 Gives an endpoint a new secret and prints it, this once
    Rotate {
        /// The endpoint.
        #[command(flatten)]
        endpoint: Endpoint,
        /// 重叠小时 Hours for which the old secret signs too, 0 to 168; 0 for one that leaked
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        overlap: i32,
    },
    /// 测试 Sends an event webhook.test to an endpoint
    Test(Endpoint),
    /// 发送记录 Prints deliveries, the newest first, each with its attempts
    Deliveries {
        /// 端点 Only those of this endpoint
        #[arg(long, value_name = "ID")]
        endpoint: Option<String>,
        /// 状态 Only those in this state
        #[arg(long, value_enum)]
        state: Option<State>,
        /// 条数 Most deliveries, 1 to 1000
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        most: i32,
    },
    /// 试听 Receives events on this machine, checks their signatures and prints them, until it is stopped (sandbox)
    Listen {
        /// 端口 Port on 127.0.0.1; a free one where 0
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
        /// 事件类型 Only this type; may be repeated
        #[arg(long = "event", value_name = "TYPE")]
        events: Vec<String>,
    },
    /// 重新发送 Sends a delivery again, under the same webhook-id
    Replay {
        /// 发送编号 Its id, as `webhook deliveries` prints it
        #[arg(value_name = "ID")]
        delivery: String,
    },
}

/// An endpoint.
#[derive(Debug, Clone, Args)]
pub struct Endpoint {
    /// 端点编号 Its id, as `webhook list` prints it
    #[arg(value_name = "ID")]
    pub endpoint: String,
}

/// What an endpoint is.
#[derive(Debug, Clone, Args)]
pub struct Wanted {
    /// 地址 Where events are sent, https
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// 事件类型 A type that it wants, such as payment.paid; may be repeated; every type where not given
    #[arg(long = "event", value_name = "TYPE")]
    pub events: Vec<String>,
    /// 说明 A note of your own
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
}

/// States of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// 待发送 Waits for its first or next try
    Pending,
    /// 已送达 Answered with 2xx
    Delivered,
    /// 失败 Given up
    Failed,
}

type Service = api::notify::v1::webhook_service_client::WebhookServiceClient<Transport>;

/// A name from an id, or from the name itself.
fn name_of(collection: &str, id: &str) -> String {
    let id = id.strip_prefix(collection).unwrap_or(id).trim_start_matches('/');
    format!("{collection}/{id}")
}

impl Endpoint {
    fn name(&self) -> String {
        name_of("webhookEndpoints", &self.endpoint)
    }
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the call is refused.
pub async fn run(args: WebhookArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&ClientArgs {
        server: args.server,
        identity: args.identity,
        settings: args.settings,
    })?;
    let client: Client = client_of(&url, &identity, &args.name)?;
    let service = &client.webhook();
    match args.action {
        Action::List => {
            let request = pb::ListWebhookEndpointsRequest {};
            let answer = call!(service, "ListWebhookEndpoints", list_webhook_endpoints, request);
            output::data(report::endpoints(&answer.endpoints).as_bytes());
        }
        Action::Deliveries {
            endpoint,
            state,
            most,
        } => deliveries(service, endpoint, state, most).await?,
        Action::Create(_) | Action::Rotate { .. } => hand_over(service, args.action).await?,
        Action::Update { .. } | Action::Enable(_) | Action::Disable(_) => {
            change(service, args.action).await?;
        }
        Action::Listen { port, events } => listen::run(service, port, events).await?,
        Action::Test(endpoint) => {
            let request = pb::SendTestEventRequest {
                request_id: request_id(),
                endpoint: endpoint.name(),
            };
            let answer = call!(service, "SendTestEvent", send_test_event, request);
            output::data(report::deliveries(answer.delivery.as_slice()).as_bytes());
        }
        Action::Replay { delivery } => {
            let request = pb::ReplayWebhookDeliveryRequest {
                request_id: request_id(),
                name: name_of("webhookDeliveries", &delivery),
            };
            let answer = call!(service, "ReplayWebhookDelivery", replay_webhook_delivery, request);
            output::data(report::deliveries(answer.delivery.as_slice()).as_bytes());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The actions that answer a secret, which goes to standard output alone, so that it can be kept by a pipe.
async fn hand_over(service: &Service, action: Action) -> Result<(), CommandError> {
    let (endpoint, secret) = match action {
        Action::Rotate { endpoint, overlap } => {
            let request = pb::RotateWebhookSecretRequest {
                request_id: request_id(),
                name: endpoint.name(),
                overlap_hours: Some(overlap),
            };
            let answer = call!(service, "RotateWebhookSecret", rotate_webhook_secret, request);
            (answer.endpoint, answer.secret)
        }
        Action::Create(wanted) => {
            let request = pb::CreateWebhookEndpointRequest {
                request_id: request_id(),
                url: wanted.url,
                event_types: wanted.events,
                description: wanted.description,
            };
            let answer = call!(service, "CreateWebhookEndpoint", create_webhook_endpoint, request);
            (answer.endpoint, answer.secret)
        }
        _ => return Ok(()),
    };
    output::note(&report::endpoints(endpoint.as_slice()));
    output::note("签名密钥只显示这一次，请妥善保存 / the secret is shown this once, keep it:");
    output::line(&secret);
    Ok(())
}

async fn change(service: &Service, action: Action) -> Result<(), CommandError> {
    let request_id = request_id();
    let endpoint = match action {
        Action::Update { endpoint, wanted } => {
            let request = pb::UpdateWebhookEndpointRequest {
                request_id,
                name: endpoint.name(),
                url: wanted.url,
                event_types: wanted.events,
                description: wanted.description,
            };
            call!(service, "UpdateWebhookEndpoint", update_webhook_endpoint, request).endpoint
        }
        Action::Enable(endpoint) => {
            let name = endpoint.name();
            let request = pb::EnableWebhookEndpointRequest { request_id, name };
            call!(service, "EnableWebhookEndpoint", enable_webhook_endpoint, request).endpoint
        }
        Action::Disable(endpoint) => {
            let name = endpoint.name();
            let request = pb::DisableWebhookEndpointRequest { request_id, name };
            call!(
                service,
                "DisableWebhookEndpoint",
                disable_webhook_endpoint,
                request
            )
            .endpoint
        }
        _ => return Ok(()),
    };
    output::data(report::endpoints(endpoint.as_slice()).as_bytes());
    Ok(())
}

async fn deliveries(
    service: &Service,
    endpoint: Option<String>,
    state: Option<State>,
    most: i32,
) -> Result<(), CommandError> {
    let state = match state {
        None => pb::WebhookDeliveryState::Unspecified,
        Some(State::Pending) => pb::WebhookDeliveryState::Pending,
        Some(State::Delivered) => pb::WebhookDeliveryState::Delivered,
        Some(State::Failed) => pb::WebhookDeliveryState::Failed,
    };
    let request = pb::ListWebhookDeliveriesRequest {
        endpoint: endpoint.map_or_else(String::new, |id| name_of("webhookEndpoints", &id)),
        state: state.into(),
        page_size: most,
        page_token: String::new(),
    };
    let answer = call!(service, "ListWebhookDeliveries", list_webhook_deliveries, request);
    output::data(report::deliveries(&answer.deliveries).as_bytes());
    if !answer.next_page_token.is_empty() {
        output::note("还有更早的记录：用 --most 取更多 / there are older ones: ask for more with --most");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_a_name_mean_the_same() {
        for given in ["7", "webhookEndpoints/7"] {
            assert_eq!(name_of("webhookEndpoints", given), "webhookEndpoints/7");
        }
    }
}
