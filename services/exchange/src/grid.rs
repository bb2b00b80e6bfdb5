//! A table of text cells that is no CSV text, such as a sheet of a workbook: the same rows, columns and refusals.

use crate::codes::{Refusal, RefusalCode};
use crate::file::File;

/// Stands before the text of a cell that cannot be trusted wherever that text is shown, so that it is refused again until somebody has
/// typed another: in a copy that goes back, digits that a spreadsheet made up would look like any others.
pub const SPOILT: char = '⚠';

/// A cell whose text cannot be trusted, whatever it says: the form it came in has lost or computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// Its place in the row, from 0.
    pub place: usize,
    /// Why.
    pub code: RefusalCode,
    /// What follows the code's own words; may be empty.
    pub detail: String,
}

/// A row of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridRow {
    /// Its number in the table it came from.
    pub number: u32,
    /// Its cells in the header's order; those that are missing at the end are empty, those with a fault begin with [`SPOILT`].
    pub cells: Vec<String>,
    /// Cells that refuse the row.
    pub faults: Vec<CellFault>,
}

/// A table of one file's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The file.
    pub file: File,
    /// The name it came under, such as that of a sheet.
    pub title: String,
    /// The number of the header's row.
    pub header_row: u32,
    /// The header: English or Chinese names of columns.
    pub header: Vec<String>,
    /// The rows that have a filled cell, ascending.
    pub rows: Vec<GridRow>,
}

impl GridRow {
    /// Its faults as refusals, named by the column that stands in each place.
    pub(crate) fn refusals(&self, file: File, places: &[Option<usize>]) -> Vec<Refusal> {
        let column_at = |place: usize| {
            let position = places.iter().position(|known| *known == Some(place))?;
            file.columns().get(position).map(|column| column.name)
        };
        let refusal = |fault: &CellFault| {
            let refusal = Refusal::new(file, column_at(fault.place), fault.code);
            if fault.detail.is_empty() {
                refusal
            } else {
                refusal.detailed(&fault.detail)
            }
        };
        self.faults.iter().map(refusal).collect()
    }
}
