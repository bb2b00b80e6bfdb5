//! Payee accounts: reading them from cells, sealing them, and showing them to whoever may see them.

use std::fmt;

use api::settlement::v1 as pb;
use chrono::NaiveDate;
use exchange::identifiers::cnaps_check;
use exchange::row::Allow;
use exchange::table::{self, TableColumn, TableRow};
use ledger::Role;
use platform::sealing::{Keyring, Sealed};

use super::model::{Wrong, Wrongs};
use super::store::payee::StoredAccount;
use crate::error::Error;

/// Columns of an account table.
pub(crate) const COLUMNS: &[TableColumn] = &[
    column("kind", "类型", false),
    column("holder", "持有人", false),
    column("account_name", "户名", false),
    column("bank_name", "开户行", false),
    column("account_no", "账号", false),
    column("cnaps", "行号", false),
    column("valid_from", "起用日", false),
    column("valid_to", "停用日", true),
    column("is_city_branch", "市级分行", true),
    column("revision", "修订号", true),
    column("withdrawn", "撤销", true),
];

/// A column of a table.
pub(crate) const fn column(name: &'static str, zh: &'static str, optional: bool) -> TableColumn {
    TableColumn { name, zh, optional }
}

/// An account. Never printed in full.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) bank_name: String,
    pub(crate) number: String,
    pub(crate) cnaps: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl Account {
    /// The last four digits of the number.
    pub(crate) fn tail(&self) -> String {
        let digits: Vec<char> = self.number.chars().filter(char::is_ascii_digit).collect();
        digits.iter().skip(digits.len().saturating_sub(4)).collect()
    }

    /// The number with all but its last four digits hidden.
    pub(crate) fn masked(&self) -> String {
        format!("****{}", self.tail())
    }

    /// Seals it for one place. None of its fields holds a line end.
    pub(crate) fn seal(&self, keys: &Keyring, place: &str) -> Result<Sealed, Error> {
        let text = [&*self.name, &*self.bank_name, &*self.number, &*self.cnaps].join("\n");
        Ok(keys.seal(text.as_bytes(), place.as_bytes())?)
    }

    /// Opens it in its place.
    pub(crate) fn open(keys: &Keyring, key_id: &str, sealed: &[u8], place: &str) -> Result<Self, Error> {
        let text = keys.open(key_id, sealed, place.as_bytes())?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut parts = text.split('\n').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            name: next(),
            bank_name: next(),
            number: next(),
            cnaps: next(),
        })
    }
}

/// A revision of an account as reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) kind: &'static str,
    pub(crate) holder: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: Option<NaiveDate>,
    pub(crate) revision: i32,
    pub(crate) is_city_branch: bool,
    pub(crate) withdrawn: bool,
    pub(crate) account: Account,
}

impl Reported {
    /// What the sealed bytes are bound to: city, holder, day and revision, and the rest of the row.
    pub(crate) fn place(&self, city: &str) -> String {
        place(
            city,
            self.kind,
            &self.holder,
            self.valid_from,
            self.revision,
            (self.valid_to, self.is_city_branch, self.withdrawn),
        )
    }
}

fn place(
    city: &str,
    kind: &str,
    holder: &str,
    valid_from: NaiveDate,
    revision: i32,
    (valid_to, is_city_branch, withdrawn): (Option<NaiveDate>, bool, bool),
) -> String {
    let valid_to = valid_to.map_or_else(String::new, |day| day.to_string());
    format!(
        "payee_account\n{city}\n{kind}\n{holder}\n{valid_from}\n{revision}\n{valid_to}\n{is_city_branch}\n{withdrawn}"
    )
}

/// Opens a stored account in its row.
pub(crate) fn open(keys: &Keyring, city: &str, stored: &StoredAccount) -> Result<Account, Error> {
    let rest = (stored.valid_to, stored.is_city_branch, stored.withdrawn);
    let place = place(
        city,
        &stored.holder_kind,
        &stored.holder,
        stored.valid_from,
        stored.revision,
        rest,
    );
    Account::open(keys, &stored.key_id, &stored.sealed, &place)
}

/// The cells of a message.
pub(crate) fn cells(message: &pb::PayeeAccount) -> TableRow {
    let day = |day: &Option<api::google::r#type::Date>| {
        day.as_ref().map_or_else(String::new, |day| {
            format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
        })
    };
    let kind = match message.kind() {
        pb::PayeeKind::Enterprise => "enterprise",
        pb::PayeeKind::Institution => "institution",
        pb::PayeeKind::Unspecified => "",
    };
    let cells = [
        ("kind", kind.to_owned()),
        ("holder", message.holder.clone()),
        ("account_name", message.account_name.clone()),
        ("bank_name", message.bank_name.clone()),
        ("account_no", message.account_no.clone()),
        ("cnaps", message.cnaps.clone()),
        ("valid_from", day(&message.valid_from)),
        ("valid_to", day(&message.valid_to)),
        ("is_city_branch", message.is_city_branch.to_string()),
        (
            "revision",
            if message.revision == 0 {
                String::new()
            } else {
                message.revision.to_string()
            },
        ),
        ("withdrawn", message.withdrawn.to_string()),
    ];
    TableRow {
        number: 0,
        cells: cells.into(),
        original: Vec::new(),
    }
}

