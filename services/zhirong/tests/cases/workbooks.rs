//! Workbooks in place of CSV: the same lines, marked copies beside refused rows, templates, and what is refused whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use exchange::{Allow, File, Grid, GridRow, read_file};
use workbook::{Limits, Marks};

use crate::world::Case;

/// The program's exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_zhirong"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn assess(path: &Path, more: &[&str]) -> (i32, String, String) {
    let base = [
        "assess",
        path.to_str().unwrap(),
        "--division",
        "410500",
        "--year",
        "2025",
        "--as-of",
        "2026-03-31",
    ];
    run(&[&base[..], more].concat())
}

/// A CSV file as a table of its cells.
fn grid(file: File, bytes: &[u8]) -> Grid {
    let sheet = read_file(file, bytes, &Allow::default()).unwrap();
    let rows = sheet.rows.into_iter().map(|row| (row.number, row.original));
    let refused = sheet.refused.into_iter().map(|row| (row.number, row.original));
    let all: BTreeMap<u32, Vec<String>> = rows.chain(refused).collect();
    let row = |(number, cells)| GridRow {
        number,
        cells,
        faults: Vec::new(),
    };
    Grid {
        file,
        title: file.zh().to_owned(),
        header_row: 1,
        header: sheet.header,
        rows: all.into_iter().map(row).collect(),
    }
}

fn grids(files: &BTreeMap<File, Vec<u8>>) -> Vec<Grid> {
    files.iter().map(|(file, bytes)| grid(*file, bytes)).collect()
}

fn write(path: &Path, grids: &[Grid]) {
    std::fs::write(path, workbook::marked(grids, &Marks::default()).unwrap()).unwrap();
}

#[test]
fn every_case_as_one_workbook_has_the_lines_of_its_csv() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.xlsx");
    let mut compared = 0;
    for case in Case::all().into_iter().filter(|case| case.steps == 1) {
        write(&path, &grids(&case.files(1)));
        let (code, lines, said) = assess(&path, &[]);
        let (wanted_code, wanted, wanted_said) = assess(&case.dir.join("facts"), &[]);
        assert_eq!((code, &lines), (wanted_code, &wanted), "{}: {said}", case.id);
        assert_eq!(said, wanted_said, "{}", case.id);
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn refused_rows_come_back_as_a_marked_copy_that_can_be_put_right() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = Case::named("X05").files(1);
    let mut tables = grids(&files);
    let at = tables.iter().position(|it| it.file == File::LoanEvents).unwrap();
    let place = tables[at]
        .header
        .iter()
        .position(|name| name == "amount")
        .unwrap();
    let right = std::mem::replace(&mut tables[at].rows[0].cells[place], "1e6".to_owned());
    let path = dir.path().join("年报.xlsx");
    write(&path, &tables);
    let out_text = out.path().to_str().unwrap();
    let (code, _, said) = assess(dir.path(), &["--out", out_text]);
    assert!(
        code == 0 && said.contains("loan_events.csv row 2 amount AMOUNT_MALFORMED"),
        "{said}"
    );
    let rejected = out.path().join("rejected");
    assert!(rejected.join("loan_events.csv").is_file());
    let copy = std::fs::read(rejected.join("年报.xlsx")).unwrap();
    let mut again = workbook::read(&copy, &Limits::default()).unwrap();
    assert_eq!(again.len(), tables.len());
    let at = again.iter().position(|it| it.file == File::LoanEvents).unwrap();
    assert_eq!(again[at].rows[0].cells[place], "1e6");
    again[at].rows[0].cells[place] = right;
    write(&path, &again);
    let (code, _, said) = assess(dir.path(), &["--out", out_text]);
    assert_eq!(code, 0, "{said}");
    assert!(!rejected.join("年报.xlsx").exists() && !rejected.join("loan_events.csv").exists());
    let (_, wanted, _) = assess(&Case::named("X05").dir.join("facts"), &[]);
    assert_eq!(
        std::fs::read_to_string(out.path().join("lines.csv")).unwrap(),
        wanted
    );
}

#[test]
fn a_template_names_its_files_and_is_read_without_rows() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.xlsx");
    let out_text = out.to_str().unwrap();
    let (code, stdout, said) = run(&["template", "loans", "放款还款", "loans", "--out", out_text]);
    assert!(
        code == 0 && stdout.is_empty() && said.contains("zhirong import"),
        "{said}"
    );
    let read = workbook::read(&std::fs::read(&out).unwrap(), &Limits::default()).unwrap();
    let files: Vec<File> = read.iter().map(|grid| grid.file).collect();
    assert_eq!(files, [File::Loans, File::LoanEvents]);
    let (code, _, said) = assess(&out, &[]);
    assert!(code == 0 && said.contains("0 rows taken"), "{said}");
    let (code, _, said) = run(&["template", "贷款", "--out", out_text]);
    assert!(
        code == 2 && said.contains("FILE_UNKNOWN") && said.contains("贷款合同"),
        "{said}"
    );
    let (code, _, _) = run(&["template", "--out", out_text]);
    assert_eq!(code, 0);
    let all = workbook::read(&std::fs::read(&out).unwrap(), &Limits::default()).unwrap();
    assert_eq!(all.len(), File::ALL.len());
}

#[test]
fn a_file_that_comes_twice_or_too_large_is_refused_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let files = Case::named("X05").files(1);
    for (file, bytes) in &files {
        std::fs::write(dir.path().join(file.file_name()), bytes).unwrap();
    }
    assert_eq!(assess(dir.path(), &[]).0, 0);
    let second = dir.path().join("b.xlsx");
    write(&second, &grids(&files)[..1]);
    let (code, stdout, said) = assess(dir.path(), &[]);
    assert!(
        code == 2 && stdout.is_empty() && said.contains("SHEET_TWICE"),
        "{said}"
    );
    std::fs::remove_file(&second).unwrap();
    // Sparse: the size is refused before anything is read.
    let large = std::fs::File::create(dir.path().join("awards.csv")).unwrap();
    large.set_len(zhirong::folder::CSV_BYTES_MAX + 1).unwrap();
    let (code, _, said) = assess(dir.path(), &[]);
    assert!(
        code == 2 && said.contains("awards.csv FILE_TOO_LARGE") && said.contains("64 MiB"),
        "{said}"
    );
}
