//! The program: `zhirong call METHOD --as NAME --data @FILE`, a process a call.

use std::process::{Command, Output};

use serde_json::Value;

use super::carrier::{Answer, Call};
use crate::process::program;
use crate::sandbox::Sandbox;

/// Whether the program can call by name.
pub(super) fn is_there() -> bool {
    let help = Command::new(program()).args(["call", "--help"]).output();
    help.is_ok_and(|help| help.status.success())
}

/// A command of the program against the sandbox.
pub(super) fn command(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    Command::new(program())
        .args(arguments)
        .args(["--server", sandbox.url(), "--identity"])
        .arg(sandbox.identity_dir())
        .output()
        .unwrap()
}

/// Makes a call.
pub(super) fn play(sandbox: &Sandbox, call: &Call) -> Answer {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("request.jsonl");
    let lines: String = call
        .messages
        .iter()
        .map(|message| format!("{message}\n"))
        .collect();
    std::fs::write(&data, lines).unwrap();
    let data = format!("@{}", data.display());
    let arguments = [
        "--output",
        "json",
        "call",
        &call.method.path,
        "--as",
        &call.caller,
        "--data",
        &data,
    ];
    let output = command(sandbox, &arguments);
    let messages = documents(&output.stdout);
    let error = match output.status.code() {
        // 3: the call was answered, and the answer refuses some rows.
        Some(0 | 3) => None,
        Some(2) => documents(&output.stderr)
            .into_iter()
            .rev()
            .find(|line| line.get("error").is_some()),
        other => panic!("{other:?} {call:?} {}", String::from_utf8_lossy(&output.stderr)),
    };
    assert!(
        output.status.code() != Some(2) || error.is_some(),
        "no error is told: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Answer { messages, error }
}

/// The lines that are JSON documents; what is written for people is none.
fn documents(text: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(text);
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(Value::is_object).collect()
}
