//! `zhirong health`: asks a server whether it serves; the probe of containers, which have no shell and no second program.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use platform::identity::load_identity;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::cli::ClientArgs;
use crate::connection::{certificates, target};
use crate::error::CommandError;
use crate::node::{PROBE, health_names};
use crate::output;

/// A probe that takes longer is as bad as one that fails.
const LIMIT: Duration = Duration::from_secs(3);

/// Options of `health`.
#[derive(Debug, Clone, Default, Args)]
pub struct HealthArgs {
    /// 服务 One service of the process, such as pledge; the process as a whole where not given
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Asks, and prints the answer: exit 0 where it serves, 1 where it does not or cannot be reached.
///
/// # Errors
/// [`CommandError`] where no server or certificate can be found, or no service has the name.
pub async fn run(args: HealthArgs) -> Result<ExitCode, CommandError> {
    let names = match &args.service {
        None => vec![""],
        Some(service) => health_names(service)?,
    };
    let channel = connect(&args.client)?;
    for name in names {
        let answer = tokio::time::timeout(LIMIT, ask(channel.clone(), name)).await;
        let fault = match answer {
            Ok(Ok(ServingStatus::Serving)) => continue,
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(status)) => format!("{:?} {}", status.code(), status.message()),
            Err(_) => format!("no answer within {} s", LIMIT.as_secs()),
        };
        output::note(&format!("未在服务 / not serving {name}: {fault}"));
        return Ok(ExitCode::from(1));
    }
    output::line("SERVING");
    Ok(ExitCode::SUCCESS)
}

async fn ask(channel: Channel, service: &str) -> Result<ServingStatus, tonic::Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel).check(request).await?.into_inner();
    Ok(match answer.status() {
        tonic_health::pb::health_check_response::ServingStatus::Serving => ServingStatus::Serving,
        tonic_health::pb::health_check_response::ServingStatus::NotServing => ServingStatus::NotServing,
        _ => ServingStatus::Unknown,
    })
}

/// A connection by the probe's certificate, or by any that is in the folder: whose it is does not matter for this call.
fn connect(args: &ClientArgs) -> Result<Channel, CommandError> {
    let (url, identity) = target(args)?;
    let is_probe_there = identity.join(format!("{PROBE}.pem")).is_file();
    let others = if is_probe_there {
        BTreeSet::new()
    } else {
        certificates(&identity)?
    };
    let own = match others.into_iter().find(|name| name != "server") {
        Some(name) => load_identity(&identity, &name)?,
        None => load_identity(&identity, PROBE)?,
    };
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&own.ca_pem))
        .identity(Identity::from_pem(&own.certificate_pem, &own.key_pem));
    let refused = |error: tonic::transport::Error| CommandError::Platform(platform::Error::Transport(error));
    let endpoint = Endpoint::from_shared(url)
        .map_err(refused)?
        .connect_timeout(LIMIT);
    Ok(endpoint.tls_config(tls).map_err(refused)?.connect_lazy())
}
