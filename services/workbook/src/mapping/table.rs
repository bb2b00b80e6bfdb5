//! The partner's table as cells, whether it is CSV or a sheet of a workbook.

use std::borrow::Cow;

use exchange::csv_in::decode;
use exchange::{File, RefusalCode};

use super::{Encoding, Mapping, MappingError};
use crate::error::{WorkbookCode, WorkbookError};
use crate::limits::Limits;
use crate::raw::{Book, RawCell, RawRow, cell_name, guarded};

/// The filled rows of the table.
pub(super) fn rows(
    mapping: &Mapping,
    file: File,
    bytes: &[u8],
    limits: &Limits<'_>,
) -> Result<Vec<RawRow>, MappingError> {
    let is_workbook = bytes.starts_with(b"PK") || bytes.starts_with(b"\xD0\xCF\x11\xE0");
    if is_workbook {
        of_workbook(mapping, bytes, limits)
    } else {
        of_text(mapping, file, bytes, limits)
    }
}

fn of_workbook(mapping: &Mapping, bytes: &[u8], limits: &Limits<'_>) -> Result<Vec<RawRow>, MappingError> {
    let read = guarded(|| {
        let mut book = Book::open(bytes, limits)?;
        let names = book.sheet_names()?;
        let wanted = mapping.sheet.as_deref().map(str::trim);
        let found = names
            .into_iter()
            .find(|name| wanted.is_none_or(|wanted| name.trim() == wanted));
        let Some(name) = found else { return Ok(None) };
        book.refuse_merged(&name, mapping.header_row.saturating_sub(1))?;
        Ok(Some(book.sheet(&name)?.rows))
    })?;
    read.ok_or_else(|| MappingError::SheetMissing(mapping.sheet.clone().unwrap_or_default()))
}

fn of_text(
    mapping: &Mapping,
    file: File,
    bytes: &[u8],
    limits: &Limits<'_>,
) -> Result<Vec<RawRow>, MappingError> {
    if bytes.len() > limits.file_bytes {
        let limit = format!("{} MiB", limits.file_bytes >> 20);
        return Err(WorkbookError::at(WorkbookCode::FileTooLarge, limit).into());
    }
    let text = text_of(mapping.encoding, file, bytes)?;
    let mut rows = Vec::new();
    exchange::csv_in::each_record(&text, |number, record| {
        let cells: Vec<RawCell> = record.map(text_cell).collect();
        if cells.iter().all(|cell| *cell == RawCell::Empty) {
            return Ok(());
        }
        let columns = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        let here = |code| {
            Err(MappingError::from(WorkbookError::at(
                code,
                cell_name("CSV", number, columns),
            )))
        };
        if columns > limits.columns {
            return here(WorkbookCode::ColumnsTooMany);
        }
        if number > limits.rows {
            return here(WorkbookCode::RowsTooMany);
        }
        if (limits.is_late)() {
            return here(WorkbookCode::TooSlow);
        }
        rows.push(RawRow { number, cells });
        Ok(())
    })
    .unwrap_or(Err(MappingError::Text(RefusalCode::FileTruncated)))?;
    Ok(rows)
}

fn text_of(encoding: Encoding, file: File, bytes: &[u8]) -> Result<Cow<'_, str>, MappingError> {
    let wrong = || MappingError::Text(RefusalCode::FileEncoding);
    match encoding {
        Encoding::Auto => decode(file, bytes).map_err(|refusal| {
            let code = refusal.refusals.first().map(|refusal| refusal.code);
            MappingError::Text(code.unwrap_or(RefusalCode::FileEncoding))
        }),
        Encoding::Utf8 => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| wrong())
        }
        Encoding::Gb18030 => encoding_rs::GB18030
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or_else(wrong),
    }
}

fn text_cell(text: &str) -> RawCell {
    let text = exchange::unguarded(text.trim());
    if text.is_empty() {
        RawCell::Empty
    } else {
        RawCell::Text(text.into())
    }
}
