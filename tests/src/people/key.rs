//! A key of a browser, and the proofs (DPoP, RFC 9449) that it signs; written apart from the product's reader.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::digest::sha256;
use platform::clock::Clock;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::ids::request_id;

/// A JSON value as a part of a token.
pub fn json_part(value: &Value) -> String {
    part(value.to_string().as_bytes())
}

/// Bytes as a part of a token.
pub(super) fn part(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A P-256 key pair.
pub struct ProofKey(EcdsaKeyPair);

impl Default for ProofKey {
    fn default() -> Self {
        Self::new()
    }
}

impl ProofKey {
    /// A new one.
    pub fn new() -> Self {
        let rng = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &rng).unwrap())
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({"crv": "P-256", "kty": "EC", "x": part(&point[1..33]), "y": part(&point[33..])})
    }

    /// The public key's bytes, as somebody would take them for a shared secret.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Its thumbprint (RFC 7638), the value of `dpop_jkt`.
    pub fn thumbprint(&self) -> String {
        part(&sha256(self.jwk().to_string().as_bytes()))
    }

    /// A token of these two parts, signed.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", json_part(header), json_part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", part(signature.as_ref()))
    }

    /// The header of a proof.
    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()})
    }

    /// The claims of a proof of one call.
    pub fn claims(method: &str, address: &str, token: &str) -> Value {
        json!({
            "jti": request_id(), "htm": method, "htu": address,
            "iat": Clock::System.now().timestamp(), "ath": part(&sha256(token.as_bytes())),
        })
    }

    /// A proof of one call.
    pub fn proof(&self, method: &str, address: &str, token: &str) -> String {
        self.sign(&self.header(), &Self::claims(method, address, token))
    }
}
