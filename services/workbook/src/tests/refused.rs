//! Workbooks and cells that are refused, each by its name. The real program meets the large ones under a limit on its memory in
//! `tests/src/hostile.rs`.

use std::collections::BTreeSet;

use exchange::{Allow, File, RefusalCode, read_grid};
use rust_xlsxwriter::{Format, Workbook};

use super::books::{Cell, archive, book, number, raw_book, refusal, sheet, text};
use crate::{Limits, WorkbookCode, read};

/// A workbook with one sheet `loans` of one text cell, to be spoilt.
fn plain(rows: &str) -> Vec<u8> {
    raw_book(&sheet(rows), &[])
}

fn of_writer(spoil: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("loans").unwrap();
    sheet.write_string(0, 0, "合同号").unwrap();
    spoil(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn many(count: usize, entry: impl Fn(usize) -> String) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(entry).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    raw_book(&sheet(""), &entries)
}

fn cells(count: usize, cell: impl Fn(usize) -> String) -> String {
    (1..=count)
        .map(|row| format!("<row r=\"{row}\">{}</row>", cell(row)))
        .collect()
}

/// What it is, the workbook, the code, and the place.
type Case = (&'static str, Vec<u8>, WorkbookCode, &'static str);

/// What is wrong with the archive: what it is, the workbook, the code, and the place.
fn archives() -> Vec<Case> {
    use WorkbookCode as Code;
    let mut lying = plain("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>x</t></is></c></row>");
    lie(&mut lying);
    let with = |name: &'static str, bytes: &[u8]| raw_book(&sheet(""), &[(name, bytes)]);
    vec![
        ("a text", b"contract_no\n".to_vec(), Code::NotAWorkbook, ""),
        ("nothing", Vec::new(), Code::NotAWorkbook, ""),
        (
            "another archive",
            archive(&[("a.txt", b"a")]),
            Code::NotAWorkbook,
            "",
        ),
        ("half a workbook", plain("")[..200].to_vec(), Code::Broken, ""),
        (
            "an .xls",
            [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), vec![0; 512]].concat(),
            Code::OldFormat,
            "",
        ),
        ("an .xlsb", with("xl/workbook.bin", b""), Code::OldFormat, ""),
        ("a password", encrypted(), Code::Encrypted, ""),
        ("macros", with("xl/vbaProject.bin", b""), Code::Macros, ""),
        (
            "a path up",
            with("xl/../../etc/passwd", b""),
            Code::EntryNameUnsafe,
            "xl/../../etc/passwd",
        ),
        (
            "a path of Windows",
            with("xl\\a", b""),
            Code::EntryNameUnsafe,
            "xl\\a",
        ),
        (
            "a path from the top",
            with("/etc/passwd", b""),
            Code::EntryNameUnsafe,
            "/etc/passwd",
        ),
        (
            "many entries",
            many(1_100, |it| format!("e{it}.xml")),
            Code::EntriesTooMany,
            "1000",
        ),
        (
            "a lying size",
            lying,
            Code::EntriesLie,
            "xl/worksheets/sheet1.xml",
        ),
    ]
}

/// What is wrong with the parts within.
fn parts() -> Vec<Case> {
    use WorkbookCode as Code;
    let inline = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let one = |row: u32, at: &str| format!("<row r=\"{row}\">{}</row>", inline(at, "x"));
    let corner = format!(
        "{}<row r=\"1048576\">{}</row>",
        one(1, "A1"),
        inline("XFD1048576", "x")
    );
    let down = format!(
        "{}<row r=\"1048576\">{}</row>",
        one(1, "A1"),
        inline("A1048576", "x")
    );
    let lolz = "<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><worksheet/>";
    let strings = "<sst uniqueCount=\"99999999999999\"></sst>";
    let utf16: Vec<u8> = "\u{FEFF}<worksheet/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let with = |name: &'static str, bytes: &[u8]| raw_book(&sheet(""), &[(name, bytes)]);
    vec![
        (
            "billion laughs",
            raw_book(lolz, &[]),
            Code::XmlNotPlain,
            "xl/worksheets/sheet1.xml",
        ),
        (
            "UTF-16",
            with("xl/worksheets/sheet1.xml", &utf16),
            Code::XmlNotPlain,
            "xl/worksheets/sheet1.xml",
        ),
        (
            "lying strings",
            with("xl/sharedStrings.xml", strings.as_bytes()),
            Code::CellsTooMany,
            "xl/sharedStrings.xml (1000000)",
        ),
        (
            "XML cut off",
            raw_book("<worksheet><sheetData><row><c", &[]),
            Code::Broken,
            "",
        ),
        ("no sheet's XML", raw_book("<html/>", &[]), Code::Broken, ""),
        (
            "rows backwards",
            plain(&format!("{}{}", one(9, "A9"), one(1, "A1"))),
            Code::Broken,
            "",
        ),
        (
            "far corner",
            plain(&corner),
            Code::ColumnsTooMany,
            "loans!XFD1048576",
        ),
        ("far down", plain(&down), Code::RowsTooMany, "loans!A1048576"),
        (
            "a long cell",
            plain(&format!(
                "<row r=\"1\">{}</row>",
                inline("A1", &"长".repeat(32_768))
            )),
            Code::CellTooLong,
            "loans!A1",
        ),
        (
            "formulas",
            plain(&cells(1_002, |row| {
                format!("<c r=\"A{row}\"><f>1+1</f><v>2</v></c>")
            })),
            Code::Formulas,
            "loans!A1001",
        ),
        (
            "a formula as header",
            book(&[("loans", vec![vec![Cell::Formula("=1+1")]])]),
            Code::Formulas,
            "loans!A1",
        ),
        (
            "an unknown sheet",
            book(&[("Sheet1", vec![vec![text("x")]])]),
            Code::SheetUnknown,
            "Sheet1",
        ),
        (
            "two sheets of a file",
            book(&[("loans", vec![]), ("贷款合同", vec![])]),
            Code::SheetTwice,
            "贷款合同",
        ),
        (
            "blank sheets only",
            book(&[("Sheet1", vec![]), ("说明", vec![vec![text("x")]])]),
            Code::SheetsNone,
            "",
        ),
        ("a hidden sheet", of_writer(hide), Code::SheetHidden, "more"),
        ("merged cells", of_writer(merge), Code::CellsMerged, "loans!A2"),
        ("many sheets", of_writer(add_sheets), Code::SheetsTooMany, "64"),
        (
            "days from 1904",
            with(
                "xl/workbook.xml",
                b"<workbook><workbookPr date1904=\"true\"/></workbook>",
            ),
            Code::Dates1904,
            "",
        ),
    ]
}

