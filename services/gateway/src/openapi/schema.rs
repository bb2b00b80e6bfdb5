//! Messages and enumerations as JSON schemas.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::comment;

/// The schemas that were asked for, with all that they refer to.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    known: BTreeMap<String, Value>,
}

impl Schemas {
    /// A reference to the schema of a message; the schema is made when it is first asked for.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        let name = message.full_name();
        if let Some(known) = well_known(name) {
            return known;
        }
        if !self.known.contains_key(name) {
            // Held as a place first: messages may hold themselves.
            self.known.insert(name.to_owned(), Value::Null);
            let mut properties = Map::new();
            for field in message.fields() {
                properties.insert(field.name().to_owned(), self.described(&field));
            }
            let doc = comment::of(message.parent_file_descriptor_proto(), message.path());
            let schema = json!({"type": "object", "description": doc, "properties": properties});
            self.known.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// The schema of a field with its comment.
    fn described(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = self.field(field);
        let doc = doc_of(field);
        if let Value::Object(schema) = &mut schema
            && !doc.is_empty()
        {
            schema.insert("description".to_owned(), Value::String(doc));
        }
        schema
    }

    /// The schema of what a field holds.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let value = self.field(&entry.map_entry_value_field());
                json!({"type": "object", "additionalProperties": value})
            }
            kind if field.is_list() => json!({"type": "array", "items": self.kind(&kind)}),
            kind => self.kind(&kind),
        }
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Message(message) => self.message(message),
            Kind::Enum(of) => self.enumeration(of),
            Kind::String => json!({"type": "string"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Double | Kind::Float => json!({"type": "number"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "uint32", "minimum": 0}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({"type": "string", "format": "int64"}),
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> Value {
        let name = of.full_name();
        if !self.known.contains_key(name) {
            let file = of.parent_file_descriptor_proto();
            let mut doc = comment::of(file, of.path());
            for value in of.values() {
                let about = comment::of(file, value.path()).replace('\n', " ");
                doc.push_str(&format!("\n- `{}`: {about}", value.name()));
            }
            let names: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
            let schema = json!({"type": "string", "description": doc.trim(), "enum": names});
            self.known.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// All of them, with the form of an error.
    pub(super) fn finish(mut self) -> BTreeMap<String, Value> {
        self.known.insert("Error".to_owned(), error());
        self.known
    }
}

/// A field's comment, and the oneof that it is of.
pub(super) fn doc_of(field: &FieldDescriptor) -> String {
    let message = field.parent_message();
    let doc = comment::of(message.parent_file_descriptor_proto(), field.path());
    match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
        Some(oneof) => format!("{doc}\nAt most one field of `{}` is set.", oneof.name()),
        None => doc,
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Types that JSON writes in a form of their own.
fn well_known(name: &str) -> Option<Value> {
    match name {
        "google.protobuf.Timestamp" => Some(json!({"type": "string", "format": "date-time"})),
        "google.protobuf.Duration" => Some(json!({"type": "string", "examples": ["1.5s"]})),
        _ => None,
    }
}

/// The form of AIP-193.
fn error() -> Value {
    json!({
        "type": "object",
        "description": "An error as google.rpc.Status has it, its details decoded.",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "Name of the gRPC code, such as INVALID_ARGUMENT."},
                "message": {"type": "string", "description": "For people, in English; LocalizedMessage has it in Chinese."},
                "details": {"type": "array", "items": {
                    "type": "object",
                    "description": "ErrorInfo, LocalizedMessage, BadRequest or RetryInfo of google.rpc.",
                    "required": ["@type"],
                    "properties": {
                        "@type": {"type": "string", "description": "type.googleapis.com/ and the name of the type."},
                        "reason": {"type": "string", "description": "ErrorInfo: what went wrong, from the list of `zhirong codes`."},
                        "domain": {"type": "string", "description": "ErrorInfo: zhirong."},
                        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                        "locale": {"type": "string", "description": "LocalizedMessage: zh-CN."},
                        "message": {"type": "string", "description": "LocalizedMessage: the message in Chinese."},
                        "field_violations": {"type": "array", "items": {
                            "type": "object",
                            "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
                        }},
                        "retry_delay": {"type": "string", "description": "RetryInfo: how long to wait, such as 0.500s."},
                    },
                }},
            },
        }},
    })
}
