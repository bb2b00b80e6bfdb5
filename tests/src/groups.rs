//! Groups of figures, and how all groups of a command are run.
//!
//! Each group runs in a process of its own, two at once: most of them wait most of the time. Those that judge times run one after the
//! other when the others are done, unless so little is tried that times are only printed.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::figure::{Asked, Figure, Size, count, print_all};
use crate::last_run;
use crate::process::beside;
use crate::proofs::in_parallel;

/// Not for people: how a process is asked for one group, followed by command, size, seed and name.
pub const ONE: &str = "group";

/// A group of figures.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The name under which it can be asked for alone.
    pub name: &'static str,
    /// Measures them.
    pub figures: fn(Asked) -> Vec<Figure>,
    /// Whether it judges times, which others on the machine would lengthen.
    is_timed: bool,
}

impl Group {
    /// One that counts, whatever else the machine does.
    pub(crate) const fn counted(name: &'static str, figures: fn(Asked) -> Vec<Figure>) -> Self {
        Self {
            name,
            figures,
            is_timed: false,
        }
    }

    /// One that judges times as well.
    pub(crate) const fn timed(name: &'static str, figures: fn(Asked) -> Vec<Figure>) -> Self {
        Self {
            name,
            figures,
            is_timed: true,
        }
    }

    /// Runs it here and prints its figures; answers whether all are as they must be.
    #[must_use]
    pub fn run(&self, asked: Asked) -> bool {
        let begun = Instant::now();
        let is_ok = print_all(&(self.figures)(asked), Some(asked.seed));
        eprintln!("{}: {} s", self.name, begun.elapsed().as_secs());
        is_ok
    }

    /// Runs it in a process of its own; its lines, and whether all are as they must be.
    fn run_apart(&self, command: &str, asked: Asked) -> Ran {
        let output = Command::new(beside("xtask"))
            .args([
                ONE,
                command,
                asked.size.as_str(),
                &asked.seed.to_string(),
                self.name,
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        // What a group prints stays together, whoever prints beside it.
        let (mut out, mut told) = (std::io::stdout().lock(), std::io::stderr().lock());
        out.write_all(&output.stdout).unwrap();
        told.write_all(&output.stderr).unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if lines.is_empty() {
            let broken = Figure::not_run(self.name, "it broke off", true).line(Some(asked.seed));
            writeln!(out, "{broken}").unwrap();
            lines.push(broken);
        }
        Ran {
            group: self.name,
            lines,
            is_ok: output.status.success(),
        }
    }
}

/// What came of a group.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) group: &'static str,
    pub(crate) lines: Vec<Value>,
    pub(crate) is_ok: bool,
}

/// Runs every group of a command, or one, and prints their figures; a run in full is kept. Answers whether all are as they must be.
#[must_use]
pub fn run(command: &str, groups: &[Group], asked: Asked, only: Option<&str>) -> bool {
    let begun = Instant::now();
    let asked_for: Vec<&Group> = groups
        .iter()
        .filter(|group| only.is_none_or(|only| only == group.name))
        .collect();
    let is_small = matches!(asked.size, Size::Test | Size::Smoke);
    // The last groups first, since those that build take longest.
    let (shared, alone): (Vec<&Group>, Vec<&Group>) = asked_for
        .into_iter()
        .rev()
        .partition(|group| is_small || !group.is_timed);
    let mut ran = in_parallel(
        count(shared.len()),
        |place, own: &mut Vec<Ran>| {
            let group = shared[usize::try_from(place).unwrap()];
            own.push(group.run_apart(command, asked));
        },
        Vec::extend,
    );
    ran.extend(alone.iter().map(|group| group.run_apart(command, asked)));
    let failed: Vec<&str> = ran.iter().filter(|ran| !ran.is_ok).map(|ran| ran.group).collect();
    if !failed.is_empty() {
        eprintln!("not as they must be: {}", failed.join(" "));
    }
    eprintln!("{command}: {} s", begun.elapsed().as_secs());
    let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
    last_run::keep(command, &names, &ran, asked);
    failed.is_empty()
}
