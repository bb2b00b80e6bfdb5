//! Refusals and warnings: closed lists, never renamed once released.

use std::borrow::Cow;
use std::fmt;

use crate::file::File;

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

            /// Reads the released name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
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
    /// Why a row or a file is refused: only what is wrong in itself.
    RefusalCode {
        CellRequired = "CELL_REQUIRED", "必填项为空", "a required cell is empty";
        AmountMalformed = "AMOUNT_MALFORMED", "金额格式不对：以元为单位，只用数字和小数点，不得有正负号、千分位、科学计数法", "not an amount in yuan: digits and a point only, no sign, no separator, no exponent";
        AmountPlaces = "AMOUNT_PLACES", "金额小数超过两位", "an amount has at most two digits after the point";
        AmountZero = "AMOUNT_ZERO", "金额必须大于零；没有金额请留空（该列允许时）", "an amount must be above 0; where none is known the cell stays empty, if the column allows it";
        AmountOutOfRange = "AMOUNT_OUT_OF_RANGE", "金额小数点前超过 11 位", "an amount has at most 11 digits before the point";
        DateMalformed = "DATE_MALFORMED", "日期格式不对：应为 2018-04-03、2018/4/3 或 2018年4月3日", "not a date: expected 2018-04-03, 2018/4/3 or 2018年4月3日";
        DateInvalid = "DATE_INVALID", "没有这一天", "there is no such day";
        DateOutOfRange = "DATE_OUT_OF_RANGE", "日期不在 1900 年至 9999 年之间；没有止日请留空", "the date lies outside 1900 to 9999; an open end is an empty cell";
        InstantMalformed = "INSTANT_MALFORMED", "时间格式不对：应为 2025-03-01T09:30:00+08:00，或只写日期", "not an instant: expected 2025-03-01T09:30:00+08:00, or a bare date";
        InstantInvalid = "INSTANT_INVALID", "没有这个时刻（闰秒 :60 和 24 时不接受）", "there is no such time of day (a leap second :60 and hour 24 are not accepted)";
        InstantWithoutOffset = "INSTANT_WITHOUT_OFFSET", "时间缺少时区，如 +08:00", "the instant has no offset, such as +08:00";
        InstantTooPrecise = "INSTANT_TOO_PRECISE", "时间精度超过微秒", "the instant is finer than a microsecond";
        UsccMalformed = "USCC_MALFORMED", "统一社会信用代码格式不对：18 位，不含 I、O、S、V、Z", "not a unified social credit code: 18 symbols without I, O, S, V and Z";
        UsccCheckDigit = "USCC_CHECK_DIGIT", "统一社会信用代码校验不通过（第 18 位或第 17 位）", "a check character of the credit code is wrong (position 18, or 17 of the organisation code)";
        PatentMalformed = "PATENT_MALFORMED", "专利号格式不对：应为 12 位（2003 年 10 月前为 8 位）数字加校验位，如 201610123456.6", "not a patent number: 12 digits (8 before October 2003) and the check character, such as 201610123456.6";
        PatentCheckDigit = "PATENT_CHECK_DIGIT", "专利号校验位不对", "the check character of the patent number is wrong";
        PatentIsPublicationNumber = "PATENT_IS_PUBLICATION_NUMBER", "这是公布（公告）号，请填申请号或专利号，如 ZL201610123456.6", "this is a publication number; give the application or patent number, such as ZL201610123456.6";
        PledgeMalformed = "PLEDGE_MALFORMED", "质押登记号格式不对：Y（可无）加 13 位数字，以年份开头", "not a pledge registration number: an optional Y and 13 digits that begin with the year";
        PledgePatentsEmpty = "PLEDGE_PATENTS_EMPTY", "质押登记没有专利", "the pledge names no patent";
        InstitutionCodeMalformed = "INSTITUTION_CODE_MALFORMED", "机构代码格式不对：银行为 12 位支付系统行号，其他机构为 1 至 64 个字符，不含 /、; 和控制字符", "not an institution code: a bank has 12 digits, others 1 to 64 characters without /, ; and control characters";
        CnapsCheckDigit = "CNAPS_CHECK_DIGIT", "支付系统行号校验位不对", "the check digit of the bank number is wrong";
        DivisionMalformed = "DIVISION_MALFORMED", "行政区划代码应为 6 位数字", "a division code has six digits";
        ReferenceMalformed = "REFERENCE_MALFORMED", "编号应为 1 至 64 个字符，不含 /、; 和控制字符", "a number has 1 to 64 characters without /, ; and control characters";
        SubjectMalformed = "SUBJECT_MALFORMED", "对象应为统一社会信用代码或专利号", "the subject is neither a credit code nor a patent number";
        WordUnknown = "WORD_UNKNOWN", "不是规定的取值", "not a word of the list";
        ShareMalformed = "SHARE_MALFORMED", "占比应为小数，如 0.6，最多六位", "a share is a decimal such as 0.6 with at most six places";
        ShareOutOfRange = "SHARE_OUT_OF_RANGE", "占比应在 0 与 1 之间", "a share lies between 0 and 1";
        ShareNotAllowed = "SHARE_NOT_ALLOWED", "只有组合担保（mixed）才填专利占比", "only mixed collateral has a patent share";
        FindingUnknown = "FINDING_UNKNOWN", "不是提示代码（见 zhirong codes）", "not the code of a finding (see `zhirong codes`)";
        DecisionValueRequired = "DECISION_VALUE_REQUIRED", "接受 SHARE_UNSTATED 须写明专利占比", "accepting SHARE_UNSTATED states the patent share";
        DecisionValueNotAllowed = "DECISION_VALUE_NOT_ALLOWED", "只有接受 SHARE_UNSTATED 才填数值", "only accepting SHARE_UNSTATED states a value";
        BoolMalformed = "BOOL_MALFORMED", "应为 true 或 false（是、否）", "expected true or false";
        RevisionMalformed = "REVISION_MALFORMED", "修订号应为 1 至 2147483647 的整数", "a revision is a whole number from 1 to 2147483647";
        TextTooLong = "TEXT_TOO_LONG", "文字超过 200 个字符", "the text has more than 200 characters";
        TextControlCharacter = "TEXT_CONTROL_CHARACTER", "文字含控制字符或不可见字符", "the text holds a control or an invisible character";
        PeriodReversed = "PERIOD_REVERSED", "止日早于起日", "the period ends before it begins";
        ReversesRequired = "REVERSES_REQUIRED", "冲正或退费必须写明原流水号", "a reversal or refund must name the event it reverses";
        ReversesNotAllowed = "REVERSES_NOT_ALLOWED", "只有冲正或退费才填原流水号", "only a reversal or refund names another event";
        ReversesItself = "REVERSES_ITSELF", "不能冲正自己", "an event cannot reverse itself";
        RevisionConflict = "REVISION_CONFLICT", "同一修订号已有不同内容，以先到者为准；更正请用更高的修订号", "this revision is stored with other content, which stands; correct it with a higher revision";
        InstitutionNotRegistered = "INSTITUTION_NOT_REGISTERED", "机构未登记", "the institution was never registered";
        InstitutionWithdrawn = "INSTITUTION_WITHDRAWN", "机构登记已撤销，不再接受新的报送", "the institution is withdrawn; new reports are not accepted";
        OtherInstitution = "OTHER_INSTITUTION", "不得报送其他机构的记录", "the record belongs to another institution";
        NotTheBureau = "NOT_THE_BUREAU", "此表由主管部门报送", "only the bureau reports this file";
        ColumnUnknown = "COLUMN_UNKNOWN", "有不认识的列", "a column is unknown";
        ColumnMissing = "COLUMN_MISSING", "缺少列", "a column is missing";
        ColumnDuplicate = "COLUMN_DUPLICATE", "列重复", "a column appears twice";
        RowCellCount = "ROW_CELL_COUNT", "单元格数与表头不符", "the row has another number of cells than the header";
        FileUnknown = "FILE_UNKNOWN", "不是规定的文件", "not a file of the contract";
        FileEmpty = "FILE_EMPTY", "文件是空的", "the file is empty";
        FileTooLarge = "FILE_TOO_LARGE", "文件过大，请分成几个", "the file is too large; split it";
        FileEncoding = "FILE_ENCODING", "编码既不是 UTF-8 也不是 GB18030", "the encoding is neither UTF-8 nor GB18030";
        FileTruncated = "FILE_TRUNCATED", "文件不完整（引号或最后一个字符没有结束）", "the file is cut off (an open quote or half a character at its end)";
        NumberInCodeCell = "NUMBER_IN_CODE_CELL", "编号单元格是数字：电子表格会丢失开头的零和第 15 位以后的数字；请把该列设为文本格式后重新填写", "a code stands in a number cell, where spreadsheets lose leading zeros and every digit after the 15th; format the column as text and type it again";
        ScientificNotation = "SCIENTIFIC_NOTATION", "编号已被电子表格变成科学计数法，数字已丢失；请把该列设为文本格式后重新填写", "a spreadsheet turned the code into scientific notation and lost digits; format the column as text and type it again";
        AmountNotExact = "AMOUNT_NOT_EXACT", "数字单元格的值不是准确的金额或占比（小数位数过多）；请核对后按文本填写", "the number in the cell is no exact amount or share (too many places); check it and type it as text";
        FormulaInCell = "FORMULA_IN_CELL", "单元格是公式；请粘贴为数值后重试", "the cell holds a formula; paste its value instead";
        CellIsError = "CELL_IS_ERROR", "单元格是错误值", "the cell holds an error value";
        CellTypeWrong = "CELL_TYPE_WRONG", "单元格的类型不对（日期、真假值或数字填在了别的列）", "the cell has the wrong type: a date, a truth value or a number in a column of something else";
        DateWithTime = "DATE_WITH_TIME", "日期单元格带有时刻；该列只填日期", "the date cell holds a time of day; this column takes days only";
        CellNotCorrected = "CELL_NOT_CORRECTED", "单元格仍带 ⚠ 标记：原值已丢失或不可信，请填写正确的值", "the cell still has its ⚠ mark: its value was lost or cannot be trusted; type the right one";
        ValueNotMapped = "VALUE_NOT_MAPPED", "列映射中没有这个取值", "the column mapping has no translation of this value";
        AmountPlacesWan = "AMOUNT_PLACES_WAN", "以万元计的金额小数超过六位", "an amount in 万元 has at most six digits after the point";
    }
);

