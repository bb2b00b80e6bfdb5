//! Words of payment: what is wrong with a cell, numbers of vouchers, purposes, names of payments.

use chrono::NaiveDate;
use exchange::RefusalCode;
use exchange::table::{self, TableRefusal, TableRow};
use platform::error::FieldViolation;

use crate::model::BatchNo;

/// What is wrong with a cell or a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) column: &'static str,
    pub(crate) code: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

impl Wrong {
    pub(crate) const fn new(
        column: &'static str,
        code: &'static str,
        zh: &'static str,
        en: &'static str,
    ) -> Self {
        Self { column, code, zh, en }
    }

    /// A refusal of the exchange contract.
    pub(crate) const fn refusal(column: &'static str, code: RefusalCode) -> Self {
        Self::new(column, code.as_str(), code.zh(), code.en())
    }

    pub(crate) fn violation(&self) -> FieldViolation {
        FieldViolation {
            field: self.column.to_owned(),
            code: self.code,
            zh: self.zh.to_owned(),
            en: self.en.to_owned(),
        }
    }

    pub(crate) fn at(&self, number: u32) -> TableRefusal {
        TableRefusal {
            number,
            column: self.column,
            code: self.code.to_owned(),
            zh: self.zh.to_owned(),
            en: self.en.to_owned(),
        }
    }
}

/// The faults of a row as they are found.
#[derive(Debug, Default)]
pub(crate) struct Wrongs(Vec<Wrong>);

impl Wrongs {
    pub(crate) fn push(&mut self, wrong: Wrong) {
        self.0.push(wrong);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Wrong> {
        self.0
    }

    /// A text cell.
    pub(crate) fn text(&mut self, row: &TableRow, column: &'static str, required: bool) -> String {
        match table::text(row.cell(column)) {
            Ok(text) if text.is_empty() && required => {
                self.push(Wrong::refusal(column, RefusalCode::CellRequired));
                text
            }
            Ok(text) => text,
            Err(code) => {
                self.push(Wrong::refusal(column, code));
                String::new()
            }
        }
    }

    /// A date cell.
    pub(crate) fn day(&mut self, row: &TableRow, column: &'static str, required: bool) -> Option<NaiveDate> {
        if row.cell(column).is_empty() && !required {
            return None;
        }
        table::date(row.cell(column))
            .map_err(|code| self.push(Wrong::refusal(column, code)))
            .ok()
    }
}

/// Number of a voucher: policy year, batch, line and attempt, 15 digits, so that none is ever given twice.
pub(crate) fn voucher_no(number: &BatchNo, line_no: i32, attempt: i32) -> String {
    format!(
        "{:04}{:03}{line_no:06}{attempt:02}",
        number.year.number(),
        number.sequence
    )
}

/// The part of a voucher number that its batch states.
pub(crate) fn voucher_prefix(number: &BatchNo) -> String {
    format!("{:04}{:03}", number.year.number(), number.sequence)
}

/// Name of a payment.
pub(crate) fn payment_name(number: &BatchNo, line_no: i32) -> String {
    format!("batches/{number}/payments/{line_no}")
}

/// Name of a recovery.
pub(crate) fn recovery_name(number: &BatchNo, line_no: i32) -> String {
    format!("batches/{number}/recoveries/{line_no}")
}

/// Reads `batches/{batch_no}/{collection}/{line_no}`.
pub(crate) fn of_name(name: &str, collection: &str) -> Option<(BatchNo, i32)> {
    let (rest, line) = name.rsplit_once('/')?;
    let batch = rest.strip_suffix(collection)?.strip_suffix('/')?;
    Some((
        BatchNo::of_name(batch)?,
        line.parse().ok().filter(|line| *line > 0)?,
    ))
}

/// Most characters of a purpose.
const PURPOSE_CHARACTERS_MAX: usize = 60;

/// The purpose of a payment 用途, at most 60 characters.
pub(crate) fn purpose(number: &BatchNo, measure: &str, line_no: i32) -> String {
    let what = match measure {
        "loan_subsidy" => "专利权质押贷款补助",
        "bank_incentive" => "专利权质押放款奖励",
        _ => "专利保险保费补贴",
    };
    let text = format!("{}年度{what}（批次{number}第{line_no}行）", number.year);
    text.chars().take(PURPOSE_CHARACTERS_MAX).collect()
}

/// Legal basis of an ordered recovery.
pub(crate) const ORDER_BASIS: &str = "财政违法行为处罚处分条例第十四条";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_read_back_and_purposes_are_short() {
        let number = BatchNo::parse("410500-2025-001").unwrap();
        assert_eq!(voucher_no(&number, 7, 2), "202500100000702");
        assert!(voucher_no(&number, 7, 2).starts_with(&voucher_prefix(&number)));
        assert_eq!(
            of_name(&payment_name(&number, 7), "payments"),
            Some((number.clone(), 7))
        );
        assert_eq!(of_name(&payment_name(&number, 7), "recoveries"), None);
        for measure in ["loan_subsidy", "bank_incentive", "premium_subsidy"] {
            assert!(purpose(&number, measure, 999_999).chars().count() <= 60);
        }
    }
}
