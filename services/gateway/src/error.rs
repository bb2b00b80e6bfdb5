//! The one error enum of this crate: what can be wrong before a service is asked.

use std::collections::HashMap;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::expected::Expected;
use crate::status::http_status;

/// Value of `ErrorInfo.domain`, the same as in the services' own errors.
const DOMAIN: &str = "zhirong";

/// What keeps a request from reaching a service, or an answer from being printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The descriptors are malformed.
    #[error("descriptors: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// No method has this name.
    #[error("no method is named {name}")]
    UnknownMethod {
        /// The name as given.
        name: String,
        /// Full names of methods that may have been meant, nearest first.
        near: Vec<String>,
    },
    /// The text is no JSON.
    #[error("line {line}, column {column}: {what}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong, in English.
        what: String,
    },
    /// A message has no such field.
    #[error("there is no field {field}")]
    UnknownField {
        /// Path of the field.
        field: String,
    },
    /// A field has a value that it cannot take.
    #[error("{field}: {what}")]
    Value {
        /// Path of the field; empty for the document itself.
        field: String,
        /// What it takes.
        expected: Expected,
        /// Line, counted from 1; 0 where the value is in no document.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong, in English.
        what: String,
    },
    /// Bytes are not the message that they should be.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl Error {
    /// The gRPC code of this error.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownMethod { .. } => Code::NotFound,
            Self::Syntax { .. } | Self::UnknownField { .. } | Self::Value { .. } => Code::InvalidArgument,
            Self::Descriptors(_) | Self::Answer(_) => Code::Internal,
        }
    }

    /// The HTTP status of this error.
    #[must_use]
    pub fn http(&self) -> StatusCode {
        http_status(self.code())
    }

    /// The reason from the documented list, in UPPER_SNAKE case.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Descriptors(_) => "DESCRIPTORS_INVALID",
            Self::UnknownMethod { .. } => "METHOD_UNKNOWN",
            Self::Syntax { .. } => "JSON_MALFORMED",
            Self::UnknownField { .. } => "JSON_FIELD_UNKNOWN",
            Self::Value { .. } => "JSON_VALUE_INVALID",
            Self::Answer(_) => "ANSWER_UNREADABLE",
        }
    }

    /// Path of the field at fault, where one is.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownField { field } | Self::Value { field, .. } => Some(field),
            _ => None,
        }
    }

    /// One sentence for people, in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Descriptors(error) => format!("接口描述无效：{error}"),
            Self::UnknownMethod { name, near } => {
                format!("没有方法 {name}，是否要调用 {}？", near.join("、"))
            }
            Self::Syntax { line, column, what } => {
                format!("第 {line} 行第 {column} 列不是正确的 JSON：{what}")
            }
            Self::UnknownField { field } => format!("没有字段 {field}"),
            Self::Value { field, expected, .. } => {
                format!("{}应为{}", name_zh(field), expected.zh)
            }
            Self::Answer(what) => format!("无法读取应答：{what}"),
        }
    }

    /// One sentence for people, in English.
    #[must_use]
    pub fn message_en(&self) -> String {
        match self {
            Self::UnknownMethod { name, near } => {
                format!("no method is named {name}; did you mean {}?", near.join(", "))
            }
            Self::Syntax { line, column, what } => {
                format!("no JSON at line {line}, column {column}: {what}")
            }
            Self::Value {
                field,
                expected,
                what,
                ..
            } => format!("{} must be {}: {what}", name_en(field), expected.en),
            Self::Descriptors(_) | Self::UnknownField { .. } | Self::Answer(_) => self.to_string(),
        }
    }

    /// The error as a service would send it: reason, both languages and the field at fault in its details.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut details = ErrorDetails::new();
        let mut metadata = HashMap::from([("message_en".to_owned(), self.message_en())]);
        if let Self::Syntax { line, column, .. } | Self::Value { line, column, .. } = self
            && *line > 0
        {
            metadata.insert("line".to_owned(), line.to_string());
            metadata.insert("column".to_owned(), column.to_string());
        }
        if let Some(field) = self.field() {
            let description = format!("{}: {} / {}", self.reason(), self.message_zh(), self.message_en());
            details.add_bad_request_violation(field, description);
        }
        details.set_error_info(self.reason(), DOMAIN, metadata);
        details.set_localized_message("zh-CN", self.message_zh());
        Status::with_error_details(self.code(), self.message_en(), details)
    }
}

fn name_zh(field: &str) -> String {
    if field.is_empty() {
        "请求".to_owned()
    } else {
        format!("字段 {field} ")
    }
}

fn name_en(field: &str) -> &str {
    if field.is_empty() { "the request" } else { field }
}
