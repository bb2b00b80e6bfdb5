//! The header of a table: which column stands where.

use crate::codes::{Refusal, RefusalCode};
use crate::csv_in::FileRefusal;
use crate::file::File;
use crate::text::folded;

/// Finds each column in the header; every unknown, repeated or missing one is named.
pub(crate) fn places(file: File, header: &[String]) -> Result<Vec<Option<usize>>, FileRefusal> {
    let columns = file.columns();
    let mut places = vec![None; columns.len()];
    let mut refusals = Vec::new();
    let mut refuse =
        |column, code, name: &str| refusals.push(Refusal::new(file, column, code).at_row(1).detailed(name));
    for (place, text) in header.iter().enumerate() {
        let name = folded(text);
        let position = file
            .position_of_header(&name)
            .or_else(|| file.position_of_header(&name.to_ascii_lowercase()));
        let known = position.and_then(|position| Some((columns.get(position)?, places.get_mut(position)?)));
        match known {
            None => refuse(None, RefusalCode::ColumnUnknown, text),
            Some((column, Some(_))) => refuse(Some(column.name), RefusalCode::ColumnDuplicate, text),
            Some((_, free)) => *free = Some(place),
        }
    }
    for (column, place) in columns.iter().zip(&places) {
        if place.is_none() && !column.optional_column {
            refuse(
                Some(column.name),
                RefusalCode::ColumnMissing,
                &format!("{} {}", column.name, column.zh),
            );
        }
    }
    if refusals.is_empty() {
        Ok(places)
    } else {
        Err(FileRefusal { file, refusals })
    }
}
