//! Amounts, cells and names.

use api::name;
use exchange::{Allow, Cells, File, parse_row, print_row};
use policy::money::{Money, MoneyError};

/// A file by the first byte of the input, and the rest.
pub(super) fn file_of(bytes: &[u8]) -> (File, &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let all = File::ALL;
    (all[usize::from(*first) % all.len()], rest)
}

/// What an amount comes to in fen, by the words of the contract: 1 to 11 digits, then at most two after a point.
fn fen(text: &str) -> Option<i128> {
    let digits = |part: &str| part.chars().all(|symbol| symbol.is_ascii_digit()) && !part.is_empty();
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(whole) || !digits(places) || places.len() > 2 {
        return None;
    }
    let mut yuan = 0_i128;
    for digit in whole.bytes() {
        yuan = yuan * 10 + i128::from(digit - b'0');
        if yuan > 99_999_999_999 {
            return None;
        }
    }
    let tenths: i128 = places.parse().unwrap();
    Some(yuan * 100 + if places.len() == 1 { tenths * 10 } else { tenths })
}

pub(super) fn amount(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let read = Money::parse_yuan(&text);
    assert_eq!(
        read.ok().map(|money| i128::from(money.fen())),
        fen(&text),
        "{text:?}"
    );
    if let Ok(money) = read {
        assert_eq!(Money::parse_yuan(&money.to_string()), Ok(money));
        assert_eq!(
            Money::parse_signed(&format!("-{money}")),
            Ok(Money::from_fen(-money.fen()))
        );
    }
    match read {
        Ok(_) => "taken".to_owned(),
        Err(error @ (MoneyError::Malformed | MoneyError::TooManyPlaces | MoneyError::OutOfRange)) => {
            format!("{error:?}")
        }
        Err(MoneyError::Overflow) => panic!("an amount of eleven digits overflows"),
    }
}

pub(super) fn cells(bytes: &[u8]) -> String {
    let (file, rest) = file_of(bytes);
    let text = String::from_utf8_lossy(rest);
    let values = text.split('\n').map(str::to_owned).collect();
    let given = Cells::from_values(file, values);
    match parse_row(file, &given, &Allow::default()) {
        Ok((row, warnings)) => {
            // What was taken is printed in a form that is taken again, and is the same record.
            let printed = Cells::from_values(file, print_row(&row));
            let (again, _) = parse_row(file, &printed, &Allow::stored()).unwrap();
            assert_eq!(again, row, "{given:?}");
            let codes: Vec<&str> = warnings.iter().map(|warning| warning.code.as_str()).collect();
            format!("{} taken {codes:?}", file.as_str())
        }
        Err(refusals) => {
            assert!(!refusals.is_empty(), "refused without a reason");
            let mut codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            format!("{} {codes:?}", file.as_str())
        }
    }
}

pub(super) fn name(bytes: &[u8]) -> String {
    let (file, rest) = file_of(bytes);
    let text = String::from_utf8_lossy(rest);
    let parent = name::parse_parent(&text, file).is_ok();
    match name::parse(&text, file) {
        Ok(cells) => {
            let printed = name::format(&cells, file);
            assert_eq!(name::parse(&printed, file).as_ref(), Ok(&cells), "{text:?}");
            format!("{} taken, parent {parent}", file.as_str())
        }
        Err(_) => format!("{} refused, parent {parent}", file.as_str()),
    }
}

pub(super) fn twin(bytes: &[u8]) -> String {
    assert!(!bytes.windows(4).any(|word| word == b"boom"), "planted");
    format!("{}", bytes.len().min(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_implementation_knows_the_edges() {
        assert_eq!(fen("99999999999.99"), Some(9_999_999_999_999));
        assert_eq!(fen("000000000000099999999999.9"), Some(9_999_999_999_990));
        assert_eq!(fen("0.05"), Some(5));
        for text in ["100000000000", "1.", ".1", "1.234", "-1", "", "1e3", " 1"] {
            assert_eq!(fen(text), None, "{text}");
        }
    }
}
