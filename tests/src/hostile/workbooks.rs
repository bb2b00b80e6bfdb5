//! The files themselves: written entry by entry, since no library would write them.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Hostile;

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

const fn hostile(
    what: &'static str,
    name: &'static str,
    make: fn() -> Vec<u8>,
    code: &'static str,
) -> Hostile {
    Hostile {
        what,
        name,
        make,
        code,
    }
}

/// Every file.
pub(super) const ALL: &[Hostile] = &[
    hostile("5 KB with far corners", "corner.xlsx", corner, "COLUMNS_TOO_MANY"),
    hostile("a cell far down", "down.xlsx", down, "ROWS_TOO_MANY"),
    hostile("one entry of 512 MiB", "bomb.xlsx", bomb, "WORKBOOK_INFLATES"),
    hostile(
        "one picture of 512 MiB",
        "picture.xlsx",
        picture,
        "WORKBOOK_INFLATES",
    ),
    hostile("20,000 entries", "entries.xlsx", entries, "WORKBOOK_ENTRIES"),
    hostile(
        "entries that overlap",
        "overlap.xlsx",
        overlap,
        "WORKBOOK_SIZES_LIE",
    ),
    hostile("a size that lies", "lie.xlsx", lie, "WORKBOOK_SIZES_LIE"),
    hostile(
        "an archive in an archive",
        "nested.xlsx",
        nested,
        "NOT_A_WORKBOOK",
    ),
    hostile(
        "80 MiB of shared strings",
        "strings.xlsx",
        strings,
        "WORKBOOK_INFLATES",
    ),
    hostile(
        "2 million shared strings",
        "many.xlsx",
        many_strings,
        "CELLS_TOO_MANY",
    ),
    hostile(
        "a count of strings that lies",
        "count.xlsx",
        lying_count,
        "CELLS_TOO_MANY",
    ),
    hostile(
        "one string shown 200,000 times",
        "shown.xlsx",
        shown,
        "CELLS_TOO_MANY",
    ),
    hostile("100,000 formulas", "formulas.xlsx", formulas, "FORMULA_IN_CELL"),
    hostile("16,384 columns", "columns.xlsx", columns, "COLUMNS_TOO_MANY"),
    hostile(
        "a cell of 10 MB",
        "cell.xlsx",
        || one_cell(&"x".repeat(10_000_000)),
        "WORKBOOK_XML_UNSAFE",
    ),
    hostile(
        "a cell of 40,000 characters",
        "long.xlsx",
        || one_cell(&"长".repeat(40_000)),
        "CELL_TOO_LONG",
    ),
    hostile("a cell in 100,000 pieces", "pieces.xlsx", pieces, "CELL_TOO_LONG"),
    hostile(
        "a comment of 100 MB",
        "comment.xlsx",
        comment,
        "WORKBOOK_XML_UNSAFE",
    ),
    hostile(
        "an attribute of 100 MB",
        "attribute.xlsx",
        attribute,
        "WORKBOOK_XML_UNSAFE",
    ),
    hostile("billion laughs", "lol.xlsx", laughs, "WORKBOOK_XML_UNSAFE"),
    hostile("UTF-16 inside", "utf16.xlsx", utf16, "WORKBOOK_XML_UNSAFE"),
    hostile(
        "XML cut off",
        "cut.xlsx",
        || book(&[(SHEET, b"<worksheet><sheetData><row><c")]),
        "WORKBOOK_BROKEN",
    ),
    hostile(
        "half an archive",
        "half.xlsx",
        || good()[..300].to_vec(),
        "WORKBOOK_BROKEN",
    ),
    hostile("corners that cross", "cross.xlsx", cross, "WORKBOOK_BROKEN"),
    hostile(
        "a reference past every column",
        "past.xlsx",
        past,
        "WORKBOOK_BROKEN",
    ),
    hostile(
        "a path up",
        "path.xlsx",
        || with(&[("../../etc/passwd", b"x")]),
        "WORKBOOK_PATH_UNSAFE",
    ),
    hostile(
        "macros",
        "macros.xlsm",
        || with(&[("xl/vbaProject.bin", b"x")]),
        "WORKBOOK_WITH_MACROS",
    ),
    hostile("an old workbook", "old.xls", old, "OLD_WORKBOOK"),
    hostile("a password", "locked.xlsx", locked, "WORKBOOK_ENCRYPTED"),
    hostile(
        "no archive",
        "text.xlsx",
        || b"contract_no\n1\n".to_vec(),
        "NOT_A_WORKBOOK",
    ),
    hostile(
        "a workbook of 21 MiB",
        "large.xlsx",
        || vec![b'P'; 21 << 20],
        "FILE_TOO_LARGE",
    ),
    hostile("a CSV of 100 MB", "loans.csv", large_csv, "FILE_TOO_LARGE"),
    hostile(
        "a CSV in UTF-16",
        "patents.csv",
        || utf16_of("patent_no\n"),
        "FILE_ENCODING",
    ),
    hostile(
        "a CSV cut off",
        "pledges.csv",
        || b"institution_code,\"x".to_vec(),
        "FILE_TRUNCATED",
    ),
];

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_level(Some(1));
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The least workbook with one sheet `loans`; entries given replace those of their name.
fn book(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let relations = |kind: &str, target: &str| {
        format!(
            "<Relationships><Relationship Id=\"r1\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let top = relations("officeDocument", "xl/workbook.xml");
    let sheets = relations("worksheet", "worksheets/sheet1.xml");
    let workbook = format!(
        "<workbook xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"loans\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let mut all: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", top.as_bytes()),
        ("xl/_rels/workbook.xml.rels", sheets.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
    ];
    all.retain(|(name, _)| !entries.iter().any(|(other, _)| other == name));
    all.extend(entries);
    archive(&all)
}

fn sheet(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

fn of_rows(rows: &str) -> Vec<u8> {
    book(&[(SHEET, sheet(rows).as_bytes())])
}

fn with(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let rows = sheet("");
    let mut all = vec![(SHEET, rows.as_bytes())];
    all.extend(entries);
    book(&all)
}

fn text_at(place: &str, text: &str) -> String {
    format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn row(number: u32, cells: &str) -> String {
    format!("<row r=\"{number}\">{cells}</row>")
}

fn one_cell(text: &str) -> Vec<u8> {
    of_rows(&row(1, &text_at("A1", text)))
}

/// A small workbook that is read: the header of the loans and nothing else.
pub(super) fn good() -> Vec<u8> {
    let names = exchange::File::Loans.columns().iter().map(|column| column.zh);
    let cells: String = names
        .zip('A'..='Z')
        .map(|(name, column)| text_at(&format!("{column}1"), name))
        .collect();
    of_rows(&row(1, &cells))
}

/// Legal, 5 KB, and 17 billion cells as a range.
pub(super) fn corner() -> Vec<u8> {
    let rows = row(1, &text_at("A1", "x")) + &row(1_048_576, &text_at("XFD1048576", "x"));
    of_rows(&rows)
}

fn down() -> Vec<u8> {
    of_rows(&(row(1, &text_at("A1", "x")) + &row(1_048_576, &text_at("A1048576", "x"))))
}

fn bomb() -> Vec<u8> {
    of_rows(&"<row></row>".repeat((512 << 20) / 11))
}

fn picture() -> Vec<u8> {
    with(&[("xl/media/image1.png", &vec![0; 512 << 20])])
}

fn entries() -> Vec<u8> {
    let names: Vec<String> = (0..20_000).map(|number| format!("e{number}.xml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    with(&entries)
}

/// The directory entries of an archive.
fn directory(archive: &[u8]) -> Vec<usize> {
    let entries = archive.windows(4).enumerate();
    entries
        .filter(|(_, window)| *window == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect()
}

/// Two names for the same packed bytes.
fn overlap() -> Vec<u8> {
    let mut bytes = with(&[
        ("xl/a.xml", b"<a>aaaaaaaaaaaaaaaaaaaaaaaaaaaa</a>"),
        ("xl/b.xml", b"<b>bbbbbbb</b>"),
    ]);
    let places = directory(&bytes);
    let (first, last) = (places[places.len() - 2], places[places.len() - 1]);
    // Compressed and inflated size, check value, and offset of the local header.
    bytes.copy_within(first + 16..first + 28, last + 16);
    bytes.copy_within(first + 42..first + 46, last + 42);
    bytes
}

/// 64 MiB that the directory says are 10 bytes.
fn lie() -> Vec<u8> {
    let mut bytes = of_rows(&"<row></row>".repeat((64 << 20) / 11));
    let last = *directory(&bytes).last().unwrap();
    bytes[last + 24..last + 28].copy_from_slice(&10_u32.to_le_bytes());
    bytes
}

fn nested() -> Vec<u8> {
    let inner = (0..4).fold(good(), |inner, _| archive(&[("inner.zip", &inner)]));
    archive(&[("workbook.xlsx", &inner)])
}

fn strings() -> Vec<u8> {
    let text = format!("<si><t>{}</t></si>", "x".repeat(30_000));
    let all = format!("<sst>{}</sst>", text.repeat((80 << 20) / text.len()));
    with(&[(STRINGS, all.as_bytes())])
}

fn many_strings() -> Vec<u8> {
    let all = format!("<sst>{}</sst>", "<si><t/></si>".repeat(2_000_000));
    with(&[(STRINGS, all.as_bytes())])
}

fn lying_count() -> Vec<u8> {
    with(&[(
        STRINGS,
        b"<sst uniqueCount=\"18446744073709551615\"><si><t>a</t></si></sst>",
    )])
}

fn shown() -> Vec<u8> {
    let cells: String = (1..=200_000)
        .map(|number| row(number, &format!("<c r=\"A{number}\" t=\"s\"><v>0</v></c>")))
        .collect();
    let string = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(32_000));
    let sheet = sheet(&cells);
    book(&[(SHEET, sheet.as_bytes()), (STRINGS, string.as_bytes())])
}

fn formulas() -> Vec<u8> {
    let rows: String = (1..=100_000)
        .map(|number| {
            row(
                number,
                &format!("<c r=\"A{number}\"><f>SUM(B1:B9)</f><v>1</v></c>"),
            )
        })
        .collect();
    of_rows(&rows)
}

fn columns() -> Vec<u8> {
    let cells = "<c t=\"inlineStr\"><is><t>x</t></is></c>".repeat(16_384);
    of_rows(&row(1, &cells))
}

fn pieces() -> Vec<u8> {
    let runs = "<r><t>piece</t></r>".repeat(100_000);
    of_rows(&row(
        1,
        &format!("<c r=\"A1\" t=\"inlineStr\"><is>{runs}</is></c>"),
    ))
}

fn comment() -> Vec<u8> {
    of_rows(&format!("<!--{}-->", "<row></row>".repeat(100_000_000 / 11)))
}

fn attribute() -> Vec<u8> {
    of_rows(&format!("<row a=\"{}\"/>", ">".repeat(100_000_000)))
}

fn laughs() -> Vec<u8> {
    let mut entities = "<!ENTITY a0 \"lol\">".to_owned();
    for level in 1..10 {
        let below = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} \"{below}\">"));
    }
    let cell = row(1, &text_at("A1", "&a9;"));
    let text = format!("<!DOCTYPE worksheet [{entities}]>{}", sheet(&cell));
    book(&[(SHEET, text.as_bytes())])
}

fn utf16_of(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn utf16() -> Vec<u8> {
    let text = utf16_of(&sheet(&row(1, &text_at("A1", "x"))));
    book(&[(SHEET, &text)])
}

/// The reader behind subtracts one corner from the other.
fn cross() -> Vec<u8> {
    book(&[(
        SHEET,
        b"<worksheet><dimension ref=\"B9:A1\"/><sheetData/></worksheet>",
    )])
}

/// The reader behind multiplies letters.
fn past() -> Vec<u8> {
    of_rows(&row(1, &text_at("ZZZZZZZZZZZZ1", "x")))
}

const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

fn old() -> Vec<u8> {
    [COMPOUND.to_vec(), vec![0; 4_096]].concat()
}

fn locked() -> Vec<u8> {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    [COMPOUND.to_vec(), vec![0; 4_096], name].concat()
}

fn large_csv() -> Vec<u8> {
    let header = "institution_code,contract_no,borrower_uscc,contract_amount,signed_on,revolving,collateral,patent_share,pledge_no,\
                  renewal_of,syndicate_no,revision,withdrawn\n";
    let row = "313496010116,HT,91410527MA1010012Q,1.00,2025-03-03,false,patent,,,,,1,false\n";
    format!("{header}{}", row.repeat(100_000_000 / row.len())).into_bytes()
}
