//! Until when a certificate is valid, read from its bytes: neither rustls nor webpki tells.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Tags of DER (X.690).
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// One element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if let Some(count) = first.checked_sub(0x80) {
        let (digits, behind) = rest.split_at_checked(usize::from(count))?;
        // An indefinite length is not DER, and nothing here is longer than 32 bits can say.
        if !(1..=4).contains(&digits.len()) {
            return None;
        }
        length = digits.iter().try_fold(0_usize, |sum, digit| {
            sum.checked_mul(256)?.checked_add(usize::from(*digit))
        })?;
        rest = behind;
    }
    let (content, behind) = rest.split_at_checked(length)?;
    Some((*tag, content, behind))
}

/// The content of the next element, which must have this tag, and what follows it.
fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The `notAfter` of a certificate (RFC 5280, 4.1.2.5).
pub(super) fn not_after(certificate_der: &[u8]) -> Option<DateTime<Utc>> {
    let (certificate, _) = expect(SEQUENCE, certificate_der)?;
    let (body, _) = expect(SEQUENCE, certificate)?;
    let rest = match element(body)? {
        (VERSION, _, rest) => rest,
        _ => body,
    };
    // Serial number, algorithm of the signature, issuer.
    let rest = (0..3).try_fold(rest, |rest, _| element(rest).map(|(_, _, rest)| rest))?;
    let (validity, _) = expect(SEQUENCE, rest)?;
    let (_, _, rest) = element(validity)?;
    match element(rest)? {
        (UTC_TIME, text, _) => {
            let year: u32 = std::str::from_utf8(text.get(..2)?).ok()?.parse().ok()?;
            let century = if year < 50 { "20" } else { "19" };
            time(&format!("{century}{}", std::str::from_utf8(text).ok()?))
        }
        (GENERALIZED_TIME, text, _) => time(std::str::from_utf8(text).ok()?),
        _ => None,
    }
}

/// `20261121120000Z`; RFC 5280 allows no other form.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let parsed = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%SZ").ok()?;
    Some(parsed.and_utc())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// The end of a certificate that rcgen makes for a day.
    fn end_of(year: i32) -> Option<DateTime<Utc>> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["a".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 9);
        not_after(params.self_signed(&key).unwrap().der())
    }

    #[test]
    fn the_end_is_read_in_both_forms_of_time() {
        // Up to 2049 a time has two digits of the year, from 2050 on four.
        for year in [2031, 2049, 2050, 2120] {
            let text = format!("{year}-03-09T00:00:00Z");
            assert_eq!(end_of(year).unwrap().to_rfc3339(), text.replace('Z', "+00:00"));
        }
    }

    #[test]
    fn what_is_cut_short_has_no_end() {
        let key = KeyPair::generate().unwrap();
        let whole = CertificateParams::new(["a".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        for length in 0..60 {
            assert_eq!(not_after(&whole.der()[..length]), None);
        }
    }
}
