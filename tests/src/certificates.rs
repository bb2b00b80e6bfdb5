//! Certificates of any authority, time and use: good ones to rotate to, and wrong ones to be refused.

use std::path::Path;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use platform::clock::Clock;
use platform::identity::{Identity, Purpose};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

/// An authority of the tests' own.
pub struct Maker {
    /// Its certificate.
    pub ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// When a certificate is valid, in days from now.
#[derive(Debug, Clone, Copy)]
pub struct Valid {
    /// From.
    pub from: i64,
    /// To.
    pub to: i64,
}

impl Valid {
    /// From yesterday on for a year.
    pub const NOW: Self = Self { from: -1, to: 365 };
    /// Over since a month.
    pub const PAST: Self = Self { from: -400, to: -30 };
    /// Not before next month.
    pub const FUTURE: Self = Self { from: 30, to: 400 };
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn valid(params: &mut CertificateParams, valid: Valid) {
    let day = |days| {
        let moment: DateTime<Utc> = Clock::System.now() + TimeDelta::days(days);
        let byte = |number: u32| u8::try_from(number).unwrap();
        rcgen::date_time_ymd(moment.year(), byte(moment.month()), byte(moment.day()))
    };
    params.not_before = day(valid.from);
    params.not_after = day(valid.to);
}

impl Maker {
    /// A new authority.
    pub fn new(name: &str) -> Self {
        let mut params = named(name);
        valid(&mut params, Valid { from: -2, to: 3_650 });
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let ca_pem = params.self_signed(&key).unwrap().pem();
        Self {
            ca_pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// The authority that is kept in a folder as `ca.pem` and `ca.key`, under its name.
    pub fn of_folder(dir: &Path, name: &str) -> Self {
        let key = KeyPair::from_pem(&std::fs::read_to_string(dir.join("ca.key")).unwrap()).unwrap();
        Self {
            ca_pem: std::fs::read_to_string(dir.join("ca.pem")).unwrap(),
            issuer: Issuer::new(named(name), key),
        }
    }

    /// A certificate under a fresh key.
    pub fn issue(&self, name: &str, purpose: Purpose, when: Valid) -> Identity {
        self.certify(&KeyPair::generate().unwrap(), name, purpose, when)
    }

    /// A certificate of a key.
    pub fn certify(&self, key: &KeyPair, name: &str, purpose: Purpose, when: Valid) -> Identity {
        let mut params = named(name);
        valid(&mut params, when);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match purpose {
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
        Identity {
            ca_pem: self.ca_pem.clone(),
            certificate_pem: params.signed_by(key, &self.issuer).unwrap().pem(),
            key_pem: key.serialize_pem(),
        }
    }
}
