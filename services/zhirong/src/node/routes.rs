//! Which calls a node answers, and by which ways in.

use std::collections::BTreeSet;
use std::sync::Arc;

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
    is_sandbox: bool,
) -> Result<tonic::service::Routes, Error> {
    let callers = Callers::new(database.clone());
    let ledger = |role| ledger_of(database, role, rulebooks.clone());
    let mut builder = tonic::service::Routes::builder();
    for role in roles {
        match *role {
            "registry" => registry::routes(
                &mut builder,
                ledger(registry::DATABASE_ROLE),
                callers.clone(),
                issuer.clone(),
            ),
            "pledge" => pledge::routes(&mut builder, ledger(pledge::DATABASE_ROLE), callers.clone()),
            "insurance" => insurance::routes(&mut builder, ledger(insurance::DATABASE_ROLE), callers.clone()),
            "notify" => webhooks.into_iter().for_each(|it| it.routes(&mut builder)),
            "files" => {
                let registry = ledger(registry::DATABASE_ROLE);
                let owners = files::Owners {
                    registry_hook: registry::import_hook(registry.clone(), callers.clone(), issuer.clone()),
                    registry,
                    pledge: ledger(pledge::DATABASE_ROLE),
                    insurance: ledger(insurance::DATABASE_ROLE),
                };
                files::routes(
                    &mut builder,
                    ledger(files::DATABASE_ROLE),
                    callers.clone(),
                    owners,
                );
            }
            _ => {
                let own = ledger(settlement::DATABASE_ROLE);
                settlement::routes(
                    &mut builder,
                    own.clone(),
                    callers.clone(),
                    signer.clone(),
                    is_sandbox,
                );
                settlement::payment_routes(&mut builder, own, callers.clone(), keys.clone());
            }
        }
    }
    // Once a process, under the rights of its first service: each of them may read the trail.
    let reader = super::database_role(roles.first().unwrap_or(&"settlement"));
    ledger::rpc::routes(&mut builder, ledger(reader), callers);
    with_json(builder.routes())
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

/// The same routes for callers of JSON and gRPC-Web, in this process and under the same certificates.
fn with_json(routes: tonic::service::Routes) -> Result<tonic::service::Routes, Error> {
    let layer = gateway::GatewayLayer::new(methods()?, platform::telemetry::current_trace_id);
    Ok(routes.into_axum_router().layer(layer).into())
}
