//! Reading an exchange file: encoding, header, then one row after the other.

use std::io::{Chain, Cursor, Read};

use crate::codes::{Refusal, RefusalCode, Warning};
pub use crate::encoding::{FILE_BYTES_MAX, decode};
use crate::file::File;
use crate::grid::{CellFault, Grid, GridRow};
use crate::header::places;
use crate::parse::parse_values;
use crate::row::{Allow, Row};
use crate::seen::Seen;
pub use crate::sheet::{FileRefusal, RefusedRow, Sheet, SheetRow};
use crate::text::unguarded;

/// A record read after the end of the file: if it does not come back alone, the file ended inside a quote.
const SENTINEL: &str = "\u{1}\u{2}\u{1}";
const SENTINEL_LINE: &[u8] = b"\r\n\x01\x02\x01\r\n";

/// Reads a file of records.
///
/// # Errors
/// [`FileRefusal`] where encoding, header or the end of the file is wrong; no row of it counts then.
pub fn read_file(file: File, bytes: &[u8], allow: &Allow) -> Result<Sheet, FileRefusal> {
    let text = decode(file, bytes)?;
    read_all(SheetReader::open(file, &text)?, allow)
}

/// A CSV file as a table: its header is not judged yet, and a row with another number of cells than it has is refused once it is read.
///
/// # Errors
/// [`FileRefusal`] where the encoding or the end of the file is wrong.
pub fn grid_of(file: File, bytes: &[u8]) -> Result<Grid, FileRefusal> {
    let text = decode(file, bytes)?;
    let mut reader = SheetReader::new(file, Rows::csv(&text));
    if !reader.advance()? {
        return Err(FileRefusal::of(file, RefusalCode::FileEmpty));
    }
    reader.number = 1;
    reader.header = reader.original();
    let mut rows = Vec::new();
    while reader.advance()? {
        if reader.record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let uneven = CellFault {
            // No column is to blame.
            place: usize::MAX,
            code: RefusalCode::RowCellCount,
            detail: String::new(),
        };
        let is_uneven = reader.record.len() != reader.header.len();
        rows.push(GridRow {
            number: reader.number,
            cells: reader.original(),
            faults: is_uneven.then_some(uneven).into_iter().collect(),
        });
    }
    Ok(Grid {
        file,
        title: file.as_str().to_owned(),
        header_row: 1,
        header: reader.header,
        rows,
    })
}

/// Reads a table of records.
///
/// # Errors
/// [`FileRefusal`] where the header is wrong.
pub fn read_grid(grid: &Grid, allow: &Allow) -> Result<Sheet, FileRefusal> {
    read_all(SheetReader::over(grid)?, allow)
}

fn read_all(mut reader: SheetReader<'_>, allow: &Allow) -> Result<Sheet, FileRefusal> {
    let mut sheet = Sheet {
        header: reader.header().to_vec(),
        rows: Vec::new(),
        refused: Vec::new(),
        warnings: Vec::new(),
    };
    while let Some(read) = reader.next_row(allow)? {
        match read {
            Ok((row, warnings)) => {
                sheet.rows.push(SheetRow {
                    number: reader.number(),
                    row,
                    original: reader.original(),
                });
                sheet.warnings.extend(warnings);
            }
            Err(refused) => sheet.refused.push(refused),
        }
    }
    Ok(sheet)
}

/// Reads CSV text record by record: number of the row (empty lines count) and cells. None where the text ends inside a quote; records
/// before that were handed over.
///
/// # Errors
/// The first error of `take`, which ends the reading.
pub fn each_record<E>(
    text: &str,
    mut take: impl FnMut(u32, &mut dyn Iterator<Item = &str>) -> Result<(), E>,
) -> Option<Result<(), E>> {
    let mut reader = SheetReader::new(File::Institutions, Rows::csv(text));
    loop {
        match reader.advance() {
            Err(_) => return None,
            Ok(false) => return Some(Ok(())),
            Ok(true) => {
                if let Err(error) = take(reader.number, &mut reader.record.iter()) {
                    return Some(Err(error));
                }
            }
        }
    }
}

/// One row: the record with its warnings, or the row refused.
pub type ReadRow = Result<(Row, Vec<Warning>), RefusedRow>;

/// CSV text with the sentinel behind it.
type CsvText<'a> = Chain<Cursor<&'a [u8]>, &'static [u8]>;

/// Where rows come from.
enum Rows<'a> {
    /// CSV text.
    Csv {
        reader: Box<csv::Reader<CsvText<'a>>>,
        /// Bytes of the text and of the line end after it: only the sentinel reaches further.
        end: u64,
        at_end: bool,
    },
    /// A table; the row last read and those to come.
    Grid(Option<&'a GridRow>, std::slice::Iter<'a, GridRow>),
}

impl<'a> Rows<'a> {
    fn csv(text: &'a str) -> Self {
        let bytes = Cursor::new(text.as_bytes()).chain(SENTINEL_LINE);
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        Self::Csv {
            reader: Box::new(reader),
            end: u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(2),
            at_end: false,
        }
    }
}

/// Reads a decoded file, or a table, row by row: one row in memory.
pub struct SheetReader<'a> {
    file: File,
    header: Vec<String>,
    /// For each column of the file its place in the header.
    places: Vec<Option<usize>>,
    rows: Rows<'a>,
    record: csv::StringRecord,
    seen: Seen,
    number: u32,
}

