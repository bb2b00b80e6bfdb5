//! A batch's number and states.

use policy::date::PolicyYear;
use policy::ident::{City, Division};

/// States of a batch. Review, notice and payment stand between draft and released in a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Released,
    Cancelled,
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Draft, Self::Released, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == word)
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
        let (batch, line) = name.rsplit_once("/lines/")?;
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
