use std::collections::BTreeMap;

use super::sample;
use crate::codes::RefusalCode as Code;
use crate::history::Verdict;
use crate::{
    Allow, File, FileRefusal, History, Sheet, SheetRow, load, read_file, write_file, write_rejected,
};

const HEADER: &str = "uscc,name,division_code,registered_from,registered_to,revision,withdrawn\r\n";
const FIRST: &str = "91410502MA3X00010T,甲公司,410502,2015-01-01,,1,false\r\n";

fn read(text: impl AsRef<[u8]>) -> Result<Sheet, FileRefusal> {
    read_file(File::Enterprises, text.as_ref(), &Allow::default())
}

fn codes(answer: Result<Sheet, FileRefusal>) -> Vec<Code> {
    answer
        .unwrap_err()
        .refusals
        .iter()
        .map(|refusal| refusal.code)
        .collect()
}

#[test]
fn utf8_with_and_without_mark_and_gb18030_are_the_same() {
    let text = format!("{HEADER}{FIRST}");
    let plain = read(&text).unwrap();
    assert_eq!(plain.rows.len(), 1);
    assert_eq!(read(format!("\u{FEFF}{text}")).unwrap(), plain);
    assert_eq!(read(encoding_rs::GB18030.encode(&text).0).unwrap(), plain);
    assert_eq!(read(text.replace("\r\n", "\n")).unwrap(), plain);
    assert_eq!(read(text.replace("\r\n", "\r")).unwrap(), plain);
    assert_eq!(read(text.trim_end()).unwrap(), plain);
}

#[test]
fn chinese_headers_in_any_order_are_understood_for_every_file() {
    for file in File::ALL {
        let cells: BTreeMap<_, _> = sample(*file).into_iter().collect();
        let columns: Vec<_> = file
            .columns()
            .iter()
            .rev()
            .filter(|column| !column.optional_column)
            .collect();
        let header: Vec<_> = columns.iter().map(|column| column.zh).collect();
        let row: Vec<_> = columns
            .iter()
            .map(|column| *cells.get(column.name).unwrap_or(&""))
            .collect();
        let text = format!("{}\n{}\n", header.join(","), row.join(","));
        let english = format!(
            "{}\n{}\n",
            columns
                .iter()
                .map(|column| column.name)
                .collect::<Vec<_>>()
                .join(","),
            row.join(",")
        );
        let rows = |text: &str| -> Vec<_> {
            let sheet = read_file(*file, text.as_bytes(), &Allow::default()).unwrap();
            assert_eq!(sheet.refused, []);
            sheet.rows.into_iter().map(|SheetRow { row, .. }| row).collect()
        };
        assert_eq!(rows(&text), rows(&english), "{file:?}");
        assert_eq!(rows(&text).len(), 1);
        let gb = read_file(*file, &encoding_rs::GB18030.encode(&text).0, &Allow::default()).unwrap();
        assert_eq!(gb.rows[0].row, rows(&text)[0]);
    }
}

#[test]
fn a_wrong_header_refuses_the_file_and_names_the_column() {
    let wrong = FileRefusal::to_string(&read("uscc,name,name,registered_from,colour\n").unwrap_err());
    for part in [
        "COLUMN_UNKNOWN",
        "colour",
        "COLUMN_DUPLICATE",
        "COLUMN_MISSING",
        "division_code",
        "registered_to",
    ] {
        assert!(wrong.contains(part), "{part} in {wrong}");
    }
    assert_eq!(
        codes(read(HEADER.replace("uscc", "统一社会信用代码,uscc"))),
        [Code::ColumnDuplicate]
    );
    assert!(
        read("USCC,名称,Division_Code,登记起始日,registered_to")
            .unwrap()
            .rows
            .is_empty()
    );
}

