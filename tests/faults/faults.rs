//! The groups of `cargo xtask faults` with small counts, so that they are known to run and to catch their red twins.

use zhirong_tests::faults;
use zhirong_tests::figure::{Asked, SEED, Size};

#[track_caller]
fn holds(group: &str) {
    let asked = Asked {
        size: Size::Test,
        seed: SEED,
    };
    let group = faults::GROUPS.iter().find(|one| one.name == group).unwrap();
    let figures = (group.figures)(asked);
    let wrong: Vec<_> = figures.iter().filter(|figure| !figure.is_ok()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_revoked_credential_writes_nothing_more() {
    holds("revoked");
}

#[test]
fn headers_without_end_cost_no_memory() {
    holds("flood");
}

#[test]
fn unsafe_settings_do_not_start() {
    holds("unsafe-start");
}

#[test]
fn certificates_change_without_a_dropped_request() {
    holds("rotated");
}

#[test]
fn no_canary_is_found_in_any_output() {
    holds("canary");
}

#[test]
fn a_backup_is_restored_and_proven() {
    holds("restored");
}

#[test]
fn migrations_hold_nobody_up() {
    holds("migration");
}

#[test]
fn no_tenant_learns_of_another() {
    holds("tenants");
}

#[test]
fn hostile_input_is_refused_by_name() {
    holds("input");
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

#[test]
fn no_stolen_session_is_taken() {
    holds("sessions");
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
