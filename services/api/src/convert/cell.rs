//! How one field of a message is one cell of a row.

use std::marker::PhantomData;

use crate::common::v1::Money;
use crate::google::r#type::Date;

/// A kind of field. `print` gives the cell, `read` the field of a canonical cell.
pub(super) trait Kind {
    /// The field's type.
    type Field;

    /// The cell of the field; empty where nothing is stated.
    fn print(field: &Self::Field) -> String;

    /// The field of a canonical cell.
    fn read(cell: &str) -> Self::Field;

    /// Whether the field states an amount in another currency than CNY.
    fn is_foreign(_field: &Self::Field) -> bool {
        false
    }
}

/// Text that is always there.
pub(super) struct Text;

impl Kind for Text {
    type Field = String;

    fn print(field: &String) -> String {
        field.clone()
    }

    fn read(cell: &str) -> String {
        cell.to_owned()
    }
}

/// Text that may be absent.
pub(super) struct Maybe;

impl Kind for Maybe {
    type Field = Option<String>;

    fn print(field: &Option<String>) -> String {
        field.clone().unwrap_or_default()
    }

    fn read(cell: &str) -> Option<String> {
        (!cell.is_empty()).then(|| cell.to_owned())
    }
}

/// A set of texts, one cell separated by `;`.
pub(super) struct Set;

impl Kind for Set {
    type Field = Vec<String>;

    fn print(field: &Vec<String>) -> String {
        field.join(";")
    }

    fn read(cell: &str) -> Vec<String> {
        cell.split(';')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// True or false, or absent.
pub(super) struct Flag;

impl Kind for Flag {
    type Field = Option<bool>;

    fn print(field: &Option<bool>) -> String {
        field.map(|flag| flag.to_string()).unwrap_or_default()
    }

    fn read(cell: &str) -> Option<bool> {
        cell.parse().ok()
    }
}

/// A civil date. An impossible one is printed as it is, for the parser to refuse as DATE_INVALID.
pub(super) struct Day;

impl Kind for Day {
    type Field = Option<Date>;

    fn print(field: &Option<Date>) -> String {
        field
            .as_ref()
            .map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
            .unwrap_or_default()
    }

    fn read(cell: &str) -> Option<Date> {
        let mut parts = cell.splitn(3, '-').map(|part| part.parse::<i32>().ok());
        let date = Date {
            year: parts.next()??,
            month: parts.next()??,
            day: parts.next()??,
        };
        Some(date)
    }
}

/// An amount in yuan. One in another currency is printed with it, which no parser takes for an amount.
pub(super) struct Amount;

impl Kind for Amount {
    type Field = Option<Money>;

    fn print(field: &Option<Money>) -> String {
        match field {
            None => String::new(),
            Some(money) if Self::is_foreign(field) => format!("{} {}", money.currency_code, money.amount),
            Some(money) => money.amount.clone(),
        }
    }

    fn read(cell: &str) -> Option<Money> {
        (!cell.is_empty()).then(|| Money {
            currency_code: "CNY".to_owned(),
            amount: cell.to_owned(),
        })
    }

    fn is_foreign(field: &Option<Money>) -> bool {
        field.as_ref().is_some_and(|money| money.currency_code != "CNY")
    }
}

/// The enum of a closed list of words.
pub(super) trait Words: TryFrom<i32> + Into<i32> + Default {
    /// What every name of the enum begins with.
    const PREFIX: &'static str;

    /// Name of the value.
    fn name(self) -> &'static str;

    /// Value of the name.
    fn named(name: &str) -> Option<Self>;
}

/// A word of a closed list. A number that this version does not know is printed as it is, for the parser to refuse.
pub(super) struct Word<E>(PhantomData<E>);

impl<E: Words> Kind for Word<E> {
    type Field = i32;

    fn print(field: &i32) -> String {
        if *field == 0 {
            return String::new();
        }
        match E::try_from(*field) {
            Ok(value) => value.name().trim_start_matches(E::PREFIX).to_ascii_lowercase(),
            Err(_) => field.to_string(),
        }
    }

    fn read(cell: &str) -> i32 {
        E::named(&format!("{}{}", E::PREFIX, cell.to_ascii_uppercase()))
            .unwrap_or_default()
            .into()
    }
}
