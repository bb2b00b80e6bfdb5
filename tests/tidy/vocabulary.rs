//! Words that must not stand: the field's in the plumbing, and notes about unfinished work anywhere.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::source::{files, text, words};

/// The field's words; the plumbing would serve any other field. Without `borrower`: a pool has borrowers too.
const DOMAIN: &[&str] = &[
    "loan",
    "loans",
    "lender",
    "premium",
    "premiums",
    "subsidy",
    "subsidies",
    "pledge",
    "pledges",
    "pledgee",
    "pledgor",
    "patent",
    "patents",
    "insurer",
    "insurers",
    "insurance",
    "policyholder",
    "bank",
    "banks",
    "贷款",
    "借款",
    "保费",
    "保险",
    "保单",
    "补贴",
    "补助",
    "质押",
    "专利",
    "银行",
    "奖励",
];

/// Notes about unfinished work. Joined here, so that this file does not hold them itself.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("unimpl", "emented!"),
    concat!("to", "do!"),
];

/// The words of a text, lower case, with compound names taken apart at `_` and before capitals.
fn parts(line: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for run in line.split(|c: char| !c.is_ascii_alphabetic()) {
        all.insert(run.to_ascii_lowercase());
        let mut part = String::new();
        for c in run.chars() {
            if c.is_ascii_uppercase() && !part.ends_with(|last: char| last.is_ascii_uppercase()) {
                all.insert(std::mem::take(&mut part).to_ascii_lowercase());
            }
            part.push(c);
        }
        all.insert(part.to_ascii_lowercase());
    }
    all
}

/// The field's words in a file, comments too.
fn domain_words(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let parts = parts(line);
        for word in DOMAIN {
            if parts.contains(*word) || (!word.is_ascii() && line.contains(word)) {
                wrong.push(format!("{path}:{number} says {word}"));
            }
        }
    }
    wrong
}

/// Notes about unfinished work in a file.
fn unfinished(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let notes = UNFINISHED.iter().filter(|note| !words(line, note).is_empty());
        wrong.extend(notes.map(|note| format!("{path}:{number} {note}")));
    }
    wrong
}

#[test]
fn the_plumbing_knows_no_word_of_the_field() {
    let plumbing: Vec<&String> = files()
        .iter()
        .filter(|path| path.starts_with("services/platform/"))
        .collect();
    assert!(plumbing.len() > 10, "{}", plumbing.len());
    assert_none(
        &plumbing
            .into_iter()
            .flat_map(|path| domain_words(path, &text(path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_left_unfinished() {
    assert_none(
        &files()
            .iter()
            .flat_map(|path| unfinished(path, &text(path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_word_of_the_field_is_caught() {
    let text = "// a bank's\nstruct LoanEvent { premium_fen: i64 }\nfn upload() {} // 质押登记\nPREMIUM\n";
    assert_eq!(
        domain_words("a.rs", text),
        [
            "a.rs:1 says bank",
            "a.rs:2 says loan",
            "a.rs:2 says premium",
            "a.rs:3 says 质押",
            "a.rs:4 says premium"
        ]
    );
    assert!(domain_words("a.rs", "embankment, patently unloaned subsidiary").is_empty());
}

#[test]
fn a_note_about_unfinished_work_is_caught() {
    for note in UNFINISHED {
        assert_eq!(
            unfinished("a.md", &format!("one\n// {note} (later)")),
            [format!("a.md:2 {note}")]
        );
    }
    assert!(unfinished("a.rs", "todo = \"deny\" XXXL METODO").is_empty());
}
