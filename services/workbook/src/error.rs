//! Why a whole workbook is refused.

use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal, $zh:literal, $en:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $en] $variant),+ }

        impl $name {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The released name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What it says, in Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// What it says, in English.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }
        }
    };
}

codes!(
    /// Why a workbook is refused as a whole: a closed list, never renamed once released. What refuses one row is an
    /// [`exchange::RefusalCode`].
    WorkbookCode {
        FileTooLarge = "FILE_TOO_LARGE",
            "文件过大，请分成几个",
            "the file is too large; split it";
        NotAWorkbook = "NOT_A_WORKBOOK",
            "不是 XLSX 工作簿；请用电子表格打开后另存为 .xlsx",
            "not an XLSX workbook; open it in a spreadsheet program and save it as .xlsx";
        OldFormat = "OLD_WORKBOOK",
            "是旧格式工作簿（.xls、.xlsb）；请另存为 .xlsx",
            "a workbook of an old or binary form (.xls, .xlsb); save it as .xlsx";
        Encrypted = "WORKBOOK_ENCRYPTED",
            "工作簿设有密码；请取消密码后重试",
            "the workbook has a password; remove it and try again";
        Macros = "WORKBOOK_WITH_MACROS",
            "工作簿含宏；请另存为不含宏的 .xlsx",
            "the workbook holds macros; save it as .xlsx without them";
        Broken = "WORKBOOK_BROKEN",
            "工作簿已损坏，无法读取；请重新另存为 .xlsx",
            "the workbook is damaged and cannot be read; save it again as .xlsx";
        InflatesTooFar = "WORKBOOK_INFLATES",
            "工作簿解压后过大，请分成几个",
            "the workbook inflates beyond what is read; split it";
        EntriesTooMany = "WORKBOOK_ENTRIES",
            "工作簿内的部件过多；请新建工作簿，只粘贴数值",
            "the workbook has too many parts; paste the values into a new one";
        EntryNameUnsafe = "WORKBOOK_PATH_UNSAFE",
            "工作簿内的路径不安全",
            "a path inside the workbook leads out of it";
        EntriesLie = "WORKBOOK_SIZES_LIE",
            "工作簿的目录与内容不符",
            "the workbook's directory is not what its entries are";
        XmlNotPlain = "WORKBOOK_XML_UNSAFE",
            "工作簿内的 XML 含实体定义、其他编码或超长内容",
            "the workbook's XML defines entities, has another encoding or holds endless tokens";
        SheetsTooMany = "SHEETS_TOO_MANY",
            "工作表过多",
            "too many sheets";
        SheetUnknown = "SHEET_UNKNOWN",
            "工作表名不是规定的文件名（如 loans 或 贷款合同）；请改名或删除",
            "the sheet is not named like a file of the contract (such as loans or 贷款合同); rename or delete it";
        SheetTwice = "SHEET_TWICE",
            "同一文件有两个工作表；请合并",
            "two sheets are the same file; put their rows into one";
        SheetHidden = "SHEET_HIDDEN",
            "有隐藏的工作表；请取消隐藏或删除",
            "a sheet is hidden; show or delete it";
        SheetsNone = "SHEETS_NONE",
            "工作簿没有可读的工作表",
            "the workbook has no sheet to read";
        RowsTooMany = "ROWS_TOO_MANY",
            "行数过多，请分成几个文件",
            "too many rows; split the file";
        ColumnsTooMany = "COLUMNS_TOO_MANY",
            "列数过多；请删除表格以外的内容",
            "too many columns; delete what stands outside the table";
        CellsTooMany = "CELLS_TOO_MANY",
            "单元格或文字过多，请分成几个文件",
            "too many cells or too much text in them; split the file";
        CellTooLong = "CELL_TOO_LONG",
            "单元格文字过长",
            "a cell holds too much text";
        CellsMerged = "CELLS_MERGED",
            "有合并单元格；请取消合并",
            "cells are merged; take them apart";
        Formulas = "FORMULA_IN_CELL",
            "单元格是公式；请全部粘贴为数值",
            "cells hold formulas; paste their values instead";
        Dates1904 = "DATES_FROM_1904",
            "工作簿使用 1904 日期系统；请在选项中改为 1900 日期系统",
            "the workbook counts days from 1904; switch it to the 1900 date system";
        TooSlow = "WORKBOOK_TOO_SLOW",
            "读取超时，请分成几个文件",
            "reading took too long; split the file";
        NotWritten = "WORKBOOK_NOT_WRITTEN",
            "内容放不进工作簿；请改用 CSV",
            "the contents do not fit a workbook; use CSV instead";
    }
);

/// A workbook refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WorkbookError {
    /// Why.
    pub code: WorkbookCode,
    /// Where: a sheet, a cell such as `loans!B7`, a part of the archive, or a limit such as `20 MiB`; may be empty.
    pub place: String,
}

impl WorkbookError {
    /// A refusal that has no place.
    #[must_use]
    pub const fn new(code: WorkbookCode) -> Self {
        Self {
            code,
            place: String::new(),
        }
    }

    /// A refusal at a place.
    #[must_use]
    pub fn at(code: WorkbookCode, place: impl Into<String>) -> Self {
        Self {
            code,
            place: place.into(),
        }
    }

    /// The message in Chinese, with the place.
    #[must_use]
    pub fn zh(&self) -> String {
        self.with_place(self.code.zh(), "：")
    }

    /// The message in English, with the place.
    #[must_use]
    pub fn en(&self) -> String {
        self.with_place(self.code.en(), ": ")
    }

    fn with_place(&self, words: &str, colon: &str) -> String {
        if self.place.is_empty() {
            words.to_owned()
        } else {
            format!("{words}{colon}{}", self.place)
        }
    }
}

impl fmt::Display for WorkbookError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} / {}", self.code.as_str(), self.zh(), self.en())
    }
}
