//! Refused rows as a file to correct and send again.

use crate::codes::Refusal;
use crate::csv_in::RefusedRow;
use crate::csv_out::{into_guarded, write_records};
use crate::file::File;

/// Each different value once, in order, joined.
fn joined(values: impl Iterator<Item = String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for value in values.filter(|value| !value.is_empty()) {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once.join("; ")
}

fn message(file: File, refusal: &Refusal) -> String {
    let column = refusal.column.and_then(|name| file.column(name));
    match column {
        Some(column) => format!("{}：{} / {}: {}", column.zh, refusal.zh, column.name, refusal.en),
        None => format!("{} / {}", refusal.zh, refusal.en),
    }
}

/// Writes refused rows under the header they came with, then `row`, `column`, `code` and `message`.
///
/// One line a refused row; where it has several faults, their columns, codes and messages are joined by `; `.
#[must_use]
pub fn write_rejected(file: File, header: &[String], refused: &[RefusedRow]) -> Vec<u8> {
    let mut first = header.to_vec();
    first.extend(["row", "column", "code", "message"].map(str::to_owned));
    let records = refused.iter().map(|row| {
        let mut cells: Vec<String> = row.original.iter().cloned().map(into_guarded).collect();
        cells.resize(header.len(), String::new());
        cells.push(row.number.to_string());
        cells.push(joined(
            row.refusals
                .iter()
                .map(|refusal| refusal.column.unwrap_or("").to_owned()),
        ));
        cells.push(joined(
            row.refusals
                .iter()
                .map(|refusal| refusal.code.as_str().to_owned()),
        ));
        cells.push(joined(row.refusals.iter().map(|refusal| message(file, refusal))));
        cells
    });
    write_records(std::iter::once(first).chain(records))
}
