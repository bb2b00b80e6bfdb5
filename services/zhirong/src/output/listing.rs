//! Rows of data that every command prints through: as a table, as JSON, as CSV, or as the command's plain text.

use serde_json::{Map, Value};

use super::{Form, csv, data, form, table};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON and CSV.
    pub name: String,
    /// Its name for people in Chinese; empty where the name is all there is.
    pub zh: String,
}

impl Column {
    /// A column with both names.
    #[must_use]
    pub fn new(name: &str, zh: &str) -> Self {
        Self {
            name: name.to_owned(),
            zh: zh.to_owned(),
        }
    }

    /// Columns with both names.
    #[must_use]
    pub fn all(names: &[(&str, &str)]) -> Vec<Self> {
        names.iter().map(|(name, zh)| Self::new(name, zh)).collect()
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text of anybody's making: guarded in CSV against being taken for a formula.
    Text(String),
    /// An amount in yuan: text in JSON, since no figure of money becomes a float; never guarded, to the right in a table.
    Amount(String),
    /// A count: a number in JSON.
    Count(u64),
    /// Yes or no.
    Flag(bool),
}

impl Cell {
    /// A cell of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A cell with an amount.
    #[must_use]
    pub fn amount(text: impl Into<String>) -> Self {
        Self::Amount(text.into())
    }

    /// A cell with a count; one that no 64 bits hold stays at the highest.
    #[must_use]
    pub fn count<N: TryInto<u64>>(count: N) -> Self {
        Self::Count(count.try_into().unwrap_or(u64::MAX))
    }

    /// The cell as text.
    #[must_use]
    pub fn print(&self) -> String {
        match self {
            Self::Text(text) | Self::Amount(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) | Self::Amount(text) => Value::from(text.as_str()),
            Self::Count(count) => Value::from(*count),
            Self::Flag(flag) => Value::from(*flag),
        }
    }
}

/// Columns of our files that hold amounts.
const AMOUNTS: [&str; 7] = [
    "base_amount",
    "entitled",
    "settled_before",
    "amount",
    "now",
    "then",
    "difference",
];

/// Rows under one header. In plain text a row is printed as it comes; the other forms are printed by [`Listing::finish`].
#[derive(Debug, Clone)]
pub struct Listing {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Listing {
    /// A listing without rows.
    #[must_use]
    pub fn new(columns: &[(&str, &str)]) -> Self {
        Self::of(Column::all(columns))
    }

    /// Rows of a file of ours, by the names of its columns; those that hold amounts are known by name.
    #[must_use]
    pub fn of_file(names: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        let cell = |(name, text): (&&str, String)| {
            if AMOUNTS.contains(name) {
                Cell::Amount(text)
            } else {
                Cell::Text(text)
            }
        };
        let columns = names.iter().map(|name| Column::new(name, "")).collect();
        let rows = rows
            .into_iter()
            .map(|row| names.iter().zip(row).map(cell).collect());
        Self {
            columns,
            rows: rows.collect(),
        }
    }

    /// A listing without rows, under columns that are not known beforehand.
    #[must_use]
    pub const fn of(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row; `plain` is what the command prints for it where no form is asked for.
    pub fn push(&mut self, cells: Vec<Cell>, plain: impl FnOnce() -> String) {
        match form() {
            None => data(plain().as_bytes()),
            Some(_) => self.rows.push(cells),
        }
    }

    /// Adds a row for [`Listing::print`].
    pub fn add(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The same without the columns that are empty in every row.
    #[must_use]
    pub fn without_empty_columns(&self) -> Self {
        let has_text = |place: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            cells.map(Cell::print).any(|text| !text.is_empty())
        };
        let keep: Vec<bool> = (0..self.columns.len()).map(has_text).collect();
        fn kept<T: Clone>(items: &[T], keep: &[bool]) -> Vec<T> {
            let kept = items.iter().zip(keep).filter(|(_, keep)| **keep);
            kept.map(|(item, _)| item.clone()).collect()
        }
        Self {
            columns: kept(&self.columns, &keep),
            rows: self.rows.iter().map(|row| kept(row, &keep)).collect(),
        }
    }

    /// Prints what was pushed, where a form is asked for.
    pub fn finish(&self) {
        if let Some(form) = form() {
            self.print(form);
        }
    }

    /// Prints the rows in a form.
    pub fn print(&self, form: Form) {
        match form {
            Form::Table => data(table::rows(&self.columns, &self.rows).as_bytes()),
            Form::Json => data(pretty(&Value::from(self.objects())).as_bytes()),
            Form::Csv => data(&csv::write(&self.columns, &self.rows)),
        }
    }

    /// Prints the one row: a name and a value a line in a table, one object in JSON. `plain` is the command's own text.
    pub fn print_record(&self, plain: impl FnOnce() -> String) {
        match form() {
            None => data(plain().as_bytes()),
            Some(Form::Table) => data(table::record(&self.columns, &self.rows).as_bytes()),
            Some(Form::Json) => {
                let first = self.objects().into_iter().next();
                data(pretty(&first.unwrap_or_default()).as_bytes());
            }
            Some(Form::Csv) => data(&csv::write(&self.columns, &self.rows)),
        }
    }

    /// The rows as JSON objects.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        let object = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row);
            let cells: Map<String, Value> = cells
                .map(|(column, cell)| (column.name.clone(), cell.json()))
                .collect();
            Value::from(cells)
        };
        self.rows.iter().map(object).collect()
    }
}

/// JSON for reading, with a line feed at its end.
#[must_use]
pub fn pretty(value: &Value) -> String {
    // A value of ours has no key that is no text, which is all that could fail.
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_stay_text_in_json_and_counts_are_numbers() {
        let mut listing = Listing::new(&[("amount", "金额"), ("lines", "条数"), ("held", "暂缓")]);
        listing.add(vec![
            Cell::amount("-150000.00"),
            Cell::count(3_usize),
            Cell::Flag(true),
        ]);
        let expected = serde_json::json!([{"amount": "-150000.00", "lines": 3, "held": true}]);
        assert_eq!(Value::from(listing.objects()), expected);
    }
}
