//! What a statement is made of: accounts, revisions, entries and balances.

use chrono::{DateTime, NaiveDate, Utc};
use exchange::File;
use policy::money::{Money, MoneyError};

use crate::month::Month;

/// An account of the statement: the events of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
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
    pub const ALL: [Self; 7] = [
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
    pub fn parse(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.kind() == kind)
    }

    /// The word of the exchange file.
    #[must_use]
    pub const fn kind(self) -> &'static str {
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
    pub const fn zh(self) -> &'static str {
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
    pub const fn file(self) -> File {
        match self {
            Self::Payment | Self::Refund => File::PremiumEvents,
            _ => File::LoanEvents,
        }
    }

    /// What an amount of this account adds to the net: draws and payments do, reversals and refunds take away, the rest is no money out.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub fn add_to_net(self, net: Money, amount: Money) -> Result<Money, MoneyError> {
        match self {
            Self::Draw | Self::Payment => net.plus(amount),
            Self::Reversal | Self::Refund => net.minus(amount),
            Self::Repayment | Self::Extension | Self::Rollover => Ok(net),
        }
    }
}

/// What an event comes to while it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its account.
    pub account: Account,
    /// Its amount, above 0.
    pub amount: Money,
    /// Its day in Beijing.
    pub occurred_on: NaiveDate,
    /// The event that it reverses or refunds; empty where none.
    pub reverses: String,
}

/// One stored revision of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub number: u32,
    /// Its content; none where it withdraws the event.
    pub standing: Option<Standing>,
    /// The month in whose statement it stands.
    pub month: Month,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Whether the bureau reported it.
    pub on_behalf: bool,
}

/// Whose event: the file, its contract or policy, and its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// Exchange file.
    pub file: File,
    /// Contract or policy.
    pub parent: String,
    /// Number of the event.
    pub event_no: String,
}

/// What a revision did to what was known before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
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
    pub const fn zh(self) -> &'static str {
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
    pub const fn as_str(self) -> &'static str {
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
pub struct Entry {
    /// Whose.
    pub key: EventKey,
    /// Which revision.
    pub revision: u32,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it did.
    pub change: Change,
    /// The account; none for a withdrawal of an event that was never reported.
    pub account: Option<Account>,
    /// Day of the event; none as above.
    pub occurred_on: Option<NaiveDate>,
    /// Whether that day lies before the month.
    pub late: bool,
    /// Whether the bureau reported it.
    pub on_behalf: bool,
    /// The event that it reverses or refunds.
    pub reverses: String,
    /// What the event came to in this account before.
    pub before: Money,
    /// What it comes to now.
    pub after: Money,
    /// The difference.
    pub effect: Money,
}

/// Records that stand and the sum of their amounts; of a movement, by how much these changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Records.
    pub records: i64,
    /// Yuan and fen, exact.
    pub amount: Money,
}

impl Balance {
    /// Nothing.
    pub const ZERO: Self = Self {
        records: 0,
        amount: Money::from_fen(0),
    };

    /// Both added.
    ///
    /// # Errors
    /// [`MoneyError`] beyond the range of amounts.
    pub fn plus(self, records: i64, amount: Money) -> Result<Self, MoneyError> {
        Ok(Self {
            records: self.records.saturating_add(records),
            amount: self.amount.plus(amount)?,
        })
    }
}
