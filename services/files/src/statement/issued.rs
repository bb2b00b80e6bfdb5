//! A statement as it is issued: its figures, whose it is, whether they are final, and what was settled.

use chrono::{DateTime, Utc};
use exchange::{Cells, File};
use ledger::report::set;
use policy::money::{Money, MoneyError};

use super::Statement;
use super::model::EventKey;
use crate::store::released::ReleasedLine;

/// A statement of one institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) institution: String,
    /// The first four digits of its division codes.
    pub(crate) city: String,
    pub(crate) statement: Statement,
    /// Whether the month is closed.
    pub(crate) is_final: bool,
    /// When it was closed; of an open month, when it was read.
    pub(crate) as_of: DateTime<Utc>,
    /// The cut-off it was closed under; 0 for an open month.
    pub(crate) cut_off: i64,
    /// Credit code as known at the end of the month.
    pub(crate) legal_person: String,
    pub(crate) released: Vec<ReleasedLine>,
}

impl Issued {
    /// What was settled in the month.
    pub(crate) fn settled_total(&self) -> Result<Money, MoneyError> {
        Money::sum(self.released.iter().map(|line| Money::from_fen(line.amount_fen)))
    }

    /// The number of the batch of a line.
    pub(crate) fn batch_no(&self, line: &ReleasedLine) -> String {
        format!("{}00-{}-{:03}", self.city, line.year, line.sequence)
    }
}

/// The resource name of an event.
pub(crate) fn name_of(key: &EventKey) -> String {
    let mut cells = Cells::new(key.file);
    let parent = if key.file == File::PremiumEvents {
        "policy_no"
    } else {
        "contract_no"
    };
    set(&mut cells, parent, &key.parent);
    set(&mut cells, "event_no", &key.event_no);
    api::name::format(&cells, key.file)
}
