//! Signed tokens (JWS compact, RFC 7515) and keys (JWK, RFC 7517): ES256 and RS256, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Most bytes of a token; headers end at 16 KiB anyway.
const TOKEN_BYTES: usize = 16 << 10;

/// base64url without padding; bits that stand for nothing are refused on reading.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// How a token is signed. `none` and keys that both sides know have no word here, so they cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Algorithm {
    /// ECDSA P-256 with SHA-256.
    ES256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    RS256,
}

/// The head of a token.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) jwk: Option<Jwk>,
    crit: Option<Value>,
}

/// A public key as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    pub(crate) kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// The private half, which nobody should ever send.
    d: Option<String>,
}

impl Jwk {
    /// The point of a P-256 key in its uncompressed form.
    fn point(&self) -> Option<Vec<u8>> {
        if self.kty != "EC" || self.crv.as_deref() != Some("P-256") {
            return None;
        }
        let (x, y) = (decode(self.x.as_deref()?)?, decode(self.y.as_deref()?)?);
        (x.len() == 32 && y.len() == 32).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    }

    /// SHA-256 of a P-256 key as RFC 7638 writes it; none for other keys, and for one that comes with its private half.
    pub(crate) fn thumbprint(&self) -> Option<[u8; 32]> {
        self.point()?;
        if self.d.is_some() {
            return None;
        }
        let written = json!({"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y});
        Some(digest(written.to_string().as_bytes()))
    }

    /// Whether a signature of this algorithm is this key's. A key that is meant for something else signs nothing.
    fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return false;
        }
        let (name, verified) = match algorithm {
            Algorithm::ES256 => ("ES256", self.verify_es256(message, signature)),
            Algorithm::RS256 => ("RS256", self.verify_rs256(message, signature)),
        };
        self.alg.as_deref().is_none_or(|alg| alg == name) && verified.is_some()
    }

    fn verify_es256(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point()?);
        key.verify(message, signature).ok()
    }

    fn verify_rs256(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        if self.kty != "RSA" {
            return None;
        }
        let key = RsaPublicKeyComponents {
            n: decode(self.n.as_deref()?)?,
            e: decode(self.e.as_deref()?)?,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).ok()
    }
}

/// A token that was read and not yet believed.
pub(crate) struct Jws<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads a token of three parts. A header with critical extensions is refused, for none is known here.
    pub(crate) fn read(token: &'a str) -> Option<Self> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            header,
            signed,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// What the token says, if this key has signed it.
    pub(crate) fn claims<T: DeserializeOwned>(&self, key: &Jwk) -> Option<T> {
        let is_signed = key.has_signed(self.header.alg, self.signed.as_bytes(), &self.signature);
        is_signed.then(|| serde_json::from_slice(&self.payload).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_that_of_the_members_a_key_must_have() {
        // RFC 9449, figures 5 and 8: the key of the example proof and the `jkt` of its token.
        let jwk: Jwk = serde_json::from_value(json!({
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
        }))
        .unwrap();
        let wanted = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert_eq!(jwk.thumbprint().map(|it| encode(&it)).as_deref(), Some(wanted));
    }

    #[test]
    fn the_example_of_rfc_7515_holds_and_no_flipped_bit_of_it() {
        // RFC 7515, A.3: ES256.
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
            DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let key: Jwk = serde_json::from_value(json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
        }))
        .unwrap();
        let holds = |token: &str| {
            Jws::read(token)
                .and_then(|jws| jws.claims::<Value>(&key))
                .is_some()
        };
        assert!(holds(token));
        let mut accepted = 0;
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let flipped = String::from_utf8(bytes).unwrap();
                accepted += u32::from(holds(&flipped));
            }
        }
        assert_eq!(accepted, 0);
    }

    #[test]
    fn other_algorithms_have_no_word() {
        for head in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"ES384"}"#,
            r#"{"alg":"PS256"}"#,
            r#"{"alg":"es256"}"#,
            r#"{}"#,
            r#"{"alg":"ES256","crit":["exp"]}"#,
            r#"{"alg":"ES256","alg":"RS256"}"#,
        ] {
            let token = format!("{}.{}.{}", encode(head.as_bytes()), encode(b"{}"), encode(b"x"));
            assert!(Jws::read(&token).is_none(), "{head}");
        }
        for malformed in ["", ".", "..", "a.b", "e30.e30.e30.e30", "e30=.e30.e30"] {
            assert!(Jws::read(malformed).is_none(), "{malformed}");
        }
    }
}
