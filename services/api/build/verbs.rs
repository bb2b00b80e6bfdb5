//! Finds the calls that write or read one kind of fact, by the names and fields of their messages, and gives each its
//! trait of `api::verbs`. A resource that follows the convention needs no code of its own.

use std::fmt::Write;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// The messages of a package, and its path in Rust.
struct Package<'a> {
    path: String,
    messages: Vec<&'a DescriptorProto>,
}

/// The implementations for every fact: a message `X` that has a `StoredX` with the ledger's state beside it.
pub(crate) fn implementations(descriptors: &FileDescriptorSet) -> String {
    let mut text = String::new();
    let mut names: Vec<&str> = descriptors
        .file
        .iter()
        .map(FileDescriptorProto::package)
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names.into_iter().filter(|name| name.starts_with("zhirong.")) {
        let files = descriptors.file.iter().filter(|file| file.package() == name);
        let package = Package {
            path: name.trim_start_matches("zhirong.").replace('.', "::"),
            messages: files.flat_map(|file| &file.message_type).collect(),
        };
        for record in &package.messages {
            let stored = package.message(&format!("Stored{}", record.name()));
            // Only facts have the ledger's state; a setting of a partner is stored too and is none.
            if let Some(stored) = stored.filter(|stored| has_state(stored)) {
                package.record(record.name(), stored, &mut text);
            }
        }
    }
    text
}

