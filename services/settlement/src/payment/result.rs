//! What the treasury and the bank answer: results of vouchers, and rows of the statement.

use std::collections::BTreeSet;

use api::settlement::v1 as pb;
use chrono::NaiveDate;
use exchange::table::{self, TableColumn, TableRow};
use ledger::Stamp;
use policy::date::PolicyYear;
use sqlx::PgConnection;

use super::Error as PayError;
use super::account::column;
use super::model::{Wrong, Wrongs};
use super::store::{book, result, voucher};
use crate::error::{Error, constraint_of};
use crate::model::BatchNo;
use crate::store::batch;

/// Columns of a table of results.
pub(crate) const RESULT_COLUMNS: &[TableColumn] = &[
    column("voucher_no", "凭证号", false),
    column("outcome", "结果", false),
    column("amount", "金额", false),
    column("bank_serial", "银行流水号", false),
    column("date", "日期", false),
    column("reason", "原因", true),
];

/// Columns of a table of the statement.
pub(crate) const STATEMENT_COLUMNS: &[TableColumn] = &[
    column("bank_serial", "银行流水号", false),
    column("voucher_no", "凭证号", false),
    column("amount", "金额", false),
    column("date", "日期", false),
    column("account_tail", "账号尾号", true),
];

const VOUCHER_UNKNOWN: Wrong = Wrong::new(
    "voucher_no",
    "VOUCHER_UNKNOWN",
    "没有这个凭证，或尚未导出",
    "no such voucher was exported",
);
const RESULT_AMOUNT_DIFFERS: Wrong = Wrong::new(
    "amount",
    "RESULT_AMOUNT_DIFFERS",
    "金额与凭证不符",
    "the amount is not the voucher's",
);
const RESULT_CONFLICT: Wrong = Wrong::new(
    "",
    "RESULT_CONFLICT",
    "该凭证已有内容不同的同类结果",
    "the voucher has another result of that kind",
);
const RESULT_OUT_OF_ORDER: Wrong = Wrong::new(
    "outcome",
    "RESULT_OUT_OF_ORDER",
    "该支付的当前状态不接受这种结果",
    "the payment's state does not allow this result",
);
const BANK_SERIAL_TAKEN: Wrong = Wrong::new(
    "bank_serial",
    "BANK_SERIAL_TAKEN",
    "该银行流水号已用于另一张凭证",
    "this bank serial paid another voucher",
);
const STATEMENT_CONFLICT: Wrong = Wrong::new(
    "bank_serial",
    "STATEMENT_CONFLICT",
    "该流水号已有内容不同的记录，先到者为准",
    "this serial number is there with other content; the first stands",
);

/// A result of a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) voucher_no: String,
    pub(crate) outcome: String,
    pub(crate) amount_fen: i64,
    pub(crate) bank_serial: String,
    pub(crate) on_day: NaiveDate,
    pub(crate) reason: String,
}

/// A row of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Booking {
    pub(crate) bank_serial: String,
    pub(crate) voucher_no: String,
    pub(crate) amount_fen: i64,
    pub(crate) booked_on: NaiveDate,
    pub(crate) account_tail: String,
}

impl Booking {
    /// Out, refused or back, by the sign.
    pub(crate) fn direction(&self) -> &'static str {
        match self.amount_fen {
            0 => "refused",
            1.. => "out",
            _ => "back",
        }
    }
}

/// What became of a good row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Stored,
    Unchanged,
}

fn day_text(day: Option<&api::google::r#type::Date>) -> String {
    day.map_or_else(String::new, |day| {
        format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
    })
}

fn amount_text(amount: Option<&api::common::v1::Money>) -> String {
    amount.map_or_else(String::new, |money| money.amount.clone())
}

