//! Secrets and signatures as Standard Webhooks has them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::sealing::{Keyring, Sealed};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use crate::error::Error;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret; the specification wants 24 to 64.
const BYTES: usize = 32;

/// The key of an endpoint's signatures. Never printed but in the one answer that hands it over.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);

/// Where a secret is sealed for: it opens in no other row.
pub(crate) fn place(city: &str, endpoint_id: Uuid, secret_no: i32) -> String {
    format!("webhook_secret\n{city}\n{endpoint_id}\n{secret_no}")
}

impl Secret {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub(crate) fn fresh() -> Result<Self, Error> {
        let mut bytes = vec![0; BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| platform::Error::Sealing {
                what: "the system gives no random numbers".to_owned(),
            })?;
        Ok(Self(bytes))
    }

    /// Its text, as its owner keeps it.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// Seals it for its row.
    pub(crate) fn seal(&self, keys: &Keyring, place: &str) -> Result<Sealed, Error> {
        Ok(keys.seal(&self.0, place.as_bytes())?)
    }

    /// Opens it in its row.
    pub(crate) fn open(keys: &Keyring, key_id: &str, sealed: &[u8], place: &str) -> Result<Self, Error> {
        Ok(Self(keys.open(key_id, sealed, place.as_bytes())?))
    }

    /// The signature of a message, `v1,` and base64 of HMAC-SHA-256 over id, timestamp and payload, joined by dots.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, payload: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{payload}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// The header `webhook-signature`: one signature a secret, the newest first.
pub(crate) fn signatures(secrets: &[Secret], id: &str, timestamp: i64, payload: &str) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(id, timestamp, payload))
        .collect();
    signed.join(" ")
}

/// Seconds by which a receiver lets a timestamp be away from its own clock.
const WINDOW: u64 = 300;

/// What a receiver does with the three headers and the body of a message: whether one of the signatures is the secret's, and the
/// timestamp is within five minutes of `now` (seconds since 1970).
#[must_use]
pub fn verify(secret: &str, [id, timestamp, signatures]: [&str; 3], payload: &str, now: i64) -> bool {
    let bytes = secret
        .strip_prefix(PREFIX)
        .and_then(|text| STANDARD.decode(text).ok());
    let (Some(bytes), Ok(seconds)) = (bytes, timestamp.parse::<i64>()) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let signed = format!("{id}.{timestamp}.{payload}");
    let is_ours = |signature: &str| {
        let tag = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        tag.is_some_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
    };
    now.abs_diff(seconds) <= WINDOW && signatures.split(' ').any(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_takes_what_is_signed_and_fresh() {
        let secret = Secret::fresh().unwrap();
        let header = signatures(&[Secret::fresh().unwrap(), secret.clone()], "msg_1", 1000, "{}");
        let takes = |secret: &str, id: &str, at: &str, body: &str, now: i64| {
            verify(secret, [id, at, &header], body, now)
        };
        let text = secret.text();
        assert!(takes(&text, "msg_1", "1000", "{}", 1300) && takes(&text, "msg_1", "1000", "{}", 700));
        assert!(!takes(&text, "msg_1", "1000", "{}", 1301) && !takes(&text, "msg_1", "1000", "{}", 699));
        assert!(!takes(&text, "msg_2", "1000", "{}", 1000) && !takes(&text, "msg_1", "1001", "{}", 1000));
        assert!(!takes(&text, "msg_1", "1000", "{ }", 1000));
        let other = Secret::fresh().unwrap().text();
        for wrong in [
            other.as_str(),
            "",
            "whsec_",
            "whsec_?",
            text.trim_start_matches(PREFIX),
        ] {
            assert!(!takes(wrong, "msg_1", "1000", "{}", 1000), "{wrong}");
        }
    }

    fn of_text(text: &str) -> Secret {
        Secret(STANDARD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap())
    }

    /// The vector that the reference libraries of Standard Webhooks are tested with.
    #[test]
    fn a_message_of_the_specification_has_its_signature() {
        let secret = of_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_rotated_secret_signs_beside_the_new_one() {
        let (new, old) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        assert!(new != old);
        let both = signatures(&[new.clone(), old.clone()], "msg_1", 7, "{}");
        assert_eq!(
            both,
            format!("{} {}", new.sign("msg_1", 7, "{}"), old.sign("msg_1", 7, "{}"))
        );
        // Each part is signed.
        for other in [
            new.sign("msg_2", 7, "{}"),
            new.sign("msg_1", 8, "{}"),
            new.sign("msg_1", 7, "{ }"),
        ] {
            assert!(!both.contains(&other));
        }
    }

    #[test]
    fn a_secret_is_read_back_from_its_row_alone() {
        let keys = Keyring::parse(&format!("k {}", "1".repeat(64))).unwrap();
        let (secret, row) = (Secret::fresh().unwrap(), Uuid::from_u128(1));
        let sealed = secret.seal(&keys, &place("4105", row, 1)).unwrap();
        let open = |place: String| Secret::open(&keys, &sealed.key_id, &sealed.bytes, &place);
        assert_eq!(open(place("4105", row, 1)).unwrap().text(), secret.text());
        for other in [
            place("4106", row, 1),
            place("4105", Uuid::from_u128(2), 1),
            place("4105", row, 2),
        ] {
            assert!(open(other).is_err());
        }
        assert!(of_text(&secret.text()) == secret && secret.text().len() == 6 + 44);
    }
}
