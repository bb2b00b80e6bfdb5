//! Single values: money, dates, times, texts, verdicts, refusals and warnings.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::common::v1;
use crate::google::r#type::Date;

/// An amount with two decimals, negative where it is.
#[must_use]
pub fn money(amount: policy::money::Money) -> v1::Money {
    v1::Money {
        currency_code: "CNY".to_owned(),
        amount: amount.to_string(),
    }
}

/// A civil date. Its year is that of the calendar, and every date of the exchange contract fits.
#[must_use]
pub fn date(day: NaiveDate) -> Date {
    let small = |number: u32| i32::try_from(number).unwrap_or_default();
    Date {
        year: day.year(),
        month: small(day.month()),
        day: small(day.day()),
    }
}

/// A server time.
#[must_use]
pub fn timestamp(instant: DateTime<Utc>) -> prost_types::Timestamp {
    // A leap second is stated by chrono as more than 1e9 nanoseconds, which the wire does not know.
    let nanos = i32::try_from(instant.timestamp_subsec_nanos().min(999_999_999)).unwrap_or_default();
    prost_types::Timestamp {
        seconds: instant.timestamp(),
        nanos,
    }
}

/// One text in both languages.
#[must_use]
pub fn text(zh: impl Into<String>, en: impl Into<String>) -> v1::Text {
    v1::Text {
        zh: zh.into(),
        en: en.into(),
    }
}

/// A measure by its word in the exchange files; unspecified for any other word.
#[must_use]
pub fn measure(word: &str) -> v1::Measure {
    v1::Measure::from_str_name(&format!("MEASURE_{}", word.to_ascii_uppercase())).unwrap_or_default()
}

/// What became of a record. A conflict of one revision is a refusal.
#[must_use]
pub fn verdict(verdict: exchange::Verdict) -> v1::Verdict {
    match verdict {
        exchange::Verdict::Stored => v1::Verdict::Stored,
        exchange::Verdict::Unchanged => v1::Verdict::Unchanged,
        exchange::Verdict::KeptAsHistory => v1::Verdict::KeptAsHistory,
        exchange::Verdict::Conflict => v1::Verdict::Refused,
    }
}

/// A refusal with its file, row and column.
#[must_use]
pub fn refusal(refusal: &exchange::Refusal) -> v1::Refusal {
    v1::Refusal {
        file: refusal.file.as_str().to_owned(),
        row: refusal
            .row
            .and_then(|row| i32::try_from(row).ok())
            .unwrap_or_default(),
        column: refusal.column.unwrap_or_default().to_owned(),
        code: refusal.code.as_str().to_owned(),
        zh: refusal.zh.clone().into_owned(),
        en: refusal.en.clone().into_owned(),
    }
}

/// A warning with its column.
#[must_use]
pub fn warning(warning: &exchange::Warning) -> v1::Warning {
    v1::Warning {
        code: warning.code.as_str().to_owned(),
        field: warning.column.unwrap_or_default().to_owned(),
        zh: warning.zh.clone().into_owned(),
        en: warning.en.clone().into_owned(),
    }
}