fn row(place: usize, cells: [(&'static str, String); 6]) -> TableRow {
    let number = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(2);
    TableRow {
        number,
        cells: cells.into(),
        original: Vec::new(),
    }
}

/// The cells of a message; the first one is numbered like the first row of a table.
pub(crate) fn result_cells((place, message): (usize, &pb::PaymentResult)) -> TableRow {
    let outcome = match message.outcome() {
        pb::PaymentOutcome::Paid => "paid",
        pb::PaymentOutcome::PassiveReturn => "passive_return",
        pb::PaymentOutcome::ActiveReturn => "active_return",
        pb::PaymentOutcome::Corrected => "corrected",
        pb::PaymentOutcome::Unspecified => "",
    };
    row(
        place,
        [
            ("voucher_no", message.voucher_no.clone()),
            ("outcome", outcome.to_owned()),
            ("amount", amount_text(message.amount.as_ref())),
            ("bank_serial", message.bank_serial.clone()),
            ("date", day_text(message.on_day.as_ref())),
            ("reason", message.reason.clone()),
        ],
    )
}

/// The cells of a message.
pub(crate) fn statement_cells((place, message): (usize, &pb::StatementRow)) -> TableRow {
    row(
        place,
        [
            ("bank_serial", message.bank_serial.clone()),
            ("voucher_no", message.voucher_no.clone()),
            ("amount", amount_text(message.amount.as_ref())),
            ("date", day_text(message.booked_on.as_ref())),
            ("account_tail", message.account_tail.clone()),
            ("reason", String::new()),
        ],
    )
}

fn amount(row: &TableRow, wrongs: &mut Wrongs) -> i64 {
    match table::signed_amount(row.cell("amount")) {
        Ok(amount) => amount.fen(),
        Err(code) => {
            wrongs.push(Wrong::refusal("amount", code));
            0
        }
    }
}

fn parse_answer(row: &TableRow) -> Result<Answer, Vec<Wrong>> {
    let mut wrongs = Wrongs::default();
    let outcome = match table::identifier(row.cell("outcome")).as_str() {
        "PAID" | "已支付" => "paid",
        "PASSIVE_RETURN" | "被动退回" => "passive_return",
        "ACTIVE_RETURN" | "主动退回" => "active_return",
        "CORRECTED" | "已更正" => "corrected",
        _ => {
            wrongs.push(Wrong::refusal("outcome", exchange::RefusalCode::WordUnknown));
            ""
        }
    };
    let amount_fen = amount(row, &mut wrongs);
    let answer = Answer {
        voucher_no: table::identifier(row.cell("voucher_no")),
        outcome: outcome.to_owned(),
        amount_fen,
        bank_serial: wrongs.text(row, "bank_serial", outcome == "paid"),
        on_day: wrongs.day(row, "date", true).unwrap_or_default(),
        reason: wrongs.text(row, "reason", !matches!(outcome, "paid" | "")),
    };
    if wrongs.is_empty() {
        Ok(answer)
    } else {
        Err(wrongs.into_vec())
    }
}

fn parse_booking(row: &TableRow) -> Result<Booking, Vec<Wrong>> {
    let mut wrongs = Wrongs::default();
    let amount_fen = amount(row, &mut wrongs);
    let account_tail = row.cell("account_tail").trim().to_owned();
    if account_tail.len() > 4 || !account_tail.bytes().all(|byte| byte.is_ascii_digit()) {
        let (zh, en) = (
            "账号尾号只能是末四位数字",
            "only the last four digits of the account",
        );
        wrongs.push(Wrong::new("account_tail", "ACCOUNT_TAIL_MALFORMED", zh, en));
    }
    let booking = Booking {
        bank_serial: wrongs.text(row, "bank_serial", true),
        voucher_no: table::identifier(&wrongs.text(row, "voucher_no", true)),
        amount_fen,
        booked_on: wrongs.day(row, "date", true).unwrap_or_default(),
        account_tail,
    };
    if wrongs.is_empty() {
        Ok(booking)
    } else {
        Err(wrongs.into_vec())
    }
}

/// The move that a result makes; none where the state does not allow it.
fn step(state: &str, outcome: &str) -> Option<&'static str> {
    match (outcome, state) {
        ("paid", "exported") => Some("paid"),
        ("passive_return", "exported" | "paid" | "corrected") => Some("returned_passive"),
        ("active_return", "paid" | "corrected") => Some("returned_active"),
        ("corrected", "paid") => Some("corrected"),
        _ => None,
    }
}

fn batch_of(city: &policy::ident::City, year: i32, sequence: i32) -> Option<BatchNo> {
    Some(BatchNo {
        city: city.clone(),
        year: PolicyYear::new(year)?,
        sequence,
    })
}

async fn take(
    tx: &mut PgConnection,
    stamp: &Stamp,
    row: &TableRow,
) -> Result<Result<Taken, Vec<Wrong>>, Error> {
    let answer = match parse_answer(row) {
        Ok(answer) => answer,
        Err(wrongs) => return Ok(Err(wrongs)),
    };
    let refuse = |wrong: Wrong| Ok(Err(vec![wrong]));
    let city = stamp.city.as_str();
    let exported = voucher::find(tx, city, &answer.voucher_no)
        .await?
        .filter(|it| it.voucher_on.is_some());
    let Some(stored) = exported else {
        return refuse(VOUCHER_UNKNOWN);
    };
    if let Some(known) = result::find(tx, city, &answer.voucher_no, &answer.outcome).await? {
        return if known == answer {
            Ok(Ok(Taken::Unchanged))
        } else {
            refuse(RESULT_CONFLICT)
        };
    }
    // A refused transfer is answered with 0.00.
    let is_refusal = answer.outcome == "passive_return" && answer.amount_fen == 0;
    if answer.amount_fen != stored.amount_fen && !is_refusal {
        return refuse(RESULT_AMOUNT_DIFFERS);
    }
    let Some(next) = step(&stored.state, &answer.outcome) else {
        return refuse(RESULT_OUT_OF_ORDER);
    };
    if answer.outcome == "paid"
        && result::serial_is_taken(tx, city, &answer.bank_serial, &answer.voucher_no).await?
    {
        return refuse(BANK_SERIAL_TAKEN);
    }
    let Some(number) = batch_of(&stamp.city, stored.year, stored.sequence) else {
        return refuse(VOUCHER_UNKNOWN);
    };
    if !book::advance(tx, &number, stored.line_no, (&stored.state, next)).await? {
        return refuse(RESULT_OUT_OF_ORDER);
    }
    result::insert(tx, stamp, &answer)
        .await
        .map_err(|error| match constraint_of(&error).as_deref() {
            Some("payment_result_serial_once") => PayError::BankSerialTaken {
                bank_serial: answer.bank_serial.clone(),
            }
            .into(),
            _ => Error::from(error),
        })?;
    Ok(Ok(Taken::Stored))
}

/// What an import came to: counts of stored and unchanged, refusals, and the batches that are paid now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imported {
    pub(crate) stored: i64,
    pub(crate) unchanged: i64,
    pub(crate) refusals: Vec<table::TableRefusal>,
    pub(crate) paid: Vec<String>,
}

