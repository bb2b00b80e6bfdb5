//! What other readings and policies would have paid, to the fen.

use policy::codes::{Clause, Measure};
use policy::rulebook::ANYANG_2018_9;
use zhirong::experiment::{Experiment, Trial, experiment, opened};

use crate::world::Case;

fn tried(id: &str, policy: Option<String>, set: &[&str]) -> Experiment {
    let case = Case::named(id);
    let files = case.assess(case.steps, &case.set).unwrap().batch.files;
    let set = set.iter().map(|text| (*text).to_owned()).collect();
    experiment(&[opened(&files, id).unwrap()], &Trial { policy, set }).unwrap()
}

/// Item, now, then and difference of each line that changes.
fn changes(experiment: &Experiment) -> Vec<[&str; 4]> {
    let rows = experiment.changes.iter();
    rows.map(|row| [&row.item, &row.now, &row.then, &row.difference].map(String::as_str))
        .collect()
}

#[test]
fn two_loans_of_two_million_move_from_one_tier_to_two() {
    let per_loan = tried("T11", None, &["R3=PER_LOAN"]);
    assert_eq!(
        changes(&per_loan),
        [
            ["", "100000.00", "0.00", "-100000.00"],
            ["313496011115/AYDK2025T11001", "0.00", "50000.00", "50000.00"],
            ["313496011123/AYDK2025T11002", "0.00", "50000.00", "50000.00"],
        ]
    );
    let summary = &per_loan.summary;
    assert_eq!(
        (summary.total.now.to_string(), summary.total.then.to_string()),
        ("140000.00".into(), "140000.00".into())
    );
    assert_eq!(summary.tiers[&Clause::LoanTier1].lines_then, 2);
    assert_eq!(summary.tiers[&Clause::LoanTier2].then.to_string(), "0.00");
    let largest = tried("T11", None, &["R3=ENTERPRISE_YEAR_MAX"]);
    assert_eq!(changes(&largest), [["", "100000.00", "50000.00", "-50000.00"]]);
    assert_eq!(largest.summary.years["2025"].then.to_string(), "90000.00");
}

#[test]
fn three_loans_of_2_1_million_under_both_alternatives() {
    let per_loan = tried("T12", None, &["R3=PER_LOAN"]);
    assert_eq!(per_loan.changes.len(), 4);
    assert_eq!(
        per_loan.summary.measures[&Measure::LoanSubsidy].then.to_string(),
        "150000.00"
    );
    let largest = tried("T12", None, &["R3=ENTERPRISE_YEAR_MAX"]);
    assert_eq!(changes(&largest), [["", "150000.00", "50000.00", "-100000.00"]]);
}

#[test]
fn a_cap_for_each_branch_frees_what_was_above_one() {
    let branch = tried("B10", None, &["R9=BRANCH"]);
    assert_eq!(
        changes(&branch),
        [
            ["", "500000.00", "0.00", "-500000.00"],
            ["305496021018", "0.00", "300000.00", "300000.00"],
            ["305496021026", "0.00", "300000.00", "300000.00"],
            ["305496021034", "0.00", "300000.00", "300000.00"],
        ]
    );
    let summary = &branch.summary;
    assert_eq!(
        (summary.cap_now.lines, summary.cap_now.above.to_string()),
        (1, "400000.00".into())
    );
    assert_eq!(
        (summary.cap_then.lines, summary.cap_then.above.to_string()),
        (0, "0.00".into())
    );
    let bank = summary.legal_persons.values().next().unwrap();
    assert_eq!(
        (bank.now.to_string(), bank.then.to_string()),
        ("500000.00".into(), "900000.00".into())
    );
}

#[test]
fn another_policy_is_tried_with_its_own_readings() {
    assert_eq!(
        changes(&tried("B10", Some(ANYANG_2018_9.to_owned()), &[])),
        [[""; 4]; 0]
    );
    let cap = ANYANG_2018_9.replace("500000", "600000");
    assert_ne!(cap, ANYANG_2018_9, "the cap stands in the policy file as 500000");
    let higher = tried("B10", Some(cap), &[]);
    assert_eq!(changes(&higher), [["", "500000.00", "600000.00", "100000.00"]]);
    assert_eq!(higher.summary.cap_then.above.to_string(), "300000.00");
}

#[test]
fn an_unsupported_reading_is_refused() {
    let case = Case::named("T11");
    let inputs = opened(&case.assess(1, &[]).unwrap().batch.files, "T11").unwrap();
    let trial = Trial {
        policy: None,
        set: vec!["R3=MAYBE".to_owned()],
    };
    assert_eq!(
        experiment(&[inputs], &trial).unwrap_err().reason(),
        "READING_NOT_SUPPORTED"
    );
}
