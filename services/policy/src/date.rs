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