impl Imported {
    pub(crate) fn note(&mut self, row: &TableRow, verdict: Result<Taken, Vec<Wrong>>) {
        match verdict {
            Ok(Taken::Stored) => self.stored += 1,
            Ok(Taken::Unchanged) => self.unchanged += 1,
            Err(wrongs) => self
                .refusals
                .extend(wrongs.iter().take(1).map(|wrong| wrong.at(row.number))),
        }
    }
}

/// Takes results: good rows move their payments, wrong ones come back. Batches are locked first, in order, so that the last result of a
/// batch sees all others.
pub(crate) async fn take_all(
    tx: &mut PgConnection,
    stamp: &Stamp,
    rows: &[TableRow],
) -> Result<Imported, Error> {
    let mut batches = BTreeSet::new();
    for row in rows {
        if let Some(stored) = voucher::find(
            tx,
            stamp.city.as_str(),
            &table::identifier(row.cell("voucher_no")),
        )
        .await?
        {
            batches.insert((stored.year, stored.sequence));
        }
    }
    let numbers: Vec<BatchNo> = batches
        .into_iter()
        .filter_map(|(year, sequence)| batch_of(&stamp.city, year, sequence))
        .collect();
    for number in &numbers {
        batch::lock(tx, number).await?;
    }
    let mut imported = Imported::default();
    for row in rows {
        let verdict = take(tx, stamp, row).await?;
        imported.note(row, verdict);
    }
    for number in numbers {
        if book::finish(tx, &number, stamp.recorded_at).await? {
            imported.paid.push(number.to_string());
        }
    }
    Ok(imported)
}

/// Takes rows of the statement.
pub(crate) async fn take_statement(
    tx: &mut PgConnection,
    stamp: &Stamp,
    rows: &[TableRow],
) -> Result<Imported, Error> {
    let mut imported = Imported::default();
    for row in rows {
        let booking = match parse_booking(row) {
            Ok(booking) => booking,
            Err(wrongs) => {
                imported.note(row, Err(wrongs));
                continue;
            }
        };
        let verdict = if result::insert_booking(tx, stamp, &booking).await? {
            Ok(Taken::Stored)
        } else if result::booking(tx, stamp.city.as_str(), &booking).await?.as_ref() == Some(&booking) {
            Ok(Taken::Unchanged)
        } else {
            Err(vec![STATEMENT_CONFLICT])
        };
        imported.note(row, verdict);
    }
    Ok(imported)
}
