//! What reading a file comes to: rows that can be stored, rows that cannot, or a refusal of the whole.

use std::fmt;

use crate::codes::{Refusal, RefusalCode, Warning};
use crate::file::File;
use crate::row::Row;

/// Why a whole file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRefusal {
    /// The file.
    pub file: File,
    /// Every reason found.
    pub refusals: Vec<Refusal>,
}

impl fmt::Display for FileRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.refusals.iter().map(Refusal::to_string).collect();
        formatter.write_str(&reasons.join("; "))
    }
}

impl std::error::Error for FileRefusal {}

impl FileRefusal {
    /// A refusal for one reason.
    #[must_use]
    pub fn of(file: File, code: RefusalCode) -> Self {
        Self {
            file,
            refusals: vec![Refusal::new(file, None, code)],
        }
    }
}

/// A row that was accepted in itself, with the cells it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// Row number; the header is row 1.
    pub number: u32,
    /// The record.
    pub row: Row,
    /// The cells as they were, in the header's order.
    pub original: Vec<String>,
}

impl SheetRow {
    /// The same row refused after all, for instance by a service.
    #[must_use]
    pub fn refuse(self, refusals: Vec<Refusal>) -> RefusedRow {
        RefusedRow::new(self.number, self.original, refusals)
    }
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Row number; the header is row 1.
    pub number: u32,
    /// The cells as they were, in the header's order.
    pub original: Vec<String>,
    /// Every reason found.
    pub refusals: Vec<Refusal>,
}

impl RefusedRow {
    /// A row refused; each reason is told at its number.
    #[must_use]
    pub fn new(number: u32, original: Vec<String>, refusals: Vec<Refusal>) -> Self {
        let refusals = refusals.into_iter().map(|refusal| refusal.at_row(number));
        Self {
            number,
            original,
            refusals: refusals.collect(),
        }
    }
}

/// A file that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The header as it was.
    pub header: Vec<String>,
    /// Rows that are right in themselves, in the file's order.
    pub rows: Vec<SheetRow>,
    /// Rows that are not.
    pub refused: Vec<RefusedRow>,
    /// What is stored but looks wrong.
    pub warnings: Vec<Warning>,
}
