//! ECDSA over P-256 with SHA-256.

use p256::ecdsa::signature::{Signer as _, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};

use super::{Algorithm, Encoding, Profile, Signer, draw, refused};
use crate::error::Error;

/// A private key in memory; its bytes are overwritten when it is dropped.
pub(super) struct Key {
    signing: SigningKey,
    public_der: Vec<u8>,
    profile: Profile,
}

impl Key {
    /// Reads PKCS#8 PEM; `None` when it holds no key on P-256.
    pub(super) fn from_pem(pem: &str, profile: &Profile) -> Result<Option<Self>, Error> {
        let Ok(signing) = SigningKey::from_pkcs8_pem(pem) else {
            return Ok(None);
        };
        let public_der = signing
            .verifying_key()
            .to_public_key_der()
            .map_err(|error| refused(error.to_string()))?
            .into_vec();
        let profile = profile.clone().stated(Algorithm::EcdsaP256Sha256)?;
        Ok(Some(Self {
            signing,
            public_der,
            profile,
        }))
    }
}

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256Sha256
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
        Ok(written(&signature, self.profile.encoding))
    }
}

fn read(signature: &[u8], encoding: Encoding) -> Result<Signature, Error> {
    let read = match encoding {
        Encoding::Der => Signature::from_der(signature),
        Encoding::Raw => Signature::from_slice(signature),
    };
    read.map_err(|_| refused("the signature is not the key's over these bytes"))
}

fn written(signature: &Signature, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Der => signature.to_der().as_bytes().to_vec(),
        Encoding::Raw => signature.to_bytes().to_vec(),
    }
}

/// The signature with the lower of its two possible numbers s.
pub(super) fn one_form(signature: &[u8], encoding: Encoding) -> Result<Vec<u8>, Error> {
    let signature = read(signature, encoding)?;
    Ok(written(&signature.normalize_s(), encoding))
}

/// A new private key as PKCS#8 PEM.
pub(super) fn make() -> Result<String, Error> {
    let key = draw(|bytes| SigningKey::from_slice(bytes).ok())?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| refused(error.to_string()))?;
    Ok(pem.as_str().to_owned())
}

/// A public key in its one form; `None` when it is none on P-256.
pub(super) fn canonical(der: &[u8]) -> Option<Vec<u8>> {
    let key = VerifyingKey::from_public_key_der(der).ok()?;
    Some(key.to_public_key_der().ok()?.into_vec())
}

pub(super) fn verify(
    public_key_der: &[u8],
    message: &[u8],
    signature: &[u8],
    profile: &Profile,
) -> Result<(), Error> {
    let key = VerifyingKey::from_public_key_der(public_key_der)
        .map_err(|_| refused("the public key is none on P-256"))?;
    key.verify(message, &read(signature, profile.encoding)?)
        .map_err(|_| refused("the signature is not the key's over these bytes"))
}
