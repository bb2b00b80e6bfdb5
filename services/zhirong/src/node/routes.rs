//! Which calls a node answers, and by which ways in.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::admission::{AdmissionLayer, Bounds, OpenLayer};
use ledger::{Callers, Error, Identify};
use notify::Webhooks;
use platform::database::Database;
use platform::identity::Authority;
use platform::sealing::Keyring;
use platform::signing::Signer;
use policy::rulebook::Rulebook;

use super::ledger_of;
use super::people::WaysIn;

/// Who may call is one process's business: the registry's keys and the people's sessions.
const REGISTRY_HEALTH: &[&str] = &[registry::HEALTH[0], people::HEALTH[0]];

/// The names under which the services of these roles answer the health service.
pub(super) fn health_of(roles: &[&'static str]) -> Vec<&'static str> {
    let names = |role: &&'static str| match *role {
        "registry" => REGISTRY_HEALTH,
        "pledge" => pledge::HEALTH,
        "insurance" => insurance::HEALTH,
        "notify" => notify::HEALTH,
        "files" => files::HEALTH,
        _ => settlement::HEALTH,
    };
    roles
        .iter()
        .flat_map(|role| names(role).iter().copied())
        .chain(ledger::rpc::HEALTH.iter().copied())
        .collect()
}

/// The calls of these roles, by gRPC, gRPC-Web and JSON.
pub(super) fn of(
    roles: &[&'static str],
    (database, rulebooks): (&Database, &Arc<Vec<Rulebook>>),
    issuer: Option<Arc<Authority>>,
    (signer, keys): (Option<Arc<dyn Signer>>, Option<Arc<Keyring>>),
    webhooks: Option<&Webhooks>,
    is_sandbox: bool,
) -> tonic::service::Routes {
    let ledger = |role| ledger_of(database, role, rulebooks.clone());
    let mut builder = tonic::service::Routes::builder();
    for role in roles {
        match *role {
            "registry" => {
                registry::routes(&mut builder, ledger(registry::DATABASE_ROLE), issuer.clone());
                people::routes(&mut builder, ledger(people::DATABASE_ROLE));
            }
            "pledge" => pledge::routes(&mut builder, ledger(pledge::DATABASE_ROLE)),
            "insurance" => insurance::routes(&mut builder, ledger(insurance::DATABASE_ROLE)),
            "notify" => webhooks.into_iter().for_each(|it| it.routes(&mut builder)),
            "files" => {
                let registry = ledger(registry::DATABASE_ROLE);
                let owners = files::Owners {
                    registry_hook: registry::import_hook(registry.clone(), issuer.clone()),
                    registry,
                    pledge: ledger(pledge::DATABASE_ROLE),
                    insurance: ledger(insurance::DATABASE_ROLE),
                };
                files::routes(&mut builder, ledger(files::DATABASE_ROLE), owners);
            }
            _ => {
                let own = ledger(settlement::DATABASE_ROLE);
                settlement::routes(&mut builder, own.clone(), signer.clone(), is_sandbox);
                settlement::payment_routes(&mut builder, own, keys.clone());
            }
        }
    }
    // Once a process, under the rights of its first service: each of them may read the trail.
    let reader = super::database_role(roles.first().unwrap_or(&"settlement"));
    ledger::rpc::routes(&mut builder, ledger(reader));
    builder.routes()
}

fn methods() -> Result<gateway::Methods, platform::Error> {
    gateway::Methods::new(api::FILE_DESCRIPTOR_SET).map_err(|error| platform::Error::Start {
        reason: error.reason(),
        zh: error.message_zh(),
        en: error.message_en(),
    })
}

/// The names of all methods, `package.Service/Method`.
pub(super) fn method_names() -> Result<BTreeSet<String>, Error> {
    let methods = methods()?;
    let names = methods
        .all()
        .iter()
        .map(|method| method.path.trim_start_matches('/').to_owned());
    Ok(names.collect())
}

/// The same routes for callers of JSON and gRPC-Web as well, in this process, and for people with their sessions; whoever calls is known
/// and let in before anything of the request is read.
pub(super) fn guarded(
    routes: tonic::service::Routes,
    database: &Database,
    bounds: Bounds,
    people: Option<WaysIn>,
) -> Result<tonic::service::Routes, Error> {
    let methods = methods()?;
    let json = gateway::GatewayLayer::new(methods.clone(), platform::telemetry::current_trace_id);
    let mut ways: Vec<Arc<dyn Identify>> = Vec::new();
    let mut pages = None;
    if let Some(WaysIn { sessions, layer }) = people {
        // A session counts before the certificate that it is bound to.
        ways.push(Arc::new(sessions));
        pages = Some(layer);
    }
    ways.push(Arc::new(Callers::new(database.clone())));
    let door = AdmissionLayer::new(
        ways,
        bounds,
        move |path| methods.at(path).is_some(),
        gateway::refusal,
    );
    let router = routes
        .into_axum_router()
        .layer(OpenLayer::start())
        .layer(json)
        .layer(door);
    Ok(match pages {
        Some(pages) => router.layer(pages).into(),
        None => router.into(),
    })
}
