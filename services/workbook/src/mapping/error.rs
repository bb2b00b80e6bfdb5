//! Why a mapping, or the table it is applied to, is refused as a whole.

use exchange::RefusalCode;

use crate::error::WorkbookError;

/// A mapping that cannot be used, or a table that is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The mapping names no exchange file.
    #[error("MAPPING_FILE_UNKNOWN: {0}")]
    FileUnknown(String),
    /// The header's row is no row from 1 to 100.
    #[error("MAPPING_HEADER_ROW: {0}")]
    HeaderRow(u32),
    /// The file has no such column.
    #[error("MAPPING_COLUMN_UNKNOWN: {0}")]
    ColumnUnknown(String),
    /// A column is given twice, or by a header and a constant.
    #[error("MAPPING_COLUMN_TWICE: {0}")]
    ColumnTwice(String),
    /// A header is given twice.
    #[error("MAPPING_HEADER_TWICE: {0}")]
    HeaderTwice(String),
    /// A required column is neither mapped nor a constant.
    #[error("MAPPING_COLUMN_MISSING: {0}")]
    ColumnMissing(String),
    /// A unit for a column that holds no amounts.
    #[error("MAPPING_UNIT_OF_NO_AMOUNT: {0}")]
    UnitOfNoAmount(String),
    /// A form of days for a column that holds none.
    #[error("MAPPING_DATE_FORM_OF_NO_DATE: {0}")]
    DateFormOfNoDate(String),
    /// The table lacks one of the partner's headers.
    #[error("MAPPING_HEADER_MISSING: {header} ({row})")]
    HeaderMissing {
        /// The header.
        header: String,
        /// The row where headers are looked for.
        row: u32,
    },
    /// The workbook has no such sheet.
    #[error("MAPPING_SHEET_MISSING: {0}")]
    SheetMissing(String),
    /// The text of a CSV file is refused.
    #[error("{}: {}", .0.as_str(), .0.en())]
    Text(RefusalCode),
    /// The workbook is refused, or the table is over a cap.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),
}

impl MappingError {
    /// The name in UPPER_SNAKE case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FileUnknown(_) => "MAPPING_FILE_UNKNOWN",
            Self::HeaderRow(_) => "MAPPING_HEADER_ROW",
            Self::ColumnUnknown(_) => "MAPPING_COLUMN_UNKNOWN",
            Self::ColumnTwice(_) => "MAPPING_COLUMN_TWICE",
            Self::HeaderTwice(_) => "MAPPING_HEADER_TWICE",
            Self::ColumnMissing(_) => "MAPPING_COLUMN_MISSING",
            Self::UnitOfNoAmount(_) => "MAPPING_UNIT_OF_NO_AMOUNT",
            Self::DateFormOfNoDate(_) => "MAPPING_DATE_FORM_OF_NO_DATE",
            Self::HeaderMissing { .. } => "MAPPING_HEADER_MISSING",
            Self::SheetMissing(_) => "MAPPING_SHEET_MISSING",
            Self::Text(code) => code.as_str(),
            Self::Workbook(error) => error.code.as_str(),
        }
    }

    /// The message in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::FileUnknown(name) => format!("映射的文件 {name} 不是规定的文件"),
            Self::HeaderRow(row) => format!("表头行应为 1 至 100，而不是 {row}"),
            Self::ColumnUnknown(name) => format!("该文件没有列 {name}"),
            Self::ColumnTwice(name) => format!("列 {name} 映射了两次"),
            Self::HeaderTwice(header) => format!("表头「{header}」映射了两次"),
            Self::ColumnMissing(name) => format!("必填列 {name} 既没有映射，也没有固定值"),
            Self::UnitOfNoAmount(name) => format!("列 {name} 不是金额，不能写单位"),
            Self::DateFormOfNoDate(name) => format!("列 {name} 不是日期，不能写日期格式"),
            Self::HeaderMissing { header, row } => format!("第 {row} 行没有表头「{header}」"),
            Self::SheetMissing(name) => format!("工作簿没有工作表「{name}」"),
            Self::Text(code) => code.zh().to_owned(),
            Self::Workbook(error) => error.zh(),
        }
    }

    /// The message in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::FileUnknown(name) => format!("the mapping's file {name} is no exchange file"),
            Self::HeaderRow(row) => format!("the row of headers lies between 1 and 100, unlike {row}"),
            Self::ColumnUnknown(name) => format!("the file has no column {name}"),
            Self::ColumnTwice(name) => format!("column {name} is mapped twice"),
            Self::HeaderTwice(header) => format!("header \"{header}\" is mapped twice"),
            Self::ColumnMissing(name) => {
                format!("the required column {name} is neither mapped nor a constant")
            }
            Self::UnitOfNoAmount(name) => format!("column {name} holds no amounts and has no unit"),
            Self::DateFormOfNoDate(name) => format!("column {name} holds no days and has no form of them"),
            Self::HeaderMissing { header, row } => format!("row {row} has no header \"{header}\""),
            Self::SheetMissing(name) => format!("the workbook has no sheet \"{name}\""),
            Self::Text(code) => code.en().to_owned(),
            Self::Workbook(error) => error.en(),
        }
    }
}
