//! Preparing, listing, exporting and repaying payments, and reconciliation.

use api::convert::{date, money};
use api::settlement::v1 as pb;
use ledger::Caller;
use ledger::read::{page_behind, page_size};
use platform::sealing::Keyring;
use policy::money::{Money, MoneyError};
use prost::Message;
use sqlx::PgConnection;

use super::budget_unit::unit_of;
use super::{batch_of, invalid, line_of};
use crate::book::not_found;
use crate::error::Error;
use crate::model::BatchNo;
use crate::payment::account::{self, Account};
use crate::payment::desk::{self, voucher_place};
use crate::payment::model::payment_name;
use crate::payment::store::book::{self, StoredPayment};
use crate::payment::store::{recovery, voucher};
use crate::payment::{Error as PayError, Payments, voucher as vouchers};
use crate::store::batch;

pub(super) fn sum_error(error: MoneyError) -> Error {
    ledger::Error::from(policy::engine::EngineError::from(error)).into()
}

pub(super) fn state(word: &str) -> pb::PaymentState {
    pb::PaymentState::from_str_name(&format!("PAYMENT_STATE_{}", word.to_ascii_uppercase()))
        .unwrap_or_default()
}

fn message(
    keys: Option<&Keyring>,
    number: &BatchNo,
    stored: &StoredPayment,
    in_full: bool,
) -> Result<pb::Payment, Error> {
    let mut payee = None;
    if let (Some(keys), Some(key_id), Some(sealed), Some(voucher_no)) =
        (keys, &stored.key_id, &stored.sealed, &stored.voucher_no)
    {
        let opened = Account::open(
            keys,
            key_id,
            sealed,
            &voucher_place(number.city.as_str(), voucher_no),
        )?;
        payee = Some(account::message(&opened, in_full));
    }
    Ok(pb::Payment {
        name: payment_name(number, stored.line_no),
        line_no: i64::from(stored.line_no),
        beneficiary: stored.beneficiary.clone(),
        beneficiary_name: stored.beneficiary_name.clone(),
        line_amount: Some(money(Money::from_fen(stored.line_fen))),
        set_off: Some(money(Money::from_fen(stored.offset_fen))),
        amount: Some(money(Money::from_fen(stored.amount_fen))),
        state: state(&stored.state).into(),
        hold_reason: stored.hold_reason.clone().unwrap_or_default(),
        voucher_no: stored.voucher_no.clone().unwrap_or_default(),
        voucher_on: stored.voucher_on.map(date),
        account: payee,
        attempt: stored.attempt,
        return_reason: stored.return_reason.clone().unwrap_or_default(),
    })
}

async fn totals(tx: &mut PgConnection, number: &BatchNo) -> Result<pb::PaymentTotals, Error> {
    let payments = book::all(tx, number).await?;
    let stored = batch::find(tx, number).await?.ok_or_else(|| not_found(number))?;
    let open = recovery::page(tx, number.city.as_str(), Some(number), false, (0, 0, 0), i64::MAX).await?;
    let count = |is: fn(&StoredPayment) -> bool| {
        i64::try_from(payments.iter().filter(|it| is(it)).count()).unwrap_or(i64::MAX)
    };
    let sum = |get: fn(&StoredPayment) -> i64| {
        Money::sum(payments.iter().map(|it| Money::from_fen(get(it)))).map_err(sum_error)
    };
    Ok(pb::PaymentTotals {
        payments_count: count(|_| true),
        amount: Some(money(sum(|it| it.amount_fen)?)),
        set_off: Some(money(sum(|it| it.offset_fen)?)),
        held_count: count(|it| it.state == "held"),
        final_count: count(|it| {
            matches!(
                it.state.as_str(),
                "offset" | "paid" | "corrected" | "returned_active"
            )
        }),
        open_recoveries_count: i64::try_from(open.len()).unwrap_or(i64::MAX),
        batch_paid: stored.state == "paid",
    })
}

impl Payments {
    pub(super) async fn prepare_payments_of(
        &self,
        caller: &Caller,
        body: &pb::PreparePaymentsRequest,
    ) -> Result<pb::PreparePaymentsResponse, Error> {
        let (keys, number, earlier) = (
            self.keys()?,
            batch_of(caller, &body.parent)?,
            body.set_off_earlier,
        );
        self.command(
            caller,
            ("PreparePayments", &body.request_id),
            body,
            move |tx, stamp| {
                let (keys, number) = (keys.clone(), number.clone());
                Box::pin(async move {
                    desk::prepare(tx, &keys, &stamp, &number, earlier).await?;
                    Ok(pb::PreparePaymentsResponse {
                        audit_head: None,
                        totals: Some(totals(tx, &number).await?),
                    })
                })
            },
        )
        .await
    }

    pub(super) async fn list_payments_of(
        &self,
        caller: &Caller,
        body: &pb::ListPaymentsRequest,
    ) -> Result<pb::ListPaymentsResponse, Error> {
        let (keys, number) = (self.keys.clone(), batch_of(caller, &body.parent)?);
        let size = page_size(body.page_size)?;
        let after = page_behind(&body.page_token)?.unwrap_or(0);
        let in_full = account::sees_numbers(caller.role);
        self.read(caller, "payment.list_payments", move |tx| {
            let (keys, number) = (keys.clone(), number.clone());
            Box::pin(async move {
                let mut rows = book::page(tx, &number, after, size + 1).await?;
                let length = usize::try_from(size).unwrap_or(usize::MAX);
                let has_more = rows.len() > length;
                rows.truncate(length);
                let token = rows
                    .last()
                    .filter(|_| has_more)
                    .map(|last| last.line_no.to_string());
                let payments = rows
                    .iter()
                    .map(|it| message(keys.as_deref(), &number, it, in_full));
                Ok(pb::ListPaymentsResponse {
                    payments: payments.collect::<Result<_, _>>()?,
                    next_page_token: token.unwrap_or_default(),
                    totals: Some(totals(tx, &number).await?),
                })
            })
        })
        .await
    }

