//! When a message is tried again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Pauses after the first try, the second, and so on; after as many more the message is given up. Together about three days,
/// as Standard Webhooks suggests.
pub(crate) const PAUSES: [u64; 9] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The pause after a number of failed tries, up to a tenth longer than the table's, so that endpoints that failed together
/// are not called together; none after the last.
pub(crate) fn pause(tries: i32) -> Option<Duration> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    let seconds = PAUSES.get(index)?;
    let jitter = platform::ids::random_below(seconds.saturating_mul(100));
    Some(Duration::from_millis(
        seconds.saturating_mul(1000).saturating_add(jitter),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_over_three_days_and_then_no_more() {
        assert_eq!(pause(0), None);
        for (tries, seconds) in (1..).zip(PAUSES) {
            for _ in 0..100 {
                let pause = pause(tries).unwrap();
                assert!(pause >= Duration::from_secs(seconds), "{tries}");
                assert!(pause <= Duration::from_millis(seconds * 1100), "{tries}");
            }
        }
        assert_eq!(pause(10), None);
        let days: u64 = PAUSES.iter().sum::<u64>() / (24 * HOUR);
        assert_eq!(days, 3);
    }
}
