//! SHA-256 of bytes and of a folder of facts.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

/// The bytes that hexadecimal text of either case states; none where it is no such text.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |symbol: char| symbol.to_digit(16).and_then(|value| u8::try_from(value).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut symbols = text.chars();
    let mut bytes = Vec::with_capacity(text.len() / 2);
    while let Some(high) = symbols.next() {
        bytes.push(nibble(high)? << 4 | nibble(symbols.next()?)?);
    }
    Some(bytes)
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// The digest of the lines' explanations, one after the other: SHA-256 over each in its encoded form, after its length in bytes.
#[derive(Debug, Clone, Default)]
pub struct ExplanationsDigest(Sha256);

impl ExplanationsDigest {
    /// Takes the next line's explanation in.
    pub fn add(&mut self, encoded: &[u8]) {
        let length = u64::try_from(encoded.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(encoded);
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The digest of a folder: SHA-256 over `name`, a zero byte, the hexadecimal SHA-256 of the bytes and a line feed of each file, by name.
#[must_use]
pub fn facts_digest<V: AsRef<[u8]>>(files: &BTreeMap<String, V>) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in files {
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(sha256_hex(bytes.as_ref()).as_bytes());
        hasher.update(b"\n");
    }
    hex(&hasher.finalize())
}
