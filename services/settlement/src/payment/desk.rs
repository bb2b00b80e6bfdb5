//! The verbs of a payment, each inside one open transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use exchange::table::name_for_matching;
use ledger::Stamp;
use platform::sealing::Keyring;
use policy::money::Money;
use policy::rulebook::{Negative, Rulebook};
use sqlx::PgConnection;

use super::Error as PayError;
use super::account::{self, Account};
use super::model::{ORDER_BASIS, payment_name, voucher_no};
use super::offset::{Debt, Payable, set_off};
use super::store::book::{self, NewPayment, StoredPayment};
use super::store::{payee, recovery, voucher};
use crate::book::not_found;
use crate::error::{Error, constraint_of};
use crate::measures::{self, Recovered};
use crate::model::BatchNo;
use crate::store::batch::{self, Batch};
use crate::store::{business_date, line};

/// A batch has thousands of payments.
const PREPARE_LIMIT: Duration = Duration::from_secs(300);
/// Lines read at a time.
const PAGE: i64 = 1_000;

/// Who can be paid to which account on a day.
pub(crate) struct Directory {
    accounts: BTreeMap<(String, String), Account>,
    city_branches: BTreeSet<String>,
    branches: Vec<payee::Branch>,
}

impl Directory {
    /// Reads and opens the accounts that hold on a day.
    pub(crate) async fn read(
        tx: &mut PgConnection,
        keys: &Keyring,
        city: &str,
        day: NaiveDate,
    ) -> Result<Self, Error> {
        let (mut accounts, mut city_branches) = (BTreeMap::new(), BTreeSet::new());
        for stored in payee::valid_on(tx, city, day).await? {
            let opened = account::open(keys, city, &stored)?;
            if stored.is_city_branch {
                city_branches.insert(stored.holder.clone());
            }
            accounts.insert((stored.holder_kind, stored.holder), opened);
        }
        let branches = payee::branches(tx, city).await?;
        Ok(Self {
            accounts,
            city_branches,
            branches,
        })
    }

    fn account(&self, kind: &str, holder: &str) -> Option<&Account> {
        self.accounts.get(&(kind.to_owned(), holder.to_owned()))
    }

    /// The account of a payment, whose name is the beneficiary's; or why it must wait.
    pub(crate) fn payee_of(&self, payment: &StoredPayment) -> Result<&Account, &'static str> {
        let (found, names) = if payment.measure == "bank_incentive" {
            self.bank(&payment.beneficiary)?
        } else {
            let found = self
                .account("enterprise", &payment.beneficiary)
                .ok_or("PAYEE_ACCOUNT_MISSING")?;
            (found, vec![payment.beneficiary_name.as_str()])
        };
        let is_named = |name: &&str| name_for_matching(name) == name_for_matching(&found.name);
        if names.iter().any(is_named) {
            Ok(found)
        } else {
            Err("PAYEE_NAME_DIFFERS")
        }
    }

    /// The account of a legal person's one city-level branch, and the names that it may bear.
    fn bank(&self, legal_person: &str) -> Result<(&Account, Vec<&str>), &'static str> {
        let own = self
            .branches
            .iter()
            .filter(|it| it.legal_person_uscc.as_deref() == Some(legal_person));
        let with_account: Vec<(&payee::Branch, &Account)> = own
            .filter_map(|branch| Some((branch, self.account("institution", &branch.institution_code)?)))
            .collect();
        let is_city =
            |(branch, _): &&(&payee::Branch, &Account)| self.city_branches.contains(&branch.institution_code);
        match with_account.iter().filter(is_city).collect::<Vec<_>>().as_slice() {
            [(branch, account)] => {
                let names = branch
                    .name
                    .as_deref()
                    .into_iter()
                    .chain(branch.legal_person_name.as_deref());
                Ok((account, names.collect()))
            }
            [] if with_account.is_empty() => Err("PAYEE_ACCOUNT_MISSING"),
            _ => Err("PAYEE_BRANCH_UNCLEAR"),
        }
    }
}