fn hide(workbook: &mut Workbook) {
    workbook
        .add_worksheet()
        .set_name("more")
        .unwrap()
        .set_hidden(true);
}

fn merge(workbook: &mut Workbook) {
    let sheet = workbook.worksheet_from_index(0).unwrap();
    sheet.merge_range(1, 0, 2, 1, "x", &Format::new()).unwrap();
}

fn add_sheets(workbook: &mut Workbook) {
    (0..64).for_each(|_| {
        workbook.add_worksheet();
    });
}

/// A compound file that says that it holds an encrypted package.
fn encrypted() -> Vec<u8> {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), vec![0; 504], name].concat()
}

/// Makes the directory state one byte less than the last entry inflates to.
fn lie(archive: &mut [u8]) {
    let at = archive
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .unwrap();
    archive[at + 24] -= 1;
}

#[test]
fn each_spoilt_workbook_is_refused_by_its_name_and_place() {
    let limits = Limits::default();
    let mut met = BTreeSet::new();
    for (what, bytes, code, place) in archives().into_iter().chain(parts()) {
        assert_eq!(refusal(&bytes, &limits), Some((code, place.to_owned())), "{what}");
        met.insert(code);
    }
    // Caps that a small file cannot reach, and what is no property of a file.
    let sheet = plain("<row r=\"1\"><c r=\"A1\" t=\"str\"><v>xyz</v></c><c r=\"B1\"><v>1</v></c></row>");
    let small = |change: fn(&mut Limits<'_>), code| {
        let mut limits = Limits::default();
        change(&mut limits);
        assert_eq!(refusal(&sheet, &limits).map(|(code, _)| code), Some(code));
        code
    };
    met.extend([
        small(|it| it.file_bytes = 100, WorkbookCode::FileTooLarge),
        small(|it| it.inflated_bytes = 300, WorkbookCode::InflatesTooFar),
        small(|it| it.part_bytes = 50, WorkbookCode::InflatesTooFar),
        small(|it| it.cells = 1, WorkbookCode::CellsTooMany),
        small(|it| it.text_bytes = 2, WorkbookCode::CellsTooMany),
        small(|it| it.is_late = &|| true, WorkbookCode::TooSlow),
    ]);
    let unmet: Vec<_> = WorkbookCode::ALL
        .iter()
        .filter(|code| !met.contains(code))
        .collect();
    assert_eq!(unmet, [&WorkbookCode::NotWritten]);
}

#[test]
fn a_file_with_its_twin_without_the_fault_is_read() {
    let good = book(&[("Loans ", vec![vec![text("合同号")]]), ("Sheet2", vec![])]);
    assert_eq!(refusal(&good, &Limits::default()), None);
    let title = of_writer(|_| {});
    assert_eq!(refusal(&title, &Limits::default()), None);
}

#[test]
fn a_spoilt_cell_refuses_its_row_alone_and_names_the_column() {
    let header = [
        "机构代码",
        "合同号",
        "流水号",
        "类型",
        "发生时间",
        "金额",
        "冲正流水号",
    ];
    let good = || {
        ["313496010116", "HT-1", "1", "放款", "2025-03-12", "100.00", ""]
            .map(text)
            .to_vec()
    };
    let spoilt = |place: usize, cell: Cell| {
        let mut row = good();
        row[place] = cell;
        row
    };
    let rows = vec![
        header.map(text).to_vec(),
        good(),
        spoilt(0, number("313496010116")),
        spoilt(1, text("9.14105E+17")),
        spoilt(5, number("0.305")),
        spoilt(5, Cell::Formula("=60*5")),
        spoilt(5, Cell::Day(2025, 3, 12)),
        spoilt(4, Cell::Truth(true)),
        spoilt(5, text("abc")),
        good(),
    ];
    let grids = read(&book(&[("loan_events", rows)]), &Limits::default()).unwrap();
    let sheet = read_grid(&grids[0], &Allow::default()).unwrap();
    assert_eq!(
        sheet.rows.iter().map(|row| row.number).collect::<Vec<_>>(),
        [2, 10]
    );
    let refused: Vec<_> = sheet
        .refused
        .iter()
        .flat_map(|row| &row.refusals)
        .map(|it| (it.file, it.row, it.column, it.code))
        .collect();
    let at = |row, column, code| (File::LoanEvents, Some(row), Some(column), code);
    assert_eq!(
        refused,
        [
            at(3, "institution_code", RefusalCode::NumberInCodeCell),
            at(4, "contract_no", RefusalCode::ScientificNotation),
            at(5, "amount", RefusalCode::AmountNotExact),
            at(6, "amount", RefusalCode::FormulaInCell),
            at(7, "amount", RefusalCode::CellTypeWrong),
            at(8, "occurred_at", RefusalCode::CellTypeWrong),
            at(9, "amount", RefusalCode::AmountMalformed),
        ]
    );
}
