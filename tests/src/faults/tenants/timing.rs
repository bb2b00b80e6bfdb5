//! Whether the time of an answer tells what its words do not.

use std::time::Duration;

use crate::figure::Figure;

/// Pairs of times: of what is somebody else's, and of what nobody has.
#[derive(Debug, Default)]
pub(super) struct Timing(Vec<(Duration, Duration)>);

impl Timing {
    pub(super) fn push(&mut self, foreign: Duration, absent: Duration) {
        self.0.push((foreign, absent));
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The gap of the medians in per cent of the lower; printed and not judged, since machines that build beside it make it wide.
    pub(super) fn figure(&self) -> Option<Figure> {
        let foreign = median(self.0.iter().map(|pair| pair.0))?;
        let absent = median(self.0.iter().map(|pair| pair.1))?;
        let (low, gap) = (foreign.min(absent), foreign.abs_diff(absent));
        let percent = gap * 100 / low.max(1);
        let name = "gap of median times of foreign and absent, per cent";
        Some(Figure::judged(
            name,
            percent,
            "printed only (< 5 on a quiet machine)",
            true,
        ))
    }
}

/// The middle one, in microseconds.
fn median(times: impl Iterator<Item = Duration>) -> Option<u64> {
    let mut micros: Vec<u64> = times
        .map(|time| u64::try_from(time.as_micros()).unwrap())
        .collect();
    micros.sort_unstable();
    micros.get(micros.len() / 2).copied()
}
