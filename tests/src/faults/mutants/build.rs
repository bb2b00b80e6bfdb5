//! A copy of the crates that compute money with their wrong versions in one build, below `target/mutants`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::find::{Change, Site, sites};
use super::text::{Placed, Wanted, blamed, spliced};
use crate::process::cargo;

/// The crates in the copy.
const CRATES: [&str; 2] = ["policy", "exchange"];
/// What is made wrong: the rules, and what computes, reads and prints amounts outside them.
const WRONG: [&str; 5] = [
    "services/policy/src/",
    "services/exchange/src/compute.rs",
    "services/exchange/src/values.rs",
    "services/exchange/src/conditions.rs",
    "services/exchange/src/history.rs",
];
/// Worlds of the property tests, as they stand and as a wrong version is held against them; what fewer worlds catch, all catch.
const FEWER: [(&str, &str, &str); 3] = [
    (
        "services/policy/tests/policy/agreement.rs",
        "const WORLDS: u64 = 100_000;",
        "const WORLDS: u64 = 6_000;",
    ),
    (
        "services/policy/tests/policy/laws.rs",
        "const WORLDS: u64 = 10_000;",
        "const WORLDS: u64 = 800;",
    ),
    (
        "services/policy/tests/policy/laws.rs",
        "for _ in 0..50_000 {",
        "for _ in 0..2_000 {",
    ),
];
/// The switch of the copy: read once, so that a version costs a load and a compare.
const SWITCH: &str = r#"
/// Which wrong version runs.
pub mod mutant {
    static ACTIVE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    /// Its number, 0 for none.
    pub fn active() -> u32 {
        *ACTIVE.get_or_init(|| std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0))
    }
}
"#;
/// Builds until nothing is left to drop; far more than ever were needed.
const ROUNDS: usize = 40;

/// One wrong version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mutant {
    /// Its number, from 1.
    pub(super) number: usize,
    /// The file, from the root of the repository.
    pub(super) file: String,
    /// The line.
    pub(super) line: usize,
    /// The function.
    pub(super) function: String,
    /// What is changed.
    pub(super) what: String,
}

impl Mutant {
    /// For people.
    pub(super) fn text(&self) -> String {
        format!("{}:{} {}: {}", self.file, self.line, self.function, self.what)
    }
}

/// A file that is made wrong.
struct Original {
    path: String,
    text: String,
    sites: Vec<Site>,
    /// Number of the first change of its first site.
    first: usize,
}

/// Every wrong version there could be.
pub(super) struct Candidates {
    files: Vec<Original>,
    /// By number, from 1.
    pub(super) mutants: Vec<Mutant>,
}

