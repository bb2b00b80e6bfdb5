//! Files: tables, workbooks, batches, policies.

use std::collections::BTreeSet;

use exchange::archive::{Archive, read};
use exchange::{Allow, FileRefusal, Sheet, read_file, read_grid, write_file};
use policy::rulebook::Rulebook;
use workbook::{Limits, Mapping};

use super::values::file_of;

/// What is said of a table.
fn told(sheet: &Result<Sheet, FileRefusal>) -> String {
    match sheet {
        Ok(sheet) => {
            let codes: BTreeSet<&str> = sheet
                .refused
                .iter()
                .flat_map(|row| &row.refusals)
                .map(|refusal| refusal.code.as_str())
                .collect();
            assert!(
                sheet.refused.iter().all(|row| !row.refusals.is_empty()),
                "refused without a reason"
            );
            format!("{} rows taken {codes:?}", sheet.rows.len().min(3))
        }
        Err(refusal) => format!("{refusal:?}").chars().take(60).collect(),
    }
}

pub(super) fn csv(bytes: &[u8]) -> String {
    let (file, rest) = file_of(bytes);
    let sheet = read_file(file, rest, &Allow::default());
    if let Ok(sheet) = &sheet {
        let rows: Vec<_> = sheet.rows.iter().map(|row| row.row.clone()).collect();
        let written = write_file(file, &rows);
        let again = read_file(file, &written, &Allow::stored()).unwrap();
        assert!(
            again.refused.is_empty(),
            "written and refused: {:?}",
            again.refused
        );
        let again: Vec<_> = again.rows.into_iter().map(|row| row.row).collect();
        assert_eq!(again, rows);
    }
    format!("{} {}", file.as_str(), told(&sheet))
}

pub(super) fn workbook(bytes: &[u8]) -> String {
    match workbook::read(bytes, &Limits::default()) {
        Ok(grids) => {
            let sheets: Vec<String> = grids
                .iter()
                .map(|grid| told(&read_grid(grid, &Allow::default())))
                .collect();
            format!("{sheets:?}")
        }
        Err(error) => format!("{:?}", error.code),
    }
}

/// A mapping as JSON on the first line, the table below it.
pub(super) fn mapping(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (first, rest) = bytes.split_at(end);
    let mapping: Mapping = match serde_json::from_slice(first) {
        Ok(mapping) => mapping,
        Err(error) => return format!("{:?}", error.classify()),
    };
    match mapping.apply(rest.get(1..).unwrap_or_default(), &Limits::default()) {
        Ok(grid) => told(&read_grid(&grid, &Allow::default())),
        Err(error) => format!("{error:?}").chars().take(24).collect(),
    }
}

pub(super) fn archive(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(contents) => {
            if contents.differs_at.is_none() {
                let again = Archive::of(contents.files.clone()).unwrap();
                let again: Vec<u8> = again.chunks(0, 1 << 16).flatten().copied().collect();
                assert_eq!(again, bytes, "said to be as it is written");
            }
            format!(
                "{} files, as written {}",
                contents.files.len().min(20),
                contents.differs_at.is_none()
            )
        }
        Err(error) => format!("{error:?}").chars().take(12).collect(),
    }
}

pub(super) fn batch(bytes: &[u8]) -> String {
    let Ok(contents) = read(bytes) else {
        return "no archive".to_owned();
    };
    let (receipt, differences) = zhirong::verify::verify(&contents.files);
    assert!(
        receipt.is_some() || !differences.is_empty(),
        "verified without a receipt"
    );
    let places: BTreeSet<&str> = differences.iter().map(|it| it.file.as_str()).collect();
    format!("receipt {}, differs in {places:?}", receipt.is_some())
}

pub(super) fn policy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match Rulebook::load(&text) {
        Ok(rulebook) => {
            assert_eq!(rulebook.text, text, "the text is kept");
            format!("{} {}", rulebook.city, rulebook.states_validity)
        }
        Err(error) => error.reason().to_owned(),
    }
}
