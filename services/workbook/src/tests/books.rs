//! Workbooks for tests: written cell by cell by the library, or entry by entry as XML that no library would write.

use std::io::{Cursor, Write};

use exchange::{Allow, Grid};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Limits, WorkbookCode, read};

/// A cell to write.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(String),
    Number(String),
    Truth(bool),
    Day(u16, u8, u8),
    Formula(&'static str),
}

/// A number cell, by its decimal digits.
pub(super) fn number(digits: &str) -> Cell {
    Cell::Number(digits.to_owned())
}

#[expect(
    clippy::disallowed_types,
    reason = "the library that writes workbooks takes doubles, as spreadsheets hold them"
)]
fn double(digits: &str) -> f64 {
    digits.parse().unwrap()
}

pub(super) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// A workbook with these sheets.
pub(super) fn book(sheets: &[(&str, Vec<Vec<Cell>>)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (cells, row) in rows.iter().zip(0_u32..) {
            for (cell, column) in cells.iter().zip(0_u16..) {
                match cell {
                    Cell::Text(text) => sheet.write_string(row, column, text).unwrap(),
                    Cell::Number(digits) => sheet.write_number(row, column, double(digits)).unwrap(),
                    Cell::Truth(truth) => sheet.write_boolean(row, column, *truth).unwrap(),
                    Cell::Day(year, month, number) => {
                        let moment = ExcelDateTime::from_ymd(*year, *month, *number).unwrap();
                        sheet
                            .write_datetime_with_format(row, column, &moment, &day)
                            .unwrap()
                    }
                    Cell::Formula(formula) => sheet
                        .write_formula(row, column, Formula::new(*formula).set_result("7"))
                        .unwrap(),
                };
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// A ZIP archive of these entries.
pub(super) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The least workbook around one sheet's XML, with further entries.
pub(super) fn raw_book(sheet: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let types = "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let top = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let relations = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let workbook = format!(
        "<workbook xmlns:r=\"{office}\"><sheets><sheet name=\"loans\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", top.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    entries.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    entries.extend(more);
    archive(&entries)
}

/// A sheet's XML around rows.
pub(super) fn sheet(rows: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// The code that refuses a workbook, and where.
pub(super) fn refusal(bytes: &[u8], limits: &Limits<'_>) -> Option<(WorkbookCode, String)> {
    read(bytes, limits).err().map(|error| (error.code, error.place))
}

/// The rows of a table in canonical form.
pub(super) fn canonical(grid: &Grid) -> Vec<Vec<String>> {
    let sheet = exchange::read_grid(grid, &Allow::default()).unwrap();
    assert_eq!(sheet.refused, [], "{}", grid.title);
    sheet
        .rows
        .iter()
        .map(|row| exchange::print_row(&row.row))
        .collect()
}
