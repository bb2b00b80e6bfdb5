//! The repository checks itself: what the compiler and clippy cannot see. Each check is a function over text, beside a test
//! that a sample which breaks the rule is caught.

mod calls;
mod coverage;
mod deploy;
mod figures;
mod identity;
mod layering;
mod metrics;
mod migrations;
mod openapi;
mod queries;
mod reasons;
mod retries;
mod schema;
mod sizes;
mod source;
mod tenancy;
mod tenants;
mod transactions;
mod vocabulary;

/// Fails with every violation found, one a line.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} found:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
