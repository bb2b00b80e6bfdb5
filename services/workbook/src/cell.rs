//! What a cell says in a column: the text that the parser of exchange files reads, or why there is none to be trusted.
//!
//! No amount passes through arithmetic on floats: a number cell is printed in its shortest decimal form and read as text.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use exchange::{Kind, RefusalCode};

use crate::raw::RawCell;

/// A cell that refuses its row: its text for people, the code, and a detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// What is shown where the cell was.
    pub(crate) text: String,
    /// Why it is refused.
    pub(crate) code: RefusalCode,
}

/// Most places of an amount in yuan, and of a share.
const fn places_most(kind: Kind) -> usize {
    match kind {
        Kind::Rate => 6,
        _ => 2,
    }
}

/// The text of a cell in a column of this kind.
pub(crate) fn text_of(cell: &RawCell, kind: Kind) -> Result<String, Doubt> {
    let doubt = |text: &str, code| {
        Err(Doubt {
            text: text.to_owned(),
            code,
        })
    };
    match cell {
        RawCell::Empty => Ok(String::new()),
        RawCell::Text(text) => text_in(text, kind),
        RawCell::Number(digits) => number_in(digits, kind),
        RawCell::Moment(moment) => moment_in(*moment, kind),
        RawCell::Truth(truth) => match kind {
            Kind::Bool => Ok(truth.to_string()),
            _ => doubt(&truth.to_string().to_uppercase(), RefusalCode::CellTypeWrong),
        },
        RawCell::Formula => doubt("（公式 formula）", RefusalCode::FormulaInCell),
        RawCell::Error(error) => doubt(error, RefusalCode::CellIsError),
        RawCell::Other => doubt("（时长 duration）", RefusalCode::CellTypeWrong),
    }
}

/// Whether cells of this kind hold codes: digits that stand for themselves and are no quantity.
const fn is_code(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Uscc
            | Kind::Patent
            | Kind::PatentSet
            | Kind::PledgeNo
            | Kind::Institution
            | Kind::Reference
            | Kind::Holder
            | Kind::Subject
            | Kind::Finding
            | Kind::Division
    )
}

fn text_in(text: &str, kind: Kind) -> Result<String, Doubt> {
    if is_code(kind) && is_scientific(text.trim()) {
        return Err(Doubt {
            text: text.to_owned(),
            code: RefusalCode::ScientificNotation,
        });
    }
    Ok(match kind {
        Kind::Date | Kind::Instant => plain_date(text.trim()).unwrap_or_else(|| text.to_owned()),
        Kind::Money => without_separators(text.trim()).unwrap_or_else(|| text.to_owned()),
        _ => text.to_owned(),
    })
}

/// Whether text is what a spreadsheet makes of a long number, such as `9.14105E+17`.
fn is_scientific(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once("E+").or_else(|| text.split_once("e+")) else {
        return false;
    };
    let whole = match mantissa.split_once('.') {
        Some((whole, places)) => digits(places).then_some(whole),
        None => Some(mantissa),
    };
    whole.is_some_and(|whole| whole.len() == 1 && digits(whole)) && digits(exponent)
}

fn number_in(digits: &str, kind: Kind) -> Result<String, Doubt> {
    let doubt = |code| {
        Err(Doubt {
            text: digits.to_owned(),
            code,
        })
    };
    match kind {
        Kind::Money | Kind::Rate => {
            let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
            // A double holds 15 digits for sure; an amount of 11 and 2 is well within.
            if places > places_most(kind) || digits.len() > 16 {
                doubt(RefusalCode::AmountNotExact)
            } else {
                Ok(digits.to_owned())
            }
        }
        Kind::Date | Kind::Instant => {
            serial_day(digits).map_or_else(|| doubt(RefusalCode::DateMalformed), |day| Ok(day.to_string()))
        }
        // Six digits that never begin with zero cannot have lost any.
        Kind::Division if digits.len() == 6 && is_whole(digits) => Ok(digits.to_owned()),
        Kind::Bool | Kind::Revision if is_whole(digits) => Ok(digits.to_owned()),
        Kind::Text if is_whole(digits) && digits.len() <= 15 => Ok(digits.to_owned()),
        Kind::Bool | Kind::Revision | Kind::Word(_) => doubt(RefusalCode::CellTypeWrong),
        _ => doubt(RefusalCode::NumberInCodeCell),
    }
}

