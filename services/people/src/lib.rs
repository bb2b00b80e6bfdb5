//! People: they sign in with their city's OpenID Connect provider (authorisation code, PKCE) and make the calls of their role with a session,
//! which is bound to their certificate or key, ends after fifteen minutes without a call, and never has an institution's role.
//!
//! A browser begins at `/auth/login` and ends with the cookie [`COOKIE`]. [`PeopleLayer`] answers `/auth/*`; [`Sessions`] is one of the ways in
//! which [`ledger::AdmissionLayer`] knows a caller. A sandbox has a [`SandboxProvider`] of its own.

mod dpop;
mod error;
mod flow;
mod https;
mod id_token;
mod jose;
mod layer;
mod provider;
mod random;
mod roles;
mod rpc;
mod sandbox;
mod session;
mod store;
mod web;

use std::sync::Arc;

use platform::config::{Oidc, Secret};
use platform::database::Database;
use serde_json::Value;

pub use error::Error;
pub use layer::{PeopleLayer, PeopleService};
pub use rpc::routes;
pub use sandbox::SandboxProvider;
pub use session::{COOKIE, CSRF_HEADER, PROOF_HEADER, Sessions};

use crate::flow::Flow;
use crate::https::Https;
use crate::provider::{Place, Provider, Terms};
use crate::roles::Roles;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_people";

/// The health name of this service.
pub const HEALTH: &[&str] = &["zhirong.people.v1.PeopleService"];

/// Name under which a provider knows this program where `oidc.client_id` is not set.
pub const CLIENT_ID: &str = "zhirong";

/// How a refusal is printed: HTTP status and document.
pub type ErrorJson = fn(&tonic::Status) -> (u16, Value);

/// What signs people in.
pub struct SignIn {
    flow: Flow,
    error_json: ErrorJson,
}

/// Which provider signs people in.
pub enum Source {
    /// That of the settings, with the PEM text of authorities it is trusted by, and whether it may be without TLS (a sandbox).
    Remote {
        /// Certificates beside the system's.
        authorities_pem: String,
        /// Whether it may speak plain HTTP.
        may_be_plain: bool,
    },
    /// A sandbox's own.
    BuiltIn(Arc<SandboxProvider>),
}

impl SignIn {
    /// By these settings, with the client secret out of its file.
    ///
    /// # Errors
    /// `CONFIG_INVALID` naming the setting.
    pub fn new(
        database: Database,
        settings: &Oidc,
        (source, client_secret): (Source, Secret),
        error_json: ErrorJson,
    ) -> Result<Self, platform::Error> {
        let roles = Roles::read(&settings.roles).map_err(|line| platform::Error::Config {
            setting: "oidc.roles".to_owned(),
            zh: format!("{line} 应形如 取值=4105:finance-maker，角色不能是 institution"),
            en: format!("{line} must be like value=4105:finance-maker, with any role but institution"),
        })?;
        let (place, acr, role_claim) = match source {
            // The built-in provider has words of its own.
            Source::BuiltIn(provider) => {
                let own = (vec![sandbox::ACR.to_owned()], sandbox::ROLE_CLAIM.to_owned());
                (Place::BuiltIn(provider), own.0, own.1)
            }
            Source::Remote {
                authorities_pem,
                may_be_plain,
            } => {
                let tls = platform::outgoing::client_tls("oidc.ca", &authorities_pem)?;
                let place = Place::Remote {
                    issuer: settings.issuer.clone().unwrap_or_default(),
                    https: Https::new(tls, may_be_plain),
                };
                let claim = settings.role_claim.clone();
                (
                    place,
                    settings.acr.clone(),
                    claim.unwrap_or_else(|| sandbox::ROLE_CLAIM.to_owned()),
                )
            }
        };
        let terms = Terms {
            client_id: settings.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned()),
            client_secret,
            role_claim,
            acr,
        };
        Ok(Self {
            flow: Flow {
                sessions: Sessions::new(database.clone()),
                database,
                provider: Provider::new(place, terms),
                roles,
                callback: settings.callback.clone(),
            },
            error_json,
        })
    }
}
