//! The bytes as tables of exchange files, whatever form they came in.

use std::time::Instant;

use exchange::csv_in::grid_of;
use exchange::{File, FileRefusal, Grid, Owner, RefusalCode, SheetReader, folded};
use ledger::{Caller, Role};
use workbook::{Limits, Mapping};

use super::IN_ALL;
use super::receive::Declared;
use crate::error::Error;

/// The tables of an upload, institutions first, as rows are to be stored.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) grids: Vec<Grid>,
    pub(super) mapping: Option<Mapping>,
}

/// Reads the tables and checks their headers: the upload is refused as a whole where one is wrong, naming everything that is.
pub(super) async fn read(
    bytes: Vec<u8>,
    declared: &Declared,
    mapping: Option<Mapping>,
    caller: &Caller,
) -> Result<Sheets, Error> {
    let own = (caller.role == Role::Institution).then(|| caller.holder.clone());
    let declared = declared.clone();
    let task = tokio::task::spawn_blocking(move || {
        let mut sheets = Sheets {
            grids: Vec::new(),
            mapping: mapping.map(|mapping| with_institution(mapping, own.as_deref())),
        };
        sheets.grids = grids(&bytes, &declared, sheets.mapping.as_ref())?;
        sheets.grids.sort_by_key(|grid| grid.file);
        if let Some(own) = &own {
            for grid in &mut sheets.grids {
                fill_institution(grid, own)?;
            }
        }
        check_headers(&sheets.grids)?;
        Ok(sheets)
    });
    task.await.map_err(platform::Error::Task)?
}

/// The mapping with the caller's own code where it gives none.
fn with_institution(mut mapping: Mapping, own: Option<&str>) -> Mapping {
    let is_owned = File::parse(&mapping.file).is_some_and(|file| file.owner() == Owner::Institution);
    let is_given = mapping.columns.iter().any(|it| it.column == "institution_code");
    if let (Some(own), true, false) = (own, is_owned, is_given) {
        let constant = mapping.constants.entry("institution_code".to_owned());
        constant.or_insert_with(|| own.to_owned());
    }
    mapping
}

fn grids(bytes: &[u8], declared: &Declared, mapping: Option<&Mapping>) -> Result<Vec<Grid>, Error> {
    let began = Instant::now();
    let is_late = move || began.elapsed() > IN_ALL;
    let limits = Limits {
        is_late: &is_late,
        ..Limits::default()
    };
    match (mapping, declared.file) {
        (Some(mapping), _) => Ok(vec![mapping.apply(bytes, &limits)?]),
        (None, _) if declared.is_workbook => Ok(workbook::read(bytes, &limits)?),
        (None, Some(file)) => Ok(vec![grid_of(file, bytes)?]),
        (None, None) => Err(FileRefusal::of(File::Institutions, RefusalCode::FileUnknown).into()),
    }
}

/// The column that a header names.
pub(super) fn column_of(file: File, header: &str) -> Option<&'static str> {
    let name = folded(header);
    let position = file
        .position_of_header(&name)
        .or_else(|| file.position_of_header(&name.to_ascii_lowercase()))?;
    file.columns().get(position).map(|column| column.name)
}

/// Sets the institution's own code where a cell or the whole column is missing. The bureau's files are no institution's to send.
fn fill_institution(grid: &mut Grid, own: &str) -> Result<(), Error> {
    if grid.file.owner() == Owner::Bureau {
        return Err(FileRefusal::of(grid.file, RefusalCode::NotTheBureau).into());
    }
    let is_code = |header: &String| column_of(grid.file, header) == Some("institution_code");
    let place = grid.header.iter().position(is_code).unwrap_or(grid.header.len());
    if place == grid.header.len() {
        grid.header.push("institution_code".to_owned());
    }
    let width = grid.header.len();
    for row in &mut grid.rows {
        if row.cells.len() < width {
            row.cells.resize(width, String::new());
        }
        if let Some(cell) = row.cells.get_mut(place)
            && cell.trim().is_empty()
        {
            own.clone_into(cell);
        }
    }
    Ok(())
}

fn check_headers(grids: &[Grid]) -> Result<(), Error> {
    let mut refusal: Option<FileRefusal> = None;
    for wrong in grids.iter().filter_map(|grid| SheetReader::over(grid).err()) {
        match &mut refusal {
            Some(refusal) => refusal.refusals.extend(wrong.refusals),
            None => refusal = Some(wrong),
        }
    }
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}