/// The batch, locked, released or paid.
pub(crate) async fn released(tx: &mut PgConnection, number: &BatchNo) -> Result<Batch, Error> {
    let stored = batch::lock(tx, number).await?.ok_or_else(|| not_found(number))?;
    if matches!(stored.state.as_str(), "released" | "paid") {
        return Ok(stored);
    }
    Err(PayError::BatchNotReleased {
        batch_no: number.to_string(),
        state: stored.state,
    }
    .into())
}

/// What a voucher's account is sealed for.
pub(crate) fn voucher_place(city: &str, voucher_no: &str) -> String {
    format!("voucher\n{city}\n{voucher_no}")
}

/// Makes the payments and recoveries of a released batch once, and tries those that wait for an account again.
pub(crate) async fn prepare(
    tx: &mut PgConnection,
    keys: &Keyring,
    stamp: &Stamp,
    number: &BatchNo,
    set_off_earlier: bool,
) -> Result<(), Error> {
    platform::database::extend_deadline(tx, PREPARE_LIMIT).await?;
    let stored = released(tx, number).await?;
    let today = business_date::today(tx, stamp.city.as_str()).await?;
    if book::page(tx, number, 0, 1).await?.is_empty() {
        let rulebook = Rulebook::load(&stored.policy_text).map_err(ledger::Error::from)?;
        let is_set_off = rulebook.procedure.negative == Negative::Offset;
        open(tx, stamp, number, today, (is_set_off, set_off_earlier)).await?;
    }
    let held: Vec<StoredPayment> = book::all(tx, number)
        .await?
        .into_iter()
        .filter(|payment| payment.state == "held")
        .collect();
    if !held.is_empty() {
        let directory = Directory::read(tx, keys, stamp.city.as_str(), today).await?;
        for payment in held {
            match directory.payee_of(&payment) {
                Ok(account) => instruct(tx, keys, stamp, number, &payment, account).await?,
                Err(reason) => book::hold(tx, number, payment.line_no, reason).await?,
            }
        }
    }
    book::finish(tx, number, stamp.recorded_at).await?;
    Ok(())
}

/// Opens the recoveries of the negative lines, sets them off, and adds the payments.
async fn open(
    tx: &mut PgConnection,
    stamp: &Stamp,
    number: &BatchNo,
    today: NaiveDate,
    (is_set_off, set_off_earlier): (bool, bool),
) -> Result<(), Error> {
    let city = stamp.city.as_str();
    // Under `negative = "recovery"` a batch's own negative lines are recovered in full.
    // A batch without a positive line is asked again each time: its recoveries stand already.
    if recovery::page(tx, city, Some(number), true, (0, 0, 0), 1)
        .await?
        .is_empty()
    {
        recovery::open_all(tx, number, stamp, (today, ORDER_BASIS)).await?;
    }
    let payables = payables(tx, number).await?;
    let is_own =
        |it: &recovery::StoredRecovery| (it.year, it.sequence) == (number.year.number(), number.sequence);
    let debts: Vec<Debt> = recovery::outstanding(tx, number, set_off_earlier)
        .await?
        .into_iter()
        .filter(|it| is_set_off || !is_own(it))
        .map(|it| Debt {
            key: (it.year, it.sequence, it.line_no),
            rest: Money::from_fen(it.rest_fen()),
            beneficiary: it.beneficiary,
        })
        .collect();
    let set_offs = set_off(&payables, &debts);
    let of_line = |line_no: i32| {
        set_offs
            .iter()
            .filter(move |it| it.line_no == line_no)
            .map(|it| it.amount.fen())
            .sum()
    };
    let payments: Vec<NewPayment> = payables
        .into_iter()
        .map(|payable| NewPayment {
            line_no: payable.line_no,
            beneficiary: payable.beneficiary,
            line_fen: payable.amount.fen(),
            offset_fen: of_line(payable.line_no),
        })
        .collect();
    book::insert(tx, number, stamp, &payments).await?;
    book::insert_set_offs(tx, number, &set_offs).await?;
    let mut by_debt: BTreeMap<(i32, i32, i32), i64> = BTreeMap::new();
    for it in &set_offs {
        *by_debt.entry(it.debt).or_default() += it.amount.fen();
    }
    for (key, amount) in by_debt {
        recovery::reduce(tx, city, key, (amount, 0), today).await?;
        measures::recovered(city, Recovered::SetOff, amount);
    }
    Ok(())
}

