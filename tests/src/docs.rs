//! `cargo xtask docs`: every command of the pages for people, run as it stands there.
//!
//! A block that begins with <code>```sh run</code> is run; a block <code>```text expect</code> after it holds lines that its output must
//! have, in their order, where `…` stands for anything. The blocks of a page run one after the other in one shell, in an empty folder
//! beside a fresh sandbox, with `zhirong` on the path: as somebody would who reads the page from its top.

use std::path::{Path, PathBuf};
use std::time::Instant;

use platform::database::embedded::temporary_dir;
use tokio::process::Command;

use crate::clients::tools::{root, run};
use crate::clients::with_program;
use crate::figure::{Figure, print_all};
use crate::process::Served;

/// Begins a block that is run.
const RUN: &str = "```sh run";
/// Begins the lines that the block before it must print.
const EXPECT: &str = "```text expect";
const END: &str = "```";
/// What separates the outputs of blocks.
const MARK: &str = "@@ block ";
/// Stands for anything in an expected line.
const ANYTHING: &str = "…";

/// A block of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Line of the page on which it begins, from 1.
    pub line: usize,
    /// Its commands.
    pub script: String,
    /// Lines that it must print.
    pub expected: Vec<String>,
}

/// The blocks of a page that are run.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let (is_run, is_expected) = (text.starts_with(RUN), text.starts_with(EXPECT));
        if !is_run && !is_expected {
            continue;
        }
        let body = lines
            .by_ref()
            .map(|(_, text)| text)
            .take_while(|text| *text != END);
        let body: Vec<&str> = body.collect();
        if is_run {
            blocks.push(Block {
                line,
                script: body.join("\n"),
                expected: Vec::new(),
            });
        } else if let Some(last) = blocks.last_mut() {
            let lines = body.iter().filter(|text| !text.trim().is_empty());
            last.expected = lines.map(|text| (*text).to_owned()).collect();
        }
    }
    blocks
}

/// One shell script of all blocks, each told by a mark before it.
fn script(blocks: &[Block]) -> String {
    let mut script = "set -euo pipefail\nexec 2>&1\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        script.push_str(&format!("echo; echo '{MARK}{number}'\n{}\n", block.script));
    }
    script
}

/// Whether a line is as expected.
fn is_like(line: &str, expected: &str) -> bool {
    let mut rest = line.trim();
    let mut parts = expected.trim().split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    if !expected.contains(ANYTHING) {
        return rest == first;
    }
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || last.is_empty() || line.trim().ends_with(last)
}

/// Expected lines that do not appear, in their order.
fn missing(block: &Block, output: &str) -> Vec<String> {
    let mut lines = output.lines();
    let is_missing = |expected: &&String| !lines.any(|line| is_like(line, expected));
    block.expected.iter().filter(is_missing).cloned().collect()
}

/// What is wrong with the blocks, given what they printed and how the shell ended.
fn judge(blocks: &[Block], output: &str, failed: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut reached = 0;
    for (number, block) in blocks.iter().enumerate() {
        let mark = format!("{MARK}{number}\n");
        let Some((_, after)) = output.split_once(&mark) else {
            break;
        };
        reached = number;
        let own = after.split(MARK).next().unwrap_or_default();
        for line in missing(block, own) {
            wrong.push(format!("line {}: not printed: {line}\n{own}", block.line));
        }
    }
    if failed {
        let line = blocks.get(reached).map_or(0, |block| block.line);
        wrong.push(format!("line {line}: a command failed\n{output}"));
    }
    wrong
}

