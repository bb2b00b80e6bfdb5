//! Messages as canonical JSON and back.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use serde_path_to_error::{Deserializer, Path, Segment, Track};

use crate::error::Error;
use crate::expected::Expected;
use crate::methods::Method;

/// Names as in the `.proto` files; what has its default value is left off, as canonical JSON has it.
const PRINTED: SerializeOptions = SerializeOptions::new().use_proto_field_name(true);
const PARSED: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(true);

/// How prost-reflect begins its words about a field that a message does not have; a test holds on to it.
const UNKNOWN: &str = "unrecognized field name '";

impl Method {
    /// Encodes a request that is given as JSON. Field names are those of the `.proto` file or their lowerCamelCase form.
    ///
    /// # Errors
    /// [`Error::Syntax`] with line and column where it is no JSON; [`Error::UnknownField`] and [`Error::Value`] with the
    /// path of the field.
    pub fn parse(&self, json: impl AsRef<[u8]>) -> Result<Bytes, Error> {
        Ok(read(&self.input, json.as_ref())?.encode_to_vec().into())
    }

    /// Encodes a request that is given as a JSON value.
    ///
    /// # Errors
    /// [`Error::UnknownField`] and [`Error::Value`] with the path of the field.
    pub fn parse_value(&self, json: &Value) -> Result<Bytes, Error> {
        let mut track = Track::new();
        let read = DynamicMessage::deserialize_with_options(
            self.input.clone(),
            Deserializer::new(json, &mut track),
            &PARSED,
        );
        let message = read.map_err(|error| wrong(&self.input, &track.path(), &error))?;
        Ok(message.encode_to_vec().into())
    }

    /// An answer as a JSON value.
    ///
    /// # Errors
    /// [`Error::Answer`] where the bytes are no answer of this method.
    pub fn print(&self, answer: impl AsRef<[u8]>) -> Result<Value, Error> {
        let message = decode(&self.output, answer.as_ref())?;
        let printed = message.serialize_with_options(serde_json::value::Serializer, &PRINTED);
        printed.map_err(|error| Error::Answer(error.to_string()))
    }

    /// An answer as JSON text on one line, its fields in the order of the `.proto` file.
    ///
    /// # Errors
    /// [`Error::Answer`] where the bytes are no answer of this method.
    pub fn write(&self, answer: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let message = decode(&self.output, answer.as_ref())?;
        let mut text = Vec::new();
        message
            .serialize_with_options(&mut serde_json::Serializer::new(&mut text), &PRINTED)
            .map_err(|error| Error::Answer(error.to_string()))?;
        Ok(text)
    }
}

fn decode(descriptor: &MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, Error> {
    DynamicMessage::decode(descriptor.clone(), bytes).map_err(|error| Error::Answer(error.to_string()))
}

/// A message from JSON, with a named error at the first thing that is wrong.
fn read(descriptor: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Error> {
    let mut source = serde_json::Deserializer::from_slice(json);
    let mut track = Track::new();
    let message = DynamicMessage::deserialize_with_options(
        descriptor.clone(),
        Deserializer::new(&mut source, &mut track),
        &PARSED,
    );
    let message = message.map_err(|error| wrong(descriptor, &track.path(), &error))?;
    source.end().map_err(|error| syntax(&error))?;
    Ok(message)
}

fn syntax(error: &serde_json::Error) -> Error {
    Error::Syntax {
        line: error.line(),
        column: error.column(),
        what: without_place(error),
    }
}

/// What serde_json says, without the line and column that it adds.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

fn wrong(descriptor: &MessageDescriptor, path: &Path, error: &serde_json::Error) -> Error {
    if !error.is_data() {
        return syntax(error);
    }
    let what = without_place(error);
    let known = path_text(descriptor, path);
    let unknown = what.strip_prefix(UNKNOWN).and_then(|rest| rest.split_once('\''));
    if let Some((name, _)) = unknown {
        // The path may end at the message or at the name itself, as deep as the reader has come.
        let last = known.rsplit('.').next().unwrap_or_default();
        let field = match known.as_str() {
            "" => name.to_owned(),
            _ if last == name => known,
            _ => format!("{known}.{name}"),
        };
        return Error::UnknownField { field };
    }
    Error::Value {
        expected: Expected::at(descriptor, path),
        field: known,
        line: error.line(),
        column: error.column(),
        what,
    }
}

/// The path as refusals write it: names of the `.proto` file, places counted from 0, `loan.events[3].amount`.
fn path_text(descriptor: &MessageDescriptor, path: &Path) -> String {
    let mut text = String::new();
    let mut at = Some(descriptor.clone());
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } => {
                let found = at.as_ref().and_then(|message| {
                    message
                        .get_field_by_json_name(key)
                        .or_else(|| message.get_field_by_name(key))
                });
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(found.as_ref().map_or(key, |field| field.name()));
                at = found.and_then(|field| field.kind().as_message().cloned());
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}
