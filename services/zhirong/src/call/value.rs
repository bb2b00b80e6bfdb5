//! Values of flags as the JSON of their fields.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use crate::error::CommandError;

/// What a flag takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text as it is.
    Text,
    /// A whole number.
    Number,
    /// Yes or no; yes where nothing follows.
    Flag,
    /// One of these words, each with the enum's value.
    Word(Vec<(String, String)>),
    /// Yuan, such as `150000.00`.
    Money,
    /// A day, such as `2025-03-01`.
    Date,
    /// Bytes: `@FILE`, or text as it is.
    File,
    /// Anything else as JSON.
    Json,
}

impl Shape {
    /// What help shows for the value.
    pub(super) const fn hint(&self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Number => "N",
            Self::Flag => "true|false",
            Self::Word(_) => "WORD",
            Self::Money => "YUAN",
            Self::Date => "YYYY-MM-DD",
            Self::File => "@FILE",
            Self::Json => "JSON|@FILE",
        }
    }
}

/// The JSON of a flag's value; what the service alone can judge (an amount's digits, an identifier) is left to it.
///
/// # Errors
/// [`CommandError::Usage`] where the value is not of its shape.
pub(super) fn parse(flag: &str, shape: &Shape, text: &str) -> Result<Value, CommandError> {
    let refused = |zh: &str, en: &str| {
        CommandError::usage(
            "OPTION_MALFORMED",
            format!("--{flag} 应为{zh}，而不是 {text}"),
            format!("--{flag} is {en}, unlike {text}"),
        )
    };
    Ok(match shape {
        Shape::Text => Value::from(text),
        Shape::Number => {
            let number: i64 = text.parse().map_err(|_| refused("整数", "a whole number"))?;
            Value::from(number)
        }
        Shape::Flag => Value::from(text == "true"),
        Shape::Word(words) => {
            let found = words.iter().find(|(word, _)| word == text);
            Value::from(found.map_or(text, |(_, value)| value.as_str()))
        }
        Shape::Money => json!({"currency_code": "CNY", "amount": text}),
        Shape::Date => {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map_err(|_| refused("日期 YYYY-MM-DD", "a day as YYYY-MM-DD"))?;
            json!({"year": day.year(), "month": day.month(), "day": day.day()})
        }
        Shape::File => match text.strip_prefix('@') {
            Some(file) => Value::from(STANDARD.encode(read(file)?)),
            None => Value::from(STANDARD.encode(text)),
        },
        Shape::Json => {
            let bytes = match text.strip_prefix('@') {
                Some(file) => read(file)?,
                None => text.as_bytes().to_vec(),
            };
            serde_json::from_slice(&bytes).map_err(|error| super::request::malformed(&error))?
        }
    })
}

fn read(file: &str) -> Result<Vec<u8>, CommandError> {
    std::fs::read(file)
        .map_err(|source| CommandError::io("读取文件", "reading the file", Path::new(file), source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_dates_words_and_bytes_are_written_as_people_write_them() {
        let of = |shape: Shape, text: &str| parse("x", &shape, text).map_err(|error| error.reason());
        assert_eq!(
            of(Shape::Money, "150000.00"),
            Ok(json!({"currency_code": "CNY", "amount": "150000.00"}))
        );
        assert_eq!(
            of(Shape::Date, "2025-03-01"),
            Ok(json!({"year": 2025, "month": 3, "day": 1}))
        );
        assert_eq!(of(Shape::Date, "2025-02-29"), Err("OPTION_MALFORMED".to_owned()));
        let words = vec![("draw".to_owned(), "LOAN_EVENT_KIND_DRAW".to_owned())];
        assert_eq!(of(Shape::Word(words), "draw"), Ok(json!("LOAN_EVENT_KIND_DRAW")));
        assert_eq!(of(Shape::File, "abc"), Ok(json!("YWJj")));
        assert_eq!(of(Shape::Number, "1.5"), Err("OPTION_MALFORMED".to_owned()));
        assert_eq!(of(Shape::Json, "[1]"), Ok(json!([1])));
        assert_eq!(of(Shape::Json, "[1"), Err("JSON_MALFORMED".to_owned()));
    }
}