impl<'a> SheetReader<'a> {
    /// Reads the header of decoded text.
    ///
    /// # Errors
    /// [`FileRefusal`] naming every unknown, missing and repeated column.
    pub fn open(file: File, text: &'a str) -> Result<Self, FileRefusal> {
        let mut reader = Self::new(file, Rows::csv(text));
        if !reader.advance()? {
            return Err(FileRefusal::of(file, RefusalCode::FileEmpty));
        }
        reader.number = 1;
        reader.header = reader.original();
        reader.places = places(file, &reader.header)?;
        Ok(reader)
    }

    /// Reads the header of a table.
    ///
    /// # Errors
    /// [`FileRefusal`] naming every unknown, missing and repeated column.
    pub fn over(grid: &'a Grid) -> Result<Self, FileRefusal> {
        if grid.header.is_empty() {
            return Err(FileRefusal::of(grid.file, RefusalCode::FileEmpty));
        }
        let mut reader = Self::new(grid.file, Rows::Grid(None, grid.rows.iter()));
        reader.number = grid.header_row;
        reader.header.clone_from(&grid.header);
        reader.places = places(grid.file, &grid.header)?;
        Ok(reader)
    }

    fn new(file: File, rows: Rows<'a>) -> Self {
        Self {
            file,
            header: Vec::new(),
            places: Vec::new(),
            rows,
            record: csv::StringRecord::new(),
            seen: Seen::default(),
            number: 0,
        }
    }

    /// Whether cells of the row last read cannot be trusted whatever their text says, so that nobody else may judge them by it.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        matches!(self.rows, Rows::Grid(Some(row), _) if !row.faults.is_empty())
    }

    /// The header as it is.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// For each column of the file its place in the header.
    #[must_use]
    pub fn places(&self) -> &[Option<usize>] {
        &self.places
    }

    /// The number of the row last read; the header is row 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The cells of the row last read, as they are, as many as the header has. What a row has too many stays in its last cell.
    #[must_use]
    pub fn original(&self) -> Vec<String> {
        let mut cells: Vec<String> = self.record.iter().map(str::to_owned).collect();
        let width = if self.header.is_empty() {
            cells.len()
        } else {
            self.header.len()
        };
        if cells.len() > width {
            let rest = cells.split_off(width.saturating_sub(1)).join(",");
            cells.push(rest);
        }
        cells.resize(width, String::new());
        cells
    }

    /// Reads the next record into place; false at the end of the file.
    fn advance(&mut self) -> Result<bool, FileRefusal> {
        let truncated = || FileRefusal::of(self.file, RefusalCode::FileTruncated);
        let (reader, end, at_end) = match &mut self.rows {
            Rows::Csv { reader, end, at_end } => (reader, *end, at_end),
            Rows::Grid(current, rest) => {
                *current = rest.next();
                let Some(row) = *current else { return Ok(false) };
                let missing = self.header.len().saturating_sub(row.cells.len());
                let cells = row.cells.iter().map(String::as_str);
                self.record.clear();
                self.record.extend(cells.chain(std::iter::repeat_n("", missing)));
                self.number = row.number;
                return Ok(true);
            }
        };
        if *at_end {
            return Ok(false);
        }
        let first_line = reader.position().line();
        match reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(truncated()),
        }
        if reader.position().byte() > end {
            *at_end = true;
            let alone = self.record.len() == 1 && self.record.get(0) == Some(SENTINEL);
            return if alone { Ok(false) } else { Err(truncated()) };
        }
        // Empty lines are skipped by the CSV reader but are rows of the sheet; line feeds within cells are not.
        let lines = reader.position().line().saturating_sub(first_line);
        let within: usize = self
            .record
            .iter()
            .map(|cell| cell.bytes().filter(|byte| *byte == b'\n').count())
            .sum();
        let rows = lines
            .saturating_sub(u64::try_from(within).unwrap_or(u64::MAX))
            .max(1);
        self.number = self
            .number
            .saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
        Ok(true)
    }

    /// Reads the next row that has any filled cell; none at the end.
    ///
    /// # Errors
    /// [`FileRefusal`] if the file ends inside a quote: rows read before must not be kept.
    pub fn next_row(&mut self, allow: &Allow) -> Result<Option<ReadRow>, FileRefusal> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            if !self.record.iter().all(|cell| cell.trim().is_empty()) {
                return Ok(Some(self.parse(allow)));
            }
        }
    }

    fn parse(&mut self, allow: &Allow) -> ReadRow {
        if self.record.len() != self.header.len() {
            return Err(self.refuse(vec![Refusal::new(self.file, None, RefusalCode::RowCellCount)]));
        }
        let mut values = [""; 16];
        for (value, place) in values.iter_mut().zip(&self.places) {
            *value = place
                .and_then(|place| self.record.get(place))
                .map_or("", |cell| unguarded(cell.trim()));
        }
        let parsed = parse_values(self.file, &values, allow, &mut self.seen);
        if let Rows::Grid(Some(row), _) = &self.rows
            && !row.faults.is_empty()
        {
            let mut refusals = row.refusals(self.file, &self.places);
            let is_new = |refusal: &Refusal| !refusals.iter().any(|fault| fault.column == refusal.column);
            let others: Vec<Refusal> = parsed
                .err()
                .unwrap_or_default()
                .into_iter()
                .filter(is_new)
                .collect();
            refusals.extend(others);
            return Err(self.refuse(refusals));
        }
        let (row, mut warnings) = parsed.map_err(|refusals| self.refuse(refusals))?;
        warnings
            .iter_mut()
            .for_each(|warning| warning.row = Some(self.number));
        Ok((row, warnings))
    }

    /// Refuses the row last read.
    #[must_use]
    pub fn refuse(&self, refusals: Vec<Refusal>) -> RefusedRow {
        RefusedRow::new(self.number, self.original(), refusals)
    }
}
