//! Certificates: a development authority that issues them, reading them from a folder, and the
//! digest of the public key by which a caller is known.

mod validity;

use std::fmt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage};

use crate::clock::Clock;
use crate::error::Error;
use crate::files::{read_if_there, write_whole};

/// Common name of the authority; never that of a leaf, or OpenSSL takes the leaf for self-signed.
const AUTHORITY_NAME: &str = "Zhirong development authority";
const AUTHORITY_DAYS: i64 = 3_650;
const LEAF_DAYS: i64 = 1_825;
/// A file name has at most 255 bytes, and a file that is being written has a longer one.
const NAME_BYTES_MAX: usize = 200;

/// What a certificate may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To call a server (`clientAuth`).
    Client,
    /// To be called as localhost, 127.0.0.1 or ::1 (`serverAuth`), or as the certificate's name.
    Server,
}

/// A certificate with its key and the authority to trust, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Certificate of the authority that the other side's certificate must come from.
    pub ca_pem: String,
    /// Own certificate.
    pub certificate_pem: String,
    /// Own private key; secret.
    pub key_pem: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("certificate_pem", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// SHA-256 of the public key, the digest that is registered for a caller.
    ///
    /// # Errors
    /// [`Error::Identity`] when the certificate is malformed.
    pub fn spki_digest(&self) -> Result<[u8; 32], Error> {
        spki_digest(&self.certificate()?)
    }

    /// Until when the certificate is valid.
    ///
    /// # Errors
    /// [`Error::Identity`] when the certificate is malformed.
    pub fn not_after(&self) -> Result<DateTime<Utc>, Error> {
        validity::not_after(&self.certificate()?).ok_or_else(|| refused("pem", "has no readable end"))
    }

    fn certificate(&self) -> Result<CertificateDer<'static>, Error> {
        CertificateDer::from_pem_slice(self.certificate_pem.as_bytes())
            .map_err(|error| refused("pem", &error.to_string()))
    }
}

/// A certificate authority for development and for small sites without one, kept in a folder as
/// `ca.pem` and `ca.key`.
pub struct Authority {
    dir: PathBuf,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Loads the authority in `dir`, or makes one there (P-256, valid ten years).
    ///
    /// # Errors
    /// [`Error::Io`] for files; [`Error::Identity`] when key and certificate do not belong together.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| Error::io("creating", dir, error))?;
        let mut params = params(AUTHORITY_NAME, AUTHORITY_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = load_or_make_key(dir, "ca")?;
        let path = dir.join("ca.pem");
        let ca_pem = match read_if_there(&path)? {
            Some(pem) => pem,
            None => {
                let made = params
                    .self_signed(&key)
                    .map_err(|error| refused("ca", &error.to_string()))?;
                write_whole(&path, &made.pem(), 0o644)?;
                made.pem()
            }
        };
        check_pair("ca", &ca_pem, &key)?;
        Ok(Self {
            dir: dir.to_path_buf(),
            ca_pem,
            issuer: Issuer::new(params, key),
        })
    }

    /// Issues a certificate (P-256, valid five years) as `<name>.pem` and `<name>.key` (mode 0600),
    /// or returns the one that is there. `name` is also the common name.
    ///
    /// # Errors
    /// [`Error::Identity`] when `name` is none ([`is_name`]) or the files do not belong together; [`Error::Io`] for files.
    pub fn issue(&self, name: &str, purpose: Purpose) -> Result<Identity, Error> {
        check_name(name)?;
        let key = load_or_make_key(&self.dir, name)?;
        let path = self.dir.join(format!("{name}.pem"));
        let certificate_pem = match read_if_there(&path)? {
            Some(pem) => pem,
            None => {
                let made = leaf_params(name, purpose)
                    .and_then(|params| params.signed_by(&key, &self.issuer))
                    .map_err(|error| refused(name, &error.to_string()))?;
                write_whole(&path, &made.pem(), 0o644)?;
                made.pem()
            }
        };
        check_pair(name, &certificate_pem, &key)?;
        Ok(Identity {
            ca_pem: self.ca_pem.clone(),
            certificate_pem,
            key_pem: key.serialize_pem(),
        })
    }
}

/// Reads `ca.pem`, `<name>.pem` and `<name>.key` from a folder.
///
/// # Errors
/// [`Error::Io`] when one is missing; [`Error::Identity`] when `name` is no plain name.
pub fn load_identity(dir: &Path, name: &str) -> Result<Identity, Error> {
    check_name(name)?;
    let read = |file: String| {
        let path = dir.join(file);
        std::fs::read_to_string(&path).map_err(|error| Error::io("reading", &path, error))
    };
    Ok(Identity {
        ca_pem: read("ca.pem".to_owned())?,
        certificate_pem: read(format!("{name}.pem"))?,
        key_pem: read(format!("{name}.key"))?,
    })
}

/// Digest of the public key in `<name>.pem` of a folder, where that file is; the key beside it need not be.
///
/// # Errors
/// [`Error::Io`] when it cannot be read; [`Error::Identity`] when `name` is no plain name or the file no certificate.
pub fn certificate_digest(dir: &Path, name: &str) -> Result<Option<[u8; 32]>, Error> {
    check_name(name)?;
    let Some(pem) = read_if_there(&dir.join(format!("{name}.pem")))? else {
        return Ok(None);
    };
    let der =
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| refused(name, &error.to_string()))?;
    spki_digest(&der).map(Some)
}

