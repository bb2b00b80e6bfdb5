//! A signed batch verifies, and nothing about its signature can be changed, removed or replaced unseen.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::batch::{Receipt, ReceiptSignature};
use platform::signing::{Algorithm, Encoding, Profile, Signer, load_or_make, one_form};
use zhirong::batch_folder::{self, RECEIPT};
use zhirong::signature::{ALGORITHM_UNKNOWN, DIGEST_DIFFERS, INVALID, KEY_DIFFERS, MISSING};
use zhirong::verify::{Difference, Files, verify};

use crate::world::Case;

fn unsigned() -> Files {
    Case::named("X05").assess(1, &[]).unwrap().batch.files
}

fn signer(dir: &Path, name: &str, algorithm: Algorithm, encoding: Encoding) -> Arc<dyn Signer> {
    let profile = Profile {
        encoding,
        user_id: None,
    };
    load_or_make(dir, name, Some(algorithm), &profile).unwrap()
}

/// Signs as the service does on release.
fn sign(receipt: Receipt, signer: &dyn Signer) -> Receipt {
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

fn receipt(files: &Files) -> Receipt {
    Receipt::from_json(&files[RECEIPT]).unwrap()
}

fn signed(files: &Files, signer: &dyn Signer) -> Files {
    let mut files = files.clone();
    files.insert(RECEIPT.to_owned(), sign(receipt(&files), signer).to_json());
    files
}

/// The name under which a change of the signature is found, if it is.
fn code_after(files: &Files, change: impl Fn(&mut ReceiptSignature)) -> Option<&'static str> {
    let mut receipt = receipt(files);
    change(receipt.signature.as_mut().unwrap());
    let mut files = files.clone();
    files.insert(RECEIPT.to_owned(), receipt.to_json());
    verify(&files).1.first().and_then(|it| it.code)
}

/// A red twin: a verifier that believes any signature. It must fail what [`tampering`] asks of the true one.
fn believing(files: &Files) -> Vec<Difference> {
    let mut bare = receipt(files);
    bare.signature = None;
    let mut files = files.clone();
    files.insert(RECEIPT.to_owned(), bare.to_json());
    verify(&files).1
}

/// Flips every byte that the signature's three encoded parts decode to; the number of flips that the verifier does not find.
fn tampering(files: &Files, verifier: impl Fn(&Files) -> Vec<Difference>) -> usize {
    let whole = receipt(files);
    let mut missed = 0;
    let parts: [fn(&mut ReceiptSignature) -> &mut String; 2] =
        [|it| &mut it.public_key, |it| &mut it.signature];
    for part in parts {
        let mut copy = whole.clone();
        let bytes = STANDARD.decode(part(copy.signature.as_mut().unwrap())).unwrap();
        for place in 0..bytes.len() {
            let (mut bytes, mut copy) = (bytes.clone(), whole.clone());
            bytes[place] ^= 1;
            *part(copy.signature.as_mut().unwrap()) = STANDARD.encode(bytes);
            let mut files = files.clone();
            files.insert(RECEIPT.to_owned(), copy.to_json());
            missed += usize::from(verifier(&files).is_empty());
        }
    }
    missed
}

