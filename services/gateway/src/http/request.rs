//! What the head of a request in JSON says, checked before its body is read.

use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Version, request};
use tonic::body::Body;

use super::{TIMEOUT_HEADER, WAIT_MAX};
use crate::error::Error;
use crate::methods::Method;

/// The form of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One document; for a stream of requests a list of them.
    Json,
    /// One document a line.
    Lines,
    /// No body: the fields stand in the query.
    Query,
}

/// Headers that belong to the HTTP message and not to the call.
const OF_THE_MESSAGE: [HeaderName; 9] = [
    ACCEPT_ENCODING,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    TE,
    TRANSFER_ENCODING,
];

/// How the request carries its messages.
///
/// # Errors
/// [`Error::Verb`], [`Error::ContentType`] and [`Error::Header`].
pub(super) fn form(method: &Method, head: &request::Parts) -> Result<Form, Error> {
    // The server around would obey it and answer in gRPC.
    if head.headers.contains_key("grpc-timeout") {
        return Err(Error::Header {
            name: "grpc-timeout",
            zh: format!("JSON 请求请用 {TIMEOUT_HEADER}（毫秒）"),
            en: format!("in JSON it is {TIMEOUT_HEADER}, in milliseconds"),
        });
    }
    let by_query = method.is_read() && !method.client_streaming;
    match head.method {
        Verb::GET if by_query => return Ok(Form::Query),
        Verb::POST => {}
        _ => {
            return Err(Error::Verb {
                given: head.method.to_string(),
                allow: if by_query { "GET, POST" } else { "POST" },
            });
        }
    }
    let accepted = if method.client_streaming {
        "application/json, application/x-ndjson"
    } else {
        "application/json"
    };
    let wrong = |given: String| Error::ContentType { given, accepted };
    if let Some(encoding) = head.headers.get(CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(wrong(format!("content-encoding: {}", shown(encoding))));
    }
    let given = head.headers.get(CONTENT_TYPE).map(shown).unwrap_or_default();
    match media_type(&given).as_deref() {
        Some("application/json") => Ok(Form::Json),
        Some("application/x-ndjson") if method.client_streaming => Ok(Form::Lines),
        _ => Err(wrong(given)),
    }
}

fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The type without its parameters; none where they name another character set than UTF-8.
fn media_type(given: &str) -> Option<String> {
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    let name = parts.next()?;
    let is_utf8 = |part: String| match part.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        None => true,
    };
    parts.all(is_utf8).then_some(name)
}

/// How long the caller waits, at most [`WAIT_MAX`].
///
/// # Errors
/// [`Error::Header`] where the header is no whole number of milliseconds.
pub(super) fn wait(headers: &HeaderMap) -> Result<Duration, Error> {
    let Some(value) = headers.get(TIMEOUT_HEADER) else {
        return Ok(WAIT_MAX);
    };
    let millis = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
    let asked = millis.filter(|millis| *millis > 0).map(Duration::from_millis);
    asked.map(|wait| wait.min(WAIT_MAX)).ok_or_else(|| Error::Header {
        name: TIMEOUT_HEADER,
        zh: "应为毫秒数，大于 0 的整数".to_owned(),
        en: "must be milliseconds, a whole number above 0".to_owned(),
    })
}

/// The gRPC request of the same path, caller and metadata.
pub(super) fn grpc(mut head: request::Parts, path: &str, body: Body) -> Request<Body> {
    for name in &OF_THE_MESSAGE {
        head.headers.remove(name);
    }
    for name in ["grpc-encoding", "grpc-accept-encoding", TIMEOUT_HEADER] {
        head.headers.remove(name);
    }
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head.headers.insert(TE, HeaderValue::from_static("trailers"));
    head.method = Verb::POST;
    head.version = Version::HTTP_2;
    // The query was the message; the path was found among the methods, so it is one.
    head.uri = path.parse().unwrap_or(head.uri);
    Request::from_parts(head, body)
}
