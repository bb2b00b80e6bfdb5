//! A batch's number and states.

use policy::date::PolicyYear;
use policy::ident::{City, Division};

/// States of a batch, moved only by verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Open; may be computed 草稿.
    Draft,
    /// Submitted by its maker 审核中.
    InReview,
    /// On public notice 公示中.
    PublicNotice,
    /// Approved by the checker 已审批.
    Approved,
    /// Released; its amounts are settled 已放行.
    Released,
    /// Every payment of it is final 已拨付.
    Paid,
    /// Cancelled for good 已作废.
    Cancelled,
}

impl State {
    pub(crate) const ALL: [Self; 7] = [
        Self::Draft,
        Self::InReview,
        Self::PublicNotice,
        Self::Approved,
        Self::Released,
        Self::Paid,
        Self::Cancelled,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::PublicNotice => "public_notice",
            Self::Approved => "approved",
            Self::Released => "released",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::Draft => "草稿",
            Self::InReview => "审核中",
            Self::PublicNotice => "公示中",
            Self::Approved => "已审批",
            Self::Released => "已放行",
            Self::Paid => "已拨付",
            Self::Cancelled => "已作废",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether no verb but payment moves it any more.
    pub(crate) const fn is_closed(self) -> bool {
        matches!(self, Self::Released | Self::Paid | Self::Cancelled)
    }
}

/// A batch's number, e.g. `410500-2025-001`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchNo {
    pub(crate) city: City,
    pub(crate) year: PolicyYear,
    pub(crate) sequence: i32,
}

impl BatchNo {
    /// Reads `410500-2025-001`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (division, year, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || sequence.len() != 3 || year.len() != 4 {
            return None;
        }
        let city = Division::from_canonical(division).ok()?.city();
        let number = Self {
            city,
            year: PolicyYear::new(year.parse().ok()?)?,
            sequence: sequence.parse().ok()?,
        };
        (number.to_string() == text && number.sequence > 0).then_some(number)
    }

    /// Reads `batches/410500-2025-001`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        name.strip_prefix("batches/").and_then(Self::parse)
    }

    /// Reads `batches/410500-2025-001/lines/7`.
    pub(crate) fn of_line_name(name: &str) -> Option<(Self, i32)> {
        Self::of_part(name, "/lines/")
    }

    /// Reads `batches/410500-2025-001/notices/1`.
    pub(crate) fn of_notice_name(name: &str) -> Option<(Self, i32)> {
        Self::of_part(name, "/notices/")
    }

    fn of_part(name: &str, part: &str) -> Option<(Self, i32)> {
        let (batch, line) = name.rsplit_once(part)?;
        Some((
            Self::of_name(batch)?,
            line.parse().ok().filter(|number| *number > 0)?,
        ))
    }
}

impl std::fmt::Display for BatchNo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}-{}-{:03}",
            self.city.division_text(),
            self.year,
            self.sequence
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_number_reads_back_and_nothing_else_is_one() {
        let number = BatchNo::of_name("batches/410500-2025-001").unwrap();
        assert_eq!(number.to_string(), "410500-2025-001");
        for text in [
            "410500-2025-1",
            "410500-2025-000",
            "410502-2025-001",
            "4105-2025-001",
            "410500-25-001",
            "410500-2025-001-1",
        ] {
            assert_eq!(BatchNo::parse(text), None, "{text}");
        }
    }
}
