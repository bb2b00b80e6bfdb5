//! Short secrets sealed for a table: AES-256-GCM under keys that the operator holds in a file, bound to the row they belong to.

use std::fmt;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;
use crate::files::{read_if_there, write_whole};

const KEY_BYTES: usize = 32;
const KEY_ID_BYTES_MAX: usize = 32;

/// A sealed secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key sealed it.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

struct Key {
    id: String,
    sealing: LessSafeKey,
    blinding: hmac::Key,
}

/// The keys of a file, in its order: the last one seals, every one opens what it sealed.
pub struct Keyring {
    keys: Vec<Key>,
    random: SystemRandom,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.keys.iter().map(|key| &key.id))
            .finish()
    }
}

fn refused(what: impl Into<String>) -> Error {
    Error::Sealing { what: what.into() }
}

/// The bytes of 64 hexadecimal digits.
fn key_bytes(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let mut bytes = [0; KEY_BYTES];
    if digits.len() != KEY_BYTES * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
    }
    Some(bytes)
}

/// Fewer than 12 of 32 bytes differ, or each is one more than the last: by chance neither happens.
fn is_made_up(bytes: &[u8; KEY_BYTES]) -> bool {
    let different: std::collections::BTreeSet<u8> = bytes.iter().copied().collect();
    let is_counted = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .all(|(one, next)| next.wrapping_sub(*one) == 1);
    different.len() < 12 || is_counted
}

fn key_of(line: &str) -> Option<Key> {
    let (id, hex) = line.split_once(' ')?;
    let is_id = (1..=KEY_ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let bytes = key_bytes(hex.trim()).filter(|_| is_id)?;
    Some(Key {
        id: id.to_owned(),
        sealing: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?),
        blinding: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
    })
}

