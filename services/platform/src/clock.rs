//! Time, handed in: nothing outside this module reads the system's clock.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// Where "now" comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Always the same moment, for tests, demonstrations and replays.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The present moment in UTC. Calendar days are the caller's business (Asia/Shanghai).
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => DateTime::from(SystemTime::now()),
            Self::Fixed(moment) => *moment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still_and_the_system_clock_does_not_go_back() {
        let fixed = Clock::Fixed(DateTime::UNIX_EPOCH);
        assert_eq!(fixed.now(), fixed.now());
        let first = Clock::System.now();
        assert!(Clock::System.now() >= first && first > DateTime::UNIX_EPOCH);
    }
}
