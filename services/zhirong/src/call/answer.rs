//! Answers as they are printed: JSON a message a line, a table or CSV of what a list holds, and bytes into a file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use gateway::Method;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value as Field,
};
use serde_json::Value;

use super::describe::chinese_name;
use super::{Received, is_line};
use crate::error::CommandError;
use crate::output::{self, Cell, Column, Form, Listing};

/// How deep a message inside a row becomes columns of its own.
const DEPTH_MOST: usize = 3;

/// Prints answers as they come.
pub(super) struct Printer {
    method: &'static Method,
    form: Option<Form>,
    out: Option<(PathBuf, Option<File>, usize)>,
    rows: Rows,
}

/// What of an answer becomes rows: its one list, or the answer itself.
struct Rows {
    list: Option<FieldDescriptor>,
    leaves: Vec<Leaf>,
    form: Form,
    listing: Listing,
    /// What stands beside the list, such as the token of the next page.
    beside: Vec<String>,
}

/// A column: the way to it through messages, and how its cell is printed.
struct Leaf {
    path: Vec<String>,
    column: Column,
    kind: LeafKind,
}

#[derive(Clone, Copy)]
enum LeafKind {
    Money,
    Date,
    Count,
    Text,
    /// A list of messages: whole in CSV, in a table only how many there are.
    List,
}

impl Printer {
    pub(super) fn new(method: &'static Method, out: Option<&Path>, form: Option<Form>) -> Self {
        Self {
            method,
            form,
            out: out.map(|path| (path.to_owned(), None, 0)),
            rows: Rows::of(&method.output, form.unwrap_or(Form::Json)),
        }
    }

    /// Prints a message, or keeps its rows for [`Printer::finish`].
    ///
    /// # Errors
    /// [`CommandError`] where it cannot be read, or its bytes cannot be written.
    pub(super) fn take(&mut self, received: Received) -> Result<(), CommandError> {
        let bytes = match &mut self.out {
            None => received.bytes,
            Some(out) => {
                let rest = write_file(self.method, received, out)?;
                if rest.is_empty() {
                    return Ok(());
                }
                rest
            }
        };
        let unreadable = |error: gateway::Error| CommandError::from_status(&self.method.name, error.status());
        if is_line(self.form) {
            let mut line = self.method.write(&bytes).map_err(unreadable)?;
            line.push(b'\n');
            output::data(&line);
        } else {
            self.rows.take(&self.method.print(&bytes).map_err(unreadable)?);
        }
        Ok(())
    }

