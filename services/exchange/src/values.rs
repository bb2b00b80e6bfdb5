//! Dates, instants, amounts, shares, truth values and revisions: from text and back.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use policy::date::{PolicyYear, beijing, beijing_date};
use policy::money::{Money, MoneyError, Rate};

use crate::codes::RefusalCode;
use crate::text::{composed, folded, is_invisible, lower};

/// Most characters of a text cell.
const TEXT_CHARACTERS_MAX: usize = 200;

fn number(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Year, month and day of the three written forms.
fn date_parts(text: &str) -> Option<(u32, u32, u32)> {
    if let Some((year, rest)) = text.split_once('-') {
        let (month, day) = rest.split_once('-')?;
        return Some((number(year, 4, 4)?, number(month, 2, 2)?, number(day, 2, 2)?));
    }
    let (year, month, day) = if let Some((year, rest)) = text.split_once('/') {
        let (month, day) = rest.split_once('/')?;
        (year, month, day)
    } else {
        let (year, rest) = text.split_once('年')?;
        let (month, rest) = rest.split_once('月')?;
        (year, month, rest.strip_suffix('日')?)
    };
    Some((number(year, 4, 4)?, number(month, 1, 2)?, number(day, 1, 2)?))
}

/// Older enterprises are real, and registers print an open end as 9999-12-31; both lie in this range.
fn in_range(day: NaiveDate) -> Result<NaiveDate, RefusalCode> {
    if (1900..=9999).contains(&PolicyYear::of(day).number()) {
        Ok(day)
    } else {
        Err(RefusalCode::DateOutOfRange)
    }
}

/// Reads a date; the calendar is checked before the range.
pub(crate) fn read_date(text: &str) -> Result<NaiveDate, RefusalCode> {
    let (year, month, day) = date_parts(&folded(text)).ok_or(RefusalCode::DateMalformed)?;
    let year = i32::try_from(year).map_err(|_| RefusalCode::DateMalformed)?;
    NaiveDate::from_ymd_opt(year, month, day)
        .ok_or(RefusalCode::DateInvalid)
        .and_then(in_range)
}

/// The time of day and what follows it; fractions to the microsecond.
fn read_time(text: &str) -> Result<(NaiveTime, &str), RefusalCode> {
    let malformed = RefusalCode::InstantMalformed;
    let (clock, mut rest) = text.split_at_checked(8).ok_or(malformed)?;
    let mut parts = clock.split(':');
    let mut part = || parts.next().and_then(|part| number(part, 2, 2)).ok_or(malformed);
    let (hour, minute, second) = (part()?, part()?, part()?);
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction
            .find(|symbol: char| !symbol.is_ascii_digit())
            .unwrap_or(fraction.len());
        let (places, after) = fraction.split_at(end);
        if places.len() > 6 {
            return Err(RefusalCode::InstantTooPrecise);
        }
        micros = number(&format!("{places:0<6}"), 6, 6)
            .filter(|_| !places.is_empty())
            .ok_or(malformed)?;
        rest = after;
    }
    let time =
        NaiveTime::from_hms_micro_opt(hour, minute, second, micros).ok_or(RefusalCode::InstantInvalid)?;
    Ok((time, rest))
}

/// Seconds east of Greenwich of an offset `Z` or `+08:00`.
fn read_offset(text: &str) -> Result<TimeDelta, RefusalCode> {
    if text == "Z" {
        return Ok(TimeDelta::zero());
    }
    let (sign, rest) = text
        .split_at_checked(1)
        .ok_or(RefusalCode::InstantWithoutOffset)?;
    let (hours, minutes) = rest.split_once(':').ok_or(RefusalCode::InstantMalformed)?;
    let parts = (
        number(hours, 2, 2).filter(|hours| *hours < 24),
        number(minutes, 2, 2).filter(|minutes| *minutes < 60),
    );
    let (Some(hours), Some(minutes)) = parts else {
        return Err(RefusalCode::InstantMalformed);
    };
    let east = TimeDelta::minutes(i64::from(hours * 60 + minutes));
    match sign {
        "+" => Ok(east),
        "-" => Ok(-east),
        _ => Err(RefusalCode::InstantMalformed),
    }
}

