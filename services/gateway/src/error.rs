//! The one error enum of this crate: what can be wrong before a service is asked.

use std::collections::HashMap;
use std::time::Duration;

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
    /// One document of a stream of requests is wrong.
    #[error("message {number}: {source}")]
    InMessage {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A query says what cannot be read.
    #[error("query {field}: {en}")]
    Query {
        /// The field, as the query names it.
        field: String,
        /// What is wrong, in Chinese.
        zh: &'static str,
        /// What is wrong, in English.
        en: &'static str,
    },
    /// The verb is not one that the path takes.
    #[error("{given} is not allowed here, {allow} is")]
    Verb {
        /// The verb of the request.
        given: String,
        /// The verbs that are taken, as the `Allow` header lists them.
        allow: &'static str,
    },
    /// The content type is not one that the method takes.
    #[error("content type {given:?} is not taken here, {accepted} is")]
    ContentType {
        /// The content type of the request; empty where there is none.
        given: String,
        /// What is taken.
        accepted: &'static str,
    },
    /// A header is wrong.
    #[error("header {name}: {en}")]
    Header {
        /// Its name.
        name: &'static str,
        /// What is wrong, in Chinese.
        zh: String,
        /// What is wrong, in English.
        en: String,
    },
    /// The headers are longer than a server reads.
    #[error("the headers are above 16 KiB")]
    HeadersTooLong,
    /// gRPC over an HTTP version that cannot carry it.
    #[error("gRPC needs HTTP/2; send application/json or application/grpc-web over HTTP/1.1")]
    HttpVersion,
    /// A message is above the limit.
    #[error("a message is above 1 MiB")]
    TooLarge,
    /// The request ended before it was whole.
    #[error("the request was cut before its end")]
    RequestCut,
    /// Nothing of the request came for too long.
    #[error("nothing of the request came for too long, so it was given up")]
    Stalled,
    /// The call took longer than its caller waits.
    #[error("no answer within {} ms", wait.as_millis())]
    Deadline {
        /// How long the caller waits.
        wait: Duration,
    },
    /// Bytes are not the message that they should be.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl Error {
    /// What it means that the body of a request ended with this status: the server gave it up, or its caller did.
    pub(crate) fn of_body(status: &Status) -> Self {
        match status.code() {
            Code::DeadlineExceeded => Self::Stalled,
            _ => Self::RequestCut,
        }
    }

    /// The gRPC code of this error.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownMethod { .. } => Code::NotFound,
            Self::Syntax { .. }
            | Self::UnknownField { .. }
            | Self::Value { .. }
            | Self::Query { .. }
            | Self::ContentType { .. }
            | Self::Header { .. }
            | Self::HeadersTooLong => Code::InvalidArgument,
            Self::InMessage { source, .. } => source.code(),
            Self::Verb { .. } | Self::HttpVersion => Code::Unimplemented,
            Self::TooLarge => Code::OutOfRange,
            Self::RequestCut => Code::Cancelled,
            Self::Deadline { .. } | Self::Stalled => Code::DeadlineExceeded,
            Self::Descriptors(_) | Self::Answer(_) => Code::Internal,
        }
    }

    /// The HTTP status of this error.
    #[must_use]
    pub fn http(&self) -> StatusCode {
        match self {
            Self::InMessage { source, .. } => source.http(),
            Self::Verb { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HeadersTooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            _ => http_status(self.code()),
        }
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
            Self::InMessage { source, .. } => source.reason(),
            Self::Query { .. } => "QUERY_INVALID",
            Self::Verb { .. } => "VERB_NOT_ALLOWED",
            Self::ContentType { .. } => "CONTENT_TYPE_UNSUPPORTED",
            Self::Header { .. } => "HEADER_INVALID",
            Self::HeadersTooLong => "HEADERS_TOO_LONG",
            Self::HttpVersion => "HTTP_VERSION_UNSUPPORTED",
            Self::TooLarge => "REQUEST_TOO_LARGE",
            Self::RequestCut => "REQUEST_CUT",
            Self::Stalled => "UPLOAD_STALLED",
            Self::Deadline { .. } => "DEADLINE_EXCEEDED",
            Self::Answer(_) => "ANSWER_UNREADABLE",
        }
    }

    /// Path of the field at fault, where one is.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownField { field } | Self::Value { field, .. } | Self::Query { field, .. } => {
                Some(field)
            }
            Self::InMessage { source, .. } => source.field(),
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
            Self::InMessage { number, source } => format!("第 {number} 条消息：{}", source.message_zh()),
            Self::Query { field, zh, .. } => format!("查询参数 {field} {zh}"),
            Self::Verb { given, allow } => format!("此处不接受 {given}，可用：{allow}"),
            Self::ContentType { given, accepted } => {
                format!("不接受内容类型“{given}”，可用：{accepted}")
            }
            Self::Header { name, zh, .. } => format!("请求头 {name}：{zh}"),
            Self::HeadersTooLong => "请求头超过 16 KiB".to_owned(),
            Self::HttpVersion => {
                "gRPC 需要 HTTP/2；HTTP/1.1 请用 application/json 或 application/grpc-web".to_owned()
            }
            Self::TooLarge => "单条消息超过 1 MiB".to_owned(),
            Self::RequestCut => "请求未发送完整".to_owned(),
            Self::Stalled => "长时间未收到请求数据，调用已终止".to_owned(),
            Self::Deadline { wait } => format!("{} 毫秒内没有应答", wait.as_millis()),
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
            Self::InMessage { number, source } => format!("message {number}: {}", source.message_en()),
            _ => self.to_string(),
        }
    }

    /// The error as a service would send it: reason, both languages and the field at fault in its details.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status_in(None)
    }

    /// The same with the trace in which it was met.
    pub(crate) fn status_in(&self, trace_id: Option<String>) -> Status {
        let mut details = ErrorDetails::new();
        let mut metadata = HashMap::from([("message_en".to_owned(), self.message_en())]);
        metadata.extend(trace_id.map(|id| ("trace_id".to_owned(), id)));
        metadata.extend(self.place());
        if let Some(field) = self.field() {
            let description = format!("{}: {} / {}", self.reason(), self.message_zh(), self.message_en());
            details.add_bad_request_violation(field, description);
        }
        details.set_error_info(self.reason(), DOMAIN, metadata);
        details.set_localized_message("zh-CN", self.message_zh());
        Status::with_error_details(self.code(), self.message_en(), details)
    }
}

impl Error {
    /// Where in a document it is, as far as that is known.
    fn place(&self) -> Vec<(String, String)> {
        match self {
            Self::InMessage { number, source } => {
                let mut place = source.place();
                place.push(("message_number".to_owned(), number.to_string()));
                place
            }
            Self::Syntax { line, column, .. } | Self::Value { line, column, .. } if *line > 0 => vec![
                ("line".to_owned(), line.to_string()),
                ("column".to_owned(), column.to_string()),
            ],
            _ => Vec::new(),
        }
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
