//! Signing people in: the provider of the settings, or a sandbox's own; and where they are heard.

use std::sync::Arc;

use gateway::{error_json, http_status};
use ledger::Error;
use people::{CLIENT_ID, PeopleLayer, SandboxProvider, Sessions, SignIn, Source};
use platform::config::{Secret, Settings};
use platform::database::Database;
use policy::rulebook::Rulebook;

use super::io_error;

/// How people come in: their sessions, and the layer where they sign in.
pub(super) struct WaysIn {
    pub(super) sessions: Sessions,
    pub(super) layer: PeopleLayer,
}

/// The ways of a node where people can sign in at all. The process that serves the registry, which knows who may call, signs them in; the
/// others know their sessions.
pub(super) fn ways_in(
    settings: &Settings,
    roles: &[&'static str],
    database: &Database,
    rulebooks: &[Rulebook],
) -> Result<Option<WaysIn>, Error> {
    if !settings.sandbox && settings.oidc.issuer.is_none() {
        return Ok(None);
    }
    let sign_in = if roles.contains(&"registry") {
        Some(sign_in(settings, database, rulebooks)?)
    } else {
        None
    };
    Ok(Some(WaysIn {
        sessions: Sessions::new(database.clone()),
        layer: PeopleLayer::new(sign_in),
    }))
}

fn sign_in(settings: &Settings, database: &Database, rulebooks: &[Rulebook]) -> Result<SignIn, Error> {
    let oidc = &settings.oidc;
    let secret = match &oidc.client_secret {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| io_error(path, source))?;
            Secret::new(text.trim())
        }
        None => Secret::new(platform::ids::random_token()),
    };
    let source = match (&oidc.issuer, rulebooks.first()) {
        (None, Some(rulebook)) => {
            let client_id = oidc.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned());
            Source::BuiltIn(Arc::new(SandboxProvider::new(
                client_id,
                secret.clone(),
                rulebook.city.clone(),
            )?))
        }
        _ => Source::Remote {
            authorities_pem: match &oidc.ca {
                Some(path) => std::fs::read_to_string(path).map_err(|source| io_error(path, source))?,
                None => String::new(),
            },
            may_be_plain: settings.sandbox,
        },
    };
    let printed = |status: &tonic::Status| (http_status(status.code()).as_u16(), error_json(status));
    Ok(SignIn::new(database.clone(), oidc, (source, secret), printed)?)
}