    pub(super) async fn repay_payment_of(
        &self,
        caller: &Caller,
        body: &pb::RepayPaymentRequest,
    ) -> Result<pb::RepayPaymentResponse, Error> {
        let (keys, (number, line_no)) = (self.keys()?, line_of(caller, &body.name, "payments")?);
        self.command(
            caller,
            ("RepayPayment", &body.request_id),
            body,
            move |tx, stamp| {
                let (keys, number) = (keys.clone(), number.clone());
                Box::pin(async move {
                    desk::repay(tx, &keys, &stamp, &number, line_no).await?;
                    let stored = book::page(tx, &number, line_no - 1, 1).await?.pop();
                    let payment = stored
                        .map(|it| message(Some(&keys), &number, &it, false))
                        .transpose()?;
                    Ok(pb::RepayPaymentResponse {
                        payment,
                        audit_head: None,
                    })
                })
            },
        )
        .await
    }

    pub(super) async fn export_vouchers_of(
        &self,
        caller: &Caller,
        body: &pb::ExportVouchersRequest,
    ) -> Result<pb::ExportVouchersResponse, Error> {
        let (keys, number, asked) = (self.keys()?, batch_of(caller, &body.parent)?, body.wave);
        let format = body.format();
        if format == pb::VoucherFormat::Unspecified {
            return Err(invalid(
                "format",
                "CELL_REQUIRED",
                "须给出凭证格式",
                "the form of the file is required",
            ));
        }
        let (opening, of_batch) = (keys.clone(), number.clone());
        let answer: pb::ExportVouchersResponse = self
            .command(
                caller,
                ("ExportVouchers", &body.request_id),
                body,
                move |tx, stamp| {
                    let (keys, number) = (opening.clone(), of_batch.clone());
                    Box::pin(async move {
                        let wave = vouchers::export(tx, &stamp, &number, asked).await?;
                        // A wave that cannot be written is not exported.
                        let (about, rows) = vouchers::wave(tx, &keys, &number, wave).await?;
                        let (file_name, _) = vouchers::file(format, &number, &about, &rows)?;
                        Ok(pb::ExportVouchersResponse {
                            audit_head: None,
                            wave: Some(about),
                            file_name,
                            content: Vec::new(),
                        })
                    })
                },
            )
            .await?;
        // The file holds account numbers, so it is made for the answer alone and never kept.
        let wave = answer.wave.as_ref().map_or(0, |about| about.wave);
        self.read(caller, "payment.export", move |tx| {
            let (keys, number, answer) = (keys.clone(), number.clone(), answer.clone());
            Box::pin(async move {
                let (about, rows) = vouchers::wave(tx, &keys, &number, wave).await?;
                let (_, content) = vouchers::file(format, &number, &about, &rows)?;
                Ok(pb::ExportVouchersResponse { content, ..answer })
            })
        })
        .await
    }

    pub(super) async fn set_budget_unit_of(
        &self,
        caller: &Caller,
        body: &pb::SetBudgetUnitRequest,
    ) -> Result<pb::SetBudgetUnitResponse, Error> {
        let unit = unit_of(body)?;
        self.command(
            caller,
            ("SetBudgetUnit", &body.request_id),
            body,
            move |tx, stamp| {
                let unit = unit.clone();
                Box::pin(async move {
                    let last = voucher::budget_unit(tx, stamp.city.as_str(), None)
                        .await?
                        .map_or(0, |(revision, _)| revision);
                    let unit = pb::BudgetUnit {
                        revision: last + 1,
                        ..unit
                    };
                    let row = (unit.revision, unit.encode_to_vec());
                    let by = (stamp.recorded_at, stamp.reported_by.as_str());
                    if voucher::set_budget_unit(tx, stamp.city.as_str(), (row.0, &row.1), by).await? {
                        Ok(pb::SetBudgetUnitResponse {
                            audit_head: None,
                            budget_unit: Some(unit),
                        })
                    } else {
                        Err(PayError::MovedMeanwhile {
                            name: "budgetUnit".to_owned(),
                        }
                        .into())
                    }
                })
            },
        )
        .await
    }

    pub(super) async fn get_budget_unit_of(
        &self,
        caller: &Caller,
        _body: &pb::GetBudgetUnitRequest,
    ) -> Result<pb::GetBudgetUnitResponse, Error> {
        let city = caller.city.as_str().to_owned();
        self.read(caller, "payment.budget_unit", move |tx| {
            let city = city.clone();
            Box::pin(async move {
                let (_, codes) = voucher::budget_unit(tx, &city, None)
                    .await?
                    .ok_or(PayError::BudgetUnitMissing)?;
                let unit = pb::BudgetUnit::decode(codes.as_slice()).unwrap_or_default();
                Ok(pb::GetBudgetUnitResponse {
                    budget_unit: Some(unit),
                })
            })
        })
        .await
    }
}
