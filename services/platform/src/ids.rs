//! Identifiers and secrets that must not repeat.

use uuid::Uuid;

/// A time-ordered identifier (RFC 9562 version 7), for rows.
pub fn new_v7() -> Uuid {
    Uuid::now_v7()
}

/// A random identifier (RFC 9562 version 4).
pub fn new_v4() -> Uuid {
    Uuid::new_v4()
}

/// A secret of 64 lower-case hexadecimal digits with 244 random bits from the system.
pub fn random_token() -> String {
    let mut token = new_v4().simple().to_string();
    token.push_str(&new_v4().simple().to_string());
    token
}

/// An evenly spread number below `bound` (0 when `bound` is 0), for jitter.
pub fn random_below(bound: u64) -> u64 {
    // The low half of a version 4 identifier carries 62 random bits.
    new_v4().as_u64_pair().1.checked_rem(bound).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_64_hexadecimal_digits_and_differ() {
        let token = random_token();
        assert_eq!(token.len(), 64);
        assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(token, random_token());
        assert_eq!(random_below(0), 0);
        assert!((0..100).all(|_| random_below(3) < 3));
    }
}
