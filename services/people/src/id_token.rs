//! What an ID token must say before anybody is signed in by it (OpenID Connect Core 1.0, 3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::jose::{Jwk, Jws};

/// How far the provider's clock may be away.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// The longest time ago that a token may have been issued: it was asked for a moment ago.
const AGE_MOST: TimeDelta = TimeDelta::minutes(10);
/// Most characters of a name.
const NAME_CHARS: usize = 64;

/// What a token is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Words for two factors, see `oidc.acr`.
    pub(crate) acr: &'a [String],
    /// The claim with the roles.
    pub(crate) role_claim: &'a str,
}

/// Who a token says the person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The provider's stable id of the person.
    pub(crate) subject: String,
    /// The person's name; the id where the provider tells none.
    pub(crate) name: String,
    /// The values of the role claim.
    pub(crate) roles: Vec<String>,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Texts,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    acr: Option<String>,
    amr: Option<Vec<String>>,
    name: Option<String>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No key of the provider has this name: it may have new ones.
    KeyUnknown,
    /// What is wrong for good.
    Wrong(&'static str),
    /// Not signed in with two factors.
    Factors,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::KeyUnknown => Self::TokenInvalid { what: "kid" },
            Fault::Wrong(what) => Self::TokenInvalid { what },
            Fault::Factors => Self::FactorsMissing,
        }
    }
}

/// Whom a token signs in.
pub(crate) fn check(
    token: &str,
    keys: &[Jwk],
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Person, Fault> {
    let jws = Jws::read(token).ok_or(Fault::Wrong(
        "malformed, or an algorithm other than ES256 and RS256",
    ))?;
    // A key that a token brings along is the token's word for itself.
    let kid = jws.header.kid.as_deref().ok_or(Fault::Wrong("kid"))?;
    let mut named = keys.iter().filter(|key| key.kid.as_deref() == Some(kid));
    let key = named.next().ok_or(Fault::KeyUnknown)?;
    let all: Map<String, Value> = jws.claims(key).ok_or(Fault::Wrong("signature"))?;
    let stated = all.get(expected.role_claim).cloned();
    let claims: Claims = serde_json::from_value(Value::Object(all)).map_err(|_| Fault::Wrong("claims"))?;
    about(&claims, expected)?;
    in_time(&claims, now)?;
    let has_factors = claims
        .acr
        .iter()
        .chain(claims.amr.iter().flatten())
        .any(|word| expected.acr.contains(word));
    if !has_factors {
        return Err(Fault::Factors);
    }
    person(claims, stated)
}

fn about(claims: &Claims, expected: &Expected<'_>) -> Result<(), Fault> {
    if claims.iss != expected.issuer {
        return Err(Fault::Wrong("iss"));
    }
    let audience = claims.aud.clone().into_vec();
    if !audience.iter().any(|one| one == expected.client_id) {
        return Err(Fault::Wrong("aud"));
    }
    match &claims.azp {
        Some(azp) if azp != expected.client_id => return Err(Fault::Wrong("azp")),
        None if audience.len() > 1 => return Err(Fault::Wrong("azp")),
        _ => {}
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Fault::Wrong("nonce"));
    }
    Ok(())
}

fn in_time(claims: &Claims, now: DateTime<Utc>) -> Result<(), Fault> {
    let moment = |seconds: i64| DateTime::from_timestamp(seconds, 0).ok_or(Fault::Wrong("time"));
    let (soonest, latest) = (now - LEEWAY, now + LEEWAY);
    if moment(claims.exp)? <= soonest {
        return Err(Fault::Wrong("exp"));
    }
    let issued = moment(claims.iat)?;
    if issued > latest || issued < now - AGE_MOST {
        return Err(Fault::Wrong("iat"));
    }
    if claims
        .nbf
        .map(moment)
        .transpose()?
        .is_some_and(|from| from > latest)
    {
        return Err(Fault::Wrong("nbf"));
    }
    Ok(())
}

fn person(claims: Claims, stated: Option<Value>) -> Result<Person, Fault> {
    let is_plain = claims.sub.bytes().all(|byte| byte.is_ascii_graphic());
    if claims.sub.is_empty() || claims.sub.len() > 128 || !is_plain {
        return Err(Fault::Wrong("sub"));
    }
    // A name that holds what nobody can see is not shown at all.
    let told: String = claims.name.unwrap_or_default().chars().take(NAME_CHARS).collect();
    let name = exchange::table::text(&told).unwrap_or_default();
    let roles = match stated {
        None => Vec::new(),
        Some(value) => serde_json::from_value::<Texts>(value)
            .map_err(|_| Fault::Wrong("roles"))?
            .into_vec(),
    };
    Ok(Person {
        name: if name.is_empty() { claims.sub.clone() } else { name },
        subject: claims.sub,
        roles,
    })
}
