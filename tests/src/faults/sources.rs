//! What the program is built of: where each crate comes from, under which terms, and whether it is one that is kept out.
//!
//! The rules are those of `deny.toml`. The core of them is judged here from `Cargo.lock` and `cargo metadata`, so that it is judged
//! everywhere; `cargo deny` judges them again where it is installed, and alone knows the advisories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::figure::{Asked, Figure, Size, count, show};
use crate::process::cargo;

/// The registry's name in a lock file.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// What the advisories' fetching says where their database cannot be reached.
const UNREACHED: [&str; 4] = [
    "failed to fetch",
    "failed to clone",
    "unable to fetch",
    "failed to acquire",
];

/// As much of `deny.toml` as is judged here.
#[derive(Deserialize)]
struct Rules {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

/// A crate of the program.
#[derive(Debug, Clone)]
struct Crate {
    name: String,
    license: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rules() -> Rules {
    toml::from_str(&std::fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

/// Crates of a lock file that come from anywhere but the registry. The members of the workspace have no source.
fn unknown_sources(lock: &str) -> Vec<String> {
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    let unknown = sources.filter(|source| source.trim_matches('"') != REGISTRY);
    unknown.map(str::to_owned).collect()
}

/// The crates that are built for one system, which is what is delivered; crates that only other systems need are not.
fn crates(target: &str) -> Vec<Crate> {
    let output = cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            target,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| used.contains(package["id"].as_str().unwrap()))
        .map(|package| Crate {
            name: package["name"].as_str().unwrap().to_owned(),
            license: package["license"].as_str().map(str::to_owned),
        })
        .collect()
}

/// Whether terms are among those allowed: `OR` needs one side, `AND` both; the old form `A/B` is `A OR B`.
fn is_allowed(license: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = license
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let allowed = any(&mut rest, allow);
    allowed && rest.is_empty()
}

fn any(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut allowed = both(rest, allow);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        allowed |= both(rest, allow);
    }
    allowed
}

fn both(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut allowed = one(rest, allow);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        allowed &= one(rest, allow);
    }
    allowed
}

fn one(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let Some((first, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if *first == "(" {
        let allowed = any(rest, allow);
        let closed = rest.first() == Some(&")");
        *rest = rest.get(1..).unwrap_or_default();
        return allowed && closed;
    }
    match *rest {
        ["WITH", exception, after @ ..] => {
            *rest = after;
            allow.contains(&format!("{first} WITH {exception}"))
        }
        _ => allow.contains(*first),
    }
}

/// Crates under terms that are not allowed, or none.
fn unlicensed(crates: &[Crate], allow: &BTreeSet<String>) -> Vec<String> {
    let is_wrong = |it: &&Crate| {
        !it.license
            .as_deref()
            .is_some_and(|license| is_allowed(license, allow))
    };
    let wrong = crates.iter().filter(is_wrong);
    wrong.map(|it| format!("{} {:?}", it.name, it.license)).collect()
}

/// Crates that are kept out and are there.
fn banned(crates: &[Crate], bans: &Bans) -> Vec<String> {
    let is_wrong = |it: &&Crate| bans.deny.iter().any(|banned| banned.name == it.name);
    crates.iter().filter(is_wrong).map(|it| it.name.clone()).collect()
}

/// What `cargo deny` says of some of its checks; none where it is not installed.
fn deny(checks: &[&str]) -> Option<(bool, String)> {
    let output = Command::new("cargo-deny")
        .args(["--all-features", "check"])
        .args(checks)
        .current_dir(root())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.success(), said))
}

/// The errors that `cargo deny` printed; at least one where it failed.
fn errors(passed: bool, said: &str) -> u64 {
    let printed = said.lines().filter(|line| line.starts_with("error"));
    count(printed.count()).max(u64::from(!passed))
}

fn denied() -> Figure {
    const NAME: &str = "cargo_deny_errors";
    match deny(&["bans", "licenses", "sources"]) {
        Some((passed, said)) => {
            let found = if passed { 0 } else { errors(passed, &said) };
            let lines: Vec<String> = said
                .lines()
                .filter(|line| line.starts_with("error"))
                .map(str::to_owned)
                .collect();
            show(NAME, &lines);
            Figure::none(NAME, found)
        }
        None => Figure::not_run(NAME, "cargo-deny is not installed", false),
    }
}

fn advisories() -> Figure {
    const NAME: &str = "open_advisories";
    match deny(&["advisories"]) {
        Some((true, _)) => Figure::none(NAME, 0_u64),
        Some((false, said)) if UNREACHED.iter().any(|words| said.contains(words)) => {
            Figure::not_run(NAME, "the advisory database cannot be reached", false)
        }
        Some((passed, said)) => Figure::none(NAME, errors(passed, &said)),
        None => Figure::not_run(NAME, "cargo-deny is not installed", false),
    }
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let rules = rules();
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let crates: Vec<Crate> = rules
        .graph
        .targets
        .iter()
        .flat_map(|target| crates(target))
        .collect();
    let (allow, bans) = (&rules.licenses.allow, &rules.bans);
    let wrong = [
        unknown_sources(&lock),
        unlicensed(&crates, allow),
        banned(&crates, bans),
    ];
    wrong.iter().for_each(|wrong| show("sources", wrong));
    let [sources, licenses, names] = wrong.map(|wrong| wrong.len());
    // The twins: a lock with a crate from a repository, a crate under other terms, and one that is kept out.
    let git = lock.replacen(REGISTRY, "git+https://example.org/fork?branch=main#0123456", 1);
    let foreign = |name: &str, license: &str| {
        vec![Crate {
            name: name.to_owned(),
            license: Some(license.to_owned()),
        }]
    };
    let mut figures = vec![
        Figure::at_least("crates judged", count(crates.len()), 100),
        Figure::none("crates of an unknown source", sources),
        Figure::red_twin("crates of an unknown source", unknown_sources(&git).len()),
        Figure::none("crates under other terms", licenses),
        Figure::red_twin(
            "crates under other terms",
            unlicensed(&foreign("a", "MIT AND GPL-3.0-only"), allow).len(),
        ),
        Figure::none("crates that are kept out", names),
        Figure::red_twin(
            "crates that are kept out",
            banned(&foreign("openssl-sys", "MIT"), bans).len(),
        ),
    ];
    if asked.size != Size::Test {
        figures.extend([denied(), advisories()]);
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_they_are_meant() {
        let allow: BTreeSet<String> = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"]
            .map(str::to_owned)
            .into();
        for license in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "GPL-3.0-only OR (MIT AND ISC)",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT OR LGPL-2.1) AND Apache-2.0",
        ] {
            assert!(is_allowed(license, &allow), "{license}");
        }
        for license in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "GPL-3.0-only WITH LLVM-exception",
            "(MIT",
            "MIT ISC",
            "MIT AND (GPL-3.0-only OR BSL-1.1)",
        ] {
            assert!(!is_allowed(license, &allow), "{license}");
        }
    }
}
