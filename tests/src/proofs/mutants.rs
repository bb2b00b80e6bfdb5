//! `verify` finds every change of an exported batch, and refuses none that is whole.

use std::collections::BTreeMap;

use exchange::batch::{LineRow, Receipt};
use exchange::digest::{facts_digest, sha256_hex};
use fastrand::Rng;
use policy::money::Money;
use zhirong::batch_folder::{POLICY, RECEIPT};
use zhirong::signature::check_key;
use zhirong::verify::{Files, check_digests, verify};

use super::signed::{Pair, Signed, Signers, mirrored, pair, sign};
use super::{Asked, Figure, Size, count, in_parallel, show};
use crate::ids;

/// What a verifier looks at.
#[derive(Debug, Clone, Copy)]
struct Verifier {
    /// Holds every file against the receipt's digests and computes the batch again.
    recomputes: bool,
    /// Knows the signer's key (`--key`).
    key: bool,
    /// Knows which batch it asked for.
    digest: bool,
}

const TRUE: Verifier = Verifier {
    recomputes: true,
    key: true,
    digest: true,
};

impl Verifier {
    /// Whether it finds something wrong with the files that claim to be this batch. The digests come first: most changes
    /// need no computation to be found.
    fn finds(self, files: &Files, batch: &Signed) -> bool {
        let Ok(receipt) = Receipt::from_json(files.get(RECEIPT).map_or(&[][..], Vec::as_slice)) else {
            return true;
        };
        if self.recomputes && (!check_digests(files, &receipt).is_empty() || !verify(files).1.is_empty()) {
            return true;
        }
        (!self.recomputes && (!receipt.is_sealed() || zhirong::signature::check(&receipt).is_some()))
            || (self.key && check_key(&receipt, &batch.key).is_some())
            || (self.digest && receipt.batch_digest != batch.digest)
    }
}

/// How a change is covered up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// Not at all.
    Bare,
    /// All digests of the receipt computed again, the old signature kept.
    Sealed,
    /// The same, the signature taken off.
    Unsigned,
    /// The same, signed by a stranger.
    Stranger,
}

const COVERS: [Cover; 4] = [Cover::Bare, Cover::Sealed, Cover::Unsigned, Cover::Stranger];

/// Makes the receipt fit the files.
fn covered(mut files: Files, cover: Cover, stranger: &Signers) -> Files {
    let read = Receipt::from_json(files.get(RECEIPT).map_or(&[][..], Vec::as_slice));
    let (Ok(receipt), true) = (read, cover != Cover::Bare) else {
        return files;
    };
    let of = |name: &str| sha256_hex(files.get(name).map_or(&[][..], Vec::as_slice));
    let facts: BTreeMap<String, &Vec<u8>> = files
        .iter()
        .filter(|(path, _)| path.starts_with("facts/"))
        .map(|(path, bytes)| (path.clone(), bytes))
        .collect();
    let lines =
        LineRow::from_csv(files.get(LineRow::FILE_NAME).map_or(&[][..], Vec::as_slice)).unwrap_or_default();
    let sum = Money::sum(
        lines
            .iter()
            .filter_map(|line| Money::parse_yuan(&line.amount).ok()),
    )
    .unwrap_or_default();
    let sealed = Receipt {
        line_count: count(lines.len()),
        line_sum: sum.to_string(),
        facts_digest: facts_digest(&facts),
        policy_digest: of(POLICY),
        settled_digest: of("settled.csv"),
        lines_digest: of("lines.csv"),
        findings_digest: of("findings.csv"),
        ..receipt
    }
    .seal();
    let receipt = match cover {
        Cover::Bare | Cover::Sealed => sealed,
        Cover::Unsigned => Receipt {
            signature: None,
            ..sealed
        },
        Cover::Stranger => sign(sealed, stranger.one(0)),
    };
    files.insert(RECEIPT.to_owned(), receipt.to_json());
    files
}

fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Every CSV with a line dropped, two swapped, or one doubled.
fn line_changes(files: &Files) -> Vec<(String, Vec<u8>)> {
    let mut changed = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".csv")) {
        let lines = lines_of(bytes);
        for place in 1..lines.len() {
            let mut dropped = lines.clone();
            dropped.remove(place);
            let mut doubled = lines.clone();
            doubled.insert(place, lines[place]);
            changed.extend([dropped, doubled].map(|lines| (name.clone(), lines.concat())));
            if place + 1 < lines.len() {
                let mut swapped = lines.clone();
                swapped.swap(place, place + 1);
                changed.push((name.clone(), swapped.concat()));
            }
        }
    }
    changed
}

