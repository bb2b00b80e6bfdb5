//! Small tables that are no exchange file, such as payment results: the same encodings, headers, cells and refusals.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use policy::money::Money;

use crate::codes::RefusalCode;
use crate::csv_in::decode;
use crate::csv_out::{into_guarded, write_records};
use crate::file::File;
use crate::text::{composed, folded, unguarded, upper};
use crate::values;

/// A column: English name, Chinese name, whether the header may lack it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableColumn {
    /// English name.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// Whether the header may lack it.
    pub optional: bool,
}

/// A row: its number (the header is row 1) and its cells by English name; a missing cell is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableRow {
    /// Row number.
    pub number: u32,
    /// Cells by column name.
    pub cells: BTreeMap<&'static str, String>,
    /// The cells as they came.
    pub original: Vec<String>,
}

impl TableRow {
    /// A cell, empty where there is none.
    #[must_use]
    pub fn cell(&self, name: &str) -> &str {
        self.cells.get(name).map_or("", String::as_str)
    }
}

/// A refused row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRefusal {
    /// Row number.
    pub number: u32,
    /// Column, empty where the row as a whole is refused.
    pub column: &'static str,
    /// Code.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A table read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The header as it was.
    pub header: Vec<String>,
    /// Every row.
    pub rows: Vec<TableRow>,
}

/// Reads a table: UTF-8 with or without a mark, or GB18030; headers in English or Chinese, in any order.
///
/// # Errors
/// The code and the column that refuse the whole file.
pub fn read(bytes: &[u8], columns: &'static [TableColumn]) -> Result<Table, (RefusalCode, String)> {
    // Encodings are told apart the same way for every file; which one is named plays no part.
    let text = decode(File::Institutions, bytes).map_err(|refusal| {
        let code = refusal
            .refusals
            .first()
            .map_or(RefusalCode::FileEncoding, |it| it.code);
        (code, String::new())
    })?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let malformed = |_| (RefusalCode::FileEncoding, String::new());
    let first = records
        .next()
        .ok_or((RefusalCode::FileEmpty, String::new()))?
        .map_err(malformed)?;
    let header: Vec<String> = first.iter().map(str::to_owned).collect();
    let mut places: Vec<&'static str> = Vec::new();
    for cell in &header {
        let name = folded(cell);
        let column = columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(&name) || column.zh == name)
            .ok_or_else(|| (RefusalCode::ColumnUnknown, cell.clone()))?;
        if places.contains(&column.name) {
            return Err((RefusalCode::ColumnDuplicate, cell.clone()));
        }
        places.push(column.name);
    }
    if let Some(missing) = columns
        .iter()
        .find(|column| !column.optional && !places.contains(&column.name))
    {
        return Err((RefusalCode::ColumnMissing, missing.name.to_owned()));
    }
    let mut rows = Vec::new();
    for (record, number) in records.zip(2..) {
        let original: Vec<String> = record.map_err(malformed)?.iter().map(str::to_owned).collect();
        if original.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cells = places
            .iter()
            .zip(&original)
            .map(|(name, cell)| (*name, unguarded(cell.trim()).to_owned()));
        rows.push(TableRow {
            number,
            cells: cells.collect(),
            original,
        });
    }
    Ok(Table { header, rows })
}

/// Writes refused rows under the header they came with, then `row`, `column`, `code` and `message`.
#[must_use]
pub fn write_refused(table: &Table, refusals: &[TableRefusal]) -> Vec<u8> {
    let mut first = table.header.clone();
    first.extend(["row", "column", "code", "message"].map(str::to_owned));
    let records = refusals.iter().filter_map(|refusal| {
        let row = table.rows.iter().find(|row| row.number == refusal.number)?;
        let mut cells: Vec<String> = row.original.iter().cloned().map(into_guarded).collect();
        cells.resize(table.header.len(), String::new());
        cells.extend([
            refusal.number.to_string(),
            refusal.column.to_owned(),
            refusal.code.clone(),
            format!("{} / {}", refusal.zh, refusal.en),
        ]);
        Some(cells)
    });
    write_records(std::iter::once(first).chain(records))
}

/// Writes a table of one's own, guarded against formulas.
#[must_use]
pub fn write(records: Vec<Vec<String>>) -> Vec<u8> {
    write_records(
        records
            .into_iter()
            .map(|cells| cells.into_iter().map(into_guarded).collect::<Vec<_>>()),
    )
}

