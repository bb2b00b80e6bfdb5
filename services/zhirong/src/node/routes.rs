//! Which calls a node answers, and by which ways in.

use std::sync::Arc;

use ledger::admission::{AdmissionLayer, Bounds, OpenLayer};
use ledger::{Callers, Error};
use notify::Webhooks;
use platform::database::Database;
use platform::identity::Authority;
use platform::sealing::Keyring;
use platform::signing::Signer;
use policy::rulebook::Rulebook;

use super::ledger_of;

/// The names under which the services of these roles answer the health service.
pub(super) fn health_of(roles: &[&'static str]) -> Vec<&'static str> {
    let names = |role: &&'static str| match *role {
        "registry" => registry::HEALTH,
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
    (bounds, is_sandbox): (Bounds, bool),
) -> Result<tonic::service::Routes, Error> {
    let ledger = |role| ledger_of(database, role, rulebooks.clone());
    let mut builder = tonic::service::Routes::builder();
    for role in roles {
        match *role {
            "registry" => registry::routes(&mut builder, ledger(registry::DATABASE_ROLE), issuer.clone()),
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
    guarded(builder.routes(), database, bounds)
}

/// The same routes for callers of JSON and gRPC-Web as well, in this process; whoever calls is known and let in before anything of the
/// request is read.
fn guarded(
    routes: tonic::service::Routes,
    database: &Database,
    bounds: Bounds,
) -> Result<tonic::service::Routes, Error> {
    let methods =
        gateway::Methods::new(api::FILE_DESCRIPTOR_SET).map_err(|error| platform::Error::Start {
            reason: error.reason(),
            zh: error.message_zh(),
            en: error.message_en(),
        })?;
    let json = gateway::GatewayLayer::new(methods.clone(), platform::telemetry::current_trace_id);
    let door = AdmissionLayer::new(
        vec![Arc::new(Callers::new(database.clone()))],
        bounds,
        move |path| methods.at(path).is_some(),
        gateway::refusal,
    );
    let open = routes.into_axum_router().layer(OpenLayer::start());
    Ok(open.layer(json).layer(door).into())
}