#[test]
fn every_profile_verifies_and_every_flipped_byte_of_key_and_signature_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let unsigned = unsigned();
    for algorithm in Algorithm::ALL {
        for encoding in [Encoding::Der, Encoding::Raw] {
            let signer = signer(dir.path(), algorithm.as_str(), algorithm, encoding);
            let files = signed(&unsigned, signer.as_ref());
            let (found, differences) = verify(&files);
            assert!(differences.is_empty(), "{differences:?}");
            assert_eq!(found.unwrap().signature.unwrap().key_id, signer.key_id());
            assert_eq!(tampering(&files, |files| verify(files).1), 0);
            assert!(tampering(&files, believing) > 100, "the red twin passes");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_signed_receipt_is_found() {
    let dir = tempfile::tempdir().unwrap();
    for algorithm in Algorithm::ALL {
        let signer = signer(dir.path(), algorithm.as_str(), algorithm, Encoding::Der);
        let whole = signed(&unsigned(), signer.as_ref());
        for place in 0..whole[RECEIPT].len() {
            for mask in [1, 32] {
                let mut files = whole.clone();
                files.get_mut(RECEIPT).unwrap()[place] ^= mask;
                let found = verify(&files).1.iter().any(|it| it.file == RECEIPT);
                assert!(found, "{algorithm:?} byte {place} mask {mask}");
            }
        }
    }
}

#[test]
fn a_receipt_that_was_changed_and_sealed_again_does_not_have_its_signature() {
    let dir = tempfile::tempdir().unwrap();
    let signer = signer(dir.path(), "key", Algorithm::Sm2Sm3, Encoding::Der);
    let whole = signed(&unsigned(), signer.as_ref());
    let changed = Receipt {
        line_sum: "1.00".into(),
        ..receipt(&whole)
    }
    .seal();
    let mut files = whole;
    files.insert(RECEIPT.to_owned(), changed.to_json());
    assert!(verify(&files).1.iter().any(|it| it.code == Some(INVALID)));
}

#[test]
fn each_part_of_the_signature_is_held_to_the_others_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let sm2 = signer(dir.path(), "sm2", Algorithm::Sm2Sm3, Encoding::Der);
    let p256 = signer(dir.path(), "p256", Algorithm::EcdsaP256Sha256, Encoding::Raw);
    let (of_sm2, of_p256) = (
        signed(&unsigned(), sm2.as_ref()),
        signed(&unsigned(), p256.as_ref()),
    );
    assert_eq!(code_after(&of_sm2, |_| {}), None);
    assert_eq!(
        code_after(&of_sm2, |it| it.algorithm = "RSA".into()),
        Some(ALGORITHM_UNKNOWN)
    );
    assert_eq!(
        code_after(&of_sm2, |it| it.encoding = "pem".into()),
        Some(ALGORITHM_UNKNOWN)
    );
    assert_eq!(
        code_after(&of_sm2, |it| it.encoding = "raw".into()),
        Some(INVALID)
    );
    assert_eq!(
        code_after(&of_sm2, |it| it.algorithm = "ECDSA-P256-SHA256".into()),
        Some(INVALID)
    );
    assert_eq!(code_after(&of_sm2, |it| it.user_id = None), Some(INVALID));
    assert_eq!(
        code_after(&of_sm2, |it| it.user_id = Some("x".into())),
        Some(INVALID)
    );
    assert_eq!(
        code_after(&of_p256, |it| it.user_id = Some("x".into())),
        Some(INVALID)
    );
    assert_eq!(code_after(&of_p256, |it| it.signature.clear()), Some(INVALID));
    assert_eq!(code_after(&of_p256, |it| it.public_key.push('=')), Some(INVALID));
    assert_eq!(
        code_after(&of_p256, |it| it.key_id.make_ascii_uppercase()),
        Some(KEY_DIFFERS)
    );
    let other =
        STANDARD.encode(signer(dir.path(), "b", Algorithm::EcdsaP256Sha256, Encoding::Raw).public_key_der());
    assert_eq!(
        code_after(&of_p256, |it| it.public_key.clone_from(&other)),
        Some(KEY_DIFFERS)
    );
}

/// Runs `zhirong verify` and answers exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_zhirong"))
        .arg("verify")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_program_says_whose_key_it_is_and_refuses_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let own = signer(dir.path(), "own", Algorithm::Sm2Sm3, Encoding::Der);
    let other = signer(dir.path(), "other", Algorithm::Sm2Sm3, Encoding::Der);
    let (own_pem, other_pem, batch) = (path("own.pem"), path("other.pem"), path("batch"));
    let files = signed(&unsigned(), own.as_ref());
    batch_folder::write(Path::new(&batch), &files).unwrap();

    let (code, stdout, stderr) = run(&[&batch]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains(&format!("signed SM2-SM3, key {}", own.key_id())),
        "{stdout}"
    );
    assert!(stdout.contains("not checked against a trusted one"), "{stdout}");

    let (code, stdout, _) = run(&[&batch, "--key", &own_pem]);
    assert!(
        code == 0 && stdout.contains("the key is the one given"),
        "{stdout}"
    );

    let (code, stdout, stderr) = run(&[&batch, "--key", &other_pem]);
    assert!(
        code == 1 && stderr.contains(KEY_DIFFERS) && stderr.contains(&other.key_id()),
        "{stderr}"
    );
    assert!(stdout.is_empty(), "{stdout}");

    // Whoever changes a batch and signs it with a key of his own passes for nobody.
    batch_folder::write(Path::new(&batch), &signed(&files, other.as_ref())).unwrap();
    assert_eq!(run(&[&batch]).0, 0);
    let (code, _, stderr) = run(&[&batch, "--key", &own_pem]);
    assert!(code == 1 && stderr.contains(KEY_DIFFERS), "{stderr}");

    // Nor does the signature's removal.
    batch_folder::write(Path::new(&batch), &unsigned()).unwrap();
    let (code, stdout, _) = run(&[&batch]);
    assert!(code == 0 && stdout.contains("unsigned"), "{stdout}");
    let (code, _, stderr) = run(&[&batch, "--key", &own_pem]);
    assert!(code == 1 && stderr.contains(MISSING), "{stderr}");

    let (code, _, stderr) = run(&[&batch, "--key", &path("own.key")]);
    assert!(code == 2 && stderr.contains("KEY_UNREADABLE"), "{stderr}");
    let mut unknown = receipt(&files);
    unknown.signature.as_mut().unwrap().algorithm = "SM9".into();
    let mut files = files;
    files.insert(RECEIPT.to_owned(), unknown.to_json());
    batch_folder::write(Path::new(&batch), &files).unwrap();
    let (code, _, stderr) = run(&[&batch]);
    assert!(
        code == 1 && stderr.contains(ALGORITHM_UNKNOWN) && stderr.contains("SM9"),
        "{stderr}"
    );
}

#[test]
fn a_whole_batch_that_is_another_than_the_one_expected_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let batch = dir.path().join("batch").to_str().unwrap().to_owned();
    let files = unsigned();
    batch_folder::write(Path::new(&batch), &files).unwrap();
    let digest = receipt(&files).batch_digest;
    assert_eq!(run(&[&batch, "--digest", &digest]).0, 0);
    assert_eq!(run(&[&batch, "--digest", &digest.to_uppercase()]).0, 0);

    // The batch of another case is as whole as this one.
    let other = Case::named("X06").assess(1, &[]).unwrap().batch.files;
    batch_folder::write(Path::new(&batch), &other).unwrap();
    assert_eq!(run(&[&batch]).0, 0);
    let (code, stdout, stderr) = run(&[&batch, "--digest", &digest]);
    assert!(
        code == 1 && stderr.contains(DIGEST_DIFFERS) && stderr.contains(&digest),
        "{stderr}"
    );
    assert!(stdout.is_empty(), "{stdout}");
}
