//! Records of the wire to and from the cells of their exchange file.

mod cell;
mod records;
mod values;

use exchange::{Cells, File, RefusalCode, Row, print_row};

use crate::common::v1::{self, RawRow};

pub use values::{date, measure, money, refusal, text, timestamp, verdict, warning};

/// Refusal code of an amount whose currency is not CNY.
pub const CURRENCY_NOT_SUPPORTED: &str = "CURRENCY_NOT_SUPPORTED";

/// What a message can state and a cell cannot, and why it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Column, which is also the field of the record.
    pub column: &'static str,
    /// Refusal code.
    pub code: &'static str,
    /// Chinese text.
    pub zh: &'static str,
    /// English text.
    pub en: &'static str,
}

impl Violation {
    fn currency(column: &'static str) -> Self {
        Self {
            column,
            code: CURRENCY_NOT_SUPPORTED,
            zh: "币种只能是 CNY（人民币）",
            en: "the currency must be CNY",
        }
    }

    /// The violation as the refusal of a row of an import.
    #[must_use]
    pub fn refusal(&self, file: File, row: i32) -> v1::Refusal {
        v1::Refusal {
            file: file.as_str().to_owned(),
            row,
            column: self.column.to_owned(),
            code: self.code.to_owned(),
            zh: self.zh.to_owned(),
            en: self.en.to_owned(),
        }
    }
}

/// A message that states one record of an exchange file, field for column.
///
/// A bank's or an insurer's message has no `institution_code`: the caller's certificate says whose record it is, and
/// [`record_cells`] sets the cell.
pub trait WireRecord: prost::Message + Default + Sized {
    /// The file whose record it is.
    const FILE: File;

    /// The fields of the message as cells, unchecked. Revision, withdrawal and `institution_code` stay empty.
    fn to_cells(&self) -> Cells;

    /// The message of canonical cells. What is no canonical text of its column is left out.
    fn from_cells(cells: &Cells) -> Self;

    /// What cells cannot carry: amounts in another currency than CNY. Their cells are refused by the parser too, but
    /// for their form.
    fn violations(&self) -> Vec<Violation>;

    /// The message of a parsed row; of a withdrawn one only the key.
    fn from_row(row: &Row) -> Self {
        Self::from_cells(&Cells::from_values(Self::FILE, print_row(row)))
    }
}

/// All cells of a reported record: its own, and whose it is, its revision and whether it is withdrawn.
///
/// `institution_code` is needed for the files that institutions own and ignored for the others. An absent revision is an
/// empty cell, which counts as 1.
#[must_use]
pub fn record_cells<R: WireRecord>(
    record: &R,
    institution_code: Option<&str>,
    revision: Option<i32>,
    withdrawn: bool,
) -> Cells {
    let mut cells = record.to_cells();
    if R::FILE.owner() == exchange::Owner::Institution
        && let Some(code) = institution_code
    {
        put(&mut cells, "institution_code", code.to_owned());
    }
    if let Some(revision) = revision {
        put(&mut cells, "revision", revision.to_string());
    }
    if withdrawn {
        put(&mut cells, "withdrawn", "true".to_owned());
    }
    cells
}

/// Why the cells of a raw row could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawRowError {
    /// No exchange file of that name.
    #[error("no exchange file is named {0}")]
    UnknownFile(String),
    /// The file has no such column.
    #[error("file {} has no column {column}", file.as_str())]
    UnknownColumn {
        /// The file.
        file: File,
        /// The column as sent.
        column: String,
    },
}

impl RawRowError {
    /// The error as the refusal of a row of an import.
    #[must_use]
    pub fn refusal(&self, row: i32) -> v1::Refusal {
        let (file, column, code) = match self {
            Self::UnknownFile(name) => (name.as_str(), "", RefusalCode::FileUnknown),
            Self::UnknownColumn { file, column } => {
                (file.as_str(), column.as_str(), RefusalCode::ColumnUnknown)
            }
        };
        v1::Refusal {
            file: file.to_owned(),
            row,
            column: column.to_owned(),
            code: code.as_str().to_owned(),
            zh: code.zh().to_owned(),
            en: code.en().to_owned(),
        }
    }
}

/// The cells of a row that was sent as it stands in its file.
///
/// # Errors
/// [`RawRowError`] where the file or a column is unknown.
pub fn raw_cells(row: &RawRow) -> Result<Cells, RawRowError> {
    let file = File::parse(&row.file).ok_or_else(|| RawRowError::UnknownFile(row.file.clone()))?;
    let mut cells = Cells::new(file);
    for cell in &row.cells {
        if cells.set(&cell.column, cell.value.as_str()).is_err() {
            return Err(RawRowError::UnknownColumn {
                file,
                column: cell.column.clone(),
            });
        }
    }
    Ok(cells)
}

/// A row of a file as a message, empty cells left out.
#[must_use]
pub fn raw_row(file: File, cells: &Cells) -> RawRow {
    let cells = file
        .columns()
        .iter()
        .filter(|column| !cells.get(column.name).is_empty())
        .map(|column| v1::Cell {
            column: column.name.to_owned(),
            value: cells.get(column.name).to_owned(),
        })
        .collect();
    RawRow {
        file: file.as_str().to_owned(),
        cells,
    }
}

/// Sets a cell of a column that the file is known to have: every field is a column, which a test checks.
fn put(cells: &mut Cells, column: &str, text: String) {
    let known = cells.set(column, text).is_ok();
    debug_assert!(known, "no column {column}");
}
