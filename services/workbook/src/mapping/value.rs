//! One cell of the partner's in our words: translated, shifted by exact decimals, its day turned around.

use exchange::{Kind, RefusalCode};

use super::{DateForm, MappedColumn, Unit};
use crate::cell::{Doubt, text_of, without_separators};
use crate::raw::RawCell;

/// Digits that 万元 has more before the point than 元 has.
const SHIFT: usize = 4;
/// Most digits after the point of an amount in 万元.
const PLACES_OF_WAN: usize = 6;

/// The text of a cell for our column.
pub(super) fn value(cell: &RawCell, mapped: &MappedColumn, kind: Kind) -> Result<String, Doubt> {
    if !mapped.values.is_empty() && *cell != RawCell::Empty {
        return translated(cell, mapped);
    }
    match (cell, kind) {
        (RawCell::Text(text), Kind::Money) if mapped.unit == Unit::WanYuan => in_yuan(text),
        (RawCell::Number(digits), Kind::Money) if mapped.unit == Unit::WanYuan => in_yuan(digits),
        (RawCell::Text(text), Kind::Date | Kind::Instant) if mapped.date_form != DateForm::YearFirst => {
            Ok(year_first(text, mapped.date_form).unwrap_or_else(|| text.to_string()))
        }
        _ => text_of(cell, kind),
    }
}

fn translated(cell: &RawCell, mapped: &MappedColumn) -> Result<String, Doubt> {
    let own = match cell {
        RawCell::Text(text) => exchange::folded(text).into_owned(),
        RawCell::Number(digits) => digits.to_string(),
        other => text_of(other, Kind::Bool)?,
    };
    let known = mapped
        .values
        .iter()
        .find(|(value, _)| exchange::folded(value) == own);
    known.map(|(_, ours)| ours.clone()).ok_or(Doubt {
        text: own,
        code: RefusalCode::ValueNotMapped,
    })
}

/// An amount in 万元 as yuan: the point moves four digits, and nothing is computed.
fn in_yuan(text: &str) -> Result<String, Doubt> {
    let folded = exchange::folded(text);
    let plain = without_separators(&folded).unwrap_or_else(|| folded.into_owned());
    let refuse = |code| {
        Err(Doubt {
            text: text.to_owned(),
            code,
        })
    };
    let (whole, places) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let ends_in_point = plain.ends_with('.');
    if whole.is_empty() || ends_in_point || !digits(whole) || !digits(places) {
        return refuse(RefusalCode::AmountMalformed);
    }
    if places.len() > PLACES_OF_WAN {
        return refuse(RefusalCode::AmountPlacesWan);
    }
    let places = format!("{places:0<PLACES_OF_WAN$}");
    let (shifted, fen) = places.split_at_checked(SHIFT).unwrap_or((&places, ""));
    let yuan = format!("{whole}{shifted}");
    let yuan = yuan.trim_start_matches('0');
    Ok(format!("{}.{fen}", if yuan.is_empty() { "0" } else { yuan }))
}

/// A day whose year stands last; none where it is no such day, which the parser then refuses.
fn year_first(text: &str, form: DateForm) -> Option<String> {
    let folded = exchange::folded(text);
    let mut parts = folded.split(['/', '.', '-']);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_date =
        parts.next().is_none() && is_number(first, 1, 2) && is_number(second, 1, 2) && is_number(year, 4, 4);
    let (month, day) = match form {
        DateForm::MonthFirst => (first, second),
        DateForm::DayFirst | DateForm::YearFirst => (second, first),
    };
    is_date.then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wan_yuan_becomes_yuan_by_moving_the_point() {
        for (wan, yuan) in [
            ("300", Ok("3000000.00")),
            ("299.999999", Ok("2999999.99")),
            ("0.000001", Ok("0.01")),
            ("0", Ok("0.00")),
            ("1,234.5", Ok("12345000.00")),
            ("３００．５", Ok("3005000.00")),
            ("0.0000001", Err(RefusalCode::AmountPlacesWan)),
            ("300.", Err(RefusalCode::AmountMalformed)),
            (".5", Err(RefusalCode::AmountMalformed)),
            ("-3", Err(RefusalCode::AmountMalformed)),
            ("3e2", Err(RefusalCode::AmountMalformed)),
            ("300万", Err(RefusalCode::AmountMalformed)),
        ] {
            let read = in_yuan(wan).map_err(|doubt| doubt.code);
            assert_eq!(read, yuan.map(str::to_owned), "{wan}");
        }
    }

    #[test]
    fn days_are_turned_around_only_where_they_are_days() {
        for (text, form, day) in [
            ("3/4/2018", DateForm::DayFirst, Some("2018-04-03")),
            ("03.04.2018", DateForm::MonthFirst, Some("2018-03-04")),
            ("3-4-18", DateForm::DayFirst, None),
            ("2018/4/3", DateForm::DayFirst, None),
            ("3/4/2018/5", DateForm::DayFirst, None),
        ] {
            assert_eq!(year_first(text, form).as_deref(), day, "{text}");
        }
    }
}
