//! Empty workbooks to fill in: one sheet a file, and a sheet of notes.

use exchange::{Column, File, Kind, words};
use rust_xlsxwriter::{DataValidation, DataValidationRule, ExcelDateTime, Note, Workbook, Worksheet};

use crate::error::WorkbookError;
use crate::notes::{NOTES_SHEET, example, form, meaning};
use crate::style;

/// The last row, counted from 0, that drop-downs and date checks reach: as many rows as are read.
const ROW_LAST: u32 = 199_999;
/// Width of columns, in characters.
const WIDTH: u16 = 22;
/// Width of columns with sentences, in characters.
const WIDTH_OF_SENTENCES: u16 = 46;

/// A workbook to fill in, with a sheet for each file in the order given; every file where none is given.
///
/// Headers are in Chinese with the English name in a note; every cell but days is text, so that no code loses a digit and no amount
/// becomes a double; closed lists are drop-downs in Chinese, which [`crate::read`] takes. The sheet of notes holds meanings and an example
/// a column.
///
/// # Errors
/// [`WorkbookError`] where the workbook cannot be written; the files of the contract always can.
pub fn template(files: &[File]) -> Result<Vec<u8>, WorkbookError> {
    let files = if files.is_empty() { File::ALL } else { files };
    let mut workbook = style::workbook()?;
    for file in files {
        data_sheet(workbook.add_worksheet(), *file)?;
    }
    notes_sheet(&mut workbook, files)?;
    Ok(workbook.save_to_buffer()?)
}

fn data_sheet(sheet: &mut Worksheet, file: File) -> Result<(), WorkbookError> {
    sheet.set_name(file.zh())?;
    sheet.set_freeze_panes(1, 0)?;
    for (index, column) in file.columns().iter().enumerate() {
        let place = style::place(index)?;
        sheet.set_column_width(place, WIDTH)?;
        // A day typed into a text cell would stay text, which the check of days does not know.
        let format = match column.kind {
            Kind::Date => style::day(),
            _ => style::text(),
        };
        sheet.set_column_format(place, &format)?;
        style::write(sheet, 0, place, column.zh, &style::header(column.key))?;
        sheet.insert_note(0, place, &note(file, column))?;
        if let Some(validation) = validation(column)? {
            sheet.add_data_validation(1, place, ROW_LAST, place, &validation)?;
        }
    }
    Ok(())
}

/// Whether a cell must be filled, in Chinese and English.
const fn need(column: &Column) -> (&'static str, &'static str) {
    if column.key {
        ("关键列，必填", "key, required")
    } else if column.required_cell {
        ("必填", "required")
    } else {
        ("可空", "may be empty")
    }
}

fn note(file: File, column: &Column) -> Note {
    let (zh, en) = meaning(file, column);
    let (form_zh, form_en) = form(column.kind);
    let (need_zh, need_en) = need(column);
    let text = format!(
        "{}（{need_zh}）\n{zh}\n{form_zh}\n\n{} ({need_en})\n{en}\n{form_en}",
        column.zh, column.name
    );
    Note::new(text)
        .add_author_prefix(false)
        .set_width(320)
        .set_height(180)
}

/// The check of a column's cells: a drop-down for a closed list, a span for dates; none for what only the parser can judge.
fn validation(column: &Column) -> Result<Option<DataValidation>, WorkbookError> {
    let list = |list: &[&str]| {
        let validation = DataValidation::new().allow_list_strings(list)?;
        validation
            .set_error_title("不在列表中 Not in the list")?
            .set_error_message("请从下拉列表选择。Choose from the list.")
    };
    Ok(match column.kind {
        Kind::Word(known) => {
            let zh: Vec<&str> = known.iter().map(|word| words::zh(word)).collect();
            Some(list(&zh)?)
        }
        Kind::Bool => Some(list(&["是", "否"])?),
        Kind::Date => {
            let (first, last) = (
                ExcelDateTime::from_ymd(1900, 1, 1)?,
                ExcelDateTime::from_ymd(9999, 12, 31)?,
            );
            let validation = DataValidation::new()
                .allow_date(DataValidationRule::Between(first, last))
                // Dates may also be typed as text, which a spreadsheet does not recognise: it asks and lets them pass.
                .set_error_style(rust_xlsxwriter::DataValidationErrorStyle::Information)
                .set_error_title("日期 Date")?
                .set_error_message("日期写作 2025-03-12。A date is written 2025-03-12.")?;
            Some(validation)
        }
        _ => None,
    })
}

/// What the sheet of notes begins with.
const LINES: &[&str] = &[
    "每个工作表是一个文件；表头不要改动，列的次序随意。 Each sheet is a file; keep the headers, in any order.",
    "金额单位是元，不是万元；编号和金额一律为文本，公式请粘贴为数值。",
    "Amounts are in yuan, not 万元; codes and amounts are text; paste the values of formulas.",
    "黄色表头是关键列：同一关键值加更高的修订号即为更正。",
    "Yellow headers are the key: the same key with a higher revision corrects a record.",
    "日期写作 2025-03-12，也可 2025/3/12、2025.3.12、2025年3月12日、20250312 或日期单元格。 Dates as shown, or date cells.",
    "时间单元格按北京时间读取。 A cell with a time of day is read as Beijing time.",
];

/// What the table of columns in the sheet of notes is headed by.
const TITLES: [&str; 6] = [
    "工作表 Sheet",
    "列 Column",
    "英文名 Name",
    "含义 Meaning",
    "格式 Form",
    "示例 Example",
];

fn notes_sheet(workbook: &mut Workbook, files: &[File]) -> Result<(), WorkbookError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(NOTES_SHEET)?;
    let widths = [WIDTH, WIDTH, WIDTH, WIDTH_OF_SENTENCES, WIDTH_OF_SENTENCES, WIDTH];
    for (index, width) in widths.into_iter().enumerate() {
        sheet.set_column_width(style::place(index)?, width)?;
    }
    for (line, row) in LINES.iter().zip(0_u32..) {
        style::write(sheet, row, 0, line, &style::text())?;
    }
    let first = u32::from(style::place(LINES.len() + 1)?);
    for (index, title) in TITLES.into_iter().enumerate() {
        style::write(sheet, first, style::place(index)?, title, &style::header(false))?;
    }
    let columns = files
        .iter()
        .flat_map(|file| file.columns().iter().map(move |column| (*file, column)));
    for ((file, column), row) in columns.zip(first + 1..) {
        for (index, cell) in about(file, column).iter().enumerate() {
            let is_key = column.key && index == 1;
            let format = if is_key {
                style::header(true)
            } else {
                style::wrapped()
            };
            style::write(sheet, row, style::place(index)?, cell, &format)?;
        }
    }
    Ok(())
}

/// A column's row in the sheet of notes.
fn about(file: File, column: &Column) -> [String; 6] {
    let (zh, en) = meaning(file, column);
    let (form_zh, form_en) = form(column.kind);
    let (need_zh, need_en) = need(column);
    [
        format!("{} {}", file.zh(), file.as_str()),
        column.zh.to_owned(),
        column.name.to_owned(),
        format!("{zh}（{need_zh}）\n{en} ({need_en})"),
        format!("{form_zh}\n{form_en}"),
        example(file, column).to_owned(),
    ]
}