fn is_whole(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The day of a serial number: 1 is 1 January 1900, and 60, a day that never was, is refused.
fn serial_day(digits: &str) -> Option<NaiveDate> {
    if !is_whole(digits) {
        return None;
    }
    let serial: i64 = digits
        .parse()
        .ok()
        .filter(|serial| (1..=2_958_465).contains(serial))?;
    let before_first = NaiveDate::from_ymd_opt(1899, 12, 31)?;
    let days = match serial {
        60 => return None,
        later if later > 60 => later - 1,
        early => early,
    };
    before_first.checked_add_signed(TimeDelta::days(days))
}

fn moment_in(moment: NaiveDateTime, kind: Kind) -> Result<String, Doubt> {
    let shown = moment.format("%Y-%m-%dT%H:%M:%S").to_string();
    let is_day = moment.time() == NaiveTime::MIN;
    match kind {
        Kind::Date if !is_day => Err(Doubt {
            text: shown,
            code: RefusalCode::DateWithTime,
        }),
        Kind::Date | Kind::Instant if is_day => Ok(moment.date().to_string()),
        // A cell knows no offset; China has one.
        Kind::Instant => Ok(format!("{shown}+08:00")),
        _ => Err(Doubt {
            text: shown,
            code: RefusalCode::CellTypeWrong,
        }),
    }
}

/// `2018.4.3` and `20180403` as `2018-04-03`; none for any other form, which the parser judges.
pub(crate) fn plain_date(text: &str) -> Option<String> {
    if text.len() == 8 && is_whole(text) {
        let (year, rest) = text.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        return Some(format!("{year}-{month}-{day}"));
    }
    let mut parts = text.split('.');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = |part: &str, most: usize| (1..=most).contains(&part.len()) && is_whole(part);
    let is_date =
        parts.next().is_none() && year.len() == 4 && fits(year, 4) && fits(month, 2) && fits(day, 2);
    is_date.then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

/// An amount with its separators taken out, where each stands before exactly three digits; none for any other text.
pub(crate) fn without_separators(text: &str) -> Option<String> {
    let (whole, places) = match text.split_once('.') {
        Some((whole, places)) => (whole, Some(places)),
        None => (text, None),
    };
    let mut groups = whole.split(',');
    let first = groups
        .next()
        .filter(|first| (1..=3).contains(&first.len()) && is_whole(first))?;
    let rest: Vec<&str> = groups.collect();
    if rest.is_empty() || !rest.iter().all(|group| group.len() == 3 && is_whole(group)) {
        return None;
    }
    let places = places.map_or(String::new(), |places| format!(".{places}"));
    Some(format!("{first}{}{places}", rest.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str, kind: Kind) -> Result<String, RefusalCode> {
        text_of(&RawCell::Number(digits.into()), kind).map_err(|doubt| doubt.code)
    }

    fn text(value: &str, kind: Kind) -> Result<String, RefusalCode> {
        text_of(&RawCell::Text(value.into()), kind).map_err(|doubt| doubt.code)
    }

    #[test]
    fn a_number_is_an_amount_only_where_its_shortest_form_is() {
        for (value, read) in [
            ("3000000", Ok("3000000")),
            ("1234.56", Ok("1234.56")),
            ("0.07", Ok("0.07")),
            ("99999999999.99", Ok("99999999999.99")),
            ("0.30000000000000004", Err(RefusalCode::AmountNotExact)),
            ("1.005", Err(RefusalCode::AmountNotExact)),
            ("1000000000000000000000", Err(RefusalCode::AmountNotExact)),
            ("inf", Ok("inf")),
        ] {
            assert_eq!(number(value, Kind::Money), read.map(str::to_owned), "{value}");
        }
        assert_eq!(number("0.605", Kind::Rate), Ok("0.605".to_owned()));
        assert_eq!(
            number("0.3333333333333333", Kind::Rate),
            Err(RefusalCode::AmountNotExact)
        );
        assert_eq!(text("3,000,000.00", Kind::Money), Ok("3000000.00".to_owned()));
        assert_eq!(text("3,00,000", Kind::Money), Ok("3,00,000".to_owned()));
        assert_eq!(text("30,000,000", Kind::Reference), Ok("30,000,000".to_owned()));
    }

    #[test]
    fn codes_are_text_and_nothing_else() {
        for kind in [
            Kind::Uscc,
            Kind::Institution,
            Kind::Reference,
            Kind::Patent,
            Kind::PledgeNo,
        ] {
            assert_eq!(number("102496000991", kind), Err(RefusalCode::NumberInCodeCell));
            assert_eq!(text("9.14105E+17", kind), Err(RefusalCode::ScientificNotation));
        }
        assert_eq!(text("1E5", Kind::Reference), Ok("1E5".to_owned()));
        assert_eq!(text("A1.5E+3", Kind::Reference), Ok("A1.5E+3".to_owned()));
        assert_eq!(number("410500", Kind::Division), Ok("410500".to_owned()));
        assert_eq!(number("4105", Kind::Division), Err(RefusalCode::NumberInCodeCell));
        assert_eq!(number("1.5", Kind::Text), Err(RefusalCode::NumberInCodeCell));
        assert_eq!(number("2", Kind::Revision), Ok("2".to_owned()));
        assert_eq!(number("2", Kind::Word(&["a"])), Err(RefusalCode::CellTypeWrong));
    }

    #[test]
    fn days_come_in_every_form_a_spreadsheet_has() {
        for (serial, day) in [
            ("43193", Ok("2018-04-03")),
            ("1", Ok("1900-01-01")),
            ("59", Ok("1900-02-28")),
            ("60", Err(RefusalCode::DateMalformed)),
            ("61", Ok("1900-03-01")),
            ("2958465", Ok("9999-12-31")),
            ("2958466", Err(RefusalCode::DateMalformed)),
            ("0", Err(RefusalCode::DateMalformed)),
            ("43193.5", Err(RefusalCode::DateMalformed)),
        ] {
            assert_eq!(number(serial, Kind::Date), day.map(str::to_owned), "{serial}");
        }
        for form in ["2018.4.3", "20180403", "2018.04.03"] {
            assert_eq!(text(form, Kind::Date), Ok("2018-04-03".to_owned()), "{form}");
        }
        assert_eq!(text("2018年4月3日", Kind::Date), Ok("2018年4月3日".to_owned()));
        assert_eq!(text("20180403", Kind::Reference), Ok("20180403".to_owned()));
        let moment = |hour| {
            let day = NaiveDate::from_ymd_opt(2018, 4, 3).unwrap();
            RawCell::Moment(day.and_hms_opt(hour, 0, 0).unwrap())
        };
        let read = |hour, kind| text_of(&moment(hour), kind).map_err(|doubt| doubt.code);
        assert_eq!(read(0, Kind::Date), Ok("2018-04-03".to_owned()));
        assert_eq!(read(9, Kind::Date), Err(RefusalCode::DateWithTime));
        assert_eq!(read(0, Kind::Instant), Ok("2018-04-03".to_owned()));
        assert_eq!(read(9, Kind::Instant), Ok("2018-04-03T09:00:00+08:00".to_owned()));
        assert_eq!(read(0, Kind::Money), Err(RefusalCode::CellTypeWrong));
    }

    #[test]
    fn formulas_errors_and_truth_values_are_told_apart() {
        let code = |cell: RawCell, kind| text_of(&cell, kind).map_err(|doubt| doubt.code);
        assert_eq!(
            code(RawCell::Formula, Kind::Money),
            Err(RefusalCode::FormulaInCell)
        );
        assert_eq!(
            code(RawCell::Error("#N/A".into()), Kind::Text),
            Err(RefusalCode::CellIsError)
        );
        assert_eq!(code(RawCell::Truth(true), Kind::Bool), Ok("true".to_owned()));
        assert_eq!(
            code(RawCell::Truth(true), Kind::Text),
            Err(RefusalCode::CellTypeWrong)
        );
        assert_eq!(code(RawCell::Empty, Kind::Money), Ok(String::new()));
    }
}
