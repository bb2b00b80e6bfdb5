//! `cargo xtask faults`: what must hold under faults, load and hostile callers, against the real program and a real PostgreSQL.
//!
//! A figure counts what was lost, doubled, leaked or wrongly let through, and is followed by that of its red twin: the same check
//! over a build or setting that is broken on purpose (see `platform::twin`), which must find something.

pub mod canary;
pub mod cancelled;
pub mod changed;
pub mod crashed;
pub mod failover;
pub mod flood;
pub mod forced;
mod forged;
pub mod fuzz;
pub mod input;
mod interface;
pub mod killed;
pub mod migration;
pub mod mutants;
pub mod restored;
pub mod revoked;
pub mod rotated;
pub mod sessions;
pub mod sources;
mod stand;
pub mod tenants;
pub mod unsafe_start;
mod writers;

use crate::figure::Asked;
use crate::groups::{self, Group};

/// Every group by the name under which it can be asked for alone.
pub const GROUPS: [Group; 19] = [
    Group::counted("killed", killed::figures),
    Group::counted("crashed", crashed::figures),
    Group::counted("cancelled", cancelled::figures),
    Group::counted("changed", changed::figures),
    Group::counted("tenants", tenants::figures),
    Group::timed("revoked", revoked::figures),
    Group::counted("sessions", sessions::figures),
    Group::timed("failover", failover::figures),
    Group::timed("flood", flood::figures),
    Group::counted("input", input::figures),
    Group::counted("forced", forced::figures),
    Group::timed("migration", migration::figures),
    Group::timed("rotated", rotated::figures),
    Group::timed("restored", restored::figures),
    Group::counted("canary", canary::figures),
    Group::counted("unsafe-start", unsafe_start::figures),
    Group::counted("sources", sources::figures),
    Group::counted("mutants", mutants::figures),
    Group::counted("fuzz", fuzz::figures),
];

/// Runs every group, or one, and prints each figure; answers whether all are as they must be.
#[must_use]
pub fn run(asked: Asked, only: Option<&str>) -> bool {
    groups::run("faults", &GROUPS, asked, only)
}
