//! `zhirong codes` lists every reason that a call or a command can answer, and none that nothing answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::source::{Source, closing, rust, words};

/// Functions whose literals are reasons.
const FUNCTIONS: &[&str] = &["reason", "database_kind"];
/// Functions that take a reason as the first word in capitals among their arguments.
const CONSTRUCTORS: &[&str] = &["invalid", "usage", "start"];

/// `UPPER_SNAKE`, as all codes are.
fn is_code(text: &str) -> bool {
    text.len() > 3
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The reasons that a file answers, with the place of each.
fn answered(source: &Source) -> BTreeMap<usize, &str> {
    let regions = source.test_regions();
    let is_tested = |at: usize| regions.iter().any(|region| region.contains(&at));
    let codes: BTreeMap<usize, &str> = source
        .literals
        .iter()
        .filter(|literal| is_code(&literal.text) && !is_tested(literal.at))
        .map(|literal| (literal.at, literal.text.as_str()))
        .collect();
    let mut found = BTreeMap::new();
    for function in source.functions() {
        if FUNCTIONS.contains(&function.name.as_str()) {
            found.extend(codes.range(function.range));
        }
    }
    for constructor in CONSTRUCTORS {
        for at in words(&source.code, constructor) {
            let is_call = !source.code[..at].trim_end().ends_with("fn");
            let open = at + constructor.len();
            if let Some(end) = closing(&source.code, open, b'(', b')').filter(|_| is_call) {
                found.extend(codes.range(open..end).next());
            }
        }
    }
    let is_field = |at: usize| source.code[..at].trim_end().ends_with("reason:");
    found.extend(codes.iter().filter(|(at, _)| is_field(**at)));
    found
}

/// Reasons of the files that the list lacks.
fn unlisted(sources: &[Source], listed: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for (at, reason) in answered(source) {
            if !listed.contains(reason) {
                wrong.push(format!(
                    "{}:{} {reason} is not listed",
                    source.path,
                    source.line_of(at)
                ));
            }
        }
    }
    wrong
}

/// Listed reasons that no file holds.
fn unused(sources: &[Source], listed: &BTreeSet<String>) -> Vec<String> {
    let held: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| &source.literals)
        .map(|literal| literal.text.as_str())
        .collect();
    let unused = listed.iter().filter(|reason| !held.contains(reason.as_str()));
    unused
        .map(|reason| format!("{reason} is listed and never answered"))
        .collect()
}

/// The services' own files, without the list itself.
fn services() -> Vec<Source> {
    let own = |source: &&Source| {
        source.path.starts_with("services/")
            && !source.is_test()
            && !source.path.starts_with("services/zhirong/src/codes")
    };
    rust().iter().filter(own).cloned().collect()
}

fn listed(lists: &[&str]) -> BTreeSet<String> {
    let entries = zhirong::codes::entries().into_iter();
    entries
        .filter(|[list, ..]| lists.contains(&list.as_str()))
        .map(|[_, code, ..]| code)
        .collect()
}

#[test]
fn every_reason_is_listed() {
    let services = services();
    let count = services
        .iter()
        .map(|source| answered(source).len())
        .sum::<usize>();
    assert!(count > 80, "{count}");
    // A refusal of a record may be the reason of the call.
    assert_none(&unlisted(&services, &listed(&["reason", "refusal"])));
}

#[test]
fn every_listed_reason_is_answered() {
    assert_none(&unused(&services(), &listed(&["reason"])));
}

#[test]
fn a_reason_that_is_not_listed_is_caught() {
    let text = r#"
        fn reason(&self) -> &'static str { match self { Self::A => "IS_LISTED", Self::B => "FROM_REASON" } }
        fn a() { Error::invalid("field", "FROM_INVALID", "中", format!("{}", "NOT_THIS")) }
        fn b() { CommandError::usage("FROM_USAGE", "中", "en"); ledger::Error::start("FROM_START", a(), b()) }
        fn c() { Error::Start { reason: "FROM_FIELD" }; other("NOT_THIS"); LEVEL.get("NOT_THIS") }
        fn usage(a: &str) -> &str { a }
        #[cfg(test)]
        mod tests { fn a() { usage("NOT_THIS") } }
    "#;
    let listed: BTreeSet<String> = ["IS_LISTED", "GONE"].map(str::to_owned).into();
    let source = Source::new("a.rs", text);
    let found: Vec<&str> = answered(&source).into_values().collect();
    assert_eq!(
        found,
        [
            "IS_LISTED",
            "FROM_REASON",
            "FROM_INVALID",
            "FROM_USAGE",
            "FROM_START",
            "FROM_FIELD"
        ]
    );
    let sources = [source];
    let wrong = unlisted(&sources, &listed);
    assert_eq!(wrong.len(), 5, "{wrong:?}");
    assert_eq!(wrong[0], "a.rs:2 FROM_REASON is not listed");
    assert_eq!(unused(&sources, &listed), ["GONE is listed and never answered"]);
}