fn truth(row: &TableRow, column: &'static str, wrongs: &mut Wrongs) -> bool {
    match row.cell(column).to_ascii_lowercase().as_str() {
        "" | "false" | "0" | "否" => false,
        "true" | "1" | "是" => true,
        _ => {
            wrongs.push(Wrong::refusal(column, exchange::RefusalCode::BoolMalformed));
            false
        }
    }
}

fn account_of(row: &TableRow, wrongs: &mut Wrongs) -> Account {
    let account = Account {
        name: wrongs.text(row, "account_name", true),
        bank_name: wrongs.text(row, "bank_name", true),
        number: table::identifier(row.cell("account_no")),
        cnaps: table::identifier(row.cell("cnaps")),
    };
    let is_number = (6..=34).contains(&account.number.len())
        && account
            .number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
        && account.tail().len() == 4;
    if !is_number {
        wrongs.push(Wrong::new(
            "account_no",
            "ACCOUNT_NO_MALFORMED",
            "账号应为 6 至 34 位数字，可含连字符；不接受科学计数法",
            "an account number has 6 to 34 digits, hyphens allowed, and no exponent",
        ));
    }
    let is_bank = account.cnaps.len() == 12
        && account
            .cnaps
            .get(..11)
            .and_then(cnaps_check)
            .is_some_and(|check| account.cnaps.ends_with(check));
    if !is_bank {
        wrongs.push(Wrong::refusal("cnaps", exchange::RefusalCode::CnapsCheckDigit));
    }
    account
}

/// Reads a revision of an account from cells, with every fault.
pub(crate) fn parse(row: &TableRow) -> Result<Reported, Vec<Wrong>> {
    let mut wrongs = Wrongs::default();
    let kind = match table::identifier(row.cell("kind")).as_str() {
        "ENTERPRISE" | "企业" => "enterprise",
        "INSTITUTION" | "机构" => "institution",
        _ => {
            wrongs.push(Wrong::refusal("kind", exchange::RefusalCode::WordUnknown));
            ""
        }
    };
    let mut holder = wrongs.text(row, "holder", true);
    if kind == "enterprise" {
        match exchange::identifiers::read_uscc(&holder, &Allow::default()) {
            Ok(code) => holder = code.to_string(),
            Err(code) => wrongs.push(Wrong::refusal("holder", code)),
        }
    }
    let valid_from = wrongs.day(row, "valid_from", true);
    let valid_to = wrongs.day(row, "valid_to", false);
    if let (Some(from), Some(to)) = (valid_from, valid_to)
        && to < from
    {
        wrongs.push(Wrong::refusal("valid_to", exchange::RefusalCode::PeriodReversed));
    }
    let revision = match row.cell("revision") {
        "" => Some(1),
        text => text.parse::<i32>().ok().filter(|revision| *revision >= 1),
    };
    if revision.is_none() {
        wrongs.push(Wrong::refusal(
            "revision",
            exchange::RefusalCode::RevisionMalformed,
        ));
    }
    let (is_city_branch, withdrawn) = (
        truth(row, "is_city_branch", &mut wrongs),
        truth(row, "withdrawn", &mut wrongs),
    );
    if is_city_branch && kind == "enterprise" {
        wrongs.push(Wrong::refusal(
            "is_city_branch",
            exchange::RefusalCode::WordUnknown,
        ));
    }
    let account = if withdrawn {
        Account::default()
    } else {
        account_of(row, &mut wrongs)
    };
    match (valid_from, revision) {
        (Some(valid_from), Some(revision)) if wrongs.is_empty() => Ok(Reported {
            kind,
            holder,
            valid_from,
            valid_to,
            revision,
            is_city_branch,
            withdrawn,
            account,
        }),
        _ => Err(wrongs.into_vec()),
    }
}

/// Whether a role sees account numbers in full.
pub(crate) fn sees_numbers(role: Role) -> bool {
    matches!(
        role,
        Role::FinanceMaker | Role::FinanceChecker | Role::FinanceReleaser
    )
}

/// An account as a message; its number in full only where told.
pub(crate) fn message(account: &Account, in_full: bool) -> pb::PayeeAccount {
    pb::PayeeAccount {
        account_name: account.name.clone(),
        bank_name: account.bank_name.clone(),
        account_no: if in_full {
            account.number.clone()
        } else {
            account.masked()
        },
        cnaps: account.cnaps.clone(),
        ..pb::PayeeAccount::default()
    }
}
