//! What a batch is settled under beside facts and rules: orders of people that stop, lower or share out what the facts earn.
//!
//! They are part of a batch's receipt, so that the batch computes again elsewhere. None of them adds to an entitlement.

use chrono::NaiveDate;

use crate::codes::{Clause, Measure};
use crate::date::Period;
use crate::engine::LineKey;
use crate::ident::InstitutionCode;
use crate::money::Money;

/// Everything a batch is settled under; the default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Lines with an open or upheld objection 异议.
    pub set_aside: Vec<SetAside>,
    /// Entitlements that an order of recovery lowers 追回.
    pub revoked: Vec<Revoked>,
    /// Clauses and institutions that are frozen 冻结.
    pub freezes: Vec<Freeze>,
    /// Appropriations 预算, read where R14 is not NONE.
    pub budgets: Vec<Budget>,
}

/// A line set aside: what is not yet settled of it waits, and nothing that is settled is lowered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetAside {
    /// The line.
    pub key: LineKey,
    /// Number of the objection.
    pub reference: String,
    /// What it says, in the words of the officer who took it down.
    pub reason: String,
}

/// An order to take money back (财政违法行为处罚处分条例 art. 14): the line is entitled to no more than stated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revoked {
    /// The line.
    pub key: LineKey,
    /// What it keeps at most.
    pub at_most: Money,
    /// Number of the order.
    pub reference: String,
    /// Its legal basis.
    pub basis: String,
    /// Its reason.
    pub reason: String,
}

/// What a freeze stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frozen {
    /// Lines paid under a clause.
    Clause(Clause),
    /// Lines that a fact of an institution contributes to, and the line of its legal person.
    Institution(InstitutionCode),
}

/// A freeze: new payments stop on the batch's as-of date, reports go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Freeze {
    /// What is frozen.
    pub what: Frozen,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none where it is open.
    pub to: Option<NaiveDate>,
    /// Why.
    pub reason: String,
}

impl Conditions {
    /// Nothing but facts and rules.
    pub const NONE: Self = Self {
        set_aside: Vec::new(),
        revoked: Vec::new(),
        freezes: Vec::new(),
        budgets: Vec::new(),
    };
}

impl Freeze {
    /// The days on which it stands.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.from,
            to: self.to,
        }
    }
}

/// An appropriation 预算 of a programme for the policy year, as it stands when the batch is computed (预算法 art. 13).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    /// Name of the programme.
    pub programme: String,
    /// The measures it pays for; a measure belongs to one programme at most.
    pub measures: Vec<Measure>,
    /// What was appropriated.
    pub ceiling: Money,
    /// What released batches have taken of it and recoveries have not brought back.
    pub committed: Money,
}

impl Budget {
    /// What is left of it, never negative.
    #[must_use]
    pub fn available(&self) -> Money {
        self.ceiling
            .minus(self.committed)
            .unwrap_or_default()
            .max(Money::ZERO)
    }
}
