//! The cells of a workbook as they are, before anybody asks what a column means: read as a stream, only as far as the caps allow.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellFormulaMetadataRecord,
};
use chrono::{NaiveDate, NaiveDateTime};

use crate::archive::{Inspected, inspect};
use crate::error::{WorkbookCode, WorkbookError};
use crate::limits::Limits;

/// A cell as a workbook holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum RawCell {
    /// Nothing.
    #[default]
    Empty,
    /// Text.
    Text(Box<str>),
    /// A number in its shortest decimal form, which reads back to the same double.
    Number(Box<str>),
    /// A number that is shown as a date, with or without a time of day.
    Moment(NaiveDateTime),
    /// A truth value.
    Truth(bool),
    /// A formula, whatever its last value was.
    Formula,
    /// An error value, such as `#N/A`.
    Error(Box<str>),
    /// A duration or a moment that is none.
    Other,
}

/// A row with at least one filled cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawRow {
    /// Its number in the sheet, from 1.
    pub(crate) number: u32,
    /// Its cells from the first column to the last filled one.
    pub(crate) cells: Vec<RawCell>,
}

/// A sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawSheet {
    /// Its name.
    pub(crate) name: String,
    /// Its filled rows, ascending.
    pub(crate) rows: Vec<RawRow>,
}

/// A reference such as `loans!B7`; both numbers from 1.
pub(crate) fn cell_name(sheet: &str, row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column);
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    format!("{sheet}!{letters}{row}")
}

/// An opened workbook, inspected.
pub(crate) struct Book<'a> {
    xlsx: Xlsx<Cursor<&'a [u8]>>,
    limits: &'a Limits<'a>,
    inspected: Inspected,
    cells: usize,
    text_bytes: usize,
    formulas: usize,
}

fn broken(_: calamine::XlsxError) -> WorkbookError {
    WorkbookError::new(WorkbookCode::Broken)
}

/// The reader behind indexes and subtracts; a workbook that makes it panic is a damaged one.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, WorkbookError>) -> Result<T, WorkbookError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(WorkbookError::new(WorkbookCode::Broken)))
}

