//! Opening and computing a batch, and what every verb of a batch has in common.

use api::AuditedAnswer;
use api::google::r#type::Date;
use api::settlement::v1 as pb;
use chrono::NaiveDate;
use exchange::RefusalCode;
use exchange::batch::ReadingRow;
use ledger::command::Call;
use ledger::store::{credential, cut_off};
use ledger::{Caller, Ledger, Stamp, both, every};
use platform::database::BoxFuture;
use policy::date::{PolicyYear, beijing_date};
use policy::ident::Division;
use prost::Message;
use sqlx::PgConnection;

use super::message;
use crate::Settlement;
use crate::book::{self, Opening};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::batch;

/// Most characters of a reference of an approval.
const APPROVAL: usize = 200;

pub(super) fn invalid(field: &str, code: &'static str, zh: &str, en: &str) -> Error {
    ledger::Error::invalid(field, code, zh, en).into()
}

/// Reads a batch's resource name and refuses another city's: it does not exist for this caller.
pub(super) fn number_of(caller: &Caller, name: &str) -> Result<BatchNo, Error> {
    let number = BatchNo::of_name(name).ok_or_else(|| {
        invalid(
            "name",
            "NAME_MALFORMED",
            "批次资源名应为 batches/{批次号}",
            "the name is of the form batches/{batch_no}",
        )
    })?;
    if number.city == caller.city {
        Ok(number)
    } else {
        Err(book::not_found(&number))
    }
}

/// Reads a day, if one is stated.
pub(super) fn day_of(field: &str, day: Option<&Date>) -> Result<Option<NaiveDate>, Error> {
    let Some(day) = day else { return Ok(None) };
    u32::try_from(day.month)
        .ok()
        .zip(u32::try_from(day.day).ok())
        .and_then(|(month, number)| NaiveDate::from_ymd_opt(day.year, month, number))
        .map(Some)
        .ok_or_else(|| invalid(field, "DATE_INVALID", "日期不存在", "no such date"))
}

/// Reads a policy year.
pub(super) fn year_of(year: i32) -> Result<PolicyYear, Error> {
    PolicyYear::new(year)
        .ok_or_else(|| invalid("year", "YEAR_INVALID", "年度不正确", "the year is not valid"))
}

/// A text that people write: 1 to `most` characters in normal form C, none of them unseen.
pub(super) fn text_of(field: &str, text: &str, most: usize) -> Result<String, Error> {
    match exchange::table::text_within(text, most) {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) | Err(RefusalCode::TextTooLong) => Err(invalid(
            field,
            "CELL_REQUIRED",
            &format!("须填写（1至{most}字）"),
            &format!("a text of 1 to {most} characters is required"),
        )),
        Err(code) => Err(invalid(field, code.as_str(), code.zh(), code.en())),
    }
}

/// Refuses a division of a city that the caller does not settle.
fn city_of(caller: &Caller, division_code: &str) -> Result<(), Error> {
    let division = Division::from_canonical(division_code.trim()).map_err(|_| {
        invalid(
            "division_code",
            "DIVISION_MALFORMED",
            "行政区划代码须为六位数字",
            "a division code has six digits",
        )
    })?;
    if division.city() != caller.city {
        return Err(invalid(
            "division_code",
            "CITY_UNKNOWN",
            "不是本单位所在城市",
            "not a city that you settle",
        ));
    }
    Ok(())
}

/// A reading other than the rulebook's, with the reference of its approval. Whether there is such a reading the rulebook says.
fn reading_of(row: &pb::ReadingOverride) -> Result<ReadingRow, Error> {
    if row.approval.trim().is_empty() {
        let en = "a reading other than the rulebook's needs its approval reference";
        return Err(invalid(
            "readings",
            "APPROVAL_REQUIRED",
            "更改读法须注明批准文号",
            en,
        ));
    }
    Ok(ReadingRow {
        id: row.id.clone(),
        value: row.value.clone(),
        approval: text_of("readings", &row.approval, APPROVAL)?,
    })
}

fn opening_of(caller: &Caller, today: NaiveDate, body: &pb::OpenBatchRequest) -> Result<Opening, Error> {
    let dates = both(year_of(body.year), day_of("as_of", body.as_of.as_ref()));
    let (_, ((year, as_of), overrides)) = both(
        city_of(caller, &body.division_code),
        both(dates, every(body.readings.iter().map(reading_of))),
    )?;
    Ok(Opening {
        year,
        as_of: as_of.unwrap_or(today),
        overrides,
    })
}

impl Settlement {
    /// One writing call about one batch, answered with the batch as it stands afterwards.
    pub(super) async fn change<B, A, F>(
        &self,
        caller: &Caller,
        (rpc, request_id): (&'static str, &str),
        body: &B,
        verb: F,
        answer: fn(pb::Batch) -> A,
    ) -> Result<A, Error>
    where
        B: Message,
        A: Message + Default + AuditedAnswer + Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Ledger, Stamp) -> BoxFuture<'c, Result<BatchNo, Error>>
            + Send
            + Sync
            + Clone
            + 'static,
    {
        let call = Call::of(caller, rpc, request_id, body);
        let ledger = self.ledger.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let (ledger, verb) = (ledger.clone(), verb.clone());
                Box::pin(async move {
                    let number = verb(tx, ledger, stamp).await?;
                    let stored = batch::find(tx, &number)
                        .await?
                        .ok_or_else(|| book::not_found(&number))?;
                    Ok(answer(message::batch(tx, &number, &stored).await?))
                })
            })
            .await
    }

    pub(super) async fn open(
        &self,
        caller: &Caller,
        body: &pb::OpenBatchRequest,
    ) -> Result<pb::OpenBatchResponse, Error> {
        let opening = opening_of(caller, beijing_date(self.ledger.clock.now()), body)?;
        self.change(
            caller,
            ("OpenBatch", &body.request_id),
            body,
            move |tx, ledger, stamp| {
                let opening = opening.clone();
                Box::pin(async move { book::open(tx, &ledger, &stamp, &opening).await })
            },
            |batch| pb::OpenBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn compute(
        &self,
        caller: &Caller,
        body: &pb::ComputeBatchRequest,
    ) -> Result<pb::ComputeBatchResponse, Error> {
        let number = number_of(caller, &body.name)?;
        let closed = self.close_decisions(caller).await?;
        let role = caller.role.as_str();
        self.change(
            caller,
            ("ComputeBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let number = number.clone();
                Box::pin(async move {
                    book::compute_batch(tx, (&stamp, role), &number, closed).await?;
                    Ok(number)
                })
            },
            |batch| pb::ComputeBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    /// Closes the city's cut-off, so that the decisions up to it are a fixed set. In a transaction of its own: whoever reports
    /// waits for the cut-off, and must not wait for a computation. A number that nothing is written under does no harm.
    async fn close_decisions(&self, caller: &Caller) -> Result<i64, Error> {
        let (scope, caller) = (caller.scope(self.ledger.role), caller.clone());
        self.ledger
            .database
            .run_keyed("settlement.close_decisions", &scope, move |tx| {
                let caller = caller.clone();
                Box::pin(async move {
                    credential::hold(tx, &caller).await?;
                    Ok(cut_off::close(tx, caller.city.as_str()).await?)
                })
            })
            .await
    }
}