/// The lines with another payee, or two payees exchanged: the total is kept.
fn payee_changes(files: &Files) -> Vec<(String, Vec<u8>)> {
    let name = LineRow::FILE_NAME;
    let Ok(lines) = LineRow::from_csv(&files[name]) else {
        return Vec::new();
    };
    let mut changed = Vec::new();
    for place in 0..lines.len() {
        let mut other = lines.clone();
        other[place].beneficiary = ids::enterprise(999);
        changed.push(other);
        let mut exchanged = lines.clone();
        let next = (place + 1) % lines.len();
        let (one, two) = (lines[place].beneficiary.clone(), lines[next].beneficiary.clone());
        exchanged[place].beneficiary = two;
        exchanged[next].beneficiary = one;
        changed.push(exchanged);
    }
    changed
        .into_iter()
        .map(|lines| (name.to_owned(), LineRow::to_csv(&lines)))
        .collect()
}

/// Files lost, cut off, added to or written otherwise.
fn whole_file_changes(files: &Files) -> Vec<Files> {
    let mut changed = Vec::new();
    for (name, bytes) in files {
        let mut lost = files.clone();
        lost.remove(name);
        changed.push(lost);
        let text = String::from_utf8_lossy(bytes).into_owned();
        let others = [
            bytes[..bytes.len() - 1].to_vec(),
            [bytes, &b"\n"[..]].concat(),
            [bytes, &b"\r\n"[..]].concat(),
            text.replace("\r\n", "\n").into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
            text.trim_start_matches('\u{feff}').as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
        ];
        for other in others {
            let mut copy = files.clone();
            copy.insert(name.clone(), other);
            changed.push(copy);
        }
    }
    let mut added = files.clone();
    let header = b"\xEF\xBB\xBFpatent_no,level,award_name,awarded_on,revision,withdrawn\r\n";
    added
        .entry("facts/awards.csv".to_owned())
        .or_insert_with(|| header.to_vec());
    changed.push(added);
    changed
}

/// An older batch, or another one, in place of this one: whole, under its number, or a file of it.
fn replays(files: &Files, old: &Files) -> Vec<Files> {
    let mut renumbered = old.clone();
    let own = Receipt::from_json(&files[RECEIPT]).unwrap();
    let receipt = Receipt::from_json(&old[RECEIPT]).unwrap();
    let renamed = Receipt {
        batch_no: own.batch_no,
        ..receipt.clone()
    };
    renumbered.insert(RECEIPT.to_owned(), renamed.seal().to_json());
    let mut moved = files.clone();
    let signature = receipt.signature;
    let with_other = Receipt {
        signature,
        ..Receipt::from_json(&files[RECEIPT]).unwrap()
    };
    moved.insert(RECEIPT.to_owned(), with_other.to_json());
    let mut changed = vec![old.clone(), renumbered, moved];
    for (name, bytes) in old {
        let mut copy = files.clone();
        copy.insert(name.clone(), bytes.clone());
        changed.push(copy);
    }
    changed
}

/// What was tried and what passed.
#[derive(Default)]
struct Tried {
    mutants: u64,
    missed: Vec<String>,
}

impl Tried {
    fn add(&mut self, other: Self) {
        self.mutants += other.mutants;
        self.missed.extend(other.missed);
    }

    fn one(&mut self, verifier: Verifier, mutant: &Files, batch: &Signed, what: impl FnOnce() -> String) {
        if *mutant == batch.files {
            return;
        }
        self.mutants += 1;
        if !verifier.finds(mutant, batch) {
            self.missed.push(what());
        }
    }
}

/// Every `step`th byte of every file, changed.
fn bytes(verifier: Verifier, batch: &Signed, step: usize, rng: &mut Rng, tried: &mut Tried) {
    let mut files = batch.files.clone();
    for (name, whole) in &batch.files {
        for place in (rng.usize(0..step)..whole.len()).step_by(step) {
            // A bit, a letter's case, a digit by another, or anything.
            let mask = [1, 0x20, 0x80, 2, rng.u8(1..=255)][rng.usize(0..5)];
            files.get_mut(name).unwrap()[place] ^= mask;
            tried.one(verifier, &files, batch, || {
                format!("{name} byte {place} xor {mask}")
            });
            files.get_mut(name).unwrap()[place] = whole[place];
        }
    }
}