impl<'a> Book<'a> {
    /// Inspects and opens a workbook.
    pub(crate) fn open(bytes: &'a [u8], limits: &'a Limits<'a>) -> Result<Self, WorkbookError> {
        let inspected = inspect(bytes, limits)?;
        let xlsx = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
            calamine::XlsxError::Password => WorkbookError::new(WorkbookCode::Encrypted),
            other => broken(other),
        })?;
        Ok(Self {
            xlsx,
            limits,
            inspected,
            cells: 0,
            text_bytes: 0,
            formulas: 0,
        })
    }

    /// The names of its sheets in their order; hidden ones, charts and too many are refused.
    pub(crate) fn sheet_names(&self) -> Result<Vec<String>, WorkbookError> {
        let sheets = self.xlsx.sheets_metadata();
        if sheets.len() > self.limits.sheets {
            let limit = self.limits.sheets.to_string();
            return Err(WorkbookError::at(WorkbookCode::SheetsTooMany, limit));
        }
        for sheet in sheets {
            if sheet.visible != SheetVisible::Visible {
                return Err(WorkbookError::at(WorkbookCode::SheetHidden, &sheet.name));
            }
            if sheet.typ != SheetType::WorkSheet {
                return Err(WorkbookError::at(WorkbookCode::SheetUnknown, &sheet.name));
            }
        }
        Ok(sheets.iter().map(|sheet| sheet.name.clone()).collect())
    }

    /// Refuses merged cells that reach below a row: a title above the header does no harm.
    pub(crate) fn refuse_merged(&mut self, sheet: &str, below: u32) -> Result<(), WorkbookError> {
        if !self.inspected.merged {
            return Ok(());
        }
        let merged = self.xlsx.merge_cells_by_sheet_name(sheet).map_err(broken)?;
        let harmful = merged.into_iter().find(|range| range.end.0 >= below);
        harmful.map_or(Ok(()), |range| {
            let (row, column) = range.start;
            let place = cell_name(sheet, row.saturating_add(1), column.saturating_add(1));
            Err(WorkbookError::at(WorkbookCode::CellsMerged, place))
        })
    }

    /// Reads the filled cells of a sheet.
    pub(crate) fn sheet(&mut self, name: &str) -> Result<RawSheet, WorkbookError> {
        let limits = self.limits;
        let mut count = Count {
            limits,
            sheet: name,
            cells: self.cells,
            text_bytes: self.text_bytes,
            formulas: self.formulas,
        };
        let mut reader = self.xlsx.worksheet_cells_reader(name).map_err(broken)?;
        let mut rows: Vec<RawRow> = Vec::new();
        while let Some(record) = reader.next_cell_with_formula_metadata().map_err(broken)? {
            let (row, column) = record.pos;
            let cell = count.cell(record)?;
            if cell != RawCell::Empty {
                place(&mut rows, row.saturating_add(1), column, cell)?;
            }
        }
        (self.cells, self.text_bytes, self.formulas) = (count.cells, count.text_bytes, count.formulas);
        Ok(RawSheet {
            name: name.to_owned(),
            rows,
        })
    }

    /// Whether a sheet has no filled cell.
    pub(crate) fn is_blank(&mut self, name: &str) -> Result<bool, WorkbookError> {
        let mut reader = self.xlsx.worksheet_cells_reader(name).map_err(broken)?;
        while let Some(record) = reader.next_cell_with_formula_metadata().map_err(broken)? {
            if record.formula.is_some() || record.value != DataRef::Empty {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Puts a cell into its row; rows come in ascending order.
fn place(rows: &mut Vec<RawRow>, number: u32, column: u32, cell: RawCell) -> Result<(), WorkbookError> {
    let last = rows.last().map_or(0, |row| row.number);
    if number < last {
        return Err(WorkbookError::new(WorkbookCode::Broken));
    }
    if number > last {
        rows.push(RawRow {
            number,
            cells: Vec::new(),
        });
    }
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    let Some(row) = rows.last_mut() else { return Ok(()) };
    if row.cells.len() <= column {
        // The column is below the cap, so this is a few cells.
        row.cells.resize(column + 1, RawCell::Empty);
    }
    if let Some(free) = row.cells.get_mut(column) {
        *free = cell;
    }
    Ok(())
}

/// What the caps are held against.
struct Count<'a> {
    limits: &'a Limits<'a>,
    sheet: &'a str,
    cells: usize,
    text_bytes: usize,
    formulas: usize,
}

impl Count<'_> {
    /// The cell, if it is within the caps.
    fn cell(&mut self, record: XlsxCellFormulaMetadataRecord<'_>) -> Result<RawCell, WorkbookError> {
        let (row, column) = record.pos;
        let cell = if record.formula.is_some() {
            RawCell::Formula
        } else {
            raw(&record.value)
        };
        if cell == RawCell::Empty {
            return Ok(cell);
        }
        let (row, column) = (row.saturating_add(1), column.saturating_add(1));
        let here = |code| Err(WorkbookError::at(code, cell_name(self.sheet, row, column)));
        if column > self.limits.columns {
            return here(WorkbookCode::ColumnsTooMany);
        }
        if row > self.limits.rows {
            return here(WorkbookCode::RowsTooMany);
        }
        if let RawCell::Text(text) = &cell {
            if text.len() > self.limits.cell_characters
                && text.chars().nth(self.limits.cell_characters).is_some()
            {
                return here(WorkbookCode::CellTooLong);
            }
            self.text_bytes = self.text_bytes.saturating_add(text.len());
        }
        self.cells += 1;
        if self.cells > self.limits.cells || self.text_bytes > self.limits.text_bytes {
            return here(WorkbookCode::CellsTooMany);
        }
        self.formulas += usize::from(cell == RawCell::Formula);
        if self.formulas > self.limits.formulas {
            return here(WorkbookCode::Formulas);
        }
        if self.cells.is_multiple_of(4_096) && (self.limits.is_late)() {
            return Err(WorkbookError::new(WorkbookCode::TooSlow));
        }
        Ok(cell)
    }
}

fn raw(value: &DataRef<'_>) -> RawCell {
    match value {
        DataRef::Empty => RawCell::Empty,
        DataRef::String(text) => text_cell(text),
        DataRef::SharedString(text) => text_cell(text),
        DataRef::Int(number) => RawCell::Number(number.to_string().into()),
        // `{}` prints the shortest decimal form, never an exponent.
        DataRef::Float(number) => RawCell::Number(number.to_string().into()),
        DataRef::Bool(truth) => RawCell::Truth(*truth),
        DataRef::DateTime(moment) => moment_of(moment).map_or(RawCell::Other, RawCell::Moment),
        DataRef::DateTimeIso(text) => iso_moment(text).map_or(RawCell::Other, RawCell::Moment),
        DataRef::DurationIso(_) => RawCell::Other,
        DataRef::Error(error) => RawCell::Error(error.to_string().into()),
    }
}

fn text_cell(text: &str) -> RawCell {
    if text.trim().is_empty() {
        RawCell::Empty
    } else {
        RawCell::Text(text.into())
    }
}

/// The moment of a date cell, to the second; none for a duration and for 29 February 1900, which only spreadsheets know.
fn moment_of(moment: &ExcelDateTime) -> Option<NaiveDateTime> {
    if !moment.is_datetime() {
        return None;
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let day = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))?;
    let whole = day.and_hms_opt(u32::from(hour), u32::from(minute), u32::from(second))?;
    // A double holds no exact second: 09:30:00 may come as 09:29:59.999.
    if milli >= 500 {
        whole.checked_add_signed(chrono::TimeDelta::seconds(1))
    } else {
        Some(whole)
    }
}

/// A date cell that is written as text of ISO 8601 without an offset.
fn iso_moment(text: &str) -> Option<NaiveDateTime> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_a_spreadsheet_names_them() {
        for (column, name) in [
            (1, "s!A9"),
            (26, "s!Z9"),
            (27, "s!AA9"),
            (702, "s!ZZ9"),
            (16_384, "s!XFD9"),
        ] {
            assert_eq!(cell_name("s", 9, column), name);
        }
    }

    #[test]
    fn a_panic_of_the_reader_is_a_damaged_workbook() {
        let result = guarded(|| -> Result<(), WorkbookError> { std::panic::resume_unwind(Box::new("x")) });
        assert_eq!(result.map_err(|error| error.code), Err(WorkbookCode::Broken));
    }
}
