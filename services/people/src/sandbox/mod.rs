//! An identity provider for trying out: it signs in whoever is clicked on. A node that is no sandbox has none of this.

mod people;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use platform::clock::Clock;
use platform::config::Secret;
use policy::ident::City;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::error::Error;
use crate::https::Form;
use crate::web::{self, Answer, Parameters};
use crate::{jose, random};
use people::Made;

/// Where it is, below the address of the node.
pub(crate) const PATH: &str = "/sandbox-idp";
/// The word by which its tokens say that two factors were used.
pub(crate) const ACR: &str = "sandbox-two-factors";
/// The claim of its tokens that holds roles; also where `oidc.role_claim` is not set.
pub(crate) const ROLE_CLAIM: &str = "zhirong_role";
/// How long a code is good.
const CODE_AGE: Duration = Duration::from_secs(60);
/// Most codes that wait to be redeemed.
const CODES_MOST: usize = 1000;
/// Name of its one key.
const KEY_ID: &str = "sandbox-1";

/// A code that waits to be redeemed.
struct Grant {
    since: Instant,
    person: &'static Made,
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

/// The provider. Its key lives as long as the process.
pub struct SandboxProvider {
    key: EcdsaKeyPair,
    client_id: String,
    client_secret: Secret,
    city: City,
    grants: Mutex<HashMap<String, Grant>>,
}

impl SandboxProvider {
    /// A provider with a new key, for one client. Its people have roles in this city.
    ///
    /// # Errors
    /// [`platform::Error::Identity`] where the system gives no random numbers.
    pub fn new(client_id: String, client_secret: Secret, city: City) -> Result<Self, platform::Error> {
        let failed = |_| platform::Error::Identity {
            name: "sandbox-idp".to_owned(),
            what: "no key could be made".to_owned(),
        };
        let rng = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).map_err(failed)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &rng)
            .map_err(|_| failed(ring::error::Unspecified))?;
        Ok(Self {
            key,
            client_id,
            client_secret,
            city,
            grants: Mutex::default(),
        })
    }

    /// Its issuer, for whoever calls it at this origin.
    pub(crate) fn issuer(origin: &str) -> String {
        format!("{origin}{PATH}")
    }

    /// Its discovery document.
    pub(crate) fn document(origin: &str) -> Value {
        let issuer = Self::issuer(origin);
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "acr_values_supported": [ACR],
        })
    }

    /// Its public key, as a JWK set.
    pub(crate) fn keys(&self) -> Value {
        // 4, then both coordinates.
        let point = self.key.public_key().as_ref();
        let (x, y) = point
            .get(1..)
            .unwrap_or_default()
            .split_at_checked(32)
            .unwrap_or_default();
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": jose::encode(x), "y": jose::encode(y),
        }]})
    }

    /// The page with everybody to click on; with `person`, what the click leads to.
    pub(crate) fn authorize(&self, origin: &str, query: &str) -> Result<Answer, Error> {
        let asked = Parameters::read(query);
        for (name, wanted) in [
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("code_challenge_method", "S256"),
        ] {
            if asked.one(name)? != wanted {
                return Err(Error::ParameterInvalid { name });
            }
        }
        let redirect_uri = asked.one("redirect_uri")?;
        if !redirect_uri.ends_with(platform::config::CALLBACK_PATH) {
            return Err(Error::ParameterInvalid { name: "redirect_uri" });
        }
        let state = asked.one("state")?;
        let Some(id) = asked.optional("person")? else {
            return Ok(people::page(query, &self.city));
        };
        let person = people::find(id).ok_or(Error::ParameterInvalid { name: "person" })?;
        let code = self.grant(Grant {
            since: Instant::now(),
            person,
            redirect_uri: redirect_uri.to_owned(),
            nonce: asked.one("nonce")?.to_owned(),
            challenge: asked.one("code_challenge")?.to_owned(),
        })?;
        let issuer = Self::issuer(origin);
        let back = [("code", code.as_str()), ("state", state), ("iss", &issuer)];
        web::redirect(&web::with_query(redirect_uri, &back))
    }

    fn grant(&self, grant: Grant) -> Result<String, Error> {
        let code = random::text()?;
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.retain(|_, grant| grant.since.elapsed() < CODE_AGE);
        if grants.len() >= CODES_MOST {
            return Err(Error::SignInBusy);
        }
        grants.insert(code.clone(), grant);
        Ok(code)
    }

    /// Exchanges a code, once, for an ID token; or says what is wrong in the words of RFC 6749, 5.2.
    pub(crate) fn token(&self, origin: &str, form: &Form) -> Result<Value, &'static str> {
        let pair = format!(
            "{}:{}",
            encoded(&self.client_id),
            encoded(self.client_secret.expose())
        );
        if form.authorization != format!("Basic {}", STANDARD.encode(pair)) {
            return Err("invalid_client");
        }
        let asked = Parameters::read(&form.body);
        let one = |name| asked.one(name).map_err(|_| "invalid_request");
        if one("grant_type")? != "authorization_code" {
            return Err("unsupported_grant_type");
        }
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.remove(one("code")?).ok_or("invalid_grant")?;
        drop(grants);
        let challenge = jose::encode(&jose::digest(one("code_verifier")?.as_bytes()));
        if grant.since.elapsed() >= CODE_AGE
            || grant.redirect_uri != one("redirect_uri")?
            || grant.challenge != challenge
        {
            return Err("invalid_grant");
        }
        let token = self.id_token(origin, &grant).ok_or("server_error")?;
        Ok(json!({"access_token": "none", "token_type": "Bearer", "expires_in": 60, "id_token": token}))
    }

    fn id_token(&self, origin: &str, grant: &Grant) -> Option<String> {
        let now = Clock::System.now().timestamp();
        let header = json!({"alg": "ES256", "kid": KEY_ID, "typ": "JWT"});
        let claims = json!({
            "iss": Self::issuer(origin),
            "sub": grant.person.id,
            "aud": self.client_id,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now.saturating_add(300),
            "acr": ACR,
            "name": grant.person.zh,
            ROLE_CLAIM: grant.person.roles_in(&self.city),
        });
        let part = |value: &Value| jose::encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", jose::encode(signature.as_ref())))
    }

    /// The token endpoint as a route.
    pub(crate) fn token_answer(&self, origin: &str, form: &Form) -> Answer {
        match self.token(origin, form) {
            Ok(answer) => web::json(StatusCode::OK, &answer),
            Err(error) => web::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        }
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
