//! A partner's own table as exchange rows: which of its headers is which column, in which unit and words.
//!
//! A mapping is data: it is saved once for an institution and applied to every file of that form, CSV or XLSX.

mod apply;
mod error;
mod table;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use exchange::{Column, File, Grid, Kind, Refusal};
use serde::{Deserialize, Serialize};

use crate::limits::Limits;
pub use error::MappingError;

/// Highest row that may be the header's.
const HEADER_ROW_MOST: u32 = 100;

/// How the text of a CSV file is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8 with or without a byte order mark, else GB18030.
    #[default]
    Auto,
    /// UTF-8 with or without a byte order mark.
    Utf8,
    /// GB18030, and so also GBK and GB2312.
    Gb18030,
}

/// What the amounts of a column count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 元
    #[default]
    Yuan,
    /// 万元, with at most six digits after the point: one fen is 0.000001.
    WanYuan,
}

/// How the days of a column are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// Year first, in any form that workbooks take: 2018-04-03, 2018/4/3, 2018.4.3, 20180403, 2018年4月3日.
    #[default]
    YearFirst,
    /// 3/4/2018, with `/`, `.` or `-`.
    DayFirst,
    /// 4/3/2018, with `/`, `.` or `-`.
    MonthFirst,
}

/// One of the partner's columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// The partner's header, compared after trimming and folding to half width.
    pub header: String,
    /// The English name of our column.
    pub column: String,
    /// The unit of its amounts; only for amounts.
    #[serde(default)]
    pub unit: Unit,
    /// The form of its days; only for days and instants.
    #[serde(default)]
    pub date_form: DateForm,
    /// The partner's values and ours. Where any is given, every filled cell must be among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// A saved column mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What its owner calls it.
    pub name: String,
    /// The English name of the exchange file that its rows become.
    pub file: String,
    /// The encoding of CSV; a workbook states its own.
    #[serde(default)]
    pub encoding: Encoding,
    /// The sheet of a workbook; its first where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The row of the partner's headers, from 1; rows above it are passed over.
    #[serde(default = "first_row")]
    pub header_row: u32,
    /// The partner's columns; others are passed over.
    pub columns: Vec<MappedColumn>,
    /// Cells that are the same in every row, by our column's English name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, String>,
}

const fn first_row() -> u32 {
    1
}

impl Mapping {
    /// Whether the mapping can produce rows of its file at all.
    ///
    /// # Errors
    /// [`MappingError`] naming the column or header that is wrong.
    pub fn check(&self) -> Result<File, MappingError> {
        let file = File::parse(&self.file).ok_or_else(|| MappingError::FileUnknown(self.file.clone()))?;
        if !(1..=HEADER_ROW_MOST).contains(&self.header_row) {
            return Err(MappingError::HeaderRow(self.header_row));
        }
        let mut given: BTreeSet<&str> = BTreeSet::new();
        let mut headers: BTreeSet<String> = BTreeSet::new();
        let constants = self.constants.keys().map(String::as_str);
        for name in self.columns.iter().map(|it| it.column.as_str()).chain(constants) {
            if file.column(name).is_none() {
                return Err(MappingError::ColumnUnknown(name.to_owned()));
            }
            if !given.insert(name) {
                return Err(MappingError::ColumnTwice(name.to_owned()));
            }
        }
        for mapped in &self.columns {
            if !headers.insert(exchange::folded(&mapped.header).into_owned()) {
                return Err(MappingError::HeaderTwice(mapped.header.clone()));
            }
            let kind = file.column(&mapped.column).map(|column| column.kind);
            if mapped.unit != Unit::Yuan && kind != Some(Kind::Money) {
                return Err(MappingError::UnitOfNoAmount(mapped.column.clone()));
            }
            if mapped.date_form != DateForm::YearFirst && !matches!(kind, Some(Kind::Date | Kind::Instant)) {
                return Err(MappingError::DateFormOfNoDate(mapped.column.clone()));
            }
        }
        let missing = |column: &&Column| column.required_cell && !given.contains(column.name);
        match file.columns().iter().find(missing) {
            Some(column) => Err(MappingError::ColumnMissing(format!(
                "{} {}",
                column.name, column.zh
            ))),
            None => Ok(file),
        }
    }

    /// Reads the partner's table, CSV or XLSX, as rows of the mapping's file. Row numbers stay the partner's; a cell that cannot be
    /// translated refuses its row and names the partner's header.
    ///
    /// # Errors
    /// [`MappingError`] where the mapping or the table as a whole is refused.
    pub fn apply(&self, bytes: &[u8], limits: &Limits<'_>) -> Result<Grid, MappingError> {
        let file = self.check()?;
        apply::apply(self, file, bytes, limits)
    }

    /// A refusal of one of its rows in the partner's own words: with the header that the partner gave the column.
    #[must_use]
    pub fn in_own_words(&self, refusal: Refusal) -> Refusal {
        let own = self
            .columns
            .iter()
            .find(|mapped| Some(mapped.column.as_str()) == refusal.column);
        let Some(own) = own else { return refusal };
        let (mut zh, mut en) = (refusal.zh.to_string(), refusal.en.to_string());
        if zh.contains(&own.header) {
            return refusal;
        }
        // Writing to a text cannot fail.
        let _written = write!(zh, "（您的列「{}」）", own.header);
        let _written = write!(en, " (your column \"{}\")", own.header);
        Refusal {
            zh: zh.into(),
            en: en.into(),
            ..refusal
        }
    }
}
