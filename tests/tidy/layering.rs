//! Which crate may use which: imports go down only, and the rules know nothing of the machine they run on.

use std::process::Command;

use serde_json::Value;

use crate::assert_none;
use crate::source::{Source, root, rust, text, words};

const SERVICE: &[&str] = &["policy", "exchange", "api", "platform", "ledger"];

/// A crate, and the crates of this workspace that it may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("policy", &[]),
    ("exchange", &["policy"]),
    ("api", &["policy", "exchange"]),
    ("client", &["policy", "exchange", "api"]),
    ("gateway", &[]),
    ("workbook", &["policy", "exchange"]),
    ("platform", &[]),
    ("ledger", &["policy", "exchange", "api", "platform"]),
    ("registry", SERVICE),
    ("pledge", SERVICE),
    ("insurance", SERVICE),
    ("settlement", SERVICE),
    (
        "files",
        &["policy", "exchange", "workbook", "api", "platform", "ledger"],
    ),
    ("notify", SERVICE),
    ("people", SERVICE),
    (
        "zhirong",
        &[
            "policy",
            "exchange",
            "api",
            "client",
            "gateway",
            "workbook",
            "platform",
            "ledger",
            "registry",
            "pledge",
            "insurance",
            "settlement",
            "files",
            "notify",
            "people",
        ],
    ),
];

/// The crates at the top, which may use them all.
const TOP: [&str; 2] = ["tests", "fuzz"];

/// What the rules must not know: a network, a database, an environment, a clock.
const OUTSIDE_WORLD: &[&str] = &["tokio", "sqlx", "tonic", "prost", "std::env", "SystemTime"];

/// The short name of a crate of this workspace.
fn short(name: &str) -> &str {
    name.strip_prefix("zhirong-").unwrap_or(name)
}

/// Dependencies, as `cargo metadata` lists them, that the table does not allow, and crates without a row.
fn upward(metadata: &str) -> Vec<String> {
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = short(package["name"].as_str().unwrap());
        seen.push(name);
        let row = LAYERS.iter().find(|(row, _)| *row == name);
        if row.is_none() && !TOP.contains(&name) {
            wrong.push(format!("{name} has no row in the table of layers"));
        }
        let Some((_, allowed)) = row else { continue };
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = short(dependency["name"].as_str().unwrap());
            let counts = dependency["path"].is_string() && dependency["kind"] != "dev";
            if counts && !allowed.contains(&used) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    let rows = LAYERS.iter().map(|(row, _)| *row).chain(TOP);
    wrong.extend(
        rows.filter(|row| !seen.contains(row))
            .map(|row| format!("{row} is no crate")),
    );
    wrong
}

/// Words of the outside world in a file of the rules.
fn worldly(source: &Source) -> Vec<String> {
    let found = OUTSIDE_WORLD
        .iter()
        .flat_map(|word| words(&source.text, word).into_iter().map(move |at| (word, at)));
    found
        .map(|(word, at)| format!("{}:{} names {word}", source.path, source.line_of(at)))
        .collect()
}

#[test]
fn imports_go_down_only() {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    assert_none(&upward(&String::from_utf8(cargo.stdout).unwrap()));
}

#[test]
fn the_rules_know_no_world_outside() {
    let own = |source: &&Source| source.path.starts_with("services/policy/src/");
    let mut files: Vec<Source> = rust().iter().filter(own).cloned().collect();
    assert!(files.len() > 10, "{}", files.len());
    let manifest = "services/policy/Cargo.toml";
    files.push(Source::new(manifest, &text(manifest)));
    assert_none(&files.iter().flat_map(worldly).collect::<Vec<_>>());
}

#[test]
fn an_import_upward_is_caught() {
    let package = |name: &str, uses: &str, kind: &str| {
        format!(
            r#"{{"name":"{name}","dependencies":[{{"name":"{uses}","path":"/x","kind":{kind}}},{{"name":"serde","kind":null}}]}}"#
        )
    };
    let metadata = |packages: &[String]| format!(r#"{{"packages":[{}]}}"#, packages.join(","));
    let missing = |wrong: Vec<String>| -> Vec<String> {
        wrong
            .into_iter()
            .filter(|line| !line.ends_with("is no crate"))
            .collect()
    };
    let good = metadata(&[
        package("zhirong-exchange", "zhirong-policy", "null"),
        package("zhirong-policy", "zhirong-exchange", r#""dev""#),
        package("zhirong-tests", "zhirong", "null"),
        package("zhirong-fuzz", "zhirong", "null"),
    ]);
    assert!(missing(upward(&good)).is_empty());
    let bad = metadata(&[
        package("zhirong-policy", "zhirong-exchange", "null"),
        package("zhirong-pledge", "zhirong-insurance", r#""build""#),
        package("zhirong-new", "zhirong-policy", "null"),
    ]);
    assert_eq!(
        missing(upward(&bad)),
        [
            "policy uses exchange",
            "pledge uses insurance",
            "new has no row in the table of layers"
        ]
    );
    assert!(upward(&bad).contains(&"ledger is no crate".to_owned()));
}

#[test]
fn a_clock_in_the_rules_is_caught() {
    assert!(worldly(&Source::new("a.rs", "use std::environment; fn tokios() {}")).is_empty());
    let bad = worldly(&Source::new(
        "a.rs",
        "use x;\nuse std::time::SystemTime;\nstd::env::var(tokio)",
    ));
    assert_eq!(
        bad,
        [
            "a.rs:3 names tokio",
            "a.rs:3 names std::env",
            "a.rs:2 names SystemTime"
        ]
    );
}
