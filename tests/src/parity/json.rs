//! JSON over HTTP: POST, and over HTTP/1.1 GET wherever a query can say the same.

use serde_json::Value;

use super::carrier::{Answer, Call};
use crate::http::{self, Http, Version};
use crate::sandbox::Sandbox;

/// Makes a call.
pub(super) async fn play(sandbox: &Sandbox, call: &Call, version: Version) -> Answer {
    let client = Http::new(sandbox, &call.caller, version);
    let method = &call.method;
    let query = call.messages.first().and_then(query);
    let by_query = version == Version::Http1 && method.is_read() && !method.client_streaming;
    let answer = match query {
        Some(query) if by_query => client.get(&format!("{}?{query}", method.path)).await,
        _ if method.client_streaming && version == Version::Http2 => {
            let lines: String = call
                .messages
                .iter()
                .map(|message| format!("{message}\n"))
                .collect();
            client.post(&method.path, "application/x-ndjson", lines).await
        }
        _ if method.client_streaming => {
            let list = Value::Array(call.messages.clone());
            client.call(&method.path, &list).await
        }
        _ => client.call(&method.path, &call.messages[0]).await,
    };
    read(&answer)
}

fn read(answer: &http::Answer) -> Answer {
    let mut messages = match answer.header("content-type") {
        "application/x-ndjson" => answer.lines(),
        "application/json" => vec![answer.json()],
        other => panic!("{other} {answer:?}"),
    };
    let is_error = messages.last().is_some_and(|last| last.get("error").is_some());
    let error = is_error.then(|| messages.pop()).flatten();
    if let Some(error) = &error
        && answer.header("content-type") == "application/json"
    {
        assert_eq!(
            error["error"]["code"], answer.status,
            "the status line says another code"
        );
    }
    Answer { messages, error }
}

/// The query that says the same as a message; none where a list of messages is in it.
fn query(message: &Value) -> Option<String> {
    let mut pairs = Vec::new();
    flatten(message, "", &mut pairs).then(|| pairs.join("&"))
}

fn flatten(value: &Value, name: &str, pairs: &mut Vec<String>) -> bool {
    match value {
        Value::Object(fields) => fields.iter().all(|(field, value)| {
            let name = if name.is_empty() {
                field.clone()
            } else {
                format!("{name}.{field}")
            };
            flatten(value, &name, pairs)
        }),
        Value::Array(items) => items
            .iter()
            .all(|item| !item.is_object() && !item.is_array() && flatten(item, name, pairs)),
        Value::String(text) => {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            pairs.push(format!("{name}={escaped}"));
            true
        }
        other => {
            pairs.push(format!("{name}={other}"));
            true
        }
    }
}
