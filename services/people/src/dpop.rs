//! Proofs of possession (DPoP, RFC 9449): each call is signed by the key that the session is bound to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::error::Error;
use crate::jose::{Algorithm, Jws, digest, encode};

/// How far the caller's clock may be away, either way. Used proofs are remembered for longer (`store::proof`).
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The call that a proof must be about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// HTTP method.
    pub(crate) method: &'a str,
    /// Address without query.
    pub(crate) url: &'a str,
    /// The session's token.
    pub(crate) token: &'a str,
}

#[derive(Debug, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: String,
}

/// A proof that holds; it still must not have been used before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Its number.
    pub(crate) id: String,
    /// Digest of its key.
    pub(crate) key: [u8; 32],
}

/// Reads the proof of a call.
pub(crate) fn check(proof: &str, call: Call<'_>, now: DateTime<Utc>) -> Result<Proof, Error> {
    let wrong = |what| Error::ProofInvalid { what };
    let jws = Jws::read(proof).ok_or(wrong("malformed"))?;
    if jws.header.typ.as_deref() != Some("dpop+jwt") {
        return Err(wrong("typ"));
    }
    if jws.header.alg != Algorithm::ES256 {
        return Err(wrong("alg"));
    }
    let jwk = jws.header.jwk.as_ref().ok_or(wrong("jwk"))?;
    let key = jwk.thumbprint().ok_or(wrong("jwk"))?;
    let claims: Claims = jws.claims(jwk).ok_or(wrong("signature"))?;
    if claims.htm != call.method {
        return Err(wrong("htm"));
    }
    if claims.htu.split(['?', '#']).next() != Some(call.url) {
        return Err(wrong("htu"));
    }
    let issued = DateTime::from_timestamp(claims.iat, 0).ok_or(wrong("iat"))?;
    if issued < now - LEEWAY || issued > now + LEEWAY {
        return Err(wrong("iat"));
    }
    if claims.ath != encode(&digest(call.token.as_bytes())) {
        return Err(wrong("ath"));
    }
    if claims.jti.is_empty()
        || claims.jti.len() > 128
        || !claims.jti.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(wrong("jti"));
    }
    Ok(Proof { id: claims.jti, key })
}
