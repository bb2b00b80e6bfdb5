//! Detached signatures in two profiles: ECDSA over P-256 with SHA-256 (FIPS 186-5, nonce by RFC 6979) and SM2 with SM3
//! (GB/T 32918.2-2016, the digest of the signer's user id in front of the message).
//!
//! Keys are PKCS#8 PEM, public keys SubjectPublicKeyInfo (RFC 5280), both as OpenSSL 3 writes them. [`Signer`] is what a
//! hardware module implements; the keys in files here are the tested reference and claim no certification.

mod ecdsa;
mod sm2;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use p256::pkcs8::{Document, LineEnding};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::{read_if_there, write_whole};

/// The user id that GM/T 0009 prescribes where two parties agreed on none.
pub const DEFAULT_USER_ID: &str = "1234567812345678";

/// The longest user id: its length in bits is hashed as a number of 16 bits (GB/T 32918.2, 5.5).
const USER_ID_BYTES_MOST: usize = 8_191;
/// Draws of a private key; the chance that one is refused is below 2^-31.
const DRAWS_MOST: usize = 8;
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// How something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    #[serde(rename = "ECDSA-P256-SHA256")]
    EcdsaP256Sha256,
    /// SM2 with SM3.
    #[serde(rename = "SM2-SM3")]
    Sm2Sm3,
}

impl Algorithm {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::EcdsaP256Sha256, Self::Sm2Sm3];

    /// The name in files and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ECDSA-P256-SHA256",
            Self::Sm2Sm3 => "SM2-SM3",
        }
    }

    /// The algorithm of a name; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// How the two numbers of a signature are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// ASN.1 DER, a sequence of two integers.
    #[default]
    Der,
    /// 64 bytes: r and s of 32 bytes each.
    Raw,
}

impl Encoding {
    /// The name in files and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Raw => "raw",
        }
    }

    /// The encoding of a name; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Der, Self::Raw].into_iter().find(|it| it.as_str() == text)
    }
}

/// What two parties must agree on beside algorithm and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// How the signature is written.
    pub encoding: Encoding,
    /// SM2 only: the signer's user id; [`DEFAULT_USER_ID`] where `None`. ECDSA has none.
    pub user_id: Option<String>,
}

impl Profile {
    /// The profile with everything stated that the algorithm uses.
    ///
    /// # Errors
    /// [`Error::Signing`] for a user id with ECDSA, or one that is empty or longer than 8,191 bytes.
    pub fn stated(self, algorithm: Algorithm) -> Result<Self, Error> {
        let user_id = match (algorithm, self.user_id) {
            (Algorithm::EcdsaP256Sha256, None) => None,
            (Algorithm::EcdsaP256Sha256, Some(_)) => return Err(refused("ECDSA has no user id")),
            (Algorithm::Sm2Sm3, given) => {
                let user_id = given.unwrap_or_else(|| DEFAULT_USER_ID.to_owned());
                if user_id.is_empty() || user_id.len() > USER_ID_BYTES_MOST {
                    return Err(refused("a user id has 1 to 8191 bytes"));
                }
                Some(user_id)
            }
        };
        Ok(Self { user_id, ..self })
    }
}

/// A private key that signs, in a file or in a hardware module that never hands it out.
pub trait Signer: Send + Sync {
    /// How it signs.
    fn algorithm(&self) -> Algorithm;

    /// Encoding and user id of its signatures, as [`Profile::stated`].
    fn profile(&self) -> &Profile;

    /// Its public key, SubjectPublicKeyInfo in DER.
    fn public_key_der(&self) -> &[u8];

    /// Signs a message (not its digest). May wait for a device, so an asynchronous caller puts it on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Signing`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;

    /// By what the key is known: see [`key_id`].
    fn key_id(&self) -> String {
        key_id(self.public_key_der())
    }

    /// Its public key as PEM.
    ///
    /// # Errors
    /// [`Error::Signing`] when the public key is no DER.
    fn public_key_pem(&self) -> Result<String, Error> {
        Document::try_from(self.public_key_der())
            .map_err(|error| error.to_string())
            .and_then(|it| {
                it.to_pem(PUBLIC_LABEL, LineEnding::LF)
                    .map_err(|error| error.to_string())
            })
            .map_err(refused)
    }
}

