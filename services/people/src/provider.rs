//! The city's OpenID Connect provider: where it is, its keys, and the exchange of a code for an ID token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::clock::Clock;
use platform::config::Secret;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::error::Error;
use crate::https::{Form, Https};
use crate::id_token::{self, Expected, Fault, Person};
use crate::jose::Jwk;
use crate::sandbox::SandboxProvider;
use crate::web;

/// How long the provider's document and keys are kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How soon keys may be fetched again for a token whose key is unknown: nobody may have us fetch at will.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Where the provider is.
pub(crate) enum Place {
    /// Somewhere in the network.
    Remote {
        /// Its issuer.
        issuer: String,
        /// The way there.
        https: Https,
    },
    /// In this program, for a sandbox.
    BuiltIn(Arc<SandboxProvider>),
}

/// What the operator agreed with the provider.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) role_claim: String,
    pub(crate) acr: Vec<String>,
}

/// The document of OpenID Connect Discovery 1.0, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Debug, Clone)]
struct Known {
    since: Instant,
    document: Document,
    keys: Vec<Jwk>,
}

/// What a person is sent to the provider with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) callback: &'a str,
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) challenge: &'a str,
}

/// What came back with the person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply<'a> {
    pub(crate) callback: &'a str,
    pub(crate) code: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) nonce: &'a str,
}

/// The provider, with what is known of it.
pub(crate) struct Provider {
    place: Place,
    terms: Terms,
    known: Mutex<Option<Known>>,
}

impl Provider {
    pub(crate) fn new(place: Place, terms: Terms) -> Self {
        Self {
            place,
            terms,
            known: Mutex::default(),
        }
    }

    /// The built-in provider, where it is this one.
    pub(crate) const fn built_in(&self) -> Option<&Arc<SandboxProvider>> {
        match &self.place {
            Place::BuiltIn(provider) => Some(provider),
            Place::Remote { .. } => None,
        }
    }

    /// The issuer, seen from a request to this origin: the built-in provider is where the request came to.
    pub(crate) fn issuer(&self, origin: &str) -> String {
        match &self.place {
            Place::Remote { issuer, .. } => issuer.clone(),
            Place::BuiltIn(_) => SandboxProvider::issuer(origin),
        }
    }

    async fn fetch(&self, origin: &str) -> Result<Known, Error> {
        let unfit = |what: &str| Error::ProviderUnavailable {
            what: what.to_owned(),
        };
        let (document, keys) = match &self.place {
            Place::BuiltIn(provider) => (SandboxProvider::document(origin), provider.keys()),
            Place::Remote { issuer, https } => {
                let url = format!(
                    "{}/.well-known/openid-configuration",
                    issuer.trim_end_matches('/')
                );
                let document = https.ask(&url, None).await?;
                let keys = https
                    .ask(document["jwks_uri"].as_str().unwrap_or_default(), None)
                    .await?;
                (document, keys)
            }
        };
        let document: Document =
            serde_json::from_value(document).map_err(|_| unfit("its discovery document lacks something"))?;
        if document.issuer != self.issuer(origin) {
            return Err(unfit("its discovery document names another issuer"));
        }
        tracing::info!(
            issuer = document.issuer,
            keys = document.jwks_uri,
            "the identity provider was asked"
        );
        // Keys of kinds that nothing here verifies are left out.
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        let keys = keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok());
        Ok(Known {
            since: Instant::now(),
            document,
            keys: keys.collect(),
        })
    }

    /// What is known, not older than this.
    async fn known(&self, origin: &str, age: Duration) -> Result<Known, Error> {
        // A built-in provider costs nothing to ask, and is another one for each address it is called by.
        if self.built_in().is_some() {
            return self.fetch(origin).await;
        }
        let mut kept = self.known.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.since.elapsed() < age) {
            return Ok(known.clone());
        }
        let known = self.fetch(origin).await?;
        *kept = Some(known.clone());
        Ok(known)
    }

    /// Where a person is sent to sign in.
    pub(crate) async fn address(&self, origin: &str, question: Question<'_>) -> Result<String, Error> {
        let known = self.known(origin, KEPT).await?;
        let acr = self.terms.acr.join(" ");
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.terms.client_id),
            ("redirect_uri", question.callback),
            ("scope", "openid profile"),
            ("state", question.state),
            ("nonce", question.nonce),
            ("code_challenge", question.challenge),
            ("code_challenge_method", "S256"),
            ("acr_values", &acr),
        ];
        Ok(web::with_query(
            &known.document.authorization_endpoint,
            &parameters,
        ))
    }

    /// Exchanges a code for an ID token and reads who it is about.
    pub(crate) async fn redeem(&self, origin: &str, reply: Reply<'_>) -> Result<Person, Error> {
        let known = self.known(origin, KEPT).await?;
        let answer = self.token(origin, &known, reply).await?;
        let token = answer["id_token"]
            .as_str()
            .ok_or(Error::TokenInvalid { what: "none came" })?;
        let issuer = self.issuer(origin);
        let expected = Expected {
            issuer: &issuer,
            client_id: &self.terms.client_id,
            nonce: reply.nonce,
            acr: &self.terms.acr,
            role_claim: &self.terms.role_claim,
        };
        match id_token::check(token, &known.keys, &expected, Clock::System.now()) {
            Err(Fault::KeyUnknown) => {
                let newer = self.known(origin, AGAIN_AFTER).await?;
                Ok(id_token::check(
                    token,
                    &newer.keys,
                    &expected,
                    Clock::System.now(),
                )?)
            }
            checked => Ok(checked?),
        }
    }

    async fn token(&self, origin: &str, known: &Known, reply: Reply<'_>) -> Result<Value, Error> {
        let body = web::query(&[
            ("grant_type", "authorization_code"),
            ("code", reply.code),
            ("redirect_uri", reply.callback),
            ("code_verifier", reply.verifier),
        ]);
        // RFC 6749, 2.3.1: both are form-encoded before they are put together.
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let secret = encoded(self.terms.client_secret.expose());
        let pair = format!("{}:{secret}", encoded(&self.terms.client_id));
        let form = Form {
            authorization: format!("Basic {}", STANDARD.encode(pair)),
            body,
        };
        match &self.place {
            Place::Remote { https, .. } => https.ask(&known.document.token_endpoint, Some(form)).await,
            Place::BuiltIn(provider) => {
                provider
                    .token(origin, &form)
                    .map_err(|error| Error::ProviderUnavailable {
                        what: error.to_owned(),
                    })
            }
        }
    }
}
