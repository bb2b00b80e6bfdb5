//! Small signed batches, valid in every part, as the service would release them: for the proof that `verify` finds any change.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::batch::{Receipt, ReceiptSignature};
use exchange::compute::{BatchQuestion, ComputedBatch, compute, readings_of};
use exchange::{File, History, Row};
use fastrand::Rng;
use platform::database::embedded::temporary_dir;
use platform::signing::{Algorithm, Encoding, Profile, Signer, load_or_make, one_form};
use policy::conditions::Conditions;
use policy::date::PolicyYear;
use policy::engine::SettledBefore;
use policy::rulebook::{ANYANG_2018_9, Rulebook};
use zhirong::batch_folder::RECEIPT;
use zhirong::verify::Files;

use super::world;

/// A released batch with what an auditor knows of it beside its folder.
pub struct Signed {
    /// The files.
    pub files: Files,
    /// The signer's public key, had from the signer.
    pub key: Vec<u8>,
    /// Digest of the batch, as it stands in the list of batches.
    pub digest: String,
    /// Lines it has.
    pub lines: usize,
}

/// Two batches of one city and year, the second after the first.
pub struct Pair {
    /// The first.
    pub older: Signed,
    /// The second.
    pub newer: Signed,
}

/// Whoever signs: a city's own key of each profile, or a stranger's.
pub struct Signers(Vec<Arc<dyn Signer>>);

impl Signers {
    /// New keys: both algorithms, both encodings.
    #[must_use]
    pub fn make() -> Self {
        let dir = temporary_dir("zhirong-proofs").unwrap();
        let mut signers = Vec::new();
        for algorithm in Algorithm::ALL {
            for encoding in [Encoding::Der, Encoding::Raw] {
                let name = format!("{}-{}", algorithm.as_str(), encoding.as_str());
                let profile = Profile {
                    encoding,
                    user_id: None,
                };
                signers.push(load_or_make(&dir, &name, Some(algorithm), &profile).unwrap());
            }
        }
        std::fs::remove_dir_all(&dir).unwrap();
        Self(signers)
    }

    /// One of them.
    #[must_use]
    pub fn one(&self, number: usize) -> &dyn Signer {
        self.0[number % self.0.len()].as_ref()
    }
}

/// The receipt with a signature over what it says now.
#[must_use]
pub fn sign(receipt: Receipt, signer: &dyn Signer) -> Receipt {
    let raw = signer.sign(&receipt.signed_bytes().unwrap()).unwrap();
    let raw = one_form(signer.algorithm(), signer.profile().encoding, &raw).unwrap();
    let signature = ReceiptSignature {
        algorithm: signer.algorithm().as_str().to_owned(),
        key_id: signer.key_id(),
        public_key: STANDARD.encode(signer.public_key_der()),
        user_id: signer.profile().user_id.clone(),
        encoding: signer.profile().encoding.as_str().to_owned(),
        signature: STANDARD.encode(raw),
    };
    Receipt {
        signature: Some(signature),
        ..receipt
    }
}

/// Computes a batch of these rows.
fn batch(rows: &[Row], sequence: u32, settled: &SettledBefore, previous: Option<String>) -> ComputedBatch {
    let mut history = History::default();
    for row in rows {
        history.insert(row.clone());
    }
    let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
    let year = PolicyYear::new(2025).unwrap();
    let (readings, approvals) = readings_of(rulebook.revision_of(year).unwrap(), &[]).unwrap();
    let question = BatchQuestion {
        batch_no: &format!("410500-2025-{sequence:03}"),
        cut_off: i64::from(sequence),
        decided_cut_off: None,
        year,
        as_of: "2026-03-31".parse().unwrap(),
        history: &history,
        rulebook: &rulebook,
        policy_text: ANYANG_2018_9,
        readings: &readings,
        approvals: &approvals,
        settled,
        conditions: &Conditions::NONE,
        audit_heads: &[],
        previous_digest: previous,
    };
    compute(&question).unwrap()
}

fn signed(batch: ComputedBatch, signer: &dyn Signer) -> Signed {
    let mut files = batch.files;
    let digest = batch.receipt.batch_digest.clone();
    files.insert(RECEIPT.to_owned(), sign(batch.receipt, signer).to_json());
    Signed {
        files,
        key: signer.public_key_der().to_vec(),
        digest,
        lines: batch.lines.len(),
    }
}

/// The pair of a seed.
#[must_use]
pub fn pair(seed: u64, signer: &dyn Signer) -> Pair {
    let mut rng = Rng::with_seed(seed);
    let rows = world::rows(&mut rng);
    // A row of an institution that was never registered would have been refused.
    let early: Vec<Row> = rows
        .iter()
        .filter(|row| row.file == File::Institutions || rng.u32(0..5) > 0)
        .cloned()
        .collect();
    let older = batch(&early, 1, &SettledBefore::new(), None);
    let settled = older
        .outcome
        .lines
        .iter()
        .map(|line| (line.key.clone(), line.entitled));
    let settled = settled.filter(|(_, money)| !money.is_zero()).collect();
    let newer = batch(&rows, 2, &settled, Some(older.receipt.batch_digest.clone()));
    Pair {
        older: signed(older, signer),
        newer: signed(newer, signer),
    }
}

/// The order of the group of P-256.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// The other signature that the equations of ECDSA allow for the same message: s taken from the group's order. Only of the
/// raw encoding.
#[must_use]
pub fn mirrored(files: &Files) -> Option<Files> {
    let mut receipt = Receipt::from_json(&files[RECEIPT]).unwrap();
    let signature = receipt.signature.as_mut()?;
    let mut bytes = STANDARD.decode(&signature.signature).unwrap();
    if bytes.len() != 64 || !signature.algorithm.starts_with("ECDSA") {
        return None;
    }
    let mut borrow = 0_i16;
    for place in (0..32).rev() {
        let difference = i16::from(ORDER[place]) - i16::from(bytes[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + place] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    signature.signature = STANDARD.encode(bytes);
    let mut files = files.clone();
    files.insert(RECEIPT.to_owned(), receipt.to_json());
    Some(files)
}
