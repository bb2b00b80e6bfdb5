//! The program run as a user runs it: arguments in, an exit code and two streams out.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::process::{Served, program};
use crate::sandbox::Sandbox;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Every line of standard output as JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The last line of standard error as JSON.
    pub fn error(&self) -> Value {
        let last = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The run, which must have ended with this code.
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Where a client command goes.
pub trait Place {
    /// `--server URL --identity DIR`.
    fn options(&self) -> Vec<String>;
}

fn options(url: &str, identity: &std::path::Path) -> Vec<String> {
    let identity = identity.to_str().unwrap();
    ["--server", url, "--identity", identity]
        .map(str::to_owned)
        .into()
}

impl Place for Sandbox {
    fn options(&self) -> Vec<String> {
        options(self.url(), self.identity_dir())
    }
}

impl Place for Served {
    fn options(&self) -> Vec<String> {
        options(self.url(), self.identity())
    }
}

/// Runs the program with arguments, variables and what it reads from standard input.
pub async fn run_with(args: &[&str], environment: &[(&str, &str)], input: &str) -> Ran {
    let mut child = Command::new(program())
        .args(args)
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not read its input has closed it.
    let _closed = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program with arguments.
pub async fn run(args: &[&str]) -> Ran {
    run_with(args, &[], "").await
}

/// Runs a client command against a place.
pub async fn run_at(place: &impl Place, args: &[&str]) -> Ran {
    let options = place.options();
    let all: Vec<&str> = args
        .iter()
        .copied()
        .chain(options.iter().map(String::as_str))
        .collect();
    run(&all).await
}
