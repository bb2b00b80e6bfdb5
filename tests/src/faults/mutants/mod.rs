//! Wrong versions of the code that computes money, and whether the tests notice them.
//!
//! Every version is one change of one place: a comparison, a sum, a number, a condition, a call, a statement. All versions that
//! are asked for are in one build and chosen by an environment variable, so judging one costs a run of the tests and no compiler.
//! The tests are those of the crates themselves, with fewer random worlds, so that a version may count as not noticed which the
//! whole tests would notice, and never the other way.

mod build;
mod find;
mod judge;
mod text;

use std::collections::BTreeSet;

use serde::Deserialize;

use self::build::{Candidates, Mutant, build, candidates};
use self::judge::Judge;
use crate::figure::{Asked, Figure, Size, count};
use crate::proofs::in_parallel;

/// Versions that no test could notice, each with its reason.
const EQUIVALENT: &str = include_str!("equivalent.json");
/// Judged by the twin: with nobody who could notice, one is enough.
const TWIN: usize = 3;

/// A version, or all of a function that a change has, that computes the same as the right one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    file: String,
    function: String,
    what: String,
    reason: String,
}

impl Equivalent {
    fn is(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file && self.function == mutant.function && self.what == mutant.what
    }
}

fn equivalents() -> Vec<Equivalent> {
    let all: Vec<Equivalent> = serde_json::from_str(EQUIVALENT).unwrap();
    assert!(all.iter().all(|it| !it.reason.is_empty()), "each says why");
    all
}

/// What was judged.
struct Judged {
    judged: u64,
    alive: Vec<usize>,
    dropped: usize,
}

/// Judges so many versions, drawn by the seed; all of them where there are no more.
fn judge(candidates: &Candidates, excluded: &BTreeSet<usize>, many: usize, seed: u64) -> (Judged, Judged) {
    let mut drawn: Vec<usize> = (1..=candidates.mutants.len())
        .filter(|number| !excluded.contains(number))
        .collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut drawn);
    // Some do not compile, so more are put in than are judged.
    drawn.truncate(many.saturating_mul(2));
    let copy = build(candidates, &drawn.iter().copied().collect());
    drawn.retain(|number| !copy.dropped.contains(number));
    drawn.truncate(many);
    let judge = Judge::new(copy.tests);
    let judged = |judge: &Judge, drawn: &[usize]| {
        let alive = in_parallel(
            count(drawn.len()),
            |place, alive: &mut Vec<usize>| {
                let number = drawn[usize::try_from(place).unwrap()];
                if !judge.kills(number) {
                    alive.push(number);
                }
            },
            |all, own| all.extend(own),
        );
        Judged {
            judged: count(drawn.len()),
            alive,
            dropped: copy.dropped.len(),
        }
    };
    let twin = judged(&Judge::blind(), &drawn[..TWIN.min(drawn.len())]);
    (judged(&judge, &drawn), twin)
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let candidates = candidates();
    let found = Figure::at_least("wrong versions found", count(candidates.mutants.len()), 1_000);
    if asked.size == Size::Test {
        return vec![found];
    }
    let equivalents = equivalents();
    let excluded: BTreeSet<usize> = candidates
        .mutants
        .iter()
        .filter(|mutant| equivalents.iter().any(|equivalent| equivalent.is(mutant)))
        .map(|mutant| mutant.number)
        .collect();
    let (many, percent) = match asked.size {
        Size::Long => (candidates.mutants.len(), 5),
        _ => (usize::try_from(asked.of(0, 12, 60, 0)).unwrap(), 10),
    };
    let (mut judged, twin) = judge(&candidates, &excluded, many, asked.seed);
    judged.alive.sort_unstable();
    for number in &judged.alive {
        eprintln!("not killed: {}", candidates.mutants[number - 1].text());
    }
    eprintln!(
        "wrong versions: {} judged, {} not killed, {} do not compile",
        judged.judged,
        judged.alive.len(),
        judged.dropped
    );
    let alive = count(judged.alive.len());
    let most = judged.judged * percent / 100;
    vec![
        found,
        Figure::judged(
            "wrong versions excluded as equivalent",
            count(excluded.len()),
            "printed only",
            true,
        ),
        Figure::judged(
            format!("mutants not killed of {}", judged.judged),
            alive,
            format!("<= {percent}%"),
            alive <= most,
        ),
        Figure::red_twin("mutants not killed", twin.alive.len()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exclusion_names_a_version() {
        let candidates = candidates();
        for equivalent in equivalents() {
            let named = candidates.mutants.iter().any(|mutant| equivalent.is(mutant));
            assert!(named, "{equivalent:?} names nothing");
        }
    }
}
