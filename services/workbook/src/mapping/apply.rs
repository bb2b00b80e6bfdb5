//! The partner's rows, cell by cell.

use exchange::{CellFault, Column, File, Grid, GridRow, SPOILT};

use super::table::rows;
use super::value::value;
use super::{MappedColumn, Mapping, MappingError};
use crate::cell::Doubt;
use crate::limits::Limits;
use crate::raw::{RawCell, RawRow};

/// One of our columns with its place in the partner's table.
struct Place<'a> {
    place: usize,
    mapped: &'a MappedColumn,
    column: &'static Column,
}

pub(super) fn apply(
    mapping: &Mapping,
    file: File,
    bytes: &[u8],
    limits: &Limits<'_>,
) -> Result<Grid, MappingError> {
    let raw = rows(mapping, file, bytes, limits)?;
    let header = raw.iter().find(|row| row.number == mapping.header_row);
    let places = places(mapping, file, header.map_or(&[][..], |row| &row.cells))?;
    let names = mapping.columns.iter().map(|mapped| mapped.column.clone());
    // A column that the mapping leaves out is optional; the header still names it, since files do.
    let given = |column: &&Column| {
        let is_mapped = mapping.columns.iter().any(|mapped| mapped.column == column.name);
        !is_mapped && !mapping.constants.contains_key(column.name) && !column.optional_column
    };
    let left_out: Vec<String> = file
        .columns()
        .iter()
        .filter(given)
        .map(|it| it.name.to_owned())
        .collect();
    let constants = mapping.constants.keys().cloned();
    let data = raw.iter().filter(|row| row.number > mapping.header_row);
    Ok(Grid {
        file,
        title: mapping.name.clone(),
        header_row: mapping.header_row,
        header: names.chain(constants).chain(left_out).collect(),
        rows: data.filter_map(|row| mapped_row(row, &places, mapping)).collect(),
    })
}

/// Where the partner's headers stand.
fn places<'a>(mapping: &'a Mapping, file: File, header: &[RawCell]) -> Result<Vec<Place<'a>>, MappingError> {
    let place_of = |wanted: &str| {
        let wanted = exchange::folded(wanted);
        header
            .iter()
            .position(|cell| matches!(cell, RawCell::Text(text) if exchange::folded(text) == wanted))
    };
    let each = mapping.columns.iter().map(|mapped| {
        let missing = || MappingError::HeaderMissing {
            header: mapped.header.clone(),
            row: mapping.header_row,
        };
        let unknown = || MappingError::ColumnUnknown(mapped.column.clone());
        Ok(Place {
            place: place_of(&mapped.header).ok_or_else(missing)?,
            mapped,
            column: file.column(&mapped.column).ok_or_else(unknown)?,
        })
    });
    each.collect()
}

/// A row in our columns; none where the partner's columns are all empty.
fn mapped_row(row: &RawRow, places: &[Place<'_>], mapping: &Mapping) -> Option<GridRow> {
    let mut mapped = GridRow {
        number: row.number,
        ..GridRow::default()
    };
    for (index, it) in places.iter().enumerate() {
        let cell = row.cells.get(it.place).unwrap_or(&RawCell::Empty);
        match value(cell, it.mapped, it.column.kind) {
            Ok(text) => mapped.cells.push(text),
            Err(Doubt { text, code }) => {
                mapped.faults.push(CellFault {
                    place: index,
                    code,
                    detail: format!("「{}」 {text}", it.mapped.header),
                });
                mapped.cells.push(format!("{SPOILT} {text}"));
            }
        }
    }
    if mapped.cells.iter().all(|cell| cell.trim().is_empty()) {
        return None;
    }
    mapped.cells.extend(mapping.constants.values().cloned());
    Some(mapped)
}
