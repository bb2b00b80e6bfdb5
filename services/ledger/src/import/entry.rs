//! A row as a message carries it: a typed record, or the cells of a file's line.

use api::common::v1 as common;
use api::convert::{RawRowError, Violation, WireRecord, raw_cells, record_cells};
use exchange::{Cells, File, Owner, RefusalCode};

use crate::report::set;

/// A row of an import, not yet parsed.
#[derive(Debug, Clone)]
pub struct ImportEntry {
    /// The caller's number for it; 1 is a file's header.
    pub row: i32,
    /// Its cells, or why it has none.
    pub cells: Result<(File, Cells), common::Refusal>,
    /// What the message stated and cells cannot.
    pub violations: Vec<Violation>,
}

impl ImportEntry {
    /// A row sent as a typed record.
    #[must_use]
    pub fn typed<R: WireRecord>(
        row: i32,
        record: &R,
        institution: Option<&str>,
        revision: Option<i32>,
        withdrawn: bool,
    ) -> Self {
        Self {
            row,
            cells: Ok((R::FILE, record_cells(record, institution, revision, withdrawn))),
            violations: record.violations(),
        }
    }

    /// A row of cells. An empty or absent institution code is the one given.
    #[must_use]
    pub fn of_cells(row: i32, file: File, mut cells: Cells, institution: Option<&str>) -> Self {
        if let (Owner::Institution, "", Some(code)) =
            (file.owner(), cells.get("institution_code"), institution)
        {
            set(&mut cells, "institution_code", code);
        }
        Self {
            row,
            cells: Ok((file, cells)),
            violations: Vec::new(),
        }
    }

    /// A row sent as it stands in its file. An empty or absent institution code is the one given.
    #[must_use]
    pub fn raw(row: i32, raw: &common::RawRow, institution: Option<&str>) -> Self {
        let cells = match (raw_cells(raw), File::parse(&raw.file)) {
            (Ok(cells), Some(file)) => return Self::of_cells(row, file, cells, institution),
            (Err(RawRowError::UnknownColumn { column, .. }), _) => {
                Err(raw_refusal(row, &raw.file, &column, RefusalCode::ColumnUnknown))
            }
            _ => Err(raw_refusal(row, &raw.file, "", RefusalCode::FileUnknown)),
        };
        Self {
            row,
            cells,
            violations: Vec::new(),
        }
    }

    /// A row that carries no record at all.
    #[must_use]
    pub fn absent(row: i32) -> Self {
        Self {
            row,
            cells: Err(raw_refusal(row, "", "", RefusalCode::FileUnknown)),
            violations: Vec::new(),
        }
    }
}

fn raw_refusal(row: i32, file: &str, column: &str, code: RefusalCode) -> common::Refusal {
    common::Refusal {
        file: file.to_owned(),
        row,
        column: column.to_owned(),
        code: code.as_str().to_owned(),
        zh: code.zh().to_owned(),
        en: code.en().to_owned(),
    }
}
