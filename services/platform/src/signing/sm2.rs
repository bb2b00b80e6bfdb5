//! SM2 with SM3. The signer's user id goes into the digest (value Z), so a signature checks only under the same id.

use ::sm2::dsa::signature::{Signer as _, Verifier};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};
use ::sm2::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use ::sm2::{PublicKey, SecretKey};

use super::{Algorithm, DEFAULT_USER_ID, Encoding, Profile, Signer, draw, refused};
use crate::error::Error;

/// A private key in memory; its bytes are overwritten when it is dropped.
pub(super) struct Key {
    signing: SigningKey,
    public_der: Vec<u8>,
    profile: Profile,
}

fn user_id(profile: &Profile) -> &str {
    profile.user_id.as_deref().unwrap_or(DEFAULT_USER_ID)
}

impl Key {
    /// Reads PKCS#8 PEM; `None` when it holds no key on the SM2 curve.
    pub(super) fn from_pem(pem: &str, profile: &Profile) -> Result<Option<Self>, Error> {
        let Ok(secret) = SecretKey::from_pkcs8_pem(pem) else {
            return Ok(None);
        };
        let public_der = secret
            .public_key()
            .to_public_key_der()
            .map_err(|error| refused(error.to_string()))?
            .into_vec();
        let profile = profile.clone().stated(Algorithm::Sm2Sm3)?;
        let signing =
            SigningKey::new(user_id(&profile), &secret).map_err(|error| refused(error.to_string()))?;
        Ok(Some(Self {
            signing,
            public_der,
            profile,
        }))
    }
}

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Sm2Sm3
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_der
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self
            .signing
            .try_sign(message)
            .map_err(|error| refused(error.to_string()))?;
        Ok(match self.profile.encoding {
            Encoding::Der => signature.to_der().to_vec(),
            Encoding::Raw => signature.to_vec(),
        })
    }
}

/// A new private key as PKCS#8 PEM.
pub(super) fn make() -> Result<String, Error> {
    let key = draw(|bytes| SecretKey::from_slice(bytes).ok())?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| refused(error.to_string()))?;
    Ok(pem.as_str().to_owned())
}

/// A public key in its one form; `None` when it is none on the SM2 curve.
pub(super) fn canonical(der: &[u8]) -> Option<Vec<u8>> {
    let key = PublicKey::from_public_key_der(der).ok()?;
    Some(key.to_public_key_der().ok()?.into_vec())
}

pub(super) fn verify(
    public_key_der: &[u8],
    message: &[u8],
    signature: &[u8],
    profile: &Profile,
) -> Result<(), Error> {
    let key = PublicKey::from_public_key_der(public_key_der)
        .map_err(|_| refused("the public key is none on the SM2 curve"))?;
    let signature = match profile.encoding {
        Encoding::Der => Signature::from_der(signature),
        Encoding::Raw => Signature::from_slice(signature),
    };
    signature
        .and_then(|signature| VerifyingKey::new(user_id(profile), key)?.verify(message, &signature))
        .map_err(|_| refused("the signature is not the key's over these bytes"))
}
