//! Check characters of the identifiers, and their reading from text as people write it.
//!
//! Standards: GB 32100-2015 (credit codes), GB 11714 (the organisation code within), the patent office's numbering of 2003,
//! ISO 7064 MOD 11,10 = GB/T 17710 (bank numbers of the payment system).

use policy::ident::{Division, InstitutionCode, PatentNo, PledgeNo, Reference, USCC_SYMBOLS, Uscc};

use crate::codes::RefusalCode;
use crate::row::Allow;
use crate::text::{folded, is_invisible, upper};

fn digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn symbol_at(symbols: &str, index: usize) -> Option<char> {
    symbols.as_bytes().get(index).map(|byte| char::from(*byte))
}

/// The 18th symbol of a credit code whose first 17 are given; none if they are not 17 symbols of the standard.
#[must_use]
pub fn uscc_check(first17: &str) -> Option<char> {
    if first17.len() != 17 {
        return None;
    }
    let (mut sum, mut weight) = (0_usize, 1_usize);
    for symbol in first17.chars() {
        sum += USCC_SYMBOLS.find(symbol)? * weight;
        weight = weight * 3 % 31;
    }
    symbol_at(USCC_SYMBOLS, (31 - sum % 31) % 31)
}

/// The check character of an organisation code whose first eight symbols are given (0 to 9, A to Z).
#[must_use]
pub fn organisation_check(first8: &str) -> Option<char> {
    if first8.len() != 8 {
        return None;
    }
    let mut sum = 0;
    for (symbol, weight) in first8.chars().zip([3, 7, 9, 10, 5, 8, 4, 2]) {
        let valid = symbol.is_ascii_digit() || symbol.is_ascii_uppercase();
        sum += symbol.to_digit(36).filter(|_| valid)? * weight;
    }
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => char::from_digit(digit, 10),
    }
}

/// The check character of a patent number whose 12 (before October 2003: 8) digits are given.
#[must_use]
pub fn patent_check(number: &str) -> Option<char> {
    if !digits(number, 12) && !digits(number, 8) {
        return None;
    }
    let weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = number
        .chars()
        .zip(weights)
        .filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight))
        .sum();
    match sum % 11 {
        10 => Some('X'),
        digit => char::from_digit(digit, 10),
    }
}

/// The last digit of a bank number whose first eleven are given (ISO 7064 MOD 11,10).
#[must_use]
pub fn cnaps_check(first11: &str) -> Option<char> {
    if !digits(first11, 11) {
        return None;
    }
    let mut product = 10;
    for digit in first11.chars() {
        let sum = (product + digit.to_digit(10)?) % 10;
        product = 2 * (if sum == 0 { 10 } else { sum }) % 11;
    }
    char::from_digit((11 - product) % 10, 10)
}

/// Whether both check characters of a canonical credit code are right.
#[must_use]
pub fn uscc_is_right(code: &Uscc) -> bool {
    let text = code.as_str();
    let (Some(first17), Some(organisation), Some(inner)) =
        (text.get(..17), text.get(8..16), text.get(16..17))
    else {
        return false;
    };
    uscc_check(first17).is_some_and(|check| text.ends_with(check))
        && organisation_check(organisation).is_some_and(|check| inner.starts_with(check))
}

/// Reads a credit code: trimmed, folded, upper-cased, and both check characters unless the city allows the code as it is.
///
/// # Errors
/// [`RefusalCode::UsccMalformed`] or [`RefusalCode::UsccCheckDigit`].
pub fn read_uscc(text: &str, allow: &Allow) -> Result<Uscc, RefusalCode> {
    let code = Uscc::from_canonical(&upper(text)).map_err(|_| RefusalCode::UsccMalformed)?;
    if allow.trusts(&code) || uscc_is_right(&code) {
        Ok(code)
    } else {
        Err(RefusalCode::UsccCheckDigit)
    }
}

/// Whether folded, upper-cased text is a publication number: an optional country, 7 to 9 digits and a kind such as A, B or U.
fn is_publication_number(text: &str) -> bool {
    let bare = text.strip_prefix("CN");
    let number = bare.unwrap_or(text);
    let kind = number.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
    let count = number.len() - kind.len();
    let mut symbols = kind.chars();
    let has_kind = symbols.next().is_some_and(|letter| "ABCDSUY".contains(letter))
        && symbols.next().is_none_or(|digit| digit.is_ascii_digit())
        && symbols.next().is_none();
    (7..=9).contains(&count) && (has_kind || (kind.is_empty() && bare.is_some()))
}

