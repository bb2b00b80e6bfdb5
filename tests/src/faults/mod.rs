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

use crate::figure::{Asked, Group, run_groups};

/// Every group by the name under which it can be asked for alone.
pub const GROUPS: [(&str, Group); 19] = [
    ("killed", killed::figures),
    ("crashed", crashed::figures),
    ("cancelled", cancelled::figures),
    ("changed", changed::figures),
    ("tenants", tenants::figures),
    ("revoked", revoked::figures),
    ("sessions", sessions::figures),
    ("failover", failover::figures),
    ("flood", flood::figures),
    ("input", input::figures),
    ("forced", forced::figures),
    ("migration", migration::figures),
    ("rotated", rotated::figures),
    ("restored", restored::figures),
    ("canary", canary::figures),
    ("unsafe-start", unsafe_start::figures),
    ("sources", sources::figures),
    ("mutants", mutants::figures),
    ("fuzz", fuzz::figures),
];

/// Runs every group, or one, and prints each figure; answers whether all are as they must be.
#[must_use]
pub fn run(asked: Asked, only: Option<&str>) -> bool {
    run_groups("faults", &GROUPS, asked, only)
}
