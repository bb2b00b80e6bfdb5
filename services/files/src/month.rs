//! Calendar months in Beijing, and which month a recorded fact belongs to.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use policy::date::beijing_date;

/// A calendar month in Beijing, held as its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Month(NaiveDate);

impl Month {
    /// Reads `2026-03`.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let is_digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(year, 4) || !is_digits(month, 2) {
            return None;
        }
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1).map(Self)
    }

    /// The month that a day lies in.
    #[must_use]
    pub(crate) fn of_day(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The month of an instant in Beijing.
    #[must_use]
    pub(crate) fn of(instant: DateTime<Utc>) -> Self {
        Self::of_day(beijing_date(instant))
    }

    /// Its first day.
    #[must_use]
    pub(crate) const fn first_day(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    #[must_use]
    pub(crate) fn last_day(self) -> NaiveDate {
        self.next().0.pred_opt().unwrap_or(self.0)
    }

    /// The month before it.
    #[must_use]
    pub(crate) fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month after it.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0.format("%Y-%m"))
    }
}

/// A month that is over, and the cut-off that was closed after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MonthEnd {
    /// The month.
    pub(crate) month: Month,
    /// Facts under a higher cut-off came after it was closed.
    pub(crate) cut_off: i64,
    /// When it was closed.
    pub(crate) closed_at: DateTime<Utc>,
}

/// The months of a city that were closed, ascending. Not every month need be there: closing one closes all before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MonthEnds(Vec<MonthEnd>);

impl MonthEnds {
    /// The months, in any order.
    #[must_use]
    pub(crate) fn new(mut ends: Vec<MonthEnd>) -> Self {
        ends.sort_unstable_by_key(|end| end.month);
        Self(ends)
    }

    /// The closing that made a month final; none while it may still change.
    #[must_use]
    pub(crate) fn closing_of(&self, month: Month) -> Option<&MonthEnd> {
        self.0.iter().find(|end| end.month >= month)
    }

    /// The month in whose statement a fact stands: that of its time, but never one that was closed before the fact came. The clock alone
    /// could not say so: a transaction may take its time before midnight and commit after it.
    #[must_use]
    pub(crate) fn month_of(&self, recorded_at: DateTime<Utc>, cut_off: i64) -> Month {
        let by_clock = Month::of(recorded_at);
        let closed_before = self
            .0
            .iter()
            .filter(|end| end.cut_off < cut_off)
            .map(|end| end.month.next())
            .max();
        closed_before.map_or(by_clock, |earliest| earliest.max(by_clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn a_month_begins_and_ends_in_beijing() {
        let march = Month::parse("2026-03").unwrap();
        assert_eq!(Month::of(at("2026-02-28T16:00:00Z")), march);
        assert_eq!(Month::of(at("2026-03-31T15:59:59.999999Z")), march);
        assert_eq!(Month::of(at("2026-03-31T16:00:00Z")), march.next());
        assert_eq!(
            (march.to_string(), march.last_day().to_string()),
            ("2026-03".into(), "2026-03-31".into())
        );
        for wrong in [
            "2026-3",
            "2026-13",
            "26-03",
            "2026-03-01",
            "",
            "2026-00",
            "+026-03",
        ] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_late_commit_stands_in_the_next_month() {
        let [january, march] = ["2026-01", "2026-03"].map(|text| Month::parse(text).unwrap());
        let end = |month, cut_off| MonthEnd {
            month,
            cut_off,
            closed_at: at("2026-04-01T01:00:00Z"),
        };
        let ends = MonthEnds::new(vec![end(march, 9), end(january, 4)]);
        let in_march = at("2026-03-31T15:59:59Z");
        assert_eq!(ends.month_of(in_march, 9), march);
        assert_eq!(ends.month_of(in_march, 10), march.next());
        // Recorded in January by the clock, after January was closed.
        assert_eq!(ends.month_of(at("2026-01-31T15:00:00Z"), 5), january.next());
        assert_eq!(ends.closing_of(january.next()).map(|end| end.month), Some(march));
        assert!(ends.closing_of(march.next()).is_none());
    }
}