#[test]
fn a_file_that_is_no_text_or_not_whole_is_refused() {
    assert_eq!(codes(read("")), [Code::FileEmpty]);
    assert_eq!(codes(read("\u{FEFF}")), [Code::FileEmpty]);
    assert_eq!(codes(read("\r\n\r\n")), [Code::FileEmpty]);
    assert_eq!(codes(read(format!("{HEADER}\0"))), [Code::FileEncoding]);
    assert_eq!(codes(read(b"\xFF\xFE\x41\x42")), [Code::FileEncoding]);
    let text = format!("{HEADER}{FIRST}");
    let end = text.find("公司").unwrap();
    assert_eq!(codes(read(&text.as_bytes()[..end + 2])), [Code::FileTruncated]);
    let mut damaged = text.clone().into_bytes();
    damaged[end + 2] = b'?';
    damaged.extend_from_slice(FIRST.repeat(3).as_bytes());
    assert_eq!(codes(read(&damaged)), [Code::FileEncoding]);
    for open in ["91410502MA3X00029P,\"乙", "\"", "\"a\",\"b\r\n", "x\"y,\"z"] {
        assert_eq!(
            codes(read(format!("{text}{open}"))),
            [Code::FileTruncated],
            "{open}"
        );
        let files = BTreeMap::from([(File::Enterprises, format!("{text}{open}").into_bytes())]);
        let loaded = load(&files, &Allow::default());
        assert_eq!(
            (
                loaded.file_refusals.len(),
                loaded.history.facts().enterprises.len()
            ),
            (1, 0)
        );
    }
    // What the reader looks for after the end means nothing within the file.
    assert_eq!(
        read(format!("{text}\u{1}\u{2}\u{1}\r\n{FIRST}"))
            .unwrap()
            .rows
            .len(),
        2
    );
}

#[test]
fn good_rows_are_kept_and_bad_ones_come_back_with_row_column_code_and_message() {
    let text = format!(
        "{HEADER}{FIRST}\r\n,,,,,,\r\n91410502MA3X00029P,乙公司,41050,2015-02-30,,1,false\r\nonly,two\r\n\"91410502MA3X00029P\",\"丙\n公司\",410502,2015-01-01,,1,false\r\n1,2,3,4,5,6,7,8\r\n"
    );
    let sheet = read(&text).unwrap();
    assert_eq!((sheet.rows.len(), sheet.rows[0].number), (1, 2));
    let refused: Vec<_> = sheet
        .refused
        .iter()
        .map(|row| {
            (
                row.number,
                row.refusals
                    .iter()
                    .map(|refusal| refusal.code)
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            (5, vec![Code::DivisionMalformed, Code::DateInvalid]),
            (6, vec![Code::RowCellCount]),
            (7, vec![Code::TextControlCharacter]),
            (8, vec![Code::RowCellCount]),
        ]
    );
    let rejected =
        String::from_utf8(write_rejected(File::Enterprises, &sheet.header, &sheet.refused)).unwrap();
    let lines: Vec<_> = rejected.trim_start_matches('\u{FEFF}').split("\r\n").collect();
    assert_eq!(
        lines[0],
        "uscc,name,division_code,registered_from,registered_to,revision,withdrawn,row,column,code,message"
    );
    assert!(lines[1].starts_with("91410502MA3X00029P,乙公司,41050,2015-02-30,,1,false,5,division_code; registered_from,DIVISION_MALFORMED; DATE_INVALID,"));
    assert!(lines[1].contains("行政区划代码应为 6 位数字") && lines[1].contains("there is no such day"));
    assert!(lines[2].starts_with("only,two,,,,,,6,,ROW_CELL_COUNT,"));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("1,2,3,4,5,6,\"7,8\",8,,ROW_CELL_COUNT,")),
        "{lines:?}"
    );
}

