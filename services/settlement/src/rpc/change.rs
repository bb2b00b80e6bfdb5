//! Opening, computing, releasing and cancelling a batch.

use api::AuditedAnswer;
use api::settlement::v1 as pb;
use chrono::NaiveDate;
use exchange::batch::ReadingRow;
use ledger::command::Call;
use ledger::{Caller, Ledger, Stamp};
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

fn invalid(field: &str, code: &'static str, zh: &str, en: &str) -> Error {
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

fn opening_of(caller: &Caller, today: NaiveDate, body: &pb::OpenBatchRequest) -> Result<Opening, Error> {
    let division = Division::from_canonical(body.division_code.trim()).map_err(|_| {
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
    let year = PolicyYear::new(body.year)
        .ok_or_else(|| invalid("year", "YEAR_INVALID", "年度不正确", "the year is not valid"))?;
    let as_of = match &body.as_of {
        None => today,
        Some(day) => u32::try_from(day.month)
            .ok()
            .zip(u32::try_from(day.day).ok())
            .and_then(|(month, number)| NaiveDate::from_ymd_opt(day.year, month, number))
            .ok_or_else(|| invalid("as_of", "DATE_INVALID", "日期不存在", "no such date"))?,
    };
    let overrides = body
        .readings
        .iter()
        .map(|row| ReadingRow {
            id: row.id.clone(),
            value: row.value.clone(),
            approval: row.approval.trim().to_owned(),
        })
        .collect::<Vec<_>>();
    if overrides.iter().any(|row| row.approval.is_empty()) {
        let en = "a reading other than the rulebook's needs its approval reference";
        return Err(invalid(
            "readings",
            "APPROVAL_REQUIRED",
            "更改读法须注明批准文号",
            en,
        ));
    }
    Ok(Opening {
        year,
        as_of,
        overrides,
    })
}

impl Settlement {
    /// One writing call about one batch, answered with the batch as it stands afterwards.
    async fn change<B, A, F>(
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
        let call = Call {
            caller,
            rpc,
            request_id,
            body,
            object: rpc.to_owned(),
            on_behalf: false,
            writes_facts: false,
        };
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
        self.change(
            caller,
            ("ComputeBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let number = number.clone();
                Box::pin(async move {
                    book::compute_draft(tx, &stamp, &number).await?;
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

    pub(super) async fn release(
        &self,
        caller: &Caller,
        body: &pb::ReleaseBatchRequest,
    ) -> Result<pb::ReleaseBatchResponse, Error> {
        let number = number_of(caller, &body.name)?;
        if body.batch_digest.is_empty() {
            let en = "the digest that was approved is required";
            return Err(invalid(
                "batch_digest",
                "CELL_REQUIRED",
                "须给出经审核的批次摘要",
                en,
            ));
        }
        let (digest, signer) = (body.batch_digest.clone(), self.signer.clone());
        self.change(
            caller,
            ("ReleaseBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, digest, signer) = (number.clone(), digest.clone(), signer.clone());
                Box::pin(async move {
                    book::release(tx, &stamp, &number, &digest, signer).await?;
                    Ok(number)
                })
            },
            |batch| pb::ReleaseBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }

    pub(super) async fn cancel(
        &self,
        caller: &Caller,
        body: &pb::CancelBatchRequest,
    ) -> Result<pb::CancelBatchResponse, Error> {
        let number = number_of(caller, &body.name)?;
        let reason = body.reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > 200 || reason.chars().any(char::is_control) {
            let en = "a reason of 1 to 200 characters is required";
            return Err(invalid(
                "reason",
                "CELL_REQUIRED",
                "须填写作废原因（1至200字）",
                en,
            ));
        }
        self.change(
            caller,
            ("CancelBatch", &body.request_id),
            body,
            move |tx, _, stamp| {
                let (number, reason) = (number.clone(), reason.clone());
                Box::pin(async move {
                    book::cancel(tx, &stamp, &number, &reason).await?;
                    Ok(number)
                })
            },
            |batch| pb::CancelBatchResponse {
                batch: Some(batch),
                audit_head: None,
            },
        )
        .await
    }
}
