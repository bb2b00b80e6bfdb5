//! What the service can answer but success.

use exchange::{FileRefusal, Refusal};
use platform::error::{Fault, FieldViolation, Kind};
use policy::money::MoneyError;
use workbook::{MappingError, WorkbookError};

/// Errors of uploads, templates, mappings and statements.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Those of the ledger and the plumbing.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A sum beyond the range of amounts.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A workbook that is refused as a whole.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),
    /// A table that is refused as a whole: its encoding, its header or its end.
    #[error("the file is refused as a whole")]
    File(FileRefusal),
    /// A table that is not of the form of the mapping it is read by.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A workbook could not be written.
    #[error("a workbook cannot be written: {0}")]
    NotWritten(String),
    /// The month has not begun.
    #[error("{month} has not begun")]
    MonthAhead {
        /// The month.
        month: String,
    },
    /// Another upload of the same caller, or too many of all, are under way.
    #[error("another upload is under way")]
    UploadBusy,
    /// The bytes stopped coming.
    #[error("the upload stopped: no bytes came for {seconds} s, or it took too long as a whole")]
    UploadStalled {
        /// Seconds without a byte that are waited for.
        seconds: u64,
    },
    /// More or fewer bytes than declared.
    #[error("{came} bytes came, {declared} were declared")]
    SizeDiffers {
        /// Declared.
        declared: u64,
        /// Came; where more came than declared, those read until then.
        came: u64,
    },
    /// Other bytes than declared.
    #[error("the digest of what came is {came}, {declared} was declared")]
    DigestDiffers {
        /// Declared SHA-256.
        declared: String,
        /// SHA-256 of what came.
        came: String,
    },
}

impl From<FileRefusal> for Error {
    fn from(refusal: FileRefusal) -> Self {
        Self::File(refusal)
    }
}

impl From<rust_xlsxwriter::XlsxError> for Error {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        Self::NotWritten(error.to_string())
    }
}

ledger::carries_ledger_error!(Error);

impl Error {
    /// One wrong field.
    pub(crate) fn invalid(
        field: &str,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        ledger::Error::invalid(field, code, zh, en).into()
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Workbook(_)
            | Self::Mapping(_)
            | Self::File(_)
            | Self::SizeDiffers { .. }
            | Self::DigestDiffers { .. } => Kind::InvalidArgument,
            Self::Money(_) | Self::MonthAhead { .. } => Kind::FailedPrecondition,
            Self::UploadBusy => Kind::ResourceExhausted,
            Self::UploadStalled { .. } => Kind::DeadlineExceeded,
            Self::NotWritten(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.reason(),
            Self::Money(_) => "AMOUNT_OVERFLOW",
            Self::Workbook(error) => error.code.as_str(),
            Self::Mapping(error) => error.code(),
            Self::File(refusal) => match refusal.refusals.as_slice() {
                [only] => only.code.as_str(),
                _ => "FIELDS_INVALID",
            },
            Self::NotWritten(_) => "INTERNAL",
            Self::MonthAhead { .. } => "STATEMENT_MONTH_AHEAD",
            Self::UploadBusy => "UPLOAD_BUSY",
            Self::UploadStalled { .. } => "UPLOAD_STALLED",
            Self::SizeDiffers { .. } => "UPLOAD_SIZE_DIFFERS",
            Self::DigestDiffers { .. } => "UPLOAD_DIGEST_DIFFERS",
        }
    }

    fn message_zh(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_zh(),
            Self::Money(error) => error.to_string(),
            Self::Workbook(error) => error.zh(),
            Self::Mapping(error) => error.zh(),
            Self::File(refusal) => join(refusal.refusals.iter().map(|it| it.zh.to_string()), "；"),
            Self::NotWritten(_) => "内部错误".to_owned(),
            Self::MonthAhead { month } => format!("{month} 尚未开始，没有对账单"),
            Self::UploadBusy => "另有文件正在上传，请等它结束后再传".to_owned(),
            Self::UploadStalled { seconds } => {
                format!("上传中断：{seconds} 秒没有收到数据，或整体用时过长；什么都没有保存，请重新上传")
            }
            Self::SizeDiffers { declared, came } => {
                format!("声明 {declared} 字节，收到 {came} 字节；什么都没有保存，请重新上传")
            }
            Self::DigestDiffers { .. } => "收到的内容与声明的摘要不符；什么都没有保存，请重新上传".to_owned(),
        }
    }

    fn message_en(&self) -> String {
        match self {
            Self::Ledger(error) => error.message_en(),
            Self::Workbook(error) => error.en(),
            Self::Mapping(error) => error.en(),
            Self::File(refusal) => join(refusal.refusals.iter().map(|it| it.en.to_string()), "; "),
            Self::NotWritten(_) => "internal error".to_owned(),
            Self::MonthAhead { month } => format!("{month} has not begun: there is no statement of it yet"),
            Self::UploadBusy => "another upload is under way: wait for its end and send again".to_owned(),
            Self::UploadStalled { .. } | Self::SizeDiffers { .. } | Self::DigestDiffers { .. } => {
                format!("{self}; nothing was stored, send it again")
            }
            Self::Money(_) => self.to_string(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Ledger(error) => error.violations(),
            Self::File(refusal) => refusal.refusals.iter().map(violation).collect(),
            _ => Vec::new(),
        }
    }
}

/// A refusal of a whole file: its field is the column where one is to blame.
fn violation(refusal: &Refusal) -> FieldViolation {
    let file = refusal.file.as_str();
    FieldViolation {
        field: refusal
            .column
            .map_or_else(|| file.to_owned(), |column| format!("{file}.{column}")),
        code: refusal.code.as_str(),
        zh: refusal.zh.to_string(),
        en: refusal.en.to_string(),
    }
}

fn join(texts: impl Iterator<Item = String>, separator: &str) -> String {
    texts.collect::<Vec<_>>().join(separator)
}