/// A built copy.
pub(super) struct Copy {
    /// The test programs, each with the folder in which it runs.
    pub(super) tests: Vec<(PathBuf, PathBuf)>,
    /// Versions that do not compile.
    pub(super) dropped: BTreeSet<usize>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// Finds every wrong version of the code that computes money.
pub(super) fn candidates() -> Candidates {
    let (root, mut files, mut mutants) = (root(), Vec::new(), Vec::new());
    let mut paths = Vec::new();
    CRATES
        .iter()
        .for_each(|name| below(&root.join("services").join(name).join("src"), &mut paths));
    for path in paths {
        let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_wanted =
            WRONG.iter().any(|start| relative.starts_with(start)) && !relative.ends_with("tests.rs");
        if !is_wanted {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let sites = sites(&text).unwrap_or_else(|error| panic!("{relative}: {error}"));
        let first = mutants.len() + 1;
        for site in &sites {
            for change in &site.changes {
                mutants.push(mutant(mutants.len() + 1, &relative, site, change));
            }
        }
        files.push(Original {
            path: relative,
            text,
            sites,
            first,
        });
    }
    Candidates { files, mutants }
}

fn mutant(number: usize, file: &str, site: &Site, change: &Change) -> Mutant {
    Mutant {
        number,
        file: file.to_owned(),
        line: site.line,
        function: site.function.clone(),
        what: change.what.clone(),
    }
}

impl Original {
    /// Its text with some versions.
    fn with(&self, numbers: &BTreeSet<usize>) -> (String, Vec<Placed>) {
        let (mut next, mut wanted) = (self.first, Vec::new());
        for site in &self.sites {
            let all = (0..site.changes.len()).map(|change| (next + change, change));
            let changes: Vec<(usize, usize)> = all.filter(|(number, _)| numbers.contains(number)).collect();
            next += site.changes.len();
            if !changes.is_empty() {
                wanted.push(Wanted { site, changes });
            }
        }
        spliced(&self.text, &wanted)
    }
}

/// Writes a file where it differs, so that an unchanged copy is not built again.
fn put(path: &Path, text: &[u8]) {
    if std::fs::read(path).is_ok_and(|there| there == text) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The workspace of the copy: this one's with two members.
fn manifest(text: &str) -> String {
    let from = text.find("members = [").unwrap();
    let to = from + text[from..].find("[workspace.package]").unwrap();
    let members: Vec<String> = CRATES.iter().map(|name| format!("\"services/{name}\"")).collect();
    format!(
        "{}members = [{}]\n\n{}",
        &text[..from],
        members.join(", "),
        &text[to..]
    )
}

/// Lays out the copy but for the files that are made wrong.
fn lay_out(dir: &Path, candidates: &Candidates) {
    let root = root();
    put(
        &dir.join("Cargo.toml"),
        manifest(&std::fs::read_to_string(root.join("Cargo.toml")).unwrap()).as_bytes(),
    );
    put(
        &dir.join("Cargo.lock"),
        &std::fs::read(root.join("Cargo.lock")).unwrap(),
    );
    let mut files = Vec::new();
    CRATES
        .iter()
        .for_each(|name| below(&root.join("services").join(name), &mut files));
    below(&root.join("tests/cases"), &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap();
        if candidates.files.iter().any(|it| it.path == relative) {
            continue;
        }
        let mut bytes = std::fs::read(&file).unwrap();
        for (_, from, to) in FEWER.iter().filter(|(path, ..)| *path == relative) {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{relative} has no {from:?}");
            bytes = text.replacen(from, to, 1).into_bytes();
        }
        put(&dir.join(relative), &bytes);
    }
}

/// Builds the copy with some of the versions; those that do not compile are dropped, one build after the other.
///
/// # Panics
/// Where the copy does not build and no version is to blame.
pub(super) fn build(candidates: &Candidates, wanted: &BTreeSet<usize>) -> Copy {
    let dir = root().join("target/mutants");
    lay_out(&dir, candidates);
    let mut wanted = wanted.clone();
    let mut dropped = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut placed = Vec::new();
        for file in &candidates.files {
            let (mut text, own) = file.with(&wanted);
            if file.path == "services/policy/src/lib.rs" {
                // Under its own name too, so that one path serves both crates.
                text.push_str("extern crate self as policy;\n");
                text.push_str(SWITCH);
            }
            put(&dir.join(&file.path), text.as_bytes());
            placed.push((file.path.clone(), own));
        }
        match built(&dir) {
            Ok(tests) => return Copy { tests, dropped },
            Err(complaints) => {
                let blamed: BTreeSet<usize> = complaints
                    .iter()
                    .flat_map(|complaint| complaint.blamed(&placed))
                    .collect();
                assert!(!blamed.is_empty(), "{:?}", complaints.first().map(|it| &it.text));
                wanted.retain(|number| !blamed.contains(number));
                dropped.extend(blamed);
            }
        }
    }
    panic!("the copy does not build after {ROUNDS} rounds");
}

/// An error of the compiler.
struct Complaint {
    text: String,
    /// Files and bytes, the primary ones first.
    spans: Vec<(String, Range<usize>)>,
}

impl Complaint {
    fn read(message: &Value) -> Option<Self> {
        let message = message.get("message").filter(|it| it["level"] == "error")?;
        let mut spans = Vec::new();
        for span in message["spans"].as_array().into_iter().flatten() {
            push_span(span, &mut spans);
        }
        spans.sort_by_key(|(is_primary, ..)| !is_primary);
        Some(Self {
            text: message["rendered"].as_str().unwrap_or_default().to_owned(),
            spans: spans.into_iter().map(|(_, file, bytes)| (file, bytes)).collect(),
        })
    }

    /// The versions that the first span which lies in any is about.
    fn blamed(&self, placed: &[(String, Vec<Placed>)]) -> Vec<usize> {
        let of = |(file, bytes): &(String, Range<usize>)| {
            let own = placed.iter().find(|(path, _)| path == file)?;
            Some(blamed(&own.1, bytes)).filter(|blamed| !blamed.is_empty())
        };
        self.spans.iter().find_map(of).unwrap_or_default()
    }
}

fn push_span(span: &Value, spans: &mut Vec<(bool, String, Range<usize>)>) {
    let number = |name: &str| usize::try_from(span[name].as_u64().unwrap_or_default()).unwrap();
    let file = span["file_name"].as_str().unwrap_or_default().to_owned();
    let is_primary = span["is_primary"].as_bool().unwrap_or_default();
    spans.push((is_primary, file, number("byte_start")..number("byte_end")));
    if let Some(outer) = span["expansion"].get("span") {
        push_span(outer, spans);
    }
}

/// One build: the test programs, or what the compiler says.
fn built(dir: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Vec<Complaint>> {
    let output = cargo()
        .args([
            "build",
            "--release",
            "--tests",
            "--offline",
            "--keep-going",
            "--message-format=json",
        ])
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        // Versions are made by machine and full of brackets.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let complaints: Vec<Complaint> = messages.iter().filter_map(Complaint::read).collect();
    if !output.status.success() {
        assert!(
            !complaints.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return Err(complaints);
    }
    let program = |message: &Value| {
        let is_test = message["profile"]["test"].as_bool()?;
        let path = message["executable"].as_str().filter(|_| is_test)?;
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
        Some((PathBuf::from(path), folder.to_owned()))
    };
    Ok(messages.iter().filter_map(program).collect())
}