/// Whether the digits before the check character can be an application number: a year and a type digit in use.
fn is_application_number(number: &str) -> bool {
    let (year, kind) = match (number.get(..4), number.len()) {
        (Some(year), 12) => (
            (1985..=2199).contains(&year.parse().unwrap_or(0_u32)),
            number.get(4..5),
        ),
        (_, 8) => (
            number.get(..2).is_some_and(|year| !("04".."85").contains(&year)),
            number.get(2..3),
        ),
        _ => (false, None),
    };
    year && kind.is_some_and(|digit| "12389".contains(digit))
}

/// Reads a patent number in any usual form: with `ZL` or `CN`, spaces, without its point, in full width or lower case. Tabs and line ends
/// within it are no spaces: a cell that holds two lines is no number.
///
/// # Errors
/// [`RefusalCode::PatentMalformed`], [`RefusalCode::PatentIsPublicationNumber`] or [`RefusalCode::PatentCheckDigit`].
pub fn read_patent_no(text: &str) -> Result<PatentNo, RefusalCode> {
    let text: String = upper(text)
        .chars()
        .filter(|symbol| !symbol.is_whitespace() || is_invisible(*symbol))
        .collect();
    let bare = text
        .strip_prefix("ZL")
        .or_else(|| text.strip_prefix("CN"))
        .unwrap_or(&text);
    let split = match bare.split_once('.') {
        Some(parts) => Some(parts),
        None if bare.is_ascii() && matches!(bare.len(), 9 | 13) => bare.split_at_checked(bare.len() - 1),
        None => None,
    };
    let well_formed = split.filter(|(number, check)| {
        is_application_number(number) && matches!(check.as_bytes(), [b'0'..=b'9' | b'X'])
    });
    let canonical =
        well_formed.and_then(|(number, check)| PatentNo::from_canonical(&format!("{number}.{check}")).ok());
    match (canonical, well_formed) {
        (Some(patent), Some((number, check))) => {
            let right = patent_check(number).is_some_and(|expected| check.starts_with(expected));
            if right {
                Ok(patent)
            } else {
                Err(RefusalCode::PatentCheckDigit)
            }
        }
        _ if is_publication_number(&text) => Err(RefusalCode::PatentIsPublicationNumber),
        _ => Err(RefusalCode::PatentMalformed),
    }
}

/// Reads a pledge registration number.
///
/// # Errors
/// [`RefusalCode::PledgeMalformed`].
pub fn read_pledge_no(text: &str) -> Result<PledgeNo, RefusalCode> {
    PledgeNo::from_canonical(&upper(text)).map_err(|_| RefusalCode::PledgeMalformed)
}

/// Reads a division code.
///
/// # Errors
/// [`RefusalCode::DivisionMalformed`].
pub fn read_division(text: &str) -> Result<Division, RefusalCode> {
    Division::from_canonical(&folded(text)).map_err(|_| RefusalCode::DivisionMalformed)
}

/// Reads a reporter's own number; its case is kept.
///
/// # Errors
/// [`RefusalCode::ReferenceMalformed`].
pub fn read_reference(text: &str) -> Result<Reference, RefusalCode> {
    let text = folded(text);
    if text.chars().any(is_invisible) {
        return Err(RefusalCode::ReferenceMalformed);
    }
    Reference::from_canonical(&text).map_err(|_| RefusalCode::ReferenceMalformed)
}

/// Reads an institution code by its form alone: whether it is a bank's is known where it is registered.
///
/// # Errors
/// [`RefusalCode::InstitutionCodeMalformed`].
pub fn read_institution_code(text: &str) -> Result<InstitutionCode, RefusalCode> {
    let text = folded(text);
    if text.chars().any(is_invisible) {
        return Err(RefusalCode::InstitutionCodeMalformed);
    }
    InstitutionCode::from_canonical(&text).map_err(|_| RefusalCode::InstitutionCodeMalformed)
}

/// Checks the code of a bank: twelve digits with the right last one.
///
/// # Errors
/// [`RefusalCode::InstitutionCodeMalformed`] or [`RefusalCode::CnapsCheckDigit`].
pub fn check_bank_code(code: &InstitutionCode) -> Result<(), RefusalCode> {
    let text = code.as_str();
    let first11 = text
        .get(..11)
        .filter(|_| digits(text, 12))
        .ok_or(RefusalCode::InstitutionCodeMalformed)?;
    let right = cnaps_check(first11).is_some_and(|check| text.ends_with(check));
    if right {
        Ok(())
    } else {
        Err(RefusalCode::CnapsCheckDigit)
    }
}