/// Whether an identity can be used at a moment: its key belongs to its certificate, and the certificate comes from its authority, serves
/// the purpose and is valid then.
///
/// # Errors
/// [`Error::Identity`] with what is wrong, in the words of the check: `CertExpired`, `UnknownIssuer` and the like.
pub fn check(identity: &Identity, purpose: Purpose, name: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let unfit = |what: String| refused(name, &what);
    let key = KeyPair::from_pem(&identity.key_pem).map_err(|error| unfit(error.to_string()))?;
    check_pair(name, &identity.certificate_pem, &key)?;
    let der =
        |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| unfit(error.to_string()));
    let own = der(&identity.certificate_pem)?;
    // While an authority is changed the old one and the new one stand in one file.
    let authorities: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(identity.ca_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unfit(format!("ca: {error}")))?;
    let anchors = authorities
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unfit(format!("ca: {error}")))?;
    let parsed = EndEntityCert::try_from(&own).map_err(|error| unfit(error.to_string()))?;
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    let usage = match purpose {
        Purpose::Client => KeyUsage::client_auth(),
        Purpose::Server => KeyUsage::server_auth(),
    };
    let verified = parsed.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        usage,
        None,
        None,
    );
    verified.map(drop).map_err(|error| unfit(format!("{error:?}")))
}

/// Whether a certificate was issued by, or is, the authority that this program makes for development ([`Authority`]).
#[must_use]
pub fn is_development(pem: &str) -> bool {
    let name = AUTHORITY_NAME.as_bytes();
    // The name stands in a certificate as it is: DER does not transform a printable text.
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .flatten()
        .any(|der| der.windows(name.len()).any(|window| window == name))
}

/// SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 5280, the whole DER sequence).
///
/// # Errors
/// [`Error::Identity`] when the certificate is malformed.
pub fn spki_digest(certificate_der: &[u8]) -> Result<[u8; 32], Error> {
    let der = CertificateDer::from(certificate_der);
    let parsed = EndEntityCert::try_from(&der).map_err(|error| refused("peer", &error.to_string()))?;
    Ok(Sha256::digest(parsed.subject_public_key_info().as_ref()).into())
}

fn refused(name: &str, what: &str) -> Error {
    Error::Identity {
        name: name.to_owned(),
        what: what.to_owned(),
    }
}

/// Whether a name may be a certificate's and so a file's: of any script, at most 200 bytes, not `ca`, and without what a
/// path gives a meaning to (a leading dot, slashes, control characters).
#[must_use]
pub fn is_name(name: &str) -> bool {
    let unfit = |symbol: char| symbol.is_control() || matches!(symbol, '/' | '\\');
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.eq_ignore_ascii_case("ca")
        && !name.starts_with('.')
        && !name.chars().any(unfit)
}

fn check_name(name: &str) -> Result<(), Error> {
    if is_name(name) {
        Ok(())
    } else {
        Err(refused(
            name,
            "a name is no path, has at most 200 bytes and is not 'ca'",
        ))
    }
}

/// The key comes first and is never replaced: a registered digest must stay valid.
fn load_or_make_key(dir: &Path, name: &str) -> Result<KeyPair, Error> {
    let path = dir.join(format!("{name}.key"));
    if let Some(pem) = read_if_there(&path)? {
        return KeyPair::from_pem(&pem).map_err(|error| refused(name, &error.to_string()));
    }
    let key =
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| refused(name, &error.to_string()))?;
    write_whole(&path, &key.serialize_pem(), 0o600)?;
    Ok(key)
}

fn check_pair(name: &str, certificate_pem: &str, key: &KeyPair) -> Result<(), Error> {
    let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
        .map_err(|error| refused(name, &error.to_string()))?;
    let of_key: [u8; 32] = Sha256::digest(key.subject_public_key_info()).into();
    if spki_digest(&der)? == of_key {
        Ok(())
    } else {
        Err(refused(name, "certificate and key do not belong together"))
    }
}

fn params(common_name: &str, days: i64) -> CertificateParams {
    let now = Clock::System.now();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let byte = |number: u32| u8::try_from(number).unwrap_or(1);
    let day =
        |moment: DateTime<Utc>| rcgen::date_time_ymd(moment.year(), byte(moment.month()), byte(moment.day()));
    // A day of slack for clocks that are behind.
    params.not_before = day(now - TimeDelta::days(1));
    params.not_after = day(now + TimeDelta::days(days));
    params
}

fn leaf_params(name: &str, purpose: Purpose) -> Result<CertificateParams, rcgen::Error> {
    let mut leaf = params(name, LEAF_DAYS);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.use_authority_key_identifier_extension = true;
    leaf.extended_key_usages = vec![match purpose {
        Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    if purpose == Purpose::Server {
        let names = ["localhost", "127.0.0.1", "::1", name].map(str::to_owned);
        leaf.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    }
    Ok(leaf)
}
