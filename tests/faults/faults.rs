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
fn killed_servers_and_databases() {
    holds("killed");
}

#[test]
fn commands_that_commit_unanswered() {
    holds("crashed");
}

#[test]
fn callers_that_leave() {
    holds("cancelled");
}

#[test]
fn keys_that_come_again() {
    holds("changed");
}

#[test]
fn a_failover() {
    holds("failover");
}

#[test]
fn forced_serialization_failures() {
    holds("forced");
}
