//! Files: `zhirong call --file REQUESTS --out ANSWERS`, and records as CSV.

use std::collections::BTreeMap;

use exchange::File;
use gateway::Method;
use serde_json::{Value, json};

use super::carrier::{Answer, Call};
use super::names::names;
use super::program::command;
use super::scene::Scene;
use crate::sandbox::Sandbox;

/// Makes the calls of one file.
pub(super) fn play(sandbox: &Sandbox, calls: &[Call]) -> Vec<Answer> {
    if calls.is_empty() {
        return Vec::new();
    }
    let dir = tempfile::tempdir().unwrap();
    let (requests, answers) = (
        dir.path().join("requests.jsonl"),
        dir.path().join("answers.jsonl"),
    );
    let lines: String = calls.iter().map(|call| format!("{}\n", line(call))).collect();
    std::fs::write(&requests, lines).unwrap();
    let arguments = [
        "call",
        "--file",
        requests.to_str().unwrap(),
        "--out",
        answers.to_str().unwrap(),
    ];
    let output = command(sandbox, &arguments);
    let text = std::fs::read_to_string(&answers)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    text.lines()
        .map(|line| read(&serde_json::from_str(line).unwrap()))
        .collect()
}

/// A call as a line of the file.
fn line(call: &Call) -> Value {
    let request = match call.messages.as_slice() {
        [only] if !call.method.client_streaming => only.clone(),
        messages => Value::Array(messages.to_vec()),
    };
    json!({"as": call.caller, "method": call.method.path, "request": request})
}

fn read(line: &Value) -> Answer {
    let messages = line["answer"].as_array().cloned().unwrap_or_default();
    let error = line.get("error").map(|error| json!({"error": error}));
    Answer { messages, error }
}

/// Writes the records that the scene states, as the exchange files of a folder, and imports it with the program.
pub(super) fn import(sandbox: &Sandbox, writes: &Scene) {
    let dir = tempfile::tempdir().unwrap();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for call in writes.calls(&names()) {
        let (field, record) = record_of(&call);
        let file = File::ALL
            .iter()
            .copied()
            .find(|file| file.as_str() == plural(field))
            .unwrap_or_else(|| panic!("no file holds {field}"));
        let columns: Vec<&str> = file.columns().iter().map(|column| column.name).collect();
        let text = files
            .entry(file.file_name())
            .or_insert_with(|| format!("{}\r\n", columns.join(",")));
        let cells: Vec<String> = columns
            .iter()
            .map(|column| cell(&call, field, record, column))
            .collect();
        text.push_str(&format!("{}\r\n", cells.join(",")));
    }
    for (name, text) in &files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let output = command(sandbox, &["import", dir.path().to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{} {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The field that holds the record of a write, and the record.
fn record_of(call: &Call) -> (&str, &Value) {
    let fields = call.messages[0].as_object().unwrap();
    let (name, record) = fields.iter().find(|(_, value)| value.is_object()).unwrap();
    (name, record)
}

fn plural(field: &str) -> String {
    match field.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{field}s"),
    }
}

/// A cell of the files, from the field of the same name.
fn cell(call: &Call, field: &str, record: &Value, column: &str) -> String {
    match (&record[column], column) {
        (Value::Null, "institution_code") => call.caller.clone(),
        (Value::Null, "revision") => "1".to_owned(),
        (Value::Null, "withdrawn") => "false".to_owned(),
        (Value::Null, _) => String::new(),
        (Value::Bool(value), _) => value.to_string(),
        (Value::Array(values), _) => values[0].as_str().unwrap().to_owned(),
        (Value::Object(value), _) if value.contains_key("amount") => {
            value["amount"].as_str().unwrap().to_owned()
        }
        (Value::Object(day), _) => {
            format!(
                "{:04}-{:02}-{:02}",
                number(&day["year"]),
                number(&day["month"]),
                number(&day["day"])
            )
        }
        (Value::String(text), _) => word(&call.method, field, column, text),
        (Value::Number(number), _) => number.to_string(),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// Words of the files are the values of the enumeration without its prefix, in small letters.
fn word(method: &Method, field: &str, column: &str, text: &str) -> String {
    let record = method.input.get_field_by_name(field).unwrap().kind();
    let kind = record
        .as_message()
        .unwrap()
        .get_field_by_name(column)
        .unwrap()
        .kind();
    let Some(of) = kind.as_enum() else {
        return text.to_owned();
    };
    let prefix = of
        .default_value()
        .name()
        .trim_end_matches("UNSPECIFIED")
        .to_owned();
    text.trim_start_matches(&prefix).to_ascii_lowercase()
}
