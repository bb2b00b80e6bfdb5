//! Beijing dates and policy years. China keeps one zone, UTC+8, without daylight saving since 1991.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};

/// Seconds east of Greenwich of Beijing time.
const BEIJING_SECONDS: i32 = 8 * 3600;

/// The zone of every date in this system.
#[must_use]
pub fn beijing() -> FixedOffset {
    // The constant is within a day, so the fallback is never taken; it keeps the function total.
    FixedOffset::east_opt(BEIJING_SECONDS).unwrap_or_else(|| chrono::Offset::fix(&Utc))
}

/// The Beijing calendar date of an instant: the day that decides the policy year.
#[must_use]
pub fn beijing_date(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&beijing()).date_naive()
}

/// A calendar year for which a document pays (年度; Budget Law art. 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct PolicyYear(i32);

impl PolicyYear {
    /// The year; any from 1985 (the first Patent Law) to 2199.
    #[must_use]
    pub fn new(year: i32) -> Option<Self> {
        (1985..=2199).contains(&year).then_some(Self(year))
    }

    /// The year a date falls in.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year())
    }

    /// The number of the year.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// 1 January.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, 1, 1).unwrap_or(NaiveDate::MIN)
    }

    /// 31 December.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, 12, 31).unwrap_or(NaiveDate::MAX)
    }
}

impl std::fmt::Display for PolicyYear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// A period of days closed at both ends; no last day means it is still running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day, if it has one.
    pub to: Option<NaiveDate>,
}

impl Period {
    /// Whether the day lies in the period.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|last| day <= last)
    }

    /// Whether two periods share a day.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.to.is_none_or(|last| other.from <= last) && other.to.is_none_or(|last| self.from <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        let date = |text: &str| beijing_date(text.parse().unwrap());
        assert_eq!(date("2025-12-31T15:59:59.999999Z"), day("2025-12-31"));
        assert_eq!(date("2025-12-31T16:00:00Z"), day("2026-01-01"));
        assert_eq!(beijing().local_minus_utc(), 28_800);
    }

    #[test]
    fn a_policy_year_lies_between_its_first_and_last_day() {
        let number = |year| PolicyYear::new(year).map(PolicyYear::number);
        assert_eq!(
            [1984, 1985, 2199, 2200].map(number),
            [None, Some(1985), Some(2199), None]
        );
        let year = PolicyYear::new(2025).unwrap();
        assert_eq!(
            (year.first_day(), year.last_day()),
            (day("2025-01-01"), day("2025-12-31"))
        );
        assert_eq!([year.first_day(), year.last_day()].map(PolicyYear::of), [year; 2]);
        assert_eq!(PolicyYear::of(day("2026-01-01")).to_string(), "2026");
    }

    #[test]
    fn a_period_holds_both_its_ends_and_one_without_a_last_day_goes_on() {
        let period = |from, to: Option<&str>| Period {
            from: day(from),
            to: to.map(day),
        };
        let closed = period("2025-03-01", Some("2025-03-31"));
        let days = ["2025-02-28", "2025-03-01", "2025-03-31", "2025-04-01"].map(day);
        assert_eq!(days.map(|day| closed.contains(day)), [false, true, true, false]);
        let open = period("2025-03-31", None);
        assert_eq!(days.map(|day| open.contains(day)), [false, false, true, true]);
        for (other, shares) in [
            (period("2025-03-31", Some("2025-04-30")), true),
            (period("2025-04-01", Some("2025-04-30")), false),
            (period("2025-02-01", Some("2025-03-01")), true),
            (period("2025-02-01", Some("2025-02-28")), false),
            (open, true),
            (period("2025-04-01", None), false),
        ] {
            assert_eq!(
                (closed.overlaps(other), other.overlaps(closed)),
                (shares, shares),
                "{other:?}"
            );
        }
    }
}
