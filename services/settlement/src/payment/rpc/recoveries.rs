//! Listing recoveries, agreeing on instalments, recording repayments.

use api::settlement::v1 as pb;
use chrono::NaiveDate;
use ledger::read::{page_size, page_token_wrong};
use ledger::{Caller, both, every};
use policy::money::Money;
use sqlx::PgConnection;

use super::{batch_of, invalid, line_of};
use crate::error::Error;
use crate::model::BatchNo;
use crate::payment::Payments;
use crate::payment::recovering;
use crate::payment::store::recovery;
use crate::store::business_date;

/// Most instalments of an agreement.
const INSTALMENTS_MOST: usize = 120;

/// A day of a request.
pub(super) fn day_of(day: Option<&api::google::r#type::Date>, field: &str) -> Result<NaiveDate, Error> {
    let day = day.ok_or_else(|| invalid(field, "CELL_REQUIRED", "须给出日期", "a date is required"))?;
    let parts = u32::try_from(day.month).ok().zip(u32::try_from(day.day).ok());
    parts
        .and_then(|(month, number)| NaiveDate::from_ymd_opt(day.year, month, number))
        .ok_or_else(|| invalid(field, "DATE_INVALID", "日期不存在", "no such date"))
}

fn amount_of(amount: Option<&api::common::v1::Money>) -> Result<Money, Error> {
    let text = amount.map_or("", |money| money.amount.as_str());
    exchange::table::amount(text).map_err(|code| invalid("amount", code.as_str(), code.zh(), code.en()))
}

fn text_of(text: &str, field: &str) -> Result<String, Error> {
    match exchange::table::text(text) {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) => Err(invalid(
            field,
            "CELL_REQUIRED",
            "必填项为空",
            "a required field is empty",
        )),
        Err(code) => Err(invalid(field, code.as_str(), code.zh(), code.en())),
    }
}

fn instalments_of(body: &pb::AgreeInstalmentsRequest) -> Result<Vec<(NaiveDate, Money)>, Error> {
    if !(1..=INSTALMENTS_MOST).contains(&body.instalments.len()) {
        return Err(invalid(
            "instalments",
            "ENTRIES_COUNT",
            "分期应为 1 至 120 期",
            "1 to 120 instalments",
        ));
    }
    every(body.instalments.iter().map(|it| {
        both(
            day_of(it.due_on.as_ref(), "due_on"),
            amount_of(it.amount.as_ref()),
        )
    }))
}

async fn answer(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
) -> Result<Option<pb::Recovery>, Error> {
    let today = business_date::today(tx, number.city.as_str()).await?;
    match recovery::find(tx, number, line_no, false).await? {
        Some(stored) => Ok(Some(recovering::message(tx, &number.city, &stored, today).await?)),
        None => Ok(None),
    }
}

impl Payments {
    pub(super) async fn list_recoveries_of(
        &self,
        caller: &Caller,
        body: &pb::ListRecoveriesRequest,
    ) -> Result<pb::ListRecoveriesResponse, Error> {
        let number = if body.parent.is_empty() {
            None
        } else {
            Some(batch_of(caller, &body.parent)?)
        };
        let (size, show_closed, city) = (page_size(body.page_size)?, body.show_closed, caller.city.clone());
        let after = after_of(&body.page_token)?;
        self.read(caller, "payment.list_recoveries", move |tx| {
            let (number, city) = (number.clone(), city.clone());
            Box::pin(async move {
                let today = business_date::today(tx, city.as_str()).await?;
                let mut rows =
                    recovery::page(tx, city.as_str(), number.as_ref(), show_closed, after, size + 1).await?;
                let length = usize::try_from(size).unwrap_or(usize::MAX);
                let has_more = rows.len() > length;
                rows.truncate(length);
                let token =
                    |it: &recovery::StoredRecovery| format!("{}-{}-{}", it.year, it.sequence, it.line_no);
                let next_page_token = rows.last().filter(|_| has_more).map(token).unwrap_or_default();
                let mut recoveries = Vec::with_capacity(rows.len());
                for stored in &rows {
                    recoveries.push(recovering::message(tx, &city, stored, today).await?);
                }
                Ok(pb::ListRecoveriesResponse {
                    recoveries,
                    next_page_token,
                })
            })
        })
        .await
    }

    pub(super) async fn agree_instalments_of(
        &self,
        caller: &Caller,
        body: &pb::AgreeInstalmentsRequest,
    ) -> Result<pb::AgreeInstalmentsResponse, Error> {
        let about = both(
            line_of(caller, &body.name, "recoveries"),
            text_of(&body.reference, "reference"),
        );
        let (((number, line_no), reference), instalments) = both(about, instalments_of(body))?;
        self.command(
            caller,
            ("AgreeInstalments", &body.request_id),
            body,
            move |tx, stamp| {
                let (number, instalments, reference) =
                    (number.clone(), instalments.clone(), reference.clone());
                Box::pin(async move {
                    recovering::agree(tx, &stamp, (&number, line_no), &instalments, &reference).await?;
                    Ok(pb::AgreeInstalmentsResponse {
                        audit_head: None,
                        recovery: answer(tx, &number, line_no).await?,
                    })
                })
            },
        )
        .await
    }

    pub(super) async fn record_repayment_of(
        &self,
        caller: &Caller,
        body: &pb::RecordRepaymentRequest,
    ) -> Result<pb::RecordRepaymentResponse, Error> {
        let about = both(
            line_of(caller, &body.name, "recoveries"),
            text_of(&body.bank_serial, "bank_serial"),
        );
        let what = both(
            amount_of(body.amount.as_ref()),
            day_of(body.paid_on.as_ref(), "paid_on"),
        );
        let (((number, line_no), bank_serial), (amount, paid_on)) = both(about, what)?;
        self.command(
            caller,
            ("RecordRepayment", &body.request_id),
            body,
            move |tx, stamp| {
                let (number, bank_serial) = (number.clone(), bank_serial.clone());
                Box::pin(async move {
                    recovering::repay(tx, &stamp, (&number, line_no), (&bank_serial, amount, paid_on))
                        .await?;
                    Ok(pb::RecordRepaymentResponse {
                        audit_head: None,
                        recovery: answer(tx, &number, line_no).await?,
                    })
                })
            },
        )
        .await
    }
}

fn after_of(token: &str) -> Result<(i32, i32, i32), Error> {
    if token.is_empty() {
        return Ok((0, 0, 0));
    }
    let numbers: Result<Vec<i32>, _> = token.split('-').map(str::parse).collect();
    match numbers.map_err(|_| page_token_wrong())?.as_slice() {
        [year, sequence, line_no] => Ok((*year, *sequence, *line_no)),
        _ => Err(page_token_wrong().into()),
    }
}
