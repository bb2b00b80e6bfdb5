//! The groups of `cargo xtask faults` with small counts, so that they are known to run and to catch their red twins.

use zhirong_tests::faults;
use zhirong_tests::figure::{Asked, SEED, Size};

#[track_caller]
fn holds(group: &str) {
    let asked = Asked {
        size: Size::Test,
        seed: SEED,
    };
    assert!(faults::run(asked, Some(group)), "see the figures above");
}

#[test]
fn what_the_program_is_built_of() {
    holds("sources");
}

#[test]
fn wrong_versions_of_the_money_code_are_found() {
    holds("mutants");
}

#[test]
fn every_corpus_is_read_without_harm() {
    holds("fuzz");
}
