//! Signatures against the standards' own examples, against OpenSSL both ways, and against tampering.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use sm3::{Digest, Sm3};
use zhirong_platform::Error;
use zhirong_platform::error::Fault;
use zhirong_platform::signing::{
    Algorithm, DEFAULT_USER_ID, Encoding, Profile, Signer, key_id, load, load_or_make, read_public_key,
    verify,
};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter_map(|byte| {
            char::from(byte)
                .to_digit(16)
                .map(|digit| u8::try_from(digit).unwrap())
        })
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn raw() -> Profile {
    Profile {
        encoding: Encoding::Raw,
        user_id: None,
    }
}

/// A key file with this PEM, mode 0600.
fn key_file(dir: &Path, name: &str, pem: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, pem).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn signer(scalar: &str, algorithm: Algorithm, profile: &Profile) -> Arc<dyn Signer> {
    let dir = tempfile::tempdir().unwrap();
    let pem = match algorithm {
        Algorithm::EcdsaP256Sha256 => p256::SecretKey::from_slice(&hex(scalar))
            .unwrap()
            .to_pkcs8_pem(LineEnding::LF),
        Algorithm::Sm2Sm3 => sm2::SecretKey::from_slice(&hex(scalar))
            .unwrap()
            .to_pkcs8_pem(LineEnding::LF),
    };
    let path = key_file(dir.path(), "key", &pem.unwrap());
    load(&path, None, profile).unwrap()
}

/// RFC 6979 A.2.5.
const P256_KEY: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
/// GB/T 32918.5-2017 A.2.
const SM2_KEY: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";