/// Reads an instant: RFC 3339 with an offset, or a bare date, which is midnight in Beijing.
pub(crate) fn read_instant(text: &str) -> Result<DateTime<Utc>, RefusalCode> {
    let text = folded(text).to_ascii_uppercase();
    let local_midnight = TimeDelta::hours(8);
    let Some((day, clock)) = text.split_once(['T', ' ']) else {
        let day = read_date(&text).map_err(|code| {
            if code == RefusalCode::DateMalformed {
                RefusalCode::InstantMalformed
            } else {
                code
            }
        })?;
        return Ok(day.and_time(NaiveTime::MIN).and_utc() - local_midnight);
    };
    let day = read_date(day).map_err(|code| {
        if code == RefusalCode::DateMalformed {
            RefusalCode::InstantMalformed
        } else {
            code
        }
    })?;
    let (time, offset) = read_time(clock)?;
    let instant = day.and_time(time).and_utc() - read_offset(offset)?;
    // The offset may carry the last day of the range over its edge.
    in_range(beijing_date(instant)).map(|_| instant)
}

/// An instant in Beijing time with no, three or six digits of a second.
pub(crate) fn print_instant(instant: DateTime<Utc>) -> String {
    instant
        .with_timezone(&beijing())
        .to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Reads an amount above 0.
pub(crate) fn read_money(text: &str) -> Result<Money, RefusalCode> {
    match Money::parse_yuan(&folded(text)) {
        Ok(amount) if amount.is_zero() => Err(RefusalCode::AmountZero),
        Ok(amount) => Ok(amount),
        Err(MoneyError::TooManyPlaces) => Err(RefusalCode::AmountPlaces),
        Err(MoneyError::OutOfRange | MoneyError::Overflow) => Err(RefusalCode::AmountOutOfRange),
        Err(MoneyError::Malformed) => Err(RefusalCode::AmountMalformed),
    }
}

/// Reads a share between 0 and 1.
pub(crate) fn read_rate(text: &str) -> Result<Rate, RefusalCode> {
    Rate::parse(&folded(text)).map_err(|error| match error {
        MoneyError::Malformed | MoneyError::TooManyPlaces => RefusalCode::ShareMalformed,
        MoneyError::OutOfRange | MoneyError::Overflow => RefusalCode::ShareOutOfRange,
    })
}

/// Reads a truth value.
pub(crate) fn read_bool(text: &str) -> Result<bool, RefusalCode> {
    match lower(text).as_ref() {
        "true" | "1" | "是" => Ok(true),
        "false" | "0" | "否" => Ok(false),
        _ => Err(RefusalCode::BoolMalformed),
    }
}

/// Reads a revision; it fits the database's integer.
pub(crate) fn read_revision(text: &str) -> Result<u32, RefusalCode> {
    number(&folded(text), 1, 10)
        .filter(|revision| *revision >= 1 && i32::try_from(*revision).is_ok())
        .ok_or(RefusalCode::RevisionMalformed)
}

/// Reads free text of a cell.
pub(crate) fn read_text(text: &str) -> Result<String, RefusalCode> {
    read_text_within(text, TEXT_CHARACTERS_MAX)
}

/// Reads free text of at most so many characters.
pub(crate) fn read_text_within(text: &str, most: usize) -> Result<String, RefusalCode> {
    let text = composed(text);
    if text.chars().any(is_invisible) {
        Err(RefusalCode::TextControlCharacter)
    } else if text.chars().count() > most {
        Err(RefusalCode::TextTooLong)
    } else {
        Ok(text.into_owned())
    }
}
