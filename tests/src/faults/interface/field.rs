//! The fields of a request: every place where a caller can write something, found in the descriptors.

use std::fmt;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// How deep messages lie in one another at most.
const DEPTH: usize = 8;

/// What can be written in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::faults) enum Shape {
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// An amount: the text within a `Money`.
    Amount,
    /// A `google.type.Date`.
    Date,
    /// A timestamp.
    Instant,
    /// A whole number.
    Number,
    /// True or false.
    Truth,
    /// A word of a closed list.
    Word,
}

/// A field of a request with the way to it.
#[derive(Debug, Clone)]
pub(in crate::faults) struct Leaf {
    path: Vec<FieldDescriptor>,
    /// What can be written there.
    pub(in crate::faults) shape: Shape,
}

impl Leaf {
    /// Its own name.
    pub(in crate::faults) fn name(&self) -> &str {
        self.path.last().map_or("", FieldDescriptor::name)
    }

    /// Its name among all fields of all messages.
    pub(in crate::faults) fn full_name(&self) -> &str {
        self.path.last().map_or("", FieldDescriptor::full_name)
    }

    /// Where it stands in a request: what is there already, if anything is.
    pub(in crate::faults) fn get<'a>(&self, messages: &'a [Value]) -> Option<&'a Value> {
        let mut value = messages.get(self.message(messages))?;
        for field in &self.path {
            value = value.get(field.name())?;
            if field.is_list() {
                value = value.get(0)?;
            }
        }
        Some(value)
    }

    /// The requests with another value there; whatever is missing on the way is made, and other members of a `oneof` go.
    pub(in crate::faults) fn set(&self, messages: &[Value], value: Value) -> Vec<Value> {
        let mut messages = messages.to_vec();
        let index = self.message(&messages);
        if let Some(message) = messages.get_mut(index) {
            put(message, &self.path, value);
        }
        messages
    }

    /// The message of a stream that holds the field: the first that has its first step, else the last.
    fn message(&self, messages: &[Value]) -> usize {
        let first = self.path.first().map_or("", FieldDescriptor::name);
        let holds = |message: &Value| message.get(first).is_some();
        let last = messages.len().saturating_sub(1);
        messages.iter().position(holds).unwrap_or(last)
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.path.iter().map(FieldDescriptor::name).collect();
        formatter.write_str(&names.join("."))
    }
}

fn put(message: &mut Value, path: &[FieldDescriptor], value: Value) {
    let Some((field, rest)) = path.split_first() else {
        *message = value;
        return;
    };
    if !message.is_object() {
        *message = Value::Object(Map::new());
    }
    let Some(fields) = message.as_object_mut() else {
        return;
    };
    if let Some(oneof) = field.containing_oneof() {
        for other in oneof.fields().filter(|other| other != field) {
            fields.remove(other.name());
        }
    }
    let slot = fields.entry(field.name()).or_insert(Value::Null);
    if !field.is_list() {
        put(slot, rest, value);
        return;
    }
    if slot.as_array().is_none_or(|list| list.is_empty()) {
        *slot = Value::Array(vec![Value::Null]);
    }
    if let Some(first) = slot.get_mut(0) {
        put(first, rest, value);
    }
}

/// Every field of a message, and of the messages in it.
pub(in crate::faults) fn leaves(message: &MessageDescriptor) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(message, &mut Vec::new(), &mut found);
    found
}

fn walk(message: &MessageDescriptor, path: &mut Vec<FieldDescriptor>, found: &mut Vec<Leaf>) {
    if path.len() >= DEPTH {
        return;
    }
    for field in message.fields() {
        path.push(field.clone());
        let shape = match field.kind() {
            Kind::String => Some(Shape::Text),
            Kind::Bytes => Some(Shape::Bytes),
            Kind::Bool => Some(Shape::Truth),
            Kind::Enum(_) => Some(Shape::Word),
            Kind::Message(inner) => match inner.full_name() {
                "google.type.Date" => Some(Shape::Date),
                "google.protobuf.Timestamp" => Some(Shape::Instant),
                "zhirong.common.v1.Money" => Some(Shape::Amount),
                _ => {
                    walk(&inner, path, found);
                    None
                }
            },
            _ => Some(Shape::Number),
        };
        if let Some(shape) = shape {
            found.push(Leaf {
                path: path.clone(),
                shape,
            });
        }
        path.pop();
    }
}