impl Keyring {
    /// Reads keys: one a line, an id of letters, digits and `-`, a space, 64 hexadecimal digits. The last line is the newest.
    ///
    /// # Errors
    /// [`Error::Sealing`] naming the line that is no key or repeats an id; there must be at least one.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, number) in text.lines().zip(1_u32..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = key_of(line)
                .filter(|key| keys.iter().all(|other| other.id != key.id))
                .ok_or_else(|| refused(format!("line {number} is no key, or repeats an id")))?;
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(refused("the file holds no key"));
        }
        Ok(Self {
            keys,
            random: SystemRandom::new(),
        })
    }

    /// The ids of keys that were never drawn at random: one byte or a short run of bytes over and over, or bytes counted up. Such a key comes
    /// out of an example.
    #[must_use]
    pub fn made_up(text: &str) -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.trim().split_once(' '));
        let known = lines.filter_map(|(id, hex)| key_bytes(hex.trim()).map(|bytes| (id, bytes)));
        known
            .filter(|(_, bytes)| is_made_up(bytes))
            .map(|(id, _)| id.to_owned())
            .collect()
    }

    /// Loads a key file that not everybody may read.
    ///
    /// # Errors
    /// [`Error::Sealing`]; [`Error::Io`] where the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|error| Error::io("reading", path, error))?;
        if metadata.permissions().mode() & 0o007 != 0 {
            return Err(refused(format!(
                "everybody can read {}; chmod 600",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| Error::io("reading", path, error))?;
        Self::parse(&text)
    }

    /// Loads a key file, or makes one with a fresh key (mode 0600) on first use.
    ///
    /// # Errors
    /// As [`Keyring::load`]; [`Error::Io`] where the file cannot be written.
    pub fn load_or_make(path: &Path) -> Result<Self, Error> {
        if read_if_there(path)?.is_none() {
            let mut bytes = [0; KEY_BYTES];
            SystemRandom::new()
                .fill(&mut bytes)
                .map_err(|_| refused("the system gives no random numbers"))?;
            let mut line = "k1 ".to_owned();
            for byte in bytes {
                let _written = write!(line, "{byte:02x}");
            }
            write_whole(path, &format!("{line}\n"), 0o600)?;
        }
        Self::load(path)
    }

    /// Seals a secret under the newest key for one place: it opens nowhere else.
    ///
    /// # Errors
    /// [`Error::Sealing`] where the system gives no random numbers.
    pub fn seal(&self, secret: &[u8], place: &[u8]) -> Result<Sealed, Error> {
        let key = self.keys.last().ok_or_else(|| refused("there is no key"))?;
        let mut nonce = [0; NONCE_LEN];
        self.random
            .fill(&mut nonce)
            .map_err(|_| refused("the system gives no random numbers"))?;
        let mut sealed = secret.to_vec();
        key.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|_| refused("it cannot be sealed"))?;
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        Ok(Sealed {
            key_id: key.id.clone(),
            bytes,
        })
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Sealing`] where the key is unknown, the bytes were changed, or they were sealed for another place.
    pub fn open(&self, key_id: &str, bytes: &[u8], place: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self
            .keys
            .iter()
            .find(|key| key.id == key_id)
            .ok_or_else(|| refused(format!("there is no key {key_id}")))?;
        let changed = || refused("it was changed, or sealed for another place");
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or_else(changed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| changed())?;
        let mut rest = rest.to_vec();
        let opened = key
            .sealing
            .open_in_place(nonce, Aad::from(place), &mut rest)
            .map_err(|_| changed())?;
        Ok(opened.to_vec())
    }

    /// A stand-in for a secret in digests that are stored: HMAC-SHA-256 under the oldest key, so that a new key changes none.
    #[must_use]
    pub fn blind(&self, secret: &[u8]) -> Vec<u8> {
        let first = self.keys.first();
        first.map_or_else(Vec::new, |key| {
            hmac::sign(&key.blinding, secret).as_ref().to_vec()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(lines: &[(&str, char)]) -> Keyring {
        let text: String = lines
            .iter()
            .map(|(id, digit)| format!("{id} {}\n", digit.to_string().repeat(64)))
            .collect();
        Keyring::parse(&text).unwrap()
    }

    #[test]
    fn a_secret_opens_only_in_its_place_and_whole() {
        let keys = ring(&[("a", '1')]);
        let sealed = keys.seal(b"6222", b"row 1").unwrap();
        assert_eq!(keys.open("a", &sealed.bytes, b"row 1").unwrap(), b"6222");
        assert!(keys.open("a", &sealed.bytes, b"row 2").is_err());
        for place in 0..sealed.bytes.len() {
            let mut changed = sealed.bytes.clone();
            changed[place] ^= 1;
            assert!(keys.open("a", &changed, b"row 1").is_err(), "byte {place}");
        }
        assert!(keys.open("a", &sealed.bytes[..5], b"row 1").is_err());
        // The same secret looks different each time.
        assert_ne!(keys.seal(b"6222", b"row 1").unwrap(), sealed);
    }

    #[test]
    fn the_newest_key_seals_and_the_older_ones_open() {
        let old = ring(&[("a", '1')]);
        let both = ring(&[("a", '1'), ("b", '2')]);
        let sealed = old.seal(b"x", b"p").unwrap();
        assert_eq!(both.open(&sealed.key_id, &sealed.bytes, b"p").unwrap(), b"x");
        assert_eq!(both.seal(b"x", b"p").unwrap().key_id, "b");
        assert!(
            old.open("b", &both.seal(b"x", b"p").unwrap().bytes, b"p")
                .is_err()
        );
        assert_eq!(old.blind(b"x"), both.blind(b"x"));
        assert!(!format!("{both:?}").contains("11"));
    }

    #[test]
    fn a_line_that_is_no_key_is_refused() {
        let key = "1".repeat(64);
        for text in [
            String::new(),
            format!("a {key}\na {key}"),
            "a 12".to_owned(),
            key.clone(),
            format!("a {}", "g".repeat(64)),
        ] {
            assert!(Keyring::parse(&text).is_err(), "{text}");
        }
    }
}
