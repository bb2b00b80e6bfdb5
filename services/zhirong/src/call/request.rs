//! Requests from JSON: of the command line, a file or standard input.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use gateway::Method;
use serde_json::{Map, Value};

use crate::error::CommandError;

/// The field that names a request.
const REQUEST_ID: &str = "request_id";

/// The requests of `--data`: one message, or of a client stream any number, one after the other or in an array.
///
/// # Errors
/// [`CommandError`] where the text cannot be read or is no JSON.
pub(super) fn read(method: &Method, data: &str) -> Result<Vec<Value>, CommandError> {
    let text = match data {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(|source| CommandError::io("读取标准输入", "reading standard input", "-", source))?;
            text
        }
        _ => match data.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).map_err(|source| {
                CommandError::io("读取请求", "reading the request", Path::new(file), source)
            })?,
            None => data.to_owned(),
        },
    };
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let values = values.collect::<Result<Vec<_>, _>>();
    let mut values = values.map_err(|error| malformed(&error))?;
    match values.as_mut_slice() {
        [Value::Array(messages)] if method.client_streaming => Ok(std::mem::take(messages)),
        [_] => Ok(values),
        _ if method.client_streaming => Ok(values),
        _ => Err(CommandError::usage(
            "JSON_MALFORMED",
            format!("该方法只收一条请求，而不是 {} 条", values.len()),
            format!("this method takes one request and not {}", values.len()),
        )),
    }
}

/// A text that is no JSON.
pub(super) fn malformed(error: &serde_json::Error) -> CommandError {
    let (line, column) = (error.line(), error.column());
    CommandError::usage(
        "JSON_MALFORMED",
        format!("第 {line} 行第 {column} 列不是正确的 JSON：{error}"),
        format!("no JSON: {error}"),
    )
}

/// Gives a request a `request_id` where the method takes one and none is there, and answers with it; of an import its header.
pub(super) fn give_id(method: &Method, requests: &mut [Value]) -> Option<String> {
    let first = requests.first_mut()?.as_object_mut()?;
    if method.input.get_field_by_name(REQUEST_ID).is_some() {
        return give(first);
    }
    let header = method.input.get_field_by_name("header")?;
    let has_id = |message: &prost_reflect::MessageDescriptor| message.get_field_by_name(REQUEST_ID).is_some();
    if header.kind().as_message().is_some_and(has_id) {
        return give(first.get_mut("header")?.as_object_mut()?);
    }
    None
}

fn give(message: &mut Map<String, Value>) -> Option<String> {
    let is_given = [REQUEST_ID, "requestId"]
        .iter()
        .any(|name| message.contains_key(*name));
    (!is_given).then(|| {
        let made = client::request_id();
        message.insert(REQUEST_ID.to_owned(), Value::from(made.as_str()));
        made
    })
}

/// The requests as messages: all of them, before any is sent.
///
/// # Errors
/// [`CommandError`] naming the field that is wrong.
pub(super) fn encode(method: &Method, requests: &[Value]) -> Result<Vec<Bytes>, CommandError> {
    let parse = |request: &Value| {
        let parsed = method.parse(request.to_string());
        parsed.map_err(|error| CommandError::from_status(&method.name, error.status()))
    };
    requests.iter().map(parse).collect()
}
