//! Resume tokens: where in which batch a reader is.
//!
//! A token is opaque to callers, and no secret: the check value tells a mangled token from one that was given, and a forged one leads
//! nowhere that a plain call would not.

use api::settlement::v1 as pb;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::digest::sha256;

use crate::error::Error;
use crate::model::BatchNo;

/// Form of the tokens given now.
const VERSION: u8 = 1;
/// Bytes of the check value.
const CHECK: usize = 8;

/// A place in the messages of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the batch.
    pub(super) batch_no: String,
    /// Its digest.
    pub(super) batch_digest: String,
    /// Sequence of the last message the reader has.
    pub(super) sequence: i64,
}

impl Place {
    /// The token: version, sequence, batch number, a zero byte, digest, check value; URL-safe base64.
    pub(super) fn token(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(self.batch_no.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.batch_digest.as_bytes());
        bytes.extend_from_slice(&check(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; none for one that was never given.
    fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, stated) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
        if stated != check(body) {
            return None;
        }
        let (version, rest) = body.split_first()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (batch_no, batch_digest) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
        let place = Self {
            batch_no: batch_no.to_owned(),
            batch_digest: batch_digest.to_owned(),
            sequence: i64::from_be_bytes(*sequence),
        };
        (*version == VERSION && place.sequence > 0).then_some(place)
    }
}

fn check(body: &[u8]) -> [u8; CHECK] {
    let digest = sha256(body);
    let mut check = [0; CHECK];
    check.iter_mut().zip(digest).for_each(|(slot, byte)| *slot = byte);
    check
}

/// Where a reader goes on, and which digest it wants; empty for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Sequence of the last message the reader has.
    pub(super) after: i64,
    /// Digest of the batch it began with.
    pub(super) digest: String,
}

/// Reads the token of a request beside the digest it states.
///
/// # Errors
/// `RESUME_TOKEN_INVALID` naming the field, [`Error::BatchDigestMismatch`] for a token of another batch or digest.
pub(super) fn wanted(number: &BatchNo, field: &str, token: &str, digest: &str) -> Result<Wanted, Error> {
    let (batch_no, digest) = (number.to_string(), digest.to_owned());
    if token.is_empty() {
        return Ok(Wanted { after: 0, digest });
    }
    let place = Place::read(token).ok_or_else(|| {
        let en = "the resume token is not one that was given";
        ledger::Error::invalid(field, "RESUME_TOKEN_INVALID", "续传标记不是本系统给出的", en)
    })?;
    if place.batch_no != batch_no || (!digest.is_empty() && digest != place.batch_digest) {
        return Err(Error::BatchDigestMismatch { batch_no });
    }
    Ok(Wanted {
        after: place.sequence,
        digest: place.batch_digest,
    })
}

/// Where a stream goes on: by token, or by the deprecated sequence.
///
/// # Errors
/// As [`wanted`], and `RESUME_DIFFERS` where both are given and differ.
#[expect(deprecated, reason = "callers of the first version still send a sequence")]
pub(super) fn of_stream(number: &BatchNo, body: &pb::StreamBatchRequest) -> Result<Wanted, Error> {
    let mut wanted = wanted(number, "resume_token", &body.resume_token, &body.batch_digest)?;
    if body.after_sequence != 0 {
        if !body.resume_token.is_empty() && body.after_sequence != wanted.after {
            let en = "resume_token and after_sequence name different messages; send the token alone";
            let zh = "续传标记与 after_sequence 所指不是同一条消息，请只给续传标记";
            return Err(ledger::Error::invalid("after_sequence", "RESUME_DIFFERS", zh, en).into());
        }
        wanted.after = body.after_sequence;
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            batch_no: "410500-2025-001".to_owned(),
            batch_digest: "0123456789abcdef".repeat(4),
            sequence: 77,
        }
    }

    #[test]
    fn a_token_reads_back_and_is_fit_for_a_url() {
        let token = place().token();
        assert_eq!(Place::read(&token), Some(place()));
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }

    #[test]
    fn a_token_with_any_character_changed_dropped_or_added_is_none() {
        let token = place().token();
        for at in 0..token.len() {
            for other in (33..127_u8).map(char::from) {
                let mut mangled = token.clone();
                mangled.replace_range(at..=at, &other.to_string());
                assert_eq!(Place::read(&mangled).is_some(), mangled == token, "{mangled}");
            }
            let mut shorter = token.clone();
            shorter.remove(at);
            assert_eq!(Place::read(&shorter), None);
            assert_eq!(Place::read(&token[..at]), None);
        }
        assert_eq!(Place::read(&format!("{token}A")), None);
    }

    #[test]
    fn a_token_of_another_form_or_of_no_message_is_none() {
        let of = |sequence| Place { sequence, ..place() }.token();
        assert_eq!([0, -1].map(|sequence| Place::read(&of(sequence))), [None, None]);
        let mut bytes = URL_SAFE_NO_PAD.decode(place().token()).unwrap();
        bytes.truncate(bytes.len() - CHECK);
        bytes[0] = 2;
        bytes.extend_from_slice(&check(&bytes.clone()));
        assert_eq!(Place::read(&URL_SAFE_NO_PAD.encode(bytes)), None);
    }

    #[test]
    fn a_token_of_another_batch_or_digest_is_a_mismatch() {
        let [one, two] = ["410500-2025-001", "410500-2025-002"].map(|text| BatchNo::parse(text).unwrap());
        let token = place().token();
        let read = wanted(&one, "resume_token", &token, "").unwrap();
        assert_eq!((read.after, read.digest), (77, place().batch_digest));
        for (number, digest) in [(&two, ""), (&one, "00")] {
            let refused = wanted(number, "resume_token", &token, digest).unwrap_err();
            assert!(matches!(refused, Error::BatchDigestMismatch { .. }), "{refused}");
        }
    }
}
