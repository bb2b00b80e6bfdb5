//! The signature of a receipt: whether it holds, and whose it is.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::batch::{Receipt, ReceiptSignature};
use platform::signing::{self, Algorithm, Encoding, Profile, key_id};

use crate::batch_folder::RECEIPT;
use crate::error::CommandError;
use crate::verify::Difference;

/// The signature is not that of the receipt's key over the receipt.
pub const INVALID: &str = "SIGNATURE_INVALID";
/// The algorithm or its encoding is none that this version knows.
pub const ALGORITHM_UNKNOWN: &str = "SIGNATURE_ALGORITHM_UNKNOWN";
/// A key was given, and the receipt is not signed.
pub const MISSING: &str = "SIGNATURE_MISSING";
/// The key is another than the one given, or another than the key id says.
pub const KEY_DIFFERS: &str = "KEY_DIFFERS";
/// The batch is whole and another than the one expected.
pub const DIGEST_DIFFERS: &str = "DIGEST_DIFFERS";

fn difference(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Difference {
    Difference {
        code: Some(code),
        ..Difference::new(RECEIPT, zh, en)
    }
}

/// Holds the receipt's signature, if it has one, against the key that it names itself.
#[must_use]
pub fn check(receipt: &Receipt) -> Option<Difference> {
    let signature = receipt.signature.as_ref()?;
    let (Some(algorithm), Some(encoding)) = (
        Algorithm::parse(&signature.algorithm),
        Encoding::parse(&signature.encoding),
    ) else {
        let stated = format!("{}, {}", signature.algorithm, signature.encoding);
        return Some(difference(
            ALGORITHM_UNKNOWN,
            format!("本版本不认识的签名算法或编码：{stated}"),
            format!("this version knows no such algorithm or encoding: {stated}"),
        ));
    };
    let invalid = |what: String| {
        let zh = format!("签名与回执、公钥不符：{what}");
        difference(INVALID, zh, format!("the signature does not hold: {what}"))
    };
    let (key, bytes) = match (decoded(&signature.public_key), decoded(&signature.signature)) {
        (Ok(key), Ok(bytes)) => (key, bytes),
        (Err(what), _) | (_, Err(what)) => return Some(invalid(what)),
    };
    if key_id(&key) != signature.key_id {
        return Some(difference(
            KEY_DIFFERS,
            "公钥与密钥编号不符",
            "the public key is not that of the key id",
        ));
    }
    // What signs states every part of its profile, so a receipt that leaves one out was not written so.
    let profile = Profile {
        encoding,
        user_id: signature.user_id.clone(),
    };
    if algorithm == Algorithm::Sm2Sm3 && profile.user_id.is_none() {
        return Some(invalid("user_id".to_owned()));
    }
    let holds = receipt
        .signed_bytes()
        .map_err(|error| error.to_string())
        .and_then(|message| {
            signing::verify(algorithm, &key, &message, &bytes, &profile).map_err(|error| error.to_string())
        });
    if let Err(what) = holds {
        return Some(invalid(what));
    }
    let is_kept = signing::one_form(algorithm, encoding, &bytes).is_ok_and(|kept| kept == bytes);
    (!is_kept).then(|| invalid("s is not the lower of the two".to_owned()))
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| error.to_string())
}

/// Reads a public key (PEM) that the caller trusts.
///
/// # Errors
/// [`CommandError`] when the file cannot be read or holds no public key.
pub fn read_key(path: &Path) -> Result<Vec<u8>, CommandError> {
    let pem = std::fs::read_to_string(path)
        .map_err(|source| CommandError::io("读取公钥文件", "reading the public key", path, source))?;
    signing::read_public_key(&pem).map_err(|error| {
        let path = path.display();
        CommandError::usage(
            "KEY_UNREADABLE",
            format!("{path} 不是 P-256 或 SM2 的公钥（PEM）：{error}"),
            format!("{path} holds no public key (PEM) on P-256 or SM2: {error}"),
        )
    })
}

/// Holds the key that signed against the one that the caller trusts. With [`check`] it proves who signed.
#[must_use]
pub fn check_key(receipt: &Receipt, trusted: &[u8]) -> Option<Difference> {
    let Some(signature) = &receipt.signature else {
        return Some(difference(
            MISSING,
            "给出了公钥，但批次没有签名",
            "a key was given, and the batch is not signed",
        ));
    };
    let given = key_id(trusted);
    if decoded(&signature.public_key).is_ok_and(|key| key == trusted) {
        return None;
    }
    Some(difference(
        KEY_DIFFERS,
        format!("签名密钥为 {}，所给为 {given}", signature.key_id),
        format!("signed by the key {}, given is {given}", signature.key_id),
    ))
}

/// Holds the batch digest against the one that is expected: nothing else tells a whole older batch that was put in a newer one's place.
#[must_use]
pub fn check_digest(receipt: &Receipt, expected: &str) -> Option<Difference> {
    let found = &receipt.batch_digest;
    (!found.eq_ignore_ascii_case(expected.trim())).then(|| {
        difference(
            DIGEST_DIFFERS,
            format!("批次摘要为 {found}，应为 {expected}：这不是所要的批次"),
            format!(
                "the batch digest is {found}, expected is {expected}: this is not the batch that was meant"
            ),
        )
    })
}

/// What is said of the signature of a verified batch.
#[must_use]
pub fn told(receipt: &Receipt, is_trusted: bool) -> Vec<String> {
    let Some(ReceiptSignature {
        algorithm, key_id, ..
    }) = &receipt.signature
    else {
        return vec!["unsigned / 未签名".to_owned()];
    };
    let mut lines = vec![format!("signed {algorithm}, key {key_id}")];
    lines.push(if is_trusted {
        "the key is the one given / 密钥与所给公钥一致".to_owned()
    } else {
        "the key is the one in the receipt, not checked against a trusted one (--key) / 公钥取自回执本身，未与可信公钥核对（--key）"
            .to_owned()
    });
    lines
}
