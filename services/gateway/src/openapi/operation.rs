//! Methods as paths and operations.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};

use super::schema::{Schemas, doc_of};
use crate::methods::Method;

/// Deepest field that is listed as a parameter.
const DEPTH_MAX: usize = 3;

/// A path with its verbs.
pub(super) fn path(method: &Method, schemas: &mut Schemas) -> Value {
    let mut post = operation(method, schemas, "");
    post["requestBody"] = request_body(method, schemas);
    let mut path = json!({"post": post});
    if method.is_read() && !method.client_streaming {
        let mut get = operation(method, schemas, "_query");
        let mut parameters = Vec::new();
        query(&method.input, "", 1, schemas, &mut parameters);
        parameters.extend(headers());
        get["parameters"] = Value::Array(parameters);
        path["get"] = get;
    }
    path
}

/// What both verbs say.
fn operation(method: &Method, schemas: &mut Schemas, suffix: &str) -> Value {
    let service = method.service.rsplit('.').next().unwrap_or_default();
    let summary = method.doc.lines().next().unwrap_or_default();
    json!({
        "operationId": format!("{service}_{}{suffix}", method.name),
        "tags": [method.service],
        "summary": summary,
        "description": method.doc,
        "parameters": headers(),
        "responses": {
            "200": answer(method, schemas),
            "default": {"$ref": "#/components/responses/Error"},
        },
    })
}

fn headers() -> Vec<Value> {
    vec![
        json!({"$ref": "#/components/parameters/timeout"}),
        json!({"$ref": "#/components/parameters/traceparent"}),
    ]
}

fn request_body(method: &Method, schemas: &mut Schemas) -> Value {
    let schema = schemas.message(&method.input);
    let content = if method.client_streaming {
        json!({
            "application/x-ndjson": {"schema": schema},
            "application/json": {"schema": {"type": "array", "items": schema}},
        })
    } else {
        json!({"application/json": {"schema": schema}})
    };
    json!({"required": true, "content": content})
}

fn answer(method: &Method, schemas: &mut Schemas) -> Value {
    let schema = schemas.message(&method.output);
    if method.server_streaming {
        let error = json!({"$ref": "#/components/schemas/Error"});
        json!({
            "description": "A stream of answers, one JSON document a line; an error behind the first is the last line.",
            "content": {"application/x-ndjson": {"schema": {"anyOf": [schema, error]}}},
        })
    } else {
        json!({"description": "The answer.", "content": {"application/json": {"schema": schema}}})
    }
}

/// Every field that a query can name.
fn query(
    message: &MessageDescriptor,
    prefix: &str,
    depth: usize,
    schemas: &mut Schemas,
    into: &mut Vec<Value>,
) {
    for field in message.fields() {
        let name = format!("{prefix}{}", field.name());
        match inner(&field) {
            Some(_) if depth >= DEPTH_MAX || field.is_list() || field.is_map() => {}
            Some(inner) => query(
                &inner,
                &format!("{name}."),
                depth.saturating_add(1),
                schemas,
                into,
            ),
            None => into.push(json!({
                "name": name,
                "in": "query",
                "required": false,
                "description": doc_of(&field),
                "schema": schemas.field(&field),
            })),
        }
    }
}

/// The message that a field holds, where JSON writes it as an object.
fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(of)
            if !matches!(
                of.full_name(),
                "google.protobuf.Timestamp" | "google.protobuf.Duration"
            ) =>
        {
            Some(of)
        }
        _ => None,
    }
}
