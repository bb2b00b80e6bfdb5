//! The verbs of a recovery, and how it reads.

use api::convert::{date, money};
use api::settlement::v1 as pb;
use chrono::NaiveDate;
use ledger::Stamp;
use policy::date::PolicyYear;
use policy::ident::City;
use policy::money::{Money, Rate, Rounding};
use sqlx::PgConnection;

use super::Error as PayError;
use super::model::recovery_name;
use super::store::recovery::{self, StoredRecovery};
use crate::error::{Error, constraint_of};
use crate::measures::{self, Recovered};
use crate::model::BatchNo;

async fn locked(tx: &mut PgConnection, number: &BatchNo, line_no: i32) -> Result<StoredRecovery, Error> {
    let name = recovery_name(number, line_no);
    let found = recovery::find(tx, number, line_no, true).await?;
    let found = found.ok_or_else(|| Error::from(ledger::Error::NotFound { name: name.clone() }))?;
    if found.state == "closed" {
        Err(PayError::RecoveryClosed { name }.into())
    } else {
        Ok(found)
    }
}

/// Agrees on instalments that sum to what is left.
pub(crate) async fn agree(
    tx: &mut PgConnection,
    stamp: &Stamp,
    (number, line_no): (&BatchNo, i32),
    instalments: &[(NaiveDate, Money)],
    reference: &str,
) -> Result<(), Error> {
    let stored = locked(tx, number, line_no).await?;
    let sum =
        Money::sum(instalments.iter().map(|(_, amount)| *amount)).map_err(policy::engine::EngineError::from);
    let (sum, rest) = (
        sum.map_err(ledger::Error::from)?,
        Money::from_fen(stored.rest_fen()),
    );
    if sum != rest {
        return Err(PayError::InstalmentsSum { sum, rest }.into());
    }
    let rows: Vec<(NaiveDate, i64)> = instalments
        .iter()
        .map(|(day, amount)| (*day, amount.fen()))
        .collect();
    recovery::agree(tx, stamp, &stored, &rows, reference).await
}

/// Records a repayment, never above what is left.
pub(crate) async fn repay(
    tx: &mut PgConnection,
    stamp: &Stamp,
    (number, line_no): (&BatchNo, i32),
    (bank_serial, amount, paid_on): (&str, Money, NaiveDate),
) -> Result<(), Error> {
    let stored = locked(tx, number, line_no).await?;
    if !recovery::insert_repayment(tx, stamp, &stored, (bank_serial, amount.fen(), paid_on)).await? {
        return Err(PayError::BankSerialTaken {
            bank_serial: bank_serial.to_owned(),
        }
        .into());
    }
    let key = (stored.year, stored.sequence, stored.line_no);
    recovery::reduce(tx, stamp.city.as_str(), key, (0, amount.fen()), paid_on)
        .await
        .map_err(|error| {
            if constraint_of(&error).as_deref() == Some("recovery_not_above_rest") {
                let name = recovery_name(number, line_no);
                return PayError::RepaymentAboveRest {
                    name,
                    rest: Money::from_fen(stored.rest_fen()),
                }
                .into();
            }
            Error::from(error)
        })?;
    measures::recovered(stamp.city.as_str(), Recovered::Repaid, amount.fen());
    Ok(())
}

/// Article 14 names 10% to 50%.
fn share(amount: Money, rate: &str) -> Option<api::common::v1::Money> {
    let rate = Rate::parse(rate).ok()?;
    amount.times(rate, Rounding::HalfUp).ok().map(money)
}

/// The instalments with what repayments have not covered, and the days that each is overdue.
fn aged(instalments: &[(NaiveDate, i64, i64)], rest_fen: i64, today: NaiveDate) -> Vec<pb::Instalment> {
    // What came since the agreement covers the instalments in order of their days.
    let agreed = instalments.first().map_or(0, |(_, _, rest)| *rest);
    let mut covered = agreed - rest_fen;
    let mut aged = Vec::new();
    for (due_on, amount, _) in instalments {
        let part = covered.clamp(0, *amount);
        covered -= part;
        let unpaid = amount - part;
        let days = (today - *due_on).num_days().max(0);
        aged.push(pb::Instalment {
            due_on: Some(date(*due_on)),
            amount: Some(money(Money::from_fen(*amount))),
            unpaid: Some(money(Money::from_fen(unpaid))),
            overdue_days: if unpaid > 0 { days } else { 0 },
        });
    }
    aged
}

/// A recovery as a message.
pub(crate) async fn message(
    tx: &mut PgConnection,
    city: &City,
    stored: &StoredRecovery,
    today: NaiveDate,
) -> Result<pb::Recovery, Error> {
    let instalments = recovery::instalments(tx, city.as_str(), stored).await?;
    let instalments = aged(&instalments, stored.rest_fen(), today);
    let number = |sequence: i32| {
        PolicyYear::new(stored.year).map(|year| BatchNo {
            city: city.clone(),
            year,
            sequence,
        })
    };
    let corrects = stored
        .corrects_sequence
        .and_then(number)
        .zip(stored.corrects_line_no);
    let is_open = stored.rest_fen() > 0;
    let amount = Money::from_fen(stored.amount_fen);
    let is_ordered = stored.cause == "ordered";
    let state =
        pb::RecoveryState::from_str_name(&format!("RECOVERY_STATE_{}", stored.state.to_ascii_uppercase()));
    Ok(pb::Recovery {
        name: number(stored.sequence)
            .map_or_else(String::new, |number| recovery_name(&number, stored.line_no)),
        line_no: i64::from(stored.line_no),
        beneficiary: stored.beneficiary.clone(),
        beneficiary_name: stored.beneficiary_name.clone(),
        state: state.unwrap_or_default().into(),
        cause: stored.cause.clone(),
        basis: stored.basis.clone(),
        corrects: corrects.map_or_else(String::new, |(batch, line)| {
            format!("batches/{batch}/lines/{line}")
        }),
        amount: Some(money(amount)),
        set_off: Some(money(Money::from_fen(stored.offset_fen))),
        repaid: Some(money(Money::from_fen(stored.repaid_fen))),
        rest: Some(money(Money::from_fen(stored.rest_fen()))),
        opened_on: Some(date(stored.opened_on)),
        age_days: if is_open {
            (today - stored.opened_on).num_days()
        } else {
            0
        },
        overdue_days: instalments
            .iter()
            .map(|it| it.overdue_days)
            .max()
            .unwrap_or_default(),
        instalments,
        fine_from: is_ordered.then(|| share(amount, "0.1")).flatten(),
        fine_to: is_ordered.then(|| share(amount, "0.5")).flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repayments_cover_instalments_in_order_of_their_days() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let plan = [
            (day("2026-01-31"), 100, 300),
            (day("2026-02-28"), 100, 300),
            (day("2026-03-31"), 100, 300),
        ];
        let found: Vec<(String, i64)> = aged(&plan, 150, day("2026-03-10"))
            .into_iter()
            .map(|it| (it.unpaid.unwrap().amount, it.overdue_days))
            .collect();
        assert_eq!(
            found,
            [
                ("0.00".to_owned(), 0),
                ("0.50".to_owned(), 10),
                ("1.00".to_owned(), 0)
            ]
        );
    }

    #[test]
    fn the_fine_range_of_article_14_is_ten_to_fifty_percent() {
        let amount = Money::parse_yuan("150000.00").unwrap();
        assert_eq!(share(amount, "0.1").unwrap().amount, "15000.00");
        assert_eq!(share(amount, "0.5").unwrap().amount, "75000.00");
    }
}