#[test]
fn ecdsa_signs_the_vectors_of_rfc_6979() {
    let signer = signer(P256_KEY, Algorithm::EcdsaP256Sha256, &raw());
    let point = hex("04
        60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
        7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    assert!(signer.public_key_der().ends_with(&point));
    let vectors = [
        (
            "sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
             F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            "test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367
             019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ];
    for (message, expected) in vectors {
        let signature = signer.sign(message.as_bytes()).unwrap();
        assert_eq!(signature, hex(expected), "{message}");
        let der = signer.public_key_der();
        verify(signer.algorithm(), der, message.as_bytes(), &signature, &raw()).unwrap();
    }
}

#[test]
fn sm3_digests_the_examples_of_its_standard() {
    // GB/T 32905-2016 A.1 and A.2.
    let examples = [
        (
            "abc".to_owned(),
            "66C7F0F4 62EEEDD9 D1F2D46B DC10E4E2 4167C487 5CF2F7A2 297DA02B 8F4BA8E0",
        ),
        (
            "abcd".repeat(16),
            "DEBE9FF9 2275B8A1 38604889 C18E5A4D 6FDB70E5 387E5765 293DCBA3 9C0C5732",
        ),
    ];
    for (message, expected) in examples {
        assert_eq!(
            Sm3::digest(message.as_bytes()).to_vec(),
            hex(expected),
            "{message}"
        );
    }
}

#[test]
fn sm2_accepts_the_example_of_its_standard_and_only_under_its_user_id() {
    // GB/T 32918.5-2017 A.2: user id 1234567812345678, message "message digest", its own random number.
    let signer = signer(SM2_KEY, Algorithm::Sm2Sm3, &raw());
    let point = hex("04
        09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020
        CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");
    assert!(signer.public_key_der().ends_with(&point));
    let signature = hex("
        F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
        B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA");
    let check = |signature: &[u8], profile: &Profile| {
        verify(
            Algorithm::Sm2Sm3,
            signer.public_key_der(),
            b"message digest",
            signature,
            profile,
        )
    };
    check(&signature, &raw()).unwrap();
    let stated = |user_id: &str| Profile {
        user_id: Some(user_id.to_owned()),
        ..raw()
    };
    check(&signature, &stated(DEFAULT_USER_ID)).unwrap();
    assert_eq!(DEFAULT_USER_ID, "1234567812345678");
    assert!(check(&signature, &stated("ALICE123@YAHOO.COM")).is_err());
    // Our own signature of the same message has another random number and holds too.
    let own = signer.sign(b"message digest").unwrap();
    assert_ne!(own, signature);
    check(&own, &raw()).unwrap();
}

fn made(dir: &Path, algorithm: Algorithm, profile: &Profile) -> Arc<dyn Signer> {
    load_or_make(dir, algorithm.as_str(), Some(algorithm), profile).unwrap()
}

/// Both algorithms in both encodings.
fn profiles() -> Vec<(Algorithm, Profile)> {
    let of = |algorithm| {
        [Encoding::Der, Encoding::Raw].map(|encoding| {
            let profile = Profile {
                encoding,
                user_id: None,
            };
            (algorithm, profile.stated(algorithm).unwrap())
        })
    };
    Algorithm::ALL.into_iter().flat_map(of).collect()
}

#[test]
fn every_flipped_byte_of_key_signature_and_message_is_refused() {
    let message = b"{\"amount\":\"50000.00\"}".to_vec();
    for (algorithm, profile) in profiles() {
        let dir = tempfile::tempdir().unwrap();
        let signer = made(dir.path(), algorithm, &profile);
        let signature = signer.sign(&message).unwrap();
        assert_eq!(
            signature,
            signer.sign(&message).unwrap(),
            "a repeat signs the same"
        );
        let key = signer.public_key_der().to_vec();
        verify(algorithm, &key, &message, &signature, &profile).unwrap();
        let whole = [key, message.clone(), signature.clone()];
        for part in 0..3 {
            for place in 0..whole[part].len() {
                for mask in [1, 16, 128] {
                    let mut parts = whole.clone();
                    parts[part][place] ^= mask;
                    let [key, message, signature] = &parts;
                    let answer = verify(algorithm, key, message, signature, &profile);
                    assert!(answer.is_err(), "{algorithm:?} part {part} byte {place}");
                }
            }
        }
        // More bytes, fewer bytes, none, zeros: all refused, none a crash.
        let longer = [signature.as_slice(), &[0]].concat();
        let shorter = &signature[..signature.len() - 1];
        for other in [
            longer.as_slice(),
            shorter,
            &[],
            &[0; 64],
            &[255; 64],
            &[0x30, 0x06, 2, 1, 0, 2, 1, 0],
        ] {
            assert!(verify(algorithm, &whole[0], &message, other, &profile).is_err());
        }
        let other = match profile.encoding {
            Encoding::Der => Encoding::Raw,
            Encoding::Raw => Encoding::Der,
        };
        let other = Profile {
            encoding: other,
            ..profile.clone()
        };
        assert!(verify(algorithm, &whole[0], &message, &signature, &other).is_err());
    }
}

#[test]
fn a_profile_that_the_algorithm_cannot_have_is_refused() {
    let with = |user_id: String| Profile {
        encoding: Encoding::Der,
        user_id: Some(user_id),
    };
    assert!(with("x".into()).stated(Algorithm::EcdsaP256Sha256).is_err());
    assert!(with(String::new()).stated(Algorithm::Sm2Sm3).is_err());
    assert!(with("x".repeat(8_192)).stated(Algorithm::Sm2Sm3).is_err());
    let dir = tempfile::tempdir().unwrap();
    let longest = with("x".repeat(8_191));
    let signer = made(dir.path(), Algorithm::Sm2Sm3, &longest);
    let signature = signer.sign(b"m").unwrap();
    verify(
        Algorithm::Sm2Sm3,
        signer.public_key_der(),
        b"m",
        &signature,
        &longest,
    )
    .unwrap();
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
    }
    assert_eq!(Algorithm::parse("sm2-sm3"), None);
    assert_eq!(Encoding::parse("DER"), None);
}

#[test]
fn keys_are_made_once_kept_secret_and_read_back() {
    for algorithm in Algorithm::ALL {
        let dir = tempfile::tempdir().unwrap();
        let first = made(dir.path(), algorithm, &Profile::default());
        let again = made(dir.path(), algorithm, &Profile::default());
        assert_eq!(first.key_id(), again.key_id());
        assert_eq!(first.key_id(), key_id(first.public_key_der()));
        let file = |end: &str| dir.path().join(format!("{}.{end}", algorithm.as_str()));
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file("key")), mode(file("pem"))), (0o600, 0o644));
        let pem = std::fs::read_to_string(file("pem")).unwrap();
        assert_eq!(read_public_key(&pem).unwrap(), first.public_key_der());
        // Without an algorithm the curve decides; another one than the key's is refused.
        assert_eq!(
            load(&file("key"), None, &Profile::default()).unwrap().algorithm(),
            algorithm
        );
        let other = Algorithm::ALL.into_iter().find(|it| *it != algorithm);
        let refused = load(&file("key"), other, &Profile::default()).err().unwrap();
        assert_eq!(refused.reason(), "SIGNING_KEY_INVALID");
        assert!(refused.message_zh().contains("签名密钥"));
        std::fs::set_permissions(file("key"), std::fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(
            load(&file("key"), None, &Profile::default()),
            Err(Error::SigningKey { .. })
        ));
        assert!(load(&file("pem"), None, &Profile::default()).is_err());
        assert!(read_public_key(&std::fs::read_to_string(file("key")).unwrap()).is_err());
    }
    let absent = load(Path::new("/nowhere/key"), None, &Profile::default())
        .err()
        .unwrap();
    assert!(absent.message_en().contains("/nowhere/key"));
}

#[test]
fn a_public_key_of_another_kind_is_none() {
    let point = sm2::SecretKey::from_slice(&hex(SM2_KEY)).unwrap().public_key();
    let pem = point.to_public_key_pem(LineEnding::LF).unwrap();
    let der = read_public_key(&pem).unwrap();
    // The point of the other curve under this curve's name is refused: it does not lie on it.
    let p256_oid = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    let sm2_oid = [0x2A, 0x81, 0x1C, 0xCF, 0x55, 1, 0x82, 0x2D];
    let place = der.windows(8).position(|window| window == sm2_oid).unwrap();
    let mut forged = der.clone();
    forged[place..place + 8].copy_from_slice(&p256_oid);
    for (algorithm, key) in [
        (Algorithm::EcdsaP256Sha256, &der),
        (Algorithm::EcdsaP256Sha256, &forged),
        (Algorithm::Sm2Sm3, &forged),
    ] {
        assert!(verify(algorithm, key, b"m", &[1; 64], &raw()).is_err());
    }
    assert!(read_public_key("no key").is_err());
}

