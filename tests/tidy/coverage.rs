//! Every clause pays in some acceptance case, and every finding is found by some test.

use std::collections::BTreeSet;

use policy::codes::{Clause, FindingCode};
use zhirong::assess::{Question, assess};
use zhirong_tests::cases::{Case, all, folder};

use crate::assert_none;
use crate::source::{Source, files, rust, text, words};

/// Clauses of the lines of a case's first settlement. That they are the expected lines is the acceptance test's business.
fn clauses(case: &Case) -> BTreeSet<String> {
    let about = &case.about;
    let question = Question {
        division: about.division.clone(),
        year: about.year,
        as_of: about.as_of.parse().unwrap(),
        policy: None,
        set: about
            .set
            .iter()
            .map(|(reading, value)| format!("{reading}={value}"))
            .collect(),
    };
    let answer =
        assess(&case.files(1), &question).unwrap_or_else(|error| panic!("{}: {}", case.id(), error.report()));
    let earned = answer
        .batch
        .lines
        .into_iter()
        .filter(|line| line.entitled != "0.00");
    earned.map(|line| line.clause).collect()
}

/// Whether expected lines take money back that nothing earns any more; `assess` knows no earlier money.
fn takes_back(expected: &str) -> bool {
    expected.lines().skip(1).any(|line| {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        matches!(cells[..], [_, _, _, "0.00", before, _] if before != "0.00")
    })
}

/// Clauses that no case pays.
fn unpaid(paid: &BTreeSet<String>) -> Vec<String> {
    let clauses = Clause::ALL.iter().map(|clause| clause.as_str());
    clauses
        .filter(|clause| !paid.contains(*clause))
        .map(|clause| format!("no case pays under {clause}"))
        .collect()
}

/// Whether a file names a finding, by its code or its variant.
fn names(source: &Source, code: FindingCode) -> bool {
    source
        .literals
        .iter()
        .any(|literal| !words(&literal.text, code.as_str()).is_empty())
        || !words(&source.code, &format!("{code:?}")).is_empty()
}

/// Findings that no test finds. A test of the rules that goes through `FindingCode::ALL` finds them all but those that it
/// names, and these must be named by another test.
fn unfound(tests: &[&Source]) -> Vec<String> {
    let is_sweep = |source: &Source| {
        source.path.starts_with("services/policy/tests/") && source.code.contains("FindingCode::ALL")
    };
    let (sweeps, others): (Vec<&Source>, Vec<&Source>) = tests.iter().partition(|source| is_sweep(source));
    let mut wrong = Vec::new();
    for code in FindingCode::ALL {
        let is_swept = sweeps.iter().any(|sweep| !names(sweep, *code));
        if !is_swept && !others.iter().any(|source| names(source, *code)) {
            wrong.push(format!("no test finds {}", code.as_str()));
        }
    }
    wrong
}

#[test]
fn every_clause_pays_in_some_case() {
    let mut paid: BTreeSet<String> = all(&folder()).iter().flat_map(clauses).collect();
    let expected = files()
        .iter()
        .filter(|path| path.starts_with("tests/cases/") && path.contains("/expected."));
    if expected.into_iter().any(|path| takes_back(&text(path))) {
        paid.insert(Clause::NothingEarned.as_str().to_owned());
    }
    assert_none(&unpaid(&paid));
}

#[test]
fn every_finding_is_found_by_some_test() {
    let own = "tests/tidy/";
    let tests: Vec<&Source> = rust()
        .iter()
        .filter(|source| source.is_test() && !source.path.starts_with(own))
        .collect();
    assert_none(&unfound(&tests));
}

#[test]
fn a_clause_without_a_case_is_caught() {
    let mut paid: BTreeSet<String> = Clause::ALL
        .iter()
        .map(|clause| clause.as_str().to_owned())
        .collect();
    assert!(unpaid(&paid).is_empty());
    paid.remove("A8.3.3");
    assert_eq!(unpaid(&paid), ["no case pays under A8.3.3"]);
    let head = "measure,beneficiary,item,entitled,settled_before,amount\n";
    assert!(takes_back(&format!("{head}loan_subsidy,A,,0.00,5.00,-5.00\n")));
    assert!(!takes_back(&format!(
        "{head}loan_subsidy,A,,5.00,5.00,0.00\nloan_subsidy,A,,0.00,0.00,0.00\n"
    )));
}

#[test]
fn a_finding_without_a_test_is_caught() {
    let sweep = "fn a() { FindingCode::ALL.iter(); [\"NO_DRAW_YET\"] }";
    let sweep = Source::new("services/policy/tests/policy/agreement.rs", sweep);
    let preview = Source::new("tests/acceptance/a.rs", "fn a() { found(\"NO_DRAW_YET\") }");
    assert!(unfound(&[&sweep, &preview]).is_empty());
    assert_eq!(unfound(&[&sweep]), ["no test finds NO_DRAW_YET"]);
    assert_eq!(unfound(&[&preview]).len(), FindingCode::ALL.len() - 1);
    let named = Source::new(
        "tests/acceptance/a.rs",
        "fn a() { FindingCode::NoDrawYet } // PLEDGE_DOUBLE",
    );
    assert_eq!(unfound(&[&named]).len(), FindingCode::ALL.len() - 1);
}
