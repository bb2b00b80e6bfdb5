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
fn no_stolen_session_is_taken() {
    holds("sessions");
}