/// Runs `openssl` in a folder; whether it succeeded.
fn openssl(dir: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("openssl").args(arguments).current_dir(dir).output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether an OpenSSL with SM2 is on this machine.
fn has_openssl(dir: &Path) -> bool {
    let has = openssl(dir, &["genpkey", "-algorithm", "SM2", "-out", "probe.key"]);
    if !has {
        eprintln!("not checked against OpenSSL: it is not here, or has no SM2");
    }
    has
}

#[test]
fn openssl_verifies_what_we_sign() {
    let dir = tempfile::tempdir().unwrap();
    if !has_openssl(dir.path()) {
        return;
    }
    std::fs::write(dir.path().join("message"), "给对方的回执 message").unwrap();
    let message = std::fs::read(dir.path().join("message")).unwrap();
    for (algorithm, user_id) in [
        (Algorithm::EcdsaP256Sha256, None),
        (Algorithm::Sm2Sm3, Some(DEFAULT_USER_ID)),
        (Algorithm::Sm2Sm3, Some("another@office")),
    ] {
        let profile = Profile {
            encoding: Encoding::Der,
            user_id: user_id.map(str::to_owned),
        };
        let signer = made(dir.path(), algorithm, &profile);
        std::fs::write(dir.path().join("signature"), signer.sign(&message).unwrap()).unwrap();
        let key = format!("{}.pem", algorithm.as_str());
        let digest = if user_id.is_some() { "sm3" } else { "sha256" };
        let check = |user_id: Option<&str>| {
            let distid = user_id.map(|id| format!("distid:{id}"));
            let mut arguments = vec![
                "pkeyutl", "-verify", "-rawin", "-digest", digest, "-pubin", "-inkey", &key,
            ];
            arguments.extend(["-in", "message", "-sigfile", "signature"]);
            if let Some(distid) = &distid {
                arguments.extend(["-pkeyopt", distid]);
            }
            openssl(dir.path(), &arguments)
        };
        assert!(check(user_id), "{algorithm:?} {user_id:?}");
        if user_id.is_some() {
            assert!(!check(Some("somebody else")));
        }
        std::fs::write(dir.path().join("message"), "another").unwrap();
        assert!(!check(user_id));
        std::fs::write(dir.path().join("message"), &message).unwrap();
    }
}

#[test]
fn we_verify_and_load_what_openssl_makes() {
    let dir = tempfile::tempdir().unwrap();
    if !has_openssl(dir.path()) {
        return;
    }
    let message = "OpenSSL 签名".as_bytes();
    std::fs::write(dir.path().join("message"), message).unwrap();
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let cases: [(&[&str], Algorithm, Option<&str>); 3] = [
        (&p256, Algorithm::EcdsaP256Sha256, None),
        (&["-algorithm", "SM2"], Algorithm::Sm2Sm3, Some(DEFAULT_USER_ID)),
        (&["-algorithm", "SM2"], Algorithm::Sm2Sm3, Some("410500")),
    ];
    for (make, algorithm, user_id) in cases {
        let make = [&["genpkey", "-out", "their.key"], make].concat();
        assert!(openssl(dir.path(), &make));
        assert!(openssl(
            dir.path(),
            &["pkey", "-in", "their.key", "-pubout", "-out", "their.pem"]
        ));
        let digest = if user_id.is_some() { "sm3" } else { "sha256" };
        let distid = user_id.map(|id| format!("distid:{id}"));
        let mut sign = vec![
            "pkeyutl",
            "-sign",
            "-rawin",
            "-digest",
            digest,
            "-inkey",
            "their.key",
        ];
        sign.extend(["-in", "message", "-out", "signature"]);
        if let Some(distid) = &distid {
            sign.extend(["-pkeyopt", distid]);
        }
        assert!(openssl(dir.path(), &sign));
        let profile = Profile {
            encoding: Encoding::Der,
            user_id: user_id.map(str::to_owned),
        };
        let key = read_public_key(&std::fs::read_to_string(dir.path().join("their.pem")).unwrap()).unwrap();
        let signature = std::fs::read(dir.path().join("signature")).unwrap();
        verify(algorithm, &key, message, &signature, &profile).unwrap();
        assert!(verify(algorithm, &key, b"another", &signature, &profile).is_err());
        // Their private key signs here, too.
        let signer = load(&dir.path().join("their.key"), None, &profile).unwrap();
        assert_eq!(
            (signer.algorithm(), signer.public_key_der()),
            (algorithm, key.as_slice())
        );
        let own = signer.sign(message).unwrap();
        verify(algorithm, &key, message, &own, &profile).unwrap();
    }
}
