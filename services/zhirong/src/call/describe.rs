//! A method for people: what it does, who may call it, its fields, and a request to begin with.

use gateway::{Method, comment};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::output::listing::pretty;

/// How deep a message inside a request is told.
const DEPTH_MOST: usize = 5;

/// Service and method as a caller types them.
pub(super) fn short_name(method: &Method) -> String {
    let path = method.path.rsplit('.').next().unwrap_or(&method.path);
    path.trim_start_matches('/').to_owned()
}

/// The comment's first sentence.
pub(super) fn first_sentence(doc: &str) -> &str {
    let line = doc.lines().next().unwrap_or_default();
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line.get(..end).unwrap_or(line).trim_end_matches('.')
}

/// The Chinese name that a comment has in brackets; empty where it has none.
pub(super) fn chinese_name(field: &FieldDescriptor) -> String {
    let doc = comment::of(
        field.parent_message().parent_file().file_descriptor_proto(),
        field.path(),
    );
    let is_chinese = |text: &str| {
        text.chars()
            .any(|symbol| ('\u{4e00}'..='\u{9fff}').contains(&symbol))
    };
    let inside = doc.split('(').skip(1).filter_map(|rest| rest.split(')').next());
    inside
        .filter(|text| is_chinese(text) && !text.contains(['，', '。', ' ']))
        .last()
        .unwrap_or_default()
        .to_owned()
}

/// The comment of a field on one line.
pub(super) fn field_doc(field: &FieldDescriptor) -> String {
    comment::of(
        field.parent_message().parent_file().file_descriptor_proto(),
        field.path(),
    )
    .replace('\n', " ")
}

/// Everything about a method.
pub(super) fn text(method: &Method) -> String {
    let (name, doc) = (short_name(method), &method.doc);
    let stream = |is: bool| if is { "stream " } else { "" };
    let mut text = format!("{name}\n\n{doc}\n\n");
    text.push_str(&format!(
        "请求 Request: {}{}\n",
        stream(method.client_streaming),
        method.input.full_name()
    ));
    fields(&method.input, 1, &mut text);
    text.push_str(&format!(
        "\n应答 Answer: {}{}\n",
        stream(method.server_streaming),
        method.output.full_name()
    ));
    fields(&method.output, 1, &mut text);
    let example = pretty(&example(&method.input, 0));
    text.push_str(&format!(
        "\n示例 Example: zhirong call {name} --data @request.json\n{example}"
    ));
    text
}

/// The name of a field's type as a caller may write it.
pub(super) fn type_name(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(of) => {
            let values = of.values().filter(|value| value.number() != 0);
            let names: Vec<String> = values.map(|value| value.name().to_owned()).collect();
            names.join("|")
        }
        other => format!("{other:?}"),
    };
    if field.is_map() {
        "map".to_owned()
    } else if field.is_list() {
        format!("[{kind}]")
    } else {
        kind
    }
}

fn fields(message: &MessageDescriptor, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for field in message.fields() {
        let choice = field.containing_oneof().filter(|it| !it.name().starts_with('_'));
        let choice = choice
            .map(|it| format!(" (one of {})", it.name()))
            .unwrap_or_default();
        let (name, kind, doc) = (field.name(), type_name(&field), field_doc(&field));
        text.push_str(&format!("{indent}{name}: {kind}{choice}  {doc}\n"));
        if let Kind::Message(inner) = field.kind()
            && depth < DEPTH_MOST
            && !is_value(&inner)
        {
            fields(&inner, depth + 1, text);
        }
    }
}

/// Messages that are one value: told by their name alone.
pub(super) fn is_value(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.") || message.full_name() == "zhirong.common.v1.Money"
}

/// A request to begin with: every field once, of a choice its first.
pub(super) fn example(message: &MessageDescriptor, depth: usize) -> Value {
    match message.full_name() {
        "zhirong.common.v1.Money" => return json!({"currency_code": "CNY", "amount": "150000.00"}),
        "google.type.Date" => return json!({"year": 2025, "month": 3, "day": 1}),
        "google.protobuf.Timestamp" => return json!("2025-03-01T10:00:00+08:00"),
        _ => {}
    }
    let mut object = Map::new();
    for field in message.fields() {
        let is_later_choice = field
            .containing_oneof()
            .is_some_and(|choice| choice.fields().next().is_some_and(|first| first != field));
        if !is_later_choice && depth < DEPTH_MOST {
            let value = example_of(&field, depth);
            object.insert(
                field.name().to_owned(),
                if field.is_list() { json!([value]) } else { value },
            );
        }
    }
    Value::Object(object)
}

fn example_of(field: &FieldDescriptor, depth: usize) -> Value {
    match field.kind() {
        Kind::Message(inner) => example(&inner, depth + 1),
        Kind::Enum(of) => of
            .values()
            .nth(1)
            .map(|value| Value::from(value.name()))
            .unwrap_or_default(),
        Kind::Bool => Value::from(false),
        Kind::String if field.name() == "request_id" => Value::from(client::request_id()),
        Kind::String | Kind::Bytes => Value::from(""),
        _ => Value::from(1),
    }
}