/// Every change that has a meaning, under every cover.
fn meant(verifier: Verifier, pair: &Pair, other: &Signed, stranger: &Signers, tried: &mut Tried) {
    let batch = &pair.newer;
    let mut changed: Vec<(String, Files)> = Vec::new();
    let lines = line_changes(&batch.files).into_iter().map(|it| ("line", it));
    for (what, (name, bytes)) in lines.chain(payee_changes(&batch.files).into_iter().map(|it| ("payee", it)))
    {
        let mut files = batch.files.clone();
        files.insert(name.clone(), bytes);
        changed.push((format!("{what} of {name}"), files));
    }
    changed.extend(
        whole_file_changes(&batch.files)
            .into_iter()
            .map(|it| ("file".to_owned(), it)),
    );
    changed.extend(
        replays(&batch.files, &pair.older.files)
            .into_iter()
            .map(|it| ("older batch".to_owned(), it)),
    );
    changed.extend(
        replays(&batch.files, &other.files)
            .into_iter()
            .map(|it| ("other batch".to_owned(), it)),
    );
    for (what, files) in changed {
        for cover in COVERS {
            let mutant = covered(files.clone(), cover, stranger);
            tried.one(verifier, &mutant, batch, || format!("{what}, {cover:?}"));
        }
    }
    for cover in [Cover::Unsigned, Cover::Stranger] {
        let mutant = covered(batch.files.clone(), cover, stranger);
        tried.one(verifier, &mutant, batch, || format!("nothing else, {cover:?}"));
    }
    if let Some(mutant) = mirrored(&batch.files) {
        tried.one(verifier, &mutant, batch, || "the mirrored signature".to_owned());
    }
}

/// Changes batches in every way and asks a verifier.
fn mutants(asked: Asked, verifier: Verifier, pairs: &[Pair], stranger: &Signers) -> Tried {
    let step = if asked.size == Size::Test { 23 } else { 1 };
    in_parallel(
        count(pairs.len()),
        |number, tried: &mut Tried| {
            let mut rng = Rng::with_seed(asked.seed ^ number);
            let place = usize::try_from(number).unwrap();
            let other = &pairs[(place + 1) % pairs.len()].newer;
            meant(verifier, &pairs[place], other, stranger, tried);
            bytes(verifier, &pairs[place].newer, step, &mut rng, tried);
        },
        Tried::add,
    )
}

/// The figures of `verify`.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    let (signers, stranger) = (Signers::make(), Signers::make());
    let make = |number: u64| {
        pair(
            asked.seed.wrapping_add(number),
            signers.one(usize::try_from(number).unwrap()),
        )
    };
    let valid: Vec<Pair> = (0..asked.of(20, 100, 110, 1_000)).map(make).collect();
    let all: Vec<&Signed> = valid.iter().flat_map(|pair| [&pair.older, &pair.newer]).collect();
    let refused = in_parallel(
        count(all.len()),
        |number, refused: &mut Vec<String>| {
            let batch = all[usize::try_from(number).unwrap()];
            if TRUE.finds(&batch.files, batch) {
                refused.push(format!("{:?}", verify(&batch.files).1));
            }
        },
        |all, more| all.extend(more),
    );
    show("a valid batch is refused", &refused);
    let batches = count(all.len());
    let wanted = usize::try_from(asked.of(2, 2, 8, 80)).unwrap();
    let changed: Vec<Pair> = valid
        .into_iter()
        .filter(|pair| pair.newer.lines >= 2 && pair.older.lines >= 1)
        .take(wanted)
        .collect();
    let tried = mutants(asked, TRUE, &changed, &stranger);
    show("a mutant passes", &tried.missed);
    let few = Asked {
        size: Size::Test,
        ..asked
    };
    let twin = |verifier| count(mutants(few, verifier, &changed[..2], &stranger).missed.len());
    vec![
        Figure::none("verify_mutants_missed", count(tried.missed.len())),
        Figure::red_twin(
            "verify_mutants_missed, nothing computed again",
            twin(Verifier {
                recomputes: false,
                ..TRUE
            }),
        ),
        Figure::red_twin(
            "verify_mutants_missed, no key given",
            twin(Verifier {
                key: false,
                digest: false,
                ..TRUE
            }),
        ),
        Figure::at_least(
            "verify_mutants",
            tried.mutants,
            asked.of(2_000, 20_000, 100_000, 1_000_000),
        ),
        Figure::none("verify_valid_batches_refused", count(refused.len())),
        Figure::at_least("verify_valid_batches", batches, asked.of(40, 200, 200, 2_000)),
    ]
}
