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
fn no_tenant_learns_of_another() {
    holds("tenants");
}

#[test]
fn hostile_input_is_refused_by_name() {
    holds("input");
}
