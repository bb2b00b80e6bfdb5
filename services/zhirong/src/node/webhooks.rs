//! The webhook service of a node: its keys, the addresses it may call, whom it trusts.

use std::path::Path;
use std::sync::Arc;

use ledger::Error;
use notify::{Options, Reach, Webhooks};
use platform::config::Settings;
use platform::database::Database;
use platform::sealing::Keyring;
use policy::rulebook::Rulebook;

use super::{io_error, ledger_of};

/// Name of the sandbox's own keys for webhook secrets, beside its certificates.
const WEBHOOK_KEY: &str = "webhook.keys";

/// What the operator set, where this process serves webhooks. A sandbox has keys of its own and trusts its own certificates.
pub(super) fn options(
    settings: &Settings,
    roles: &[&'static str],
    identity: &Path,
) -> Result<Option<Options>, Error> {
    if !roles.contains(&"notify") {
        return Ok(None);
    }
    let keys = match &settings.webhook_key {
        Some(path) => Some(Keyring::load(path)?),
        None if settings.sandbox => Some(Keyring::load_or_make(&identity.join(WEBHOOK_KEY))?),
        None => {
            tracing::warn!("no webhook_key is set: no webhook endpoint can be kept, and nothing is sent");
            None
        }
    };
    let own = settings.sandbox.then(|| identity.join("ca.pem"));
    let mut authorities_pem = String::new();
    for path in settings.webhook_ca.iter().chain(&own) {
        authorities_pem += &std::fs::read_to_string(path).map_err(|source| io_error(path, source))?;
    }
    Ok(Some(Options {
        keys: keys.map(Arc::new),
        reach: Reach::new(&settings.webhook_allow, settings.sandbox)?,
        authorities_pem,
    }))
}

/// The service over a database.
pub(super) fn service(
    database: &Database,
    rulebooks: Arc<Vec<Rulebook>>,
    options: Options,
) -> Result<Webhooks, Error> {
    let ledger = ledger_of(database, notify::DATABASE_ROLE, rulebooks);
    Webhooks::new(ledger, options)
}
