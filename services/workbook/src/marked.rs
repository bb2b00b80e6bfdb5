//! The copy that goes back: every row as it came, bad cells coloured and commented, and a column with what became of each row.

use std::collections::BTreeMap;

use exchange::{File, Grid, GridRow, Refusal, Warning};
use rust_xlsxwriter::{Format, Note, Worksheet};

use crate::error::WorkbookError;
use crate::read::column_of;
use crate::style;

/// Header of the column that says what became of each row. Readers pass over it, so that a corrected copy can be sent as it is.
pub const RESULT_HEADER: &str = "处理结果 Result";
/// Cells of one sheet that get a note; further ones are coloured, and the column of results says why.
const NOTES_MOST: usize = 1_000;
/// Width of columns, in characters.
const WIDTH: u16 = 20;
/// Width of the column of results, in characters.
const WIDTH_OF_RESULTS: u16 = 80;

/// What is to be marked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks<'a> {
    /// Refusals with their file and row; one without a row, or at the header's, stands at the header.
    pub refusals: &'a [Refusal],
    /// Warnings with their file and row.
    pub warnings: &'a [Warning],
    /// What else became of a row (such as 未变 unchanged), by file and row; a row without a remark says 通过 ok.
    pub verdicts: Option<&'a BTreeMap<(File, u32), String>>,
}

/// What is said of a place.
struct Remark<'a> {
    column: Option<&'static str>,
    text: String,
    note: String,
    format: &'a Format,
}

/// The formats of a copy, made once.
struct Formats {
    text: Format,
    bad: Format,
    warned: Format,
    header: Format,
}

