//! The proofs of `cargo xtask proofs` with small counts, so that they are known to run and to catch their red twins.

use zhirong_tests::proofs::{self, Asked, SEED, Size};

#[track_caller]
fn holds(group: &str) {
    let asked = Asked {
        size: Size::Test,
        seed: SEED,
    };
    assert!(proofs::run(asked, Some(group)), "see the figures above");
}

#[test]
fn order_freedom_true_up_and_leaves() {
    holds("order");
}

#[test]
fn verify_finds_mutants() {
    holds("mutants");
}

#[test]
fn caps_under_a_race() {
    holds("caps");
}

#[test]
fn budgets_under_a_race() {
    holds("budgets");
}

#[test]
fn no_fact_is_paid_twice() {
    holds("twice");
}

#[test]
fn late_commits_are_neither_lost_nor_doubled() {
    holds("late");
}

#[test]
fn a_killed_step_is_whole_or_not_there() {
    holds("killed");
}

#[test]
fn nothing_is_released_without_two_other_people() {
    holds("people");
}

#[test]
fn the_cases_of_batches_budget_and_correction() {
    holds("cases");
}
