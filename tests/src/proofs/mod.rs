//! `cargo xtask proofs`: what must hold of every settlement, over random worlds, many callers and killed processes.
//!
//! A figure counts violations, or how far a proof reached, and is printed as one JSON line with its target and seed. A guard's
//! figure is followed by that of its red twin: the same check over a variant that is broken on purpose, which must find
//! something, else the figure would prove nothing. How fast anything is, is never asserted.

pub mod budgets;
pub mod caps;
pub mod cases;
pub mod killed;
pub mod late;
pub mod mutants;
pub mod order;
pub mod people;
pub mod signed;
pub mod twice;
pub mod walk;
pub mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use crate::figure::{Asked, Figure, SEED, Size};
pub(crate) use crate::figure::{count, show};
use crate::groups::{self, Group};

/// The first policy year that a proof settles in its own database; the next ones follow it.
pub(crate) const FIRST_YEAR: i32 = 2040;
/// Threads of a proof that needs no server.
const THREADS: u64 = 2;

/// Every group by the name under which it can be asked for alone.
pub const GROUPS: [Group; 9] = [
    Group::counted("order", order::figures),
    Group::counted("mutants", mutants::figures),
    Group::counted("caps", caps::figures),
    Group::counted("budgets", budgets::figures),
    Group::counted("twice", twice::figures),
    Group::counted("late", late::figures),
    Group::counted("killed", killed::figures),
    Group::counted("people", people::figures),
    Group::counted("cases", cases::figures),
];

/// Runs every group, or one, and prints each figure; answers whether all are as they must be.
#[must_use]
pub fn run(asked: Asked, only: Option<&str>) -> bool {
    groups::run("proofs", &GROUPS, asked, only)
}

/// Does numbered pieces of work on all threads and folds what they yield together, in no particular order.
pub(crate) fn in_parallel<T: Default + Send>(
    count: u64,
    work: impl Fn(u64, &mut T) + Sync,
    fold: impl Fn(&mut T, T) + Sync,
) -> T {
    let next = AtomicU64::new(0);
    let total = Mutex::new(T::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut own = T::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    work(number, &mut own);
                }
                fold(&mut total.lock().unwrap(), own);
            });
        }
    });
    total.into_inner().unwrap()
}