    /// Prints what was kept.
    ///
    /// # Errors
    /// [`CommandError::Usage`] where a file was to be written and the answer held none.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        if let Some(form) = self.form.filter(|form| !is_line(Some(*form))) {
            self.rows.print(form, self.method.server_streaming);
        }
        match self.out {
            Some((_, None, _)) => Err(CommandError::usage(
                "ANSWER_WITHOUT_FILE",
                "应答中没有文件内容，未写入 --out",
                "the answer holds no file, nothing was written to --out",
            )),
            Some((path, Some(_), size)) => {
                let path = path.display();
                output::note(&format!("已写入 {size} 字节 / {size} bytes written to {path}"));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Writes the bytes of a message to the file and answers with what is left of the message.
fn write_file(
    method: &Method,
    received: Received,
    (path, file, size): &mut (PathBuf, Option<File>, usize),
) -> Result<bytes::Bytes, CommandError> {
    let failed = |source| CommandError::io("写入文件", "writing the file", &*path, source);
    let decoded = DynamicMessage::decode(method.output.clone(), received.bytes.clone());
    let Ok(mut message) = decoded else {
        return Ok(received.bytes);
    };
    let mut found = Vec::new();
    take_bytes(&mut message, &mut found);
    for bytes in found {
        if file.is_none() {
            *file = Some(File::create(&*path).map_err(failed)?);
        }
        if let Some(file) = file {
            file.write_all(&bytes).map_err(failed)?;
        }
        *size += bytes.len();
    }
    Ok(prost::Message::encode_to_vec(&message).into())
}

/// Takes the bytes out of a message, in the order of its fields.
fn take_bytes(message: &mut DynamicMessage, found: &mut Vec<prost::bytes::Bytes>) {
    let fields = message.descriptor().fields().collect::<Vec<_>>();
    for field in fields {
        if !message.has_field(&field) {
            continue;
        }
        match message.get_field_mut(&field) {
            Field::Bytes(bytes) => {
                found.push(std::mem::take(bytes));
                message.clear_field(&field);
            }
            Field::Message(inner) => take_bytes(inner, found),
            _ => {}
        }
    }
}

impl Rows {
    fn of(output: &MessageDescriptor, form: Form) -> Self {
        let is_rows = |field: &FieldDescriptor| field.is_list() && matches!(field.kind(), Kind::Message(_));
        let mut lists = output.fields().filter(is_rows);
        let list = lists.next().filter(|_| lists.next().is_none());
        let message = list.as_ref().and_then(|field| field.kind().as_message().cloned());
        let mut leaves = Vec::new();
        leaves_of(message.as_ref().unwrap_or(output), &[], &mut leaves);
        let columns = leaves.iter().map(|leaf: &Leaf| leaf.column.clone()).collect();
        Self {
            list,
            leaves,
            form,
            listing: Listing::of(columns),
            beside: Vec::new(),
        }
    }

    fn take(&mut self, answer: &Value) {
        let Some(list) = &self.list else {
            self.add(answer);
            return;
        };
        let name = list.name().to_owned();
        for (field, value) in answer.as_object().into_iter().flatten() {
            if *field != name {
                self.beside.push(format!("{field} {}", plain(value)));
            }
        }
        for row in answer.get(&name).and_then(Value::as_array).into_iter().flatten() {
            self.add(row);
        }
    }

    fn add(&mut self, row: &Value) {
        let cells = self.leaves.iter().map(|leaf| leaf.cell(row, self.form)).collect();
        self.listing.add(cells);
    }

    fn print(&self, form: Form, is_stream: bool) {
        if form == Form::Table {
            let listing = self.listing.without_empty_columns();
            if self.list.is_none() && !is_stream {
                listing.print_record(String::new);
            } else {
                listing.print(form);
            }
        } else {
            self.listing.print(form);
        }
        self.beside.iter().for_each(|text| output::note(text));
    }
}

fn leaves_of(message: &MessageDescriptor, path: &[String], leaves: &mut Vec<Leaf>) {
    for field in message.fields() {
        let mut path = path.to_vec();
        path.push(field.name().to_owned());
        let kind = field.kind();
        let inner = kind.as_message().filter(|_| !field.is_list() && !field.is_map());
        let leaf = match inner.map(MessageDescriptor::full_name) {
            Some("zhirong.common.v1.Money") => LeafKind::Money,
            Some("google.type.Date") => LeafKind::Date,
            Some(name) if name.starts_with("google.") || path.len() >= DEPTH_MOST => LeafKind::Text,
            Some(_) => {
                inner
                    .into_iter()
                    .for_each(|inner| leaves_of(inner, &path, leaves));
                continue;
            }
            None if field.is_list() && kind.as_message().is_some() => LeafKind::List,
            None if is_number(&kind) && !field.is_list() => LeafKind::Count,
            None => LeafKind::Text,
        };
        leaves.push(Leaf {
            column: Column::new(&path.join("."), &chinese_name(&field)),
            path,
            kind: leaf,
        });
    }
}

const fn is_number(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Sint32 | Kind::Sint64
    )
}

impl Leaf {
    fn cell(&self, row: &Value, form: Form) -> Cell {
        let found = self.path.iter().try_fold(row, |at, name| at.get(name));
        let Some(value) = found else {
            return Cell::Text(String::new());
        };
        match self.kind {
            LeafKind::Money => Cell::amount(plain(value.get("amount").unwrap_or(&Value::Null))),
            LeafKind::Date => Cell::Text(date(value)),
            LeafKind::Count => match plain(value).parse() {
                Ok(count) => Cell::Count(count),
                Err(_) => Cell::amount(plain(value)),
            },
            LeafKind::List if form == Form::Table => Cell::Text(counted(value)),
            LeafKind::Text | LeafKind::List => Cell::Text(plain(value)),
        }
    }
}

/// How many a list has.
fn counted(value: &Value) -> String {
    value
        .as_array()
        .map(|items| format!("({})", items.len()))
        .unwrap_or_default()
}

/// A day as the files write it.
fn date(value: &Value) -> String {
    let part = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day"))
}

/// Text as it is, a list of texts with semicolons, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(plain).collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    }
}