#[test]
fn formulas_are_guarded_and_read_back_as_they_were() {
    for name in [
        "=1+1", "+86", "-甲", "@甲", "'=1", "''=1", "＝甲", "'甲", "甲=乙", "a,\"b\"",
    ] {
        let text = format!(
            "{HEADER}91410502MA3X00010T,\"{}\",410502,2015-01-01,,1,false\r\n",
            crate::text::guarded(name).replace('"', "\"\"")
        );
        let sheet = read(&text).unwrap();
        let rows: Vec<_> = sheet.rows.into_iter().map(|sheet_row| sheet_row.row).collect();
        let written = write_file(File::Enterprises, &rows);
        let Some(crate::Fact::Enterprise(enterprise)) = &rows[0].content else {
            panic!("no content")
        };
        assert_eq!(enterprise.name, name);
        let cell = String::from_utf8(written.clone()).unwrap();
        assert!(
            !cell.contains(",=") && !cell.contains(",+") && !cell.contains(",-") && !cell.contains(",@"),
            "{cell}"
        );
        assert_eq!(read(&written).unwrap().rows[0].row, rows[0]);
    }
}

#[test]
fn a_folder_is_loaded_with_institutions_first() {
    let file = |file: File, changes: &[(&'static str, &str)]| {
        let row = crate::parse_row(file, &super::cells(file, changes), &Allow::default())
            .unwrap()
            .0;
        (file, write_file(file, &[row]))
    };
    let mut files = BTreeMap::from([
        file(File::Loans, &[]),
        file(File::Institutions, &[]),
        file(File::LoanEvents, &[("institution_code", "9")]),
        file(File::Decisions, &[("institution_code", "9")]),
    ]);
    let loaded = load(&files, &Allow::default());
    assert_eq!(loaded.history.facts().loans.len(), 1);
    assert_eq!(
        loaded.refused[&File::LoanEvents].rows[0].refusals[0].code,
        Code::InstitutionNotRegistered
    );
    assert_eq!(
        loaded.stored,
        BTreeMap::from([
            (File::Institutions, 1),
            (File::Loans, 1),
            (File::LoanEvents, 0),
            (File::Decisions, 0)
        ])
    );
    // A decision names an institution, and may name a contract that nobody has reported yet.
    let refused = &loaded.refused[&File::Decisions].rows[0].refusals[0];
    assert_eq!(
        (refused.column, refused.code),
        (Some("institution_code"), Code::InstitutionNotRegistered)
    );
    files.extend([file(File::Decisions, &[("reference", "HT-404")])]);
    assert_eq!(load(&files, &Allow::default()).history.facts().decisions.len(), 1);
    // A withdrawn institution's stored facts stay and count, and so does the institution.
    let institutions = String::from_utf8(files[&File::Institutions].clone()).unwrap();
    files.insert(
        File::Institutions,
        format!("{institutions}313491000232,,,,,,,2,true\r\n").into_bytes(),
    );
    let loaded = load(&files, &Allow::default());
    assert!(loaded.history.institution_withdrawn("313491000232"));
    let facts = loaded.history.into_facts();
    assert_eq!((facts.institutions.len(), facts.loans.len()), (1, 1));
}

#[test]
fn of_two_contents_of_one_revision_the_first_stands() {
    let other = FIRST.replace("甲", "乙");
    let loaded = load(
        &BTreeMap::from([(
            File::Enterprises,
            format!("{HEADER}{FIRST}{FIRST}{other}").into_bytes(),
        )]),
        &Allow::default(),
    );
    assert_eq!(loaded.stored[&File::Enterprises], 2);
    let refused = &loaded.refused[&File::Enterprises].rows;
    assert_eq!(
        (refused.len(), refused[0].number, refused[0].refusals[0].code),
        (1, 4, Code::RevisionConflict)
    );
    assert_eq!(loaded.history.facts().enterprises[0].name, "甲公司");
    let mut history = History::default();
    let row = read(format!("{HEADER}{FIRST}")).unwrap().rows.remove(0).row;
    assert_eq!(history.insert(row.clone()), Verdict::Stored);
    assert_eq!(history.insert(row), Verdict::Unchanged);
}