codes!(
    /// What is stored but looks wrong.
    WarningCode {
        AmountUnitSuspect = "AMOUNT_UNIT_SUSPECT", "金额小于一万元或大于十亿元，请核对单位是元而不是万元", "below 10,000 or above 1,000,000,000 yuan: check that the unit is yuan";
        PledgeYearDiffers = "PLEDGE_YEAR_DIFFERS", "登记号中的年份与登记日不同", "the year in the registration number differs from that of the registration";
    }
);

macro_rules! remark {
    ($(#[$doc:meta])* $name:ident, $code:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            /// The file it is about.
            pub file: File,
            /// The row, where there is one; the header is row 1.
            pub row: Option<u32>,
            /// The column's English name, where one is to blame.
            pub column: Option<&'static str>,
            /// The code.
            pub code: $code,
            /// Message in Chinese.
            pub zh: Cow<'static, str>,
            /// Message in English.
            pub en: Cow<'static, str>,
        }

        impl $name {
            /// A remark with its code's own words, not yet at a row.
            #[must_use]
            pub const fn new(file: File, column: Option<&'static str>, code: $code) -> Self {
                Self { file, row: None, column, code, zh: Cow::Borrowed(code.zh()), en: Cow::Borrowed(code.en()) }
            }

            /// The same with a detail after each message.
            #[must_use]
            pub fn detailed(self, detail: &str) -> Self {
                Self { zh: Cow::Owned(format!("{}：{detail}", self.zh)), en: Cow::Owned(format!("{}: {detail}", self.en)), ..self }
            }

            /// The same at a row.
            #[must_use]
            pub fn at_row(self, row: u32) -> Self {
                Self { row: Some(row), ..self }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}.csv", self.file.as_str())?;
                if let Some(row) = self.row {
                    write!(formatter, " row {row}")?;
                }
                if let Some(column) = self.column {
                    write!(formatter, " {column}")?;
                }
                write!(formatter, " {}: {} / {}", self.code.as_str(), self.zh, self.en)
            }
        }
    };
}

remark!(
    /// A refusal: file, row, column, code and message in Chinese and English.
    Refusal, RefusalCode
);
remark!(
    /// A warning on a row that is stored.
    Warning, WarningCode
);