/// Writes the copy: rows keep their numbers, cells are text.
///
/// # Errors
/// [`WorkbookError`] where the rows do not fit a workbook.
pub fn marked<'a>(
    grids: impl IntoIterator<Item = &'a Grid>,
    marks: &Marks<'_>,
) -> Result<Vec<u8>, WorkbookError> {
    let formats = Formats {
        text: style::text(),
        bad: style::bad(),
        warned: style::warned(),
        header: style::header(false),
    };
    let mut workbook = style::workbook()?;
    for grid in grids {
        sheet_of(workbook.add_worksheet(), grid, marks, &formats)?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// The remarks of a file by row; those of the whole file stand at the header.
fn remarks<'a>(grid: &Grid, marks: &Marks<'_>, formats: &'a Formats) -> BTreeMap<u32, Vec<Remark<'a>>> {
    let mut remarks: BTreeMap<u32, Vec<Remark<'a>>> = BTreeMap::new();
    let named = |column: Option<&str>| {
        let column = column.and_then(|name| grid.file.column(name));
        column.map_or((String::new(), String::new()), |column| {
            (format!("{}：", column.zh), format!("{}: ", column.name))
        })
    };
    let mut add = |row: Option<u32>, column, code: &str, zh: &str, en: &str, format| {
        let (in_zh, in_en) = named(column);
        let remark = Remark {
            column,
            text: format!("{in_zh}{zh} / {in_en}{en} [{code}]"),
            note: format!("{zh}\n{en}\n[{code}]"),
            format,
        };
        remarks
            .entry(row.unwrap_or(grid.header_row))
            .or_default()
            .push(remark);
    };
    for it in marks.refusals.iter().filter(|it| it.file == grid.file) {
        add(it.row, it.column, it.code.as_str(), &it.zh, &it.en, &formats.bad);
    }
    for it in marks.warnings.iter().filter(|it| it.file == grid.file) {
        add(
            it.row,
            it.column,
            it.code.as_str(),
            &it.zh,
            &it.en,
            &formats.warned,
        );
    }
    remarks
}

fn sheet_of(
    sheet: &mut Worksheet,
    grid: &Grid,
    marks: &Marks<'_>,
    formats: &Formats,
) -> Result<(), WorkbookError> {
    sheet.set_name(grid.file.zh())?;
    sheet.set_freeze_panes(grid.header_row, 0)?;
    let remarks = remarks(grid, marks, formats);
    let result_place = style::place(grid.header.len())?;
    for index in 0..grid.header.len() {
        let place = style::place(index)?;
        sheet.set_column_width(place, WIDTH)?;
        sheet.set_column_format(place, &formats.text)?;
    }
    sheet.set_column_width(result_place, WIDTH_OF_RESULTS)?;
    let header = GridRow {
        number: grid.header_row,
        cells: grid.header.clone(),
        faults: Vec::new(),
    };
    let mut notes = 0;
    for (row, is_header) in std::iter::once((&header, true)).chain(grid.rows.iter().map(|row| (row, false))) {
        let said = remarks.get(&row.number).map_or(&[][..], Vec::as_slice);
        let index = row.number.saturating_sub(1);
        write_row(
            sheet,
            grid,
            row,
            said,
            if is_header { &formats.header } else { &formats.text },
        )?;
        notes += write_notes(sheet, grid, index, said, NOTES_MOST.saturating_sub(notes))?;
        let verdict = marks
            .verdicts
            .and_then(|verdicts| verdicts.get(&(grid.file, row.number)));
        let result = match (is_header, said) {
            (true, _) => RESULT_HEADER.to_owned(),
            (false, []) => verdict.cloned().unwrap_or_else(|| "通过 ok".to_owned()),
            (false, said) => {
                let texts: Vec<&str> = said.iter().map(|remark| remark.text.as_str()).collect();
                texts.join("; ")
            }
        };
        let format = said
            .first()
            .filter(|_| !is_header)
            .map_or(&formats.text, |remark| remark.format);
        style::write(sheet, index, result_place, &result, format)?;
    }
    Ok(())
}

/// The place of a column in the sheet; a remark that names none stands at the first.
fn place_of(grid: &Grid, column: Option<&str>) -> usize {
    let is_it = |header: &String| column_of(grid.file, header).map(|known| known.name) == column;
    column
        .and_then(|_| grid.header.iter().position(is_it))
        .unwrap_or(0)
}

fn write_row(
    sheet: &mut Worksheet,
    grid: &Grid,
    row: &GridRow,
    said: &[Remark<'_>],
    plain: &Format,
) -> Result<(), WorkbookError> {
    let index = row.number.saturating_sub(1);
    let marked: Vec<(usize, &Format)> = said
        .iter()
        .filter(|remark| remark.column.is_some())
        .map(|remark| (place_of(grid, remark.column), remark.format))
        .collect();
    let width = grid.header.len();
    for place in 0..width {
        let format = marked
            .iter()
            .find(|(at, _)| *at == place)
            .map(|(_, format)| *format);
        let text = row.cells.get(place).map_or("", String::as_str);
        let column = style::place(place)?;
        match format {
            // An empty cell is coloured too: that it is empty may be what is wrong.
            Some(format) if text.is_empty() => {
                sheet.write_blank(index, column, format)?;
            }
            Some(format) => style::write(sheet, index, column, text, format)?,
            None => style::write(sheet, index, column, text, plain)?,
        }
    }
    Ok(())
}

/// Notes on the cells that something is said of, at most so many; one cell has one note.
fn write_notes(
    sheet: &mut Worksheet,
    grid: &Grid,
    index: u32,
    said: &[Remark<'_>],
    most: usize,
) -> Result<usize, WorkbookError> {
    let mut notes: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for remark in said {
        let at = notes.entry(place_of(grid, remark.column)).or_default();
        at.push(&remark.note);
    }
    let mut written = 0;
    for (place, texts) in notes.into_iter().take(most) {
        let note = Note::new(texts.join("\n\n"))
            .add_author_prefix(false)
            .set_width(320)
            .set_height(140);
        sheet.insert_note(index, style::place(place)?, &note)?;
        written += 1;
    }
    Ok(written)
}