/// Reads a date in any of the contract's forms.
///
/// # Errors
/// The codes of a date.
pub fn date(text: &str) -> Result<NaiveDate, RefusalCode> {
    if text.is_empty() {
        return Err(RefusalCode::CellRequired);
    }
    values::read_date(text)
}

/// Reads an amount above 0 in yuan.
///
/// # Errors
/// The codes of an amount.
pub fn amount(text: &str) -> Result<Money, RefusalCode> {
    if text.is_empty() {
        return Err(RefusalCode::CellRequired);
    }
    values::read_money(text)
}

/// Reads an amount in yuan that may be 0 or negative, as bank statements state them.
///
/// # Errors
/// The codes of an amount.
pub fn signed_amount(text: &str) -> Result<Money, RefusalCode> {
    let text = folded(text);
    let (sign, rest) = text.strip_prefix('-').map_or((1, &*text), |rest| (-1, rest));
    match amount(rest) {
        Ok(amount) => Ok(Money::from_fen(sign * amount.fen())),
        Err(RefusalCode::AmountZero) if sign == 1 => Ok(Money::ZERO),
        Err(code) => Err(code),
    }
}

/// Reads free text of at most 200 characters.
///
/// # Errors
/// The codes of a text.
pub fn text(text: &str) -> Result<String, RefusalCode> {
    values::read_text(text)
}

/// Reads free text of at most so many characters.
///
/// # Errors
/// `TEXT_CONTROL_CHARACTER` and `TEXT_TOO_LONG`, whose sentence names the bound of a cell.
pub fn text_within(text: &str, most: usize) -> Result<String, RefusalCode> {
    values::read_text_within(text, most)
}

/// Text folded to half width and upper-cased, as identifiers are.
#[must_use]
pub fn identifier(text: &str) -> String {
    upper(text).into_owned()
}

/// A name for matching only (domain practice): half width, brackets alike, no spaces, no middle dots, upper-cased.
#[must_use]
pub fn name_for_matching(name: &str) -> String {
    folded(&composed(name))
        .chars()
        .filter(|symbol| !symbol.is_whitespace() && !matches!(symbol, '·' | '•' | '・' | '‧' | '∙' | '⋅'))
        .map(|symbol| match symbol {
            '〔' | '【' | '[' | '﹙' => '(',
            '〕' | '】' | ']' | '﹚' => ')',
            other => other,
        })
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[TableColumn] = &[
        TableColumn {
            name: "voucher_no",
            zh: "凭证号",
            optional: false,
        },
        TableColumn {
            name: "amount",
            zh: "金额",
            optional: true,
        },
    ];

    #[test]
    fn headers_are_english_or_chinese_and_an_unknown_one_refuses_the_file() {
        let table = read("金额,voucher_no\n1.00,7\n\n,'=8\n".as_bytes(), COLUMNS).unwrap();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(
            (table.rows[0].cell("voucher_no"), table.rows[0].cell("amount")),
            ("7", "1.00")
        );
        assert_eq!(table.rows[1].cell("voucher_no"), "=8");
        assert_eq!(
            read(b"voucher_no,x\n", COLUMNS),
            Err((RefusalCode::ColumnUnknown, "x".to_owned()))
        );
        assert_eq!(
            read(b"amount\n", COLUMNS),
            Err((RefusalCode::ColumnMissing, "voucher_no".to_owned()))
        );
        let refusal = TableRefusal {
            number: 2,
            column: "amount",
            code: "C".to_owned(),
            zh: "错".to_owned(),
            en: "no".to_owned(),
        };
        let text = String::from_utf8(write_refused(&table, &[refusal])).unwrap();
        assert!(text.ends_with("1.00,7,2,amount,C,错 / no\r\n"), "{text}");
    }

    #[test]
    fn names_match_whatever_their_width_spaces_and_brackets() {
        let name = name_for_matching("中国银行（安阳）分行 ABC");
        assert_eq!(name, name_for_matching("中国银行(安阳)分行\u{3000}ａｂｃ"));
        assert_ne!(name, name_for_matching("中国银行(安阴)分行ABC"));
    }

    #[test]
    fn a_statement_s_amounts_may_be_zero_or_negative() {
        assert_eq!(signed_amount("-1.05"), Ok(Money::from_fen(-105)));
        assert_eq!(signed_amount("0.00"), Ok(Money::ZERO));
        assert_eq!(signed_amount("-0"), Err(RefusalCode::AmountZero));
        assert_eq!(signed_amount("--1"), Err(RefusalCode::AmountMalformed));
    }
}
