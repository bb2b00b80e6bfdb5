//! A gRPC status as JSON: the form of AIP-193, every detail decoded.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value, json};
use tonic::{Code, Status};

/// The types of `google.rpc`, read once.
static DETAILS: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET).ok());

const PRINTED: SerializeOptions = SerializeOptions::new().use_proto_field_name(true);

/// The name of a code as the standard writes it, e.g. `INVALID_ARGUMENT`.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The HTTP status of a code, by the table in google/rpc/code.proto. CANCELLED has 499 there, which no standard knows.
#[must_use]
pub fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// `{"error": {"code", "status", "message", "details": [{"@type", ..}]}}`: `code` is the HTTP status, `status` the name of
/// the gRPC code. A detail of a type that is not of `google.rpc` is printed as `{"@type", "value"}` in base64.
#[must_use]
pub fn error_json(status: &Status) -> Value {
    error_json_as(status, http_status(status.code()))
}

/// The same under an HTTP status of its own, for refusals that only HTTP knows.
pub(crate) fn error_json_as(status: &Status, code: StatusCode) -> Value {
    let details: Vec<Value> = tonic_types::Status::decode(status.details())
        .map(|decoded| decoded.details)
        .unwrap_or_default()
        .into_iter()
        .map(|any| detail(&any.type_url, &any.value))
        .collect();
    json!({ "error": {
        "code": code.as_u16(),
        "status": code_name(status.code()),
        "message": status.message(),
        "details": details,
    }})
}

fn detail(type_url: &str, bytes: &[u8]) -> Value {
    let name = type_url.rsplit('/').next().unwrap_or_default();
    let known = DETAILS.as_ref().and_then(|pool| pool.get_message_by_name(name));
    let printed = known
        .and_then(|of| DynamicMessage::decode(of, bytes).ok())
        .and_then(|message| {
            let printed = message.serialize_with_options(serde_json::value::Serializer, &PRINTED);
            printed.ok()
        });
    let mut fields = match printed {
        Some(Value::Object(fields)) => fields,
        _ => Map::from_iter([("value".to_owned(), Value::String(STANDARD.encode(bytes)))]),
    };
    fields.insert("@type".to_owned(), Value::String(type_url.to_owned()));
    Value::Object(fields)
}