/// Runs the blocks of a page beside a fresh sandbox; answers what is wrong.
async fn read(blocks: &[Block]) -> Vec<String> {
    let folder = temporary_dir("zhirong-docs").unwrap();
    let data = folder.join("zhirong-data");
    let server = Served::start(
        &[
            "--sandbox",
            "--data",
            &data.to_string_lossy(),
            "--listen",
            "127.0.0.1:0",
        ],
        &[],
    );
    let shell = folder.join("work");
    std::fs::create_dir_all(&shell).unwrap();
    std::os::unix::fs::symlink(&data, shell.join("zhirong-data")).unwrap();
    for own in ["deploy", "tests"] {
        std::os::unix::fs::symlink(root().join(own), shell.join(own)).unwrap();
    }
    let mut command = Command::new("bash");
    command.args(["-c", &script(blocks)]).current_dir(&shell);
    command.env("NO_COLOR", "1");
    let ran = run(with_program(&mut command)).await;
    server.stop();
    let _removed = std::fs::remove_dir_all(&folder);
    let failed = ran.is_err();
    judge(blocks, &ran.unwrap_or_else(|why| why), failed)
}

/// The pages: the README and every page below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn short(page: &Path) -> String {
    let own = page.strip_prefix(root()).unwrap_or(page);
    own.display().to_string()
}

/// Runs every page, or those whose name holds a word; prints every figure and answers whether all are as they must be.
pub async fn all(only: Option<&str>) -> bool {
    let mut figures = Vec::new();
    let begun = Instant::now();
    for page in pages() {
        let name = short(&page);
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let blocks = blocks(&std::fs::read_to_string(&page).unwrap());
        if blocks.is_empty() {
            continue;
        }
        let wrong = read(&blocks).await;
        wrong.iter().for_each(|wrong| eprintln!("{name}, {wrong}"));
        figures.push(Figure::exactly(
            format!("{name}: {} blocks, wrong", blocks.len()),
            wrong.len(),
            0,
        ));
    }
    figures.push(Figure::seconds("docs_seconds", begun.elapsed()));
    print_all(&figures, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Page\n```sh\nnot run\n```\n\
                        ```sh run\necho a; echo b\necho c 1\n```\n\nwords\n```text expect\na\nc …\n```\n\
                        ```sh run\nexit 0\n```\n";

    #[test]
    fn blocks_are_those_that_are_marked() {
        let found = blocks(PAGE);
        let scripts: Vec<_> = found
            .iter()
            .map(|block| (block.line, block.script.as_str()))
            .collect();
        assert_eq!(scripts, [(5, "echo a; echo b\necho c 1"), (15, "exit 0")]);
        assert_eq!(found[0].expected, ["a", "c …"]);
    }

    #[test]
    fn a_line_is_like_another() {
        for (line, expected) in [
            ("a b", "a b"),
            ("  a b", "a b "),
            ("a 1 b", "a … b"),
            ("x", "…"),
            ("a b c", "a … c"),
            ("a c c", "a …c"),
        ] {
            assert!(is_like(line, expected), "{line} {expected}");
        }
        for (line, expected) in [("a b", "a"), ("b", "a…"), ("a 1 c", "a … b"), ("a b c", "a …b")] {
            assert!(!is_like(line, expected), "{line} {expected}");
        }
    }

    async fn of(page: &str) -> Vec<String> {
        let blocks = blocks(page);
        let ran = run(Command::new("bash").args(["-c", &script(&blocks)])).await;
        let failed = ran.is_err();
        judge(&blocks, &ran.unwrap_or_else(|why| why), failed)
    }

    #[test]
    fn a_command_that_fails_and_a_line_that_is_not_printed_are_caught() {
        crate::run(async {
            assert_eq!(of(PAGE).await, [""; 0]);
            let failed = of(&PAGE.replace("exit 0", "exit 3")).await;
            assert!(
                failed.len() == 1 && failed[0].starts_with("line 15: a command failed"),
                "{failed:?}"
            );
            let silent = of(&PAGE.replace("echo c 1", "echo d 1")).await;
            assert!(
                silent.len() == 1 && silent[0].starts_with("line 5: not printed: c …"),
                "{silent:?}"
            );
            // The order counts too.
            let turned = of(&PAGE.replace("echo a; echo b\necho c 1", "echo c 1; echo a")).await;
            assert_eq!(turned.len(), 1);
        });
    }
}
