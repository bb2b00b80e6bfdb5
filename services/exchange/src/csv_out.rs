//! Writing exchange files: UTF-8 with a byte order mark, CRLF, canonical cells.
//!
//! Text that a spreadsheet might take for a formula gets an apostrophe in front; reading takes one such apostrophe away again, so that
//! a file read back is the same content. Amounts are never touched.

use std::borrow::Cow;

use crate::file::{Column, File, Kind};
use crate::print::print_row;
use crate::row::Row;
use crate::text::guarded;

/// Byte order mark: without it, spreadsheets in China open UTF-8 as GBK.
pub(crate) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Writes records of cells; the mark, comma, CRLF, quotes only where needed.
/// As [`write_table`], without a guard: the caller guards what is text.
pub fn write_records<C, R>(records: R) -> Vec<u8>
where
    C: AsRef<[u8]>,
    R: IntoIterator<Item = Vec<C>>,
{
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(MARK.to_vec());
    for record in records {
        // Writing to memory does not fail; a failure would show as a missing row, which every digest covers.
        let _written = writer.write_record(record);
    }
    writer.into_inner().unwrap_or_default()
}

/// Writes a table that is no exchange file, such as a list for the public: as every file here, each cell guarded against being
/// taken for a formula. Its amounts are not negative.
#[must_use]
pub fn write_table(header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let first = header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let rows = rows
        .iter()
        .map(|row| row.iter().map(|cell| guarded(cell).into_owned()).collect());
    write_records(std::iter::once(first).chain(rows))
}

/// Whether cells of this column hold text of the reporter's own making.
const fn is_free(column: &Column) -> bool {
    matches!(
        column.kind,
        Kind::Text | Kind::Holder | Kind::Reference | Kind::Institution
    )
}

/// Writes records of one file in canonical form, sorted by key and then revision. Rows of other files are left out.
#[must_use]
pub fn write_file(file: File, rows: &[Row]) -> Vec<u8> {
    let mut sorted: Vec<&Row> = rows.iter().filter(|row| row.file == file).collect();
    sorted.sort_by(|left, right| (&left.key, left.revision).cmp(&(&right.key, right.revision)));
    let header = file
        .columns()
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    let records = sorted.into_iter().map(|row| {
        let cells = print_row(row).into_iter().zip(file.columns());
        cells
            .map(|(cell, column)| if is_free(column) { into_guarded(cell) } else { cell })
            .collect()
    });
    write_records(std::iter::once::<Vec<String>>(header).chain(records))
}

/// The cell guarded against being taken for a formula.
#[must_use]
pub fn into_guarded(cell: String) -> String {
    match guarded(&cell) {
        Cow::Borrowed(_) => cell,
        Cow::Owned(text) => text,
    }
}
