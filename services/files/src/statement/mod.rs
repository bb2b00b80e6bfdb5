//! The monthly statement 月度对账单: a pure fold over the stored revisions of an institution's events.
//!
//! It keeps what was known when: a revision stands in the month in which it was recorded, whatever day the event is of. So the closing of a
//! month is the opening of the next one, and a month that is over never changes.

pub(crate) mod issued;
pub(crate) mod message;
pub(crate) mod model;
pub(crate) mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use policy::money::{Money, MoneyError};

use crate::month::Month;
use model::{Account, Balance, Change, Entry, EventKey, Revision, Standing};

/// One account of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movements {
    /// At the end of the month before.
    pub(crate) opening: Balance,
    /// Entries and what they changed, by sort.
    pub(crate) by_change: BTreeMap<Change, (i64, Balance)>,
    /// At the end of the month.
    pub(crate) closing: Balance,
}

impl Default for Movements {
    fn default() -> Self {
        Self {
            opening: Balance::ZERO,
            by_change: BTreeMap::new(),
            closing: Balance::ZERO,
        }
    }
}

/// The figures of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The month.
    pub(crate) month: Month,
    /// Accounts that ever held anything.
    pub(crate) accounts: BTreeMap<Account, Movements>,
    /// Every revision recorded in the month, in the order of recording.
    pub(crate) entries: Vec<Entry>,
}

/// Net amounts: draws less reversals, or payments less refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Net {
    /// At the end of the month before.
    pub(crate) opening: Money,
    /// At the end of the month.
    pub(crate) closing: Money,
}

impl Statement {
    /// A statement of a month in which nothing was ever reported.
    #[must_use]
    pub(crate) fn new(month: Month) -> Self {
        Self {
            month,
            accounts: BTreeMap::new(),
            entries: Vec::new(),
        }
    }

    /// Takes every revision of one event, in any order.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub(crate) fn take(&mut self, key: &EventKey, mut revisions: Vec<Revision>) -> Result<(), MoneyError> {
        revisions.sort_by_key(|revision| (revision.month, revision.recorded_at, revision.number));
        let mut highest: Option<u32> = None;
        let mut standing: Option<Standing> = None;
        let month = self.month;
        for revision in revisions.into_iter().filter(|revision| revision.month <= month) {
            if highest.is_some_and(|highest| highest > revision.number) {
                let at = revision.standing.clone();
                self.record(key, &revision, Change::History, (at.as_ref(), None, None))?;
                continue;
            }
            let is_first = highest.is_none();
            highest = Some(revision.number);
            let after = revision.standing.clone();
            match (&standing, &after) {
                (Some(before), Some(after)) if before.account != after.account => {
                    self.record(
                        key,
                        &revision,
                        Change::Corrected,
                        (Some(before), Some(before), None),
                    )?;
                    self.record(
                        key,
                        &revision,
                        Change::Corrected,
                        (Some(after), None, Some(after)),
                    )?;
                }
                (before, after) => {
                    let change = match (before, after, is_first) {
                        (Some(_), Some(_), _) => Change::Corrected,
                        (_, None, _) => Change::Withdrawn,
                        (None, Some(_), true) => Change::New,
                        (None, Some(_), false) => Change::Restored,
                    };
                    let at = after.as_ref().or(before.as_ref());
                    self.record(key, &revision, change, (at, before.as_ref(), after.as_ref()))?;
                }
            }
            standing = after;
        }
        Ok(())
    }

    /// Adds the effect of a revision on one account: what stood there before, and what stands there now.
    fn record(
        &mut self,
        key: &EventKey,
        revision: &Revision,
        change: Change,
        (at, before, after): (Option<&Standing>, Option<&Standing>, Option<&Standing>),
    ) -> Result<(), MoneyError> {
        let amount = |standing: Option<&Standing>| standing.map_or(Money::from_fen(0), |it| it.amount);
        let (before_amount, after_amount) = (amount(before), amount(after));
        let effect = after_amount.minus(before_amount)?;
        let records = i64::from(after.is_some()) - i64::from(before.is_some());
        let in_month = revision.month == self.month;
        if let Some(at) = at {
            let account = self.accounts.entry(at.account).or_default();
            account.closing = account.closing.plus(records, effect)?;
            if in_month {
                let (entries, moved) = account.by_change.entry(change).or_insert((0, Balance::ZERO));
                *entries += 1;
                *moved = moved.plus(records, effect)?;
            } else {
                account.opening = account.opening.plus(records, effect)?;
            }
        }
        if in_month {
            let occurred_on = at.map(|at| at.occurred_on);
            self.entries.push(Entry {
                key: key.clone(),
                revision: revision.number,
                recorded_at: revision.recorded_at,
                change,
                account: at.map(|at| at.account),
                occurred_on,
                late: occurred_on.is_some_and(|day| day < self.month.first_day()),
                on_behalf: revision.on_behalf,
                reverses: at.map(|at| at.reverses.clone()).unwrap_or_default(),
                before: before_amount,
                after: after_amount,
                effect,
            });
        }
        Ok(())
    }

    /// Puts the entries into the order in which they were recorded. A correction's two entries stay beside each other.
    pub(crate) fn finish(&mut self) {
        self.entries.sort_by(|one, other| {
            (one.recorded_at, &one.key, one.revision).cmp(&(other.recorded_at, &other.key, other.revision))
        });
    }

    /// Draws less reversals, or payments less refunds.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub(crate) fn net(&self) -> Result<Net, MoneyError> {
        let zero = Money::from_fen(0);
        let mut net = Net {
            opening: zero,
            closing: zero,
        };
        for (account, movements) in &self.accounts {
            net.opening = account.add_to_net(net.opening, movements.opening.amount)?;
            net.closing = account.add_to_net(net.closing, movements.closing.amount)?;
        }
        Ok(net)
    }
}