impl Package<'_> {
    fn message(&self, name: &str) -> Option<&DescriptorProto> {
        self.messages
            .iter()
            .find(|message| message.name() == name)
            .copied()
    }

    fn record(&self, record: &str, stored: &DescriptorProto, text: &mut String) {
        let field = snake(record);
        for verb in ["Report", "Register", "Amend", "Withdraw"] {
            let Some(request) = self.message(&format!("{verb}{record}Request")) else {
                continue;
            };
            self.written(record, verb, text);
            if verb == "Withdraw" {
                self.implement(
                    text,
                    "WithdrawRequest",
                    request,
                    &format!("fn name(&self) -> &str {{ &self.name }}\n{ETAG}"),
                );
                continue;
            }
            self.implement(
                text,
                "RecordRequest",
                request,
                &format!(
                    "const FIELD: &'static str = \"{field}\";\n\
                 fn record(&self) -> Option<&{}::{record}> {{ self.{field}.as_ref() }}\n",
                    self.path
                ),
            );
            if verb == "Amend" {
                self.implement(text, "AmendRequest", request, ETAG);
            }
        }
        self.read(record, stored, text);
    }

    /// What every write has: its key, its revision, and an answer with a receipt.
    fn written(&self, record: &str, verb: &str, text: &mut String) {
        let (path, call) = (&self.path, format!("{verb}{record}"));
        push(
            text,
            format!(
                "impl WriteRequest for {path}::{call}Request {{\n\
             type Record = {path}::{record};\ntype Answer = {path}::{call}Response;\n\
             const RPC: &'static str = \"{call}\";\n\
             fn request_id(&self) -> &str {{ &self.request_id }}\n\
             fn set_request_id(&mut self, key: &str) {{ key.clone_into(&mut self.request_id); }}\n\
             fn revision(&self) -> Option<i32> {{ self.revision }}\n}}\n"
            ),
        );
        let answer = self.message(&format!("{call}Response"));
        let fields = answer.map(|answer| answer.field.as_slice()).unwrap_or_default();
        let (kind, given, taken) = match assessed(fields) {
            None => ("()".to_owned(), "", "Vec::new()"),
            Some((kind, true)) => (kind, "assessments,", "self.assessments"),
            Some((kind, false)) => (
                kind,
                "assessment: assessments.into_iter().next(),",
                "self.assessment.into_iter().collect()",
            ),
        };
        let unused = if given.is_empty() { "_" } else { "" };
        push(
            text,
            format!(
                "impl WriteAnswer for {path}::{call}Response {{\ntype Assessment = {kind};\n\
             fn new(receipt: common::v1::Receipt, {unused}assessments: Vec<{kind}>) -> Self {{\n\
             Self {{ receipt: Some(receipt), {given} }}\n}}\n\
             fn into_parts(self) -> (Option<common::v1::Receipt>, Vec<{kind}>) {{ (self.receipt, {taken}) }}\n}}\n"
            ),
        );
    }

    fn read(&self, record: &str, stored: &DescriptorProto, text: &mut String) {
        let (path, field) = (&self.path, snake(record));
        let decided_by = if has(&stored.field, "decided_by") {
            "decided_by: reported_by,"
        } else {
            ""
        };
        let unused = if decided_by.is_empty() { "_" } else { "" };
        push(
            text,
            format!(
                "impl StoredMessage for {path}::Stored{record} {{\ntype Record = {path}::{record};\n\
             fn new(record: {path}::{record}, state: common::v1::RecordState, {unused}reported_by: String) -> Self {{\n\
             Self {{ {field}: Some(record), state: Some(state), {decided_by} }}\n}}\n}}\n"
            ),
        );
        if let Some(request) = self.message(&format!("Get{record}Request")) {
            self.implement(text, "GetRequest", request, &format!(
                "type Stored = {path}::Stored{record};\ntype Answer = {path}::Get{record}Response;\n\
                 fn name(&self) -> &str {{ &self.name }}\n\
                 fn answer(stored: Self::Stored) -> Self::Answer {{ {path}::Get{record}Response {{ {field}: Some(stored) }} }}\n"
            ));
        }
        self.listed(record, text);
    }

    fn listed(&self, record: &str, text: &mut String) {
        let kind = format!(".zhirong.{}.Stored{record}", self.path.replace("::", "."));
        let lists = |message: &&&DescriptorProto| {
            message.name().starts_with("List") && message.field.iter().any(|field| field.type_name() == kind)
        };
        let Some(answer) = self.messages.iter().find(lists) else {
            return;
        };
        let call = answer.name().trim_end_matches("Response");
        let rows = answer.field.iter().find(|field| field.type_name() == kind);
        let (Some(request), Some(rows)) = (self.message(&format!("{call}Request")), rows) else {
            return;
        };
        let parent = if has(&request.field, "parent") {
            "self.parent.clone()"
        } else {
            "String::new()"
        };
        let (path, rows) = (&self.path, rows.name());
        self.implement(text, "ListRequest", request, &format!(
            "type Stored = {path}::Stored{record};\ntype Answer = {path}::{call}Response;\n\
             fn parent(&self) -> String {{ {parent} }}\nfn page_size(&self) -> i32 {{ self.page_size }}\n\
             fn page_token(&self) -> &str {{ &self.page_token }}\nfn show_withdrawn(&self) -> bool {{ self.show_withdrawn }}\n\
             fn answer({rows}: Vec<Self::Stored>, next_page_token: String) -> Self::Answer {{\n\
             {path}::{call}Response {{ {rows}, next_page_token }}\n}}\n"
        ));
    }

    fn implement(&self, text: &mut String, name: &str, message: &DescriptorProto, body: &str) {
        push(
            text,
            format!("impl {name} for {}::{} {{\n{body}}}\n", self.path, message.name()),
        );
    }
}

const ETAG: &str = "fn etag(&self) -> Option<String> { self.etag.clone() }\n";

/// The type of the assessments of an answer, and whether it holds several.
fn assessed(fields: &[FieldDescriptorProto]) -> Option<(String, bool)> {
    let field = fields
        .iter()
        .find(|field| field.name().starts_with("assessment"))?;
    let kind = field
        .type_name()
        .trim_start_matches(".zhirong.")
        .replace('.', "::");
    Some((kind, field.name() == "assessments"))
}

fn has_state(stored: &DescriptorProto) -> bool {
    let state = ".zhirong.common.v1.RecordState";
    stored.field.iter().any(|field| field.type_name() == state)
}

fn has(fields: &[FieldDescriptorProto], name: &str) -> bool {
    fields.iter().any(|field| field.name() == name)
}

/// `LoanEvent` as `loan_event`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn push(text: &mut String, more: String) {
    // Writing to a string cannot fail.
    let _written = text.write_str(&more);
}