/// SHA-256 of a public key's SubjectPublicKeyInfo, in lower-case hexadecimal.
#[must_use]
pub fn key_id(public_key_der: &[u8]) -> String {
    Sha256::digest(public_key_der)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

/// Checks a signature over a message. `public_key_der` is SubjectPublicKeyInfo of the algorithm's curve.
///
/// # Errors
/// [`Error::Signing`] when key, profile or signature cannot be read, or the signature is not the key's over this message.
pub fn verify(
    algorithm: Algorithm,
    public_key_der: &[u8],
    message: &[u8],
    signature: &[u8],
    profile: &Profile,
) -> Result<(), Error> {
    let profile = profile.clone().stated(algorithm)?;
    match algorithm {
        Algorithm::EcdsaP256Sha256 => ecdsa::verify(public_key_der, message, signature, &profile),
        Algorithm::Sm2Sm3 => sm2::verify(public_key_der, message, signature, &profile),
    }
}

/// The one form of a signature that is kept. Whoever sees an ECDSA signature can write a second one of the same message, with s
/// taken from the group's order (FIPS 186-5 allows both); of the two, the lower s is kept, so that a signature that was
/// exchanged shows. SM2 has one form.
///
/// # Errors
/// [`Error::Signing`] when the signature cannot be read.
pub fn one_form(algorithm: Algorithm, encoding: Encoding, signature: &[u8]) -> Result<Vec<u8>, Error> {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => ecdsa::one_form(signature, encoding),
        Algorithm::Sm2Sm3 => Ok(signature.to_vec()),
    }
}

/// Reads a public key from PEM (`PUBLIC KEY`) of either curve, as DER in its one uncompressed form.
///
/// # Errors
/// [`Error::Signing`] when it is no such key.
pub fn read_public_key(pem: &str) -> Result<Vec<u8>, Error> {
    let (label, document) = Document::from_pem(pem).map_err(|error| refused(error.to_string()))?;
    if label != PUBLIC_LABEL {
        return Err(refused(format!("{label}, not {PUBLIC_LABEL}")));
    }
    let der = document.as_bytes();
    ecdsa::canonical(der)
        .or_else(|| sm2::canonical(der))
        .ok_or_else(|| refused("no public key on P-256 or SM2"))
}

/// Loads a private key (PKCS#8 PEM, not encrypted). Without an algorithm the key's curve decides.
///
/// # Errors
/// [`Error::SigningKey`] when the file cannot be read, may be read by everybody, or holds no key of the algorithm.
pub fn load(path: &Path, algorithm: Option<Algorithm>, profile: &Profile) -> Result<Arc<dyn Signer>, Error> {
    let unusable = |what: String| Error::SigningKey {
        path: path.display().to_string(),
        what,
    };
    let metadata = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err(unusable("everybody can read it; chmod 600".to_owned()));
    }
    let pem = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    from_pem(&pem, algorithm, profile).map_err(|error| unusable(what_of(error)))
}

/// Loads `<name>.key` of a folder, or makes it (mode 0600) on first use; `<name>.pem` beside it is its public key.
///
/// # Errors
/// As [`load`]; [`Error::Io`] when a file cannot be written.
pub fn load_or_make(
    dir: &Path,
    name: &str,
    algorithm: Option<Algorithm>,
    profile: &Profile,
) -> Result<Arc<dyn Signer>, Error> {
    let path = dir.join(format!("{name}.key"));
    if read_if_there(&path)?.is_none() {
        let pem = match algorithm.unwrap_or(Algorithm::EcdsaP256Sha256) {
            Algorithm::EcdsaP256Sha256 => ecdsa::make()?,
            Algorithm::Sm2Sm3 => sm2::make()?,
        };
        write_whole(&path, &pem, 0o600)?;
    }
    let signer = load(&path, algorithm, profile)?;
    write_whole(&dir.join(format!("{name}.pem")), &signer.public_key_pem()?, 0o644)?;
    Ok(signer)
}

/// Reads a private key from PKCS#8 PEM.
fn from_pem(pem: &str, algorithm: Option<Algorithm>, profile: &Profile) -> Result<Arc<dyn Signer>, Error> {
    let is_wanted = |it: Algorithm| algorithm.is_none_or(|wanted| wanted == it);
    if is_wanted(Algorithm::EcdsaP256Sha256)
        && let Some(key) = ecdsa::Key::from_pem(pem, profile)?
    {
        return Ok(Arc::new(key));
    }
    if is_wanted(Algorithm::Sm2Sm3)
        && let Some(key) = sm2::Key::from_pem(pem, profile)?
    {
        return Ok(Arc::new(key));
    }
    let wanted = algorithm.map_or("P-256 or SM2", Algorithm::as_str);
    Err(refused(format!("no PKCS#8 private key for {wanted}")))
}

/// A private key by whatever a curve takes for one: 32 random bytes below its order, not zero.
fn draw<T>(accept: impl Fn(&[u8; 32]) -> Option<T>) -> Result<T, Error> {
    let random = rustls::crypto::ring::default_provider().secure_random;
    for _ in 0..DRAWS_MOST {
        let mut bytes = p256::elliptic_curve::zeroize::Zeroizing::new([0; 32]);
        random
            .fill(&mut *bytes)
            .map_err(|_| refused("the system gives no random numbers"))?;
        if let Some(key) = accept(&bytes) {
            return Ok(key);
        }
    }
    Err(refused("the system's random numbers make no key"))
}

fn refused(what: impl Into<String>) -> Error {
    Error::Signing { what: what.into() }
}

fn what_of(error: Error) -> String {
    match error {
        Error::Signing { what } => what,
        other => other.to_string(),
    }
}