/// The positive lines of a batch, in order.
async fn payables(tx: &mut PgConnection, number: &BatchNo) -> Result<Vec<Payable>, Error> {
    let mut payables = Vec::new();
    let mut after = 0;
    loop {
        let lines = line::page(tx, number, after, PAGE).await?;
        let Some(last) = lines.last() else { break };
        after = last.line_no;
        payables.extend(
            lines
                .iter()
                .filter(|line| line.amount_fen > 0)
                .map(|line| Payable {
                    line_no: line.line_no,
                    beneficiary: line.beneficiary.clone(),
                    amount: Money::from_fen(line.amount_fen),
                }),
        );
    }
    Ok(payables)
}

/// Gives a payment its next voucher, to an account as it stands.
async fn instruct(
    tx: &mut PgConnection,
    keys: &Keyring,
    stamp: &Stamp,
    number: &BatchNo,
    payment: &StoredPayment,
    account: &Account,
) -> Result<(), Error> {
    let name = payment_name(number, payment.line_no);
    let attempt = payment.attempt + 1;
    let place = voucher_place(stamp.city.as_str(), &voucher_no(number, payment.line_no, attempt));
    let sealed = account.seal(keys, &place)?;
    voucher::insert(
        tx,
        number,
        stamp,
        (payment.line_no, attempt, payment.amount_fen),
        &sealed,
    )
    .await
    .map_err(|error| year_closed(error, &name, payment.voucher_on))?;
    if book::advance(tx, number, payment.line_no, (&payment.state, "prepared")).await? {
        Ok(())
    } else {
        Err(PayError::MovedMeanwhile { name }.into())
    }
}

/// The guard of the database on the budget year, in our words.
pub(crate) fn year_closed(error: sqlx::Error, name: &str, voucher_on: Option<NaiveDate>) -> Error {
    if constraint_of(&error).as_deref() == Some("voucher_year_closed") {
        let year = voucher_on.map_or(0, |day| day.year());
        return PayError::RepayYearClosed {
            name: name.to_owned(),
            year,
        }
        .into();
    }
    error.into()
}

/// Pays again what the bank returned, to the account as it stands now, in the calendar year of the first voucher only.
pub(crate) async fn repay(
    tx: &mut PgConnection,
    keys: &Keyring,
    stamp: &Stamp,
    number: &BatchNo,
    line_no: i32,
) -> Result<(), Error> {
    released(tx, number).await?;
    let name = payment_name(number, line_no);
    let found = book::page(tx, number, line_no - 1, 1)
        .await?
        .pop()
        .filter(|it| it.line_no == line_no);
    let payment = found.ok_or_else(|| Error::from(ledger::Error::NotFound { name: name.clone() }))?;
    if payment.state != "returned_passive" {
        return Err(PayError::NotReturned {
            name,
            state: payment.state,
        }
        .into());
    }
    let today = business_date::today(tx, stamp.city.as_str()).await?;
    if let Some(first) = payment.voucher_on
        && first.year() != today.year()
    {
        return Err(PayError::RepayYearClosed {
            name,
            year: first.year(),
        }
        .into());
    }
    let directory = Directory::read(tx, keys, stamp.city.as_str(), today).await?;
    match directory.payee_of(&payment) {
        Ok(account) => instruct(tx, keys, stamp, number, &payment, account).await,
        Err(reason) => Err(PayError::PayeeUnclear { name, reason }.into()),
    }
}
