//! How our workbooks look: formats, and text that no spreadsheet takes for a formula.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::error::{WorkbookCode, WorkbookError};

/// Fill of the header's cells.
const HEADER: u32 = 0x00D9_E7F5;
/// Fill of the header's cells in key columns.
const KEY: u32 = 0x00FF_E699;
/// Fill of refused cells.
const BAD: u32 = 0x00FF_C7CE;
/// Fill of cells with a warning.
const WARN: u32 = 0x00FF_EB9C;

/// A text cell: digits stay as they are typed.
pub(crate) fn text() -> Format {
    Format::new().set_num_format("@")
}

/// A cell of a day.
pub(crate) fn day() -> Format {
    Format::new().set_num_format("yyyy-mm-dd")
}

/// A text cell that breaks its lines.
pub(crate) fn wrapped() -> Format {
    text().set_text_wrap().set_align(FormatAlign::Top)
}

/// A header's cell.
pub(crate) fn header(is_key: bool) -> Format {
    text()
        .set_bold()
        .set_border(FormatBorder::Thin)
        .set_background_color(if is_key { KEY } else { HEADER })
}

/// A refused cell.
pub(crate) fn bad() -> Format {
    text().set_background_color(BAD)
}

/// A cell with a warning.
pub(crate) fn warned() -> Format {
    text().set_background_color(WARN)
}

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> Self {
        Self::at(WorkbookCode::NotWritten, error.to_string())
    }
}

/// A workbook without the day it was made: the same contents are the same bytes.
pub(crate) fn workbook() -> Result<Workbook, WorkbookError> {
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    Ok(workbook)
}

/// Writes text, guarded against being taken for a formula; an empty cell is left out.
pub(crate) fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), WorkbookError> {
    if !text.is_empty() {
        sheet.write_string_with_format(row, column, exchange::guarded(text), format)?;
    }
    Ok(())
}

/// A column's place as the writer counts it.
pub(crate) fn place(index: usize) -> Result<u16, WorkbookError> {
    u16::try_from(index).map_err(|_| WorkbookError::new(WorkbookCode::NotWritten))
}
