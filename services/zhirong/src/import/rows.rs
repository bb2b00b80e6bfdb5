//! The rows of a file as they are sent: cells as they stand, each with the institution it belongs to.

use std::borrow::Cow;
use std::collections::HashMap;

use api::common::v1::{self, RawRow};
use exchange::csv_in::decode;
use exchange::{
    Allow, Cells, File, FileRefusal, Owner, Refusal, RefusalCode, RefusedRow, SheetReader, Source, parse_row,
    unguarded,
};

/// One row on its way.
pub(super) struct Row {
    /// Its file.
    pub(super) file: File,
    /// Its number; the header is row 1.
    pub(super) number: u32,
    /// The institution in canonical form; none for the bureau's files and where it cannot be read.
    pub(super) institution: Option<String>,
    /// The cells as they are, in the header's order.
    original: Vec<String>,
}

/// A file that was read.
pub(super) struct Sheet {
    /// The header as it is.
    pub(super) header: Vec<String>,
    /// For each column of the file its place in the header.
    places: Vec<Option<usize>>,
    /// The rows to send.
    pub(super) rows: Vec<Row>,
    /// Rows that no message can state: with another number of cells than the header, or cells that a workbook has spoilt.
    pub(super) refused: Vec<RefusedRow>,
}

impl Row {
    /// The row refused.
    pub(super) fn refuse(self, refusals: Vec<Refusal>) -> RefusedRow {
        RefusedRow::new(self.number, self.original, refusals)
    }

    /// The row as a message, empty cells left out.
    pub(super) fn message(&self, sheet: Option<&Sheet>) -> RawRow {
        let places = sheet.map(|sheet| sheet.places.as_slice()).unwrap_or_default();
        let cells = self
            .file
            .columns()
            .iter()
            .zip(places)
            .filter_map(|(column, place)| {
                let text = unguarded(self.original.get((*place)?)?.trim());
                (!text.is_empty()).then(|| v1::Cell {
                    column: column.name.to_owned(),
                    value: text.to_owned(),
                })
            });
        RawRow {
            file: self.file.as_str().to_owned(),
            cells: cells.collect(),
        }
    }
}

/// Reads a file. Cells are not judged here: the service does, with the same parser.
pub(super) fn read(file: File, source: Source<'_>) -> Result<Sheet, FileRefusal> {
    match source {
        Source::Csv(bytes) => read_rows(file, SheetReader::open(file, &decode(file, bytes)?)?),
        Source::Grid(grid) => read_rows(file, SheetReader::over(grid)?),
    }
}

fn read_rows(file: File, mut reader: SheetReader<'_>) -> Result<Sheet, FileRefusal> {
    let allow = Allow::default();
    let places = reader.places().to_vec();
    let institution_place =
        position(file, "institution_code").and_then(|position| places.get(position).copied()?);
    let mut codes: HashMap<String, Option<String>> = HashMap::new();
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    while let Some(read) = reader.next_row(&allow)? {
        let institution = match read {
            Ok((row, _)) => row.institution_code().map(str::to_owned),
            Err(row)
                if reader.is_faulty()
                    || row
                        .refusals
                        .iter()
                        .any(|refusal| refusal.code == RefusalCode::RowCellCount) =>
            {
                refused.push(row);
                continue;
            }
            Err(row) => {
                let cell = institution_place
                    .and_then(|place| row.original.get(place))
                    .map_or("", String::as_str);
                match codes.get(cell) {
                    Some(code) => code.clone(),
                    None => codes
                        .entry(cell.to_owned())
                        .or_insert(institution_of(file, cell))
                        .clone(),
                }
            }
        };
        rows.push(Row {
            file,
            number: reader.number(),
            institution,
            original: reader.original(),
        });
    }
    Ok(Sheet {
        header: reader.header().to_vec(),
        places,
        rows,
        refused,
    })
}

fn position(file: File, name: &str) -> Option<usize> {
    file.columns().iter().position(|column| column.name == name)
}

/// The institution of a row that is wrong elsewhere, by the contract's own parser: of a withdrawn record only the key is read.
fn institution_of(file: File, cell: &str) -> Option<String> {
    if file.owner() != Owner::Institution {
        return None;
    }
    let mut cells = Cells::new(File::Loans);
    for (column, text) in [
        ("institution_code", unguarded(cell.trim())),
        ("contract_no", "1"),
        ("withdrawn", "true"),
    ] {
        cells.set(column, text).ok()?;
    }
    let (row, _) = parse_row(File::Loans, &cells, &Allow::default()).ok()?;
    row.institution_code().map(str::to_owned)
}

/// What the service said of a row. A code that this version does not know keeps its text.
pub(super) fn refusal(file: File, refusal: &v1::Refusal) -> Refusal {
    let column = file.column(&refusal.column).map(|column| column.name);
    let (code, prefix) = match RefusalCode::parse(&refusal.code) {
        Some(code) => (code, String::new()),
        None => (RefusalCode::WordUnknown, format!("{}: ", refusal.code)),
    };
    Refusal {
        zh: Cow::Owned(format!("{prefix}{}", refusal.zh)),
        en: Cow::Owned(format!("{prefix}{}", refusal.en)),
        ..Refusal::new(file, column, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_cells_and_know_their_institution() {
        let text = "合同号,机构代码,借款人,合同金额,签订日,循环,担保方式,专利占比,登记号,续贷原合同,银团协议号\n\
                    ' HT-1,PICC-1,wrong,1,2025-01-01,false,patent,,,,\n\
                    '=HT-2,ＰＩＣＣ-1,wrong,1,2025-01-01,false,patent,,,,\n\
                    HT-3,a/b,wrong,1,2025-01-01,false,patent,,,,\n\
                    HT-4,PICC-1\n";
        let sheet = read(File::Loans, Source::Csv(text.as_bytes())).unwrap();
        let institutions: Vec<_> = sheet.rows.iter().map(|row| row.institution.as_deref()).collect();
        assert_eq!(institutions, [Some("PICC-1"), Some("PICC-1"), None]);
        assert_eq!(sheet.refused.len(), 1);
        let message = sheet.rows[1].message(Some(&sheet));
        let cell = |name: &str| {
            message
                .cells
                .iter()
                .find(|cell| cell.column == name)
                .map(|cell| cell.value.as_str())
        };
        assert_eq!(cell("contract_no"), Some("=HT-2"));
        assert_eq!(cell("collateral"), Some("patent"));
        assert_eq!(cell("patent_share"), None);
        assert_eq!(sheet.rows[1].number, 3);
    }
}
