//! Standard output for data, standard error for everything else.
//!
//! A reader that went away (`| head`) is no failure of ours, so what cannot be written is dropped.

mod csv;
pub mod listing;
pub mod progress;
mod table;

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use clap::ValueEnum;

pub use listing::{Cell, Column, Listing};

/// Form of data, as `--output` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// 表格 A table for reading
    Table,
    /// JSON for programs
    Json,
    /// CSV as every file of this program: UTF-8 with a byte order mark, CRLF, formulas guarded
    Csv,
}

/// When colour is used, as `--color` names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// 自动 On a terminal where NO_COLOR is not set
    #[default]
    Auto,
    /// 总是 Always
    Always,
    /// 从不 Never
    Never,
}

/// How this process prints: decided once, when it starts.
#[derive(Debug, Clone, Copy)]
struct Style {
    asked: Option<Form>,
    form: Option<Form>,
    is_colored: bool,
}

static STYLE: OnceLock<Style> = OnceLock::new();

/// Decides how this process prints. `no_color` says that the variable NO_COLOR is set and not empty (<https://no-color.org>).
/// The first call decides; a library user that never calls it gets plain text.
pub fn decide(form: Option<Form>, color: Color, no_color: bool) {
    let is_colored = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !no_color && std::io::stderr().is_terminal(),
    };
    let style = Style {
        asked: form,
        form: form.or_else(|| std::io::stdout().is_terminal().then_some(Form::Table)),
        is_colored,
    };
    let _decided_before = STYLE.set(style);
}

/// The form of data: as asked for, a table on a terminal, and otherwise none, which is the plain text of each command.
#[must_use]
pub fn form() -> Option<Form> {
    STYLE.get().and_then(|style| style.form)
}

/// The form that `--output` asked for, if it did.
#[must_use]
pub fn asked() -> Option<Form> {
    STYLE.get().and_then(|style| style.asked)
}

/// Whether text for people may be coloured.
#[must_use]
pub fn is_colored() -> bool {
    STYLE.get().is_some_and(|style| style.is_colored)
}

/// Writes bytes to standard output.
pub fn data(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes one line of data.
pub fn line(text: &str) {
    data(format!("{text}\n").as_bytes());
}

/// Writes a note for people to standard error, above a progress bar where there is one.
pub fn note(text: &str) {
    progress::aside(|| {
        let mut out = std::io::stderr().lock();
        let _gone = writeln!(out, "{}", text.trim_end_matches('\n'));
    });
}

/// Writes a refusal or failure to standard error; its code, which is what each line begins with, is red where colour is used.
pub fn failure(text: &str, code: &str) {
    if is_colored() {
        note(&text.replace(&format!("{code}:"), &format!("\u{1b}[1;31m{code}\u{1b}[0m:")));
    } else {
        note(text);
    }
}
