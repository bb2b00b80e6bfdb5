//! A workbook as exchange files: one sheet a file.

use exchange::{CellFault, Column, File, Grid, GridRow, Kind, SPOILT};

use crate::cell::{Doubt, text_of};
use crate::error::{WorkbookCode, WorkbookError};
use crate::limits::Limits;
use crate::marked::RESULT_HEADER;
use crate::notes::NOTES_SHEET;
use crate::raw::{Book, RawCell, RawSheet, cell_name, guarded};

/// Reads every sheet that is an exchange file, by its English or Chinese name, in the workbook's order.
///
/// The sheet of notes that our templates carry is passed over, and so are blank sheets and the column of results of a marked copy.
///
/// # Errors
/// [`WorkbookError`] where the workbook as a whole is refused. A wrong cell refuses its row alone, once the sheet is parsed.
pub fn read(bytes: &[u8], limits: &Limits<'_>) -> Result<Vec<Grid>, WorkbookError> {
    guarded(|| {
        let mut book = Book::open(bytes, limits)?;
        let mut grids: Vec<Grid> = Vec::new();
        for name in book.sheet_names()? {
            if name.trim() == NOTES_SHEET {
                continue;
            }
            let Some(file) = file_of(&name) else {
                if book.is_blank(&name)? {
                    continue;
                }
                return Err(WorkbookError::at(WorkbookCode::SheetUnknown, name));
            };
            if grids.iter().any(|grid| grid.file == file) {
                return Err(WorkbookError::at(WorkbookCode::SheetTwice, name));
            }
            book.refuse_merged(&name, 0)?;
            grids.push(grid_of(file, book.sheet(&name)?)?);
        }
        if grids.is_empty() {
            return Err(WorkbookError::new(WorkbookCode::SheetsNone));
        }
        Ok(grids)
    })
}

/// The file that a sheet is named after.
fn file_of(sheet: &str) -> Option<File> {
    let name = sheet.trim();
    let english = name.to_ascii_lowercase();
    File::parse(&english).or_else(|| File::ALL.iter().copied().find(|file| file.zh() == name))
}

/// The text of a header's cell.
fn header_text(sheet: &str, row: u32, place: usize, cell: &RawCell) -> Result<String, WorkbookError> {
    match cell {
        RawCell::Text(text) => Ok(text.trim().to_owned()),
        RawCell::Formula => {
            let column = u32::try_from(place + 1).unwrap_or(u32::MAX);
            let place = cell_name(sheet, row, column);
            Err(WorkbookError::at(WorkbookCode::Formulas, place))
        }
        // The parser of headers names whatever else stands there as an unknown column.
        other => Ok(text_of(other, Kind::Text).unwrap_or_else(|doubt| doubt.text)),
    }
}

/// The table of a sheet: its first filled row is the header.
fn grid_of(file: File, sheet: RawSheet) -> Result<Grid, WorkbookError> {
    let mut rows = sheet.rows.into_iter();
    let first = rows.next();
    let header_row = first.as_ref().map_or(1, |row| row.number);
    let cells = first.map(|row| row.cells).unwrap_or_default();
    let header = cells
        .iter()
        .enumerate()
        .map(|(place, cell)| header_text(&sheet.name, header_row, place, cell))
        .collect::<Result<Vec<_>, _>>()?;
    // The column of results stands last, so that leaving it out moves no other.
    let width = match header.iter().position(|name| name == RESULT_HEADER) {
        Some(place) if place + 1 == header.len() => place,
        _ => header.len(),
    };
    let columns: Vec<Option<&Column>> = header
        .iter()
        .take(width)
        .map(|name| column_of(file, name))
        .collect();
    let is_result = width < header.len();
    let rows = rows
        .map(|row| {
            let kept = if is_result { width } else { usize::MAX };
            grid_row(row.number, row.cells.into_iter().take(kept), &columns)
        })
        .filter(|row| row.cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    Ok(Grid {
        file,
        title: sheet.name,
        header_row,
        header: header.into_iter().take(width).collect(),
        rows,
    })
}

/// The column that a header names; none where it names none, which the parser refuses.
pub(crate) fn column_of(file: File, name: &str) -> Option<&'static Column> {
    let position = file
        .position_of_header(name)
        .or_else(|| file.position_of_header(&name.to_ascii_lowercase()))?;
    file.columns().get(position)
}

fn grid_row(
    number: u32,
    cells: impl Iterator<Item = RawCell>,
    columns: &[Option<&'static Column>],
) -> GridRow {
    let mut row = GridRow {
        number,
        ..GridRow::default()
    };
    for (place, cell) in cells.enumerate() {
        let kind = columns
            .get(place)
            .copied()
            .flatten()
            .map_or(Kind::Text, |column| column.kind);
        match text_of(&cell, kind) {
            Ok(text) => row.cells.push(text),
            Err(Doubt { text, code }) => {
                row.faults.push(CellFault {
                    place,
                    code,
                    detail: text.clone(),
                });
                row.cells.push(format!("{SPOILT} {text}"));
            }
        }
    }
    row
}
