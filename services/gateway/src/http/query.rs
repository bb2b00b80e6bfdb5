//! A request from the query of a URL: `?name=loans%2F1&page_size=10&as_of_date.year=2025&kinds=A&kinds=B`.

use percent_encoding::percent_decode;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::methods::Method;

/// Deepest field that a query can name.
const DEPTH_MAX: usize = 8;

/// The JSON document that a query stands for.
///
/// # Errors
/// [`Error::Query`] where it cannot be read or names a field twice, [`Error::UnknownField`] for a field that is not there.
pub(super) fn document(method: &Method, query: &str) -> Result<Value, Error> {
    let mut root = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decoded(key)?, decoded(value)?);
        let path: Vec<&str> = key.split('.').collect();
        put(&mut root, &method.input, &key, &path, value)?;
    }
    Ok(Value::Object(root))
}

fn decoded(text: &str) -> Result<String, Error> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Error::Query {
        field: text.to_owned(),
        zh: "不是 UTF-8 文本",
        en: "is not UTF-8",
    })
}

/// Puts a value at its place below a message.
fn put(
    into: &mut Map<String, Value>,
    message: &MessageDescriptor,
    key: &str,
    path: &[&str],
    value: String,
) -> Result<(), Error> {
    let wrong = |zh, en| Error::Query {
        field: key.to_owned(),
        zh,
        en,
    };
    let unknown = || Error::UnknownField {
        field: key.to_owned(),
    };
    let (name, rest) = path.split_first().ok_or_else(unknown)?;
    let found = message
        .get_field_by_name(name)
        .or_else(|| message.get_field_by_json_name(name));
    let field = found.ok_or_else(unknown)?;
    let place = into.entry(field.name().to_owned());
    if rest.is_empty() {
        let value = leaf(&field, value).ok_or_else(|| {
            wrong(
                "不能写在查询参数里，请用 POST",
                "cannot stand in a query, use POST",
            )
        })?;
        if field.is_list() {
            if let Value::Array(list) = place.or_insert_with(|| Value::Array(Vec::new())) {
                list.push(value);
            }
            return Ok(());
        }
        let serde_json::map::Entry::Vacant(vacant) = place else {
            return Err(wrong("出现了两次", "stands there twice"));
        };
        vacant.insert(value);
        return Ok(());
    }
    let Kind::Message(inner) = field.kind() else {
        return Err(unknown());
    };
    let is_deep = path.len() > DEPTH_MAX || key.split('.').count() > DEPTH_MAX;
    if field.is_list() || field.is_map() || is_deep {
        return Err(wrong(
            "不能写在查询参数里，请用 POST",
            "cannot stand in a query, use POST",
        ));
    }
    match place.or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(object) => put(object, &inner, key, rest, value),
        _ => Err(wrong("出现了两次", "stands there twice")),
    }
}

/// The value as JSON has it; none where the field takes an object.
fn leaf(field: &FieldDescriptor, text: String) -> Option<Value> {
    match field.kind() {
        Kind::Bool => Some(match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            // Refused with the words for a text in a field that takes true or false.
            _ => Value::String(text),
        }),
        Kind::Enum(_) => Some(match text.parse::<i32>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::String(text),
        }),
        Kind::Message(of) => {
            let is_text = matches!(
                of.full_name(),
                "google.protobuf.Timestamp" | "google.protobuf.Duration"
            );
            is_text.then_some(Value::String(text))
        }
        _ if field.is_map() => None,
        _ => Some(Value::String(text)),
    }
}
