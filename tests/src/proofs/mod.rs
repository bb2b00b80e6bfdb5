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

use serde_json::{Value, json};

/// The seed where none is given.
pub const SEED: u64 = 20_180_221;
/// The first policy year that a proof settles in its own database; the next ones follow it.
pub(crate) const FIRST_YEAR: i32 = 2040;
/// Threads of a proof that needs no server.
const THREADS: u64 = 2;

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Enough to see that a proof works, for the tests of the repository.
    Test,
    /// A few minutes.
    Smoke,
    /// The counts that must be shown, in at most fifteen minutes on two cores.
    Full,
    /// The large counts.
    Long,
}

/// How a run of the proofs was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// How much.
    pub size: Size,
    /// The seed that everything random comes from.
    pub seed: u64,
}

impl Asked {
    /// One of four counts, by size.
    #[must_use]
    pub const fn of(self, test: u64, smoke: u64, full: u64, long: u64) -> u64 {
        match self.size {
            Size::Test => test,
            Size::Smoke => smoke,
            Size::Full => full,
            Size::Long => long,
        }
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    name: String,
    value: u64,
    target: String,
    ok: bool,
}

impl Figure {
    /// Violations, of which there may be none.
    #[must_use]
    pub fn none(name: impl Into<String>, value: u64) -> Self {
        Self {
            name: name.into(),
            value,
            target: "0".to_owned(),
            ok: value == 0,
        }
    }

    /// A count that must reach a number.
    #[must_use]
    pub fn at_least(name: impl Into<String>, value: u64, least: u64) -> Self {
        Self {
            name: name.into(),
            value,
            target: format!(">= {least}"),
            ok: value >= least,
        }
    }

    /// A measure that must stay below a bar.
    #[must_use]
    pub fn at_most(name: impl Into<String>, value: u64, most: u64) -> Self {
        Self {
            name: name.into(),
            value,
            target: format!("<= {most}"),
            ok: value <= most,
        }
    }

    /// A count that must be one number.
    #[must_use]
    pub fn exactly(name: impl Into<String>, value: u64, wanted: u64) -> Self {
        Self {
            name: name.into(),
            value,
            target: wanted.to_string(),
            ok: value == wanted,
        }
    }

    /// The violations that a check finds in its broken twin.
    #[must_use]
    pub fn red_twin(name: &str, found: u64) -> Self {
        Self::at_least(format!("{name} (red twin)"), found, 1)
    }

    /// Whether it is as it must be.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.ok
    }

    /// Its line.
    #[must_use]
    pub fn line(&self, seed: u64) -> Value {
        json!({"figure": self.name, "value": self.value, "target": self.target, "seed": seed, "ok": self.ok})
    }
}

/// A group of figures.
type Group = fn(Asked) -> Vec<Figure>;

/// Every group by the name under which it can be asked for alone.
pub const GROUPS: [(&str, Group); 9] = [
    ("order", order::figures),
    ("mutants", mutants::figures),
    ("caps", caps::figures),
    ("budgets", budgets::figures),
    ("twice", twice::figures),
    ("late", late::figures),
    ("killed", killed::figures),
    ("people", people::figures),
    ("cases", cases::figures),
];

/// Runs every group, or one, and prints each figure; answers whether all are as they must be.
#[must_use]
pub fn run(asked: Asked, only: Option<&str>) -> bool {
    let mut all_ok = true;
    for (name, group) in GROUPS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let begun = std::time::Instant::now();
        for figure in group(asked) {
            println!("{}", figure.line(asked.seed));
            all_ok &= figure.is_ok();
        }
        eprintln!("{name}: {} s", begun.elapsed().as_secs());
    }
    all_ok
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

/// The first few things that went wrong, for people; figures only count.
pub(crate) fn show(what: &str, wrong: &[String]) {
    for problem in wrong.iter().take(3) {
        eprintln!("{what}: {problem}");
    }
}

/// A count as a figure's value.
pub(crate) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}
