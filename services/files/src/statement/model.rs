//! What a statement is made of: accounts, revisions, entries and balances.

use chrono::{DateTime, NaiveDate, Utc};
use exchange::File;
use policy::money::{Money, MoneyError};

use crate::month::Month;

/// An account of the statement: the events of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Account {
    /// 放款.
    Draw,
    /// 冲正.
    Reversal,
    /// 还款.
    Repayment,
    /// 展期.
    Extension,
    /// 借新还旧.
    Rollover,
    /// 保费.
    Payment,
    /// 退费.
    Refund,
}

impl Account {
    /// Every account, in the order of a statement.
    pub(crate) const ALL: [Self; 7] = [
        Self::Draw,
        Self::Reversal,
        Self::Repayment,
        Self::Extension,
        Self::Rollover,
        Self::Payment,
        Self::Refund,
    ];

    /// The account of an event by the word of its kind.
    #[must_use]
    pub(crate) fn parse(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.kind() == kind)
    }

    /// The word of the exchange file.
    #[must_use]
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Draw => "draw",
            Self::Reversal => "reversal",
            Self::Repayment => "repayment",
            Self::Extension => "extension",
            Self::Rollover => "rollover",
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }

    /// Its name in Chinese.
    #[must_use]
    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::Draw => "放款",
            Self::Reversal => "冲正",
            Self::Repayment => "还款",
            Self::Extension => "展期",
            Self::Rollover => "借新还旧",
            Self::Payment => "保费",
            Self::Refund => "退费",
        }
    }

    /// The exchange file of its events.
    #[must_use]
    pub(crate) const fn file(self) -> File {
        match self {
            Self::Payment | Self::Refund => File::PremiumEvents,
            _ => File::LoanEvents,
        }
    }

    /// What an amount of this account adds to the net: draws and payments do, reversals and refunds take away, the rest is no money out.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub(crate) fn add_to_net(self, net: Money, amount: Money) -> Result<Money, MoneyError> {
        match self {
            Self::Draw | Self::Payment => net.plus(amount),
            Self::Reversal | Self::Refund => net.minus(amount),
            Self::Repayment | Self::Extension | Self::Rollover => Ok(net),
        }
    }
}

/// What an event comes to while it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its account.
    pub(crate) account: Account,
    /// Its amount, above 0.
    pub(crate) amount: Money,
    /// Its day in Beijing.
    pub(crate) occurred_on: NaiveDate,
    /// The event that it reverses or refunds; empty where none.
    pub(crate) reverses: String,
}

/// One stored revision of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Its number.
    pub(crate) number: u32,
    /// Its content; none where it withdraws the event.
    pub(crate) standing: Option<Standing>,
    /// The month in whose statement it stands.
    pub(crate) month: Month,
    /// When it was recorded.
    pub(crate) recorded_at: DateTime<Utc>,
    /// Whether the bureau reported it.
    pub(crate) on_behalf: bool,
}

/// Whose event: the file, its contract or policy, and its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventKey {
    /// Exchange file.
    pub(crate) file: File,
    /// Contract or policy.
    pub(crate) parent: String,
    /// Number of the event.
    pub(crate) event_no: String,
}

/// What a revision did to what was known before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Change {
    /// 新增.
    New,
    /// 更正.
    Corrected,
    /// 撤销.
    Withdrawn,
    /// 恢复.
    Restored,
    /// 存为历史.
    History,
}

impl Change {
    /// Its name in Chinese.
    #[must_use]
    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::New => "新增",
            Self::Corrected => "更正",
            Self::Withdrawn => "撤销",
            Self::Restored => "恢复",
            Self::History => "存为历史",
        }
    }

    /// Its word in files.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Corrected => "corrected",
            Self::Withdrawn => "withdrawn",
            Self::Restored => "restored",
            Self::History => "history",
        }
    }
}

/// One revision and its effect on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whose.
    pub(crate) key: EventKey,
    /// Which revision.
    pub(crate) revision: u32,
    /// When it was recorded.
    pub(crate) recorded_at: DateTime<Utc>,
    /// What it did.
    pub(crate) change: Change,
    /// The account; none for a withdrawal of an event that was never reported.
    pub(crate) account: Option<Account>,
    /// Day of the event; none as above.
    pub(crate) occurred_on: Option<NaiveDate>,
    /// Whether that day lies before the month.
    pub(crate) late: bool,
    /// Whether the bureau reported it.
    pub(crate) on_behalf: bool,
    /// The event that it reverses or refunds.
    pub(crate) reverses: String,
    /// What the event came to in this account before.
    pub(crate) before: Money,
    /// What it comes to now.
    pub(crate) after: Money,
    /// The difference.
    pub(crate) effect: Money,
}

/// Records that stand and the sum of their amounts; of a movement, by how much these changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    /// Records.
    pub(crate) records: i64,
    /// Yuan and fen, exact.
    pub(crate) amount: Money,
}

impl Balance {
    /// Nothing.
    pub(crate) const ZERO: Self = Self {
        records: 0,
        amount: Money::from_fen(0),
    };

    /// Both added.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub(crate) fn plus(self, records: i64, amount: Money) -> Result<Self, MoneyError> {
        Ok(Self {
            records: self.records.saturating_add(records),
            amount: self.amount.plus(amount)?,
        })
    }
}
