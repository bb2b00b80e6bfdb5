//! What checks run from outside found, for the collector; each name is in docs/metrics.md.

use platform::clock::Clock;
use platform::metrics::Gauge;

static REPLAYED: Gauge = Gauge::new(
    "zhirong.replay.batches",
    "{batch}",
    "Batches that the last replay computed again, by whether they came to the same digests.",
);
static CHAINS: Gauge = Gauge::new(
    "zhirong.audit.chains",
    "{chain}",
    "Audit chains that the last check hashed again, by whether they are whole.",
);
static FINISHED: Gauge = Gauge::new(
    "zhirong.check.finished",
    "s",
    "When a check last ran to its end, in seconds since 1970.",
);

/// How many things a check found to be as they should, and how many not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    good: i64,
    bad: i64,
}

impl Tally {
    /// Counts one.
    pub(crate) const fn add(&mut self, is_good: bool) {
        if is_good {
            self.good += 1;
        } else {
            self.bad += 1;
        }
    }

    /// Whether nothing is wrong.
    pub(crate) const fn is_good(self) -> bool {
        self.bad == 0
    }

    /// How many there were.
    pub(crate) const fn total(self) -> i64 {
        self.good + self.bad
    }

    /// Shows what a replay found.
    pub(crate) fn show_replay(self) {
        REPLAYED.record(self.good, &[("result", "same")]);
        REPLAYED.record(self.bad, &[("result", "mismatch")]);
        finished("replay");
    }

    /// Shows what a check of the audit trail found.
    pub(crate) fn show_audit(self) {
        CHAINS.record(self.good, &[("result", "whole")]);
        CHAINS.record(self.bad, &[("result", "broken")]);
        finished("audit");
    }
}

fn finished(check: &str) {
    FINISHED.record(Clock::System.now().timestamp(), &[("check", check)]);
}
