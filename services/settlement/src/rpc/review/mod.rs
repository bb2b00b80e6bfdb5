//! The calls beside a batch's own: who may make them, then one file a subject.

mod budget;
mod calendar;
mod freeze;
mod notice;
mod objection;
mod recovery;

use api::convert::{measure, money};
use api::settlement::v1 as pb;
use api::settlement::v1::review_service_server::ReviewService;
use futures_util::stream::Iter;
use ledger::caller::READERS;
use ledger::{Caller, Role};
use policy::money::Money;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::change::invalid;
use super::{Answer, BUREAU, CHECKER, MAKER, REVIEWERS};
use crate::Settlement;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::line::{self, Subject};

const MAKER_OR_BUREAU: &[Role] = &[Role::FinanceMaker, Role::Bureau];

/// Most characters of a reason.
const REASON: usize = 200;

/// Reads `objections/410500-2025-001` and the like, and refuses another city's.
fn numbered(caller: &Caller, prefix: &str, name: &str) -> Result<BatchNo, Error> {
    let number = name
        .strip_prefix(prefix)
        .and_then(BatchNo::parse)
        .ok_or_else(|| {
            invalid(
                "name",
                "NAME_MALFORMED",
                &format!("资源名应为 {prefix}{{编号}}"),
                &format!("the name is of the form {prefix}{{number}}"),
            )
        })?;
    if number.city == caller.city {
        Ok(number)
    } else {
        Err(missing(name))
    }
}

fn missing(name: &str) -> Error {
    ledger::Error::NotFound {
        name: name.to_owned(),
    }
    .into()
}

/// Reads the name of a line of the caller's city.
fn line_of(caller: &Caller, name: &str) -> Result<(BatchNo, i32), Error> {
    let (number, line_no) = BatchNo::of_line_name(name).ok_or_else(|| {
        invalid(
            "line",
            "NAME_MALFORMED",
            "明细资源名应为 batches/{批次号}/lines/{行号}",
            "the line is of the form batches/{batch_no}/lines/{line_no}",
        )
    })?;
    if number.city == caller.city {
        Ok((number, line_no))
    } else {
        Err(missing(name))
    }
}

/// What a line is about.
async fn subject_of(tx: &mut PgConnection, (number, line_no): &(BatchNo, i32)) -> Result<Subject, Error> {
    let found = line::subject(tx, number, *line_no).await?;
    found.ok_or_else(|| missing(&format!("batches/{number}/lines/{line_no}")))
}

/// The number of a year's record.
fn number_in(caller: &Caller, year: i32, sequence: i32) -> Result<BatchNo, Error> {
    Ok(BatchNo {
        city: caller.city.clone(),
        year: super::change::year_of(year)?,
        sequence,
    })
}

fn line_key(year: i32, subject: &Subject) -> pb::LineKey {
    pb::LineKey {
        policy_year: year,
        measure: measure(&subject.measure).into(),
        beneficiary: subject.beneficiary.clone(),
        beneficiary_name: subject.beneficiary_name.clone(),
        item: subject.item.clone(),
    }
}

fn yuan(fen: i64) -> Option<api::common::v1::Money> {
    Some(money(Money::from_fen(fen)))
}

/// Reads an amount that is stated and not negative.
fn amount_of(field: &str, stated: Option<&api::common::v1::Money>) -> Result<Money, Error> {
    stated
        .filter(|stated| stated.currency_code == "CNY")
        .and_then(|stated| Money::parse_signed(&stated.amount).ok())
        .filter(|amount| *amount >= Money::ZERO)
        .ok_or_else(|| {
            invalid(
                field,
                "AMOUNT_MALFORMED",
                "须为人民币金额，不小于零，至多两位小数",
                "an amount in CNY, not negative, with at most two decimals, is required",
            )
        })
}

#[tonic::async_trait]
impl ReviewService for Settlement {
    type StreamNoticeStream = Iter<std::vec::IntoIter<Result<pb::StreamNoticeResponse, Status>>>;

    async fn stream_notice(
        &self,
        request: Request<pb::StreamNoticeRequest>,
    ) -> Answer<Self::StreamNoticeStream> {
        let caller = Caller::admitted(&request, READERS, "StreamNotice")?;
        let parts = self.notice_file(&caller, request.get_ref()).await?;
        Ok(Response::new(futures_util::stream::iter(parts)))
    }

    async fn get_notice(&self, request: Request<pb::GetNoticeRequest>) -> Answer<pb::GetNoticeResponse> {
        let caller = Caller::admitted(&request, READERS, "GetNotice")?;
        Ok(Response::new(
            self.on_get_notice(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Answer<pb::ListNoticesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListNotices")?;
        Ok(Response::new(
            self.on_list_notices(&caller, request.get_ref()).await?,
        ))
    }

    async fn open_objection(
        &self,
        request: Request<pb::OpenObjectionRequest>,
    ) -> Answer<pb::OpenObjectionResponse> {
        let caller = Caller::admitted(&request, BUREAU, "OpenObjection")?;
        Ok(Response::new(
            self.on_open_objection(&caller, request.get_ref()).await?,
        ))
    }

    async fn decide_objection(
        &self,
        request: Request<pb::DecideObjectionRequest>,
    ) -> Answer<pb::DecideObjectionResponse> {
        let caller = Caller::admitted(&request, BUREAU, "DecideObjection")?;
        Ok(Response::new(
            self.on_decide_objection(&caller, request.get_ref()).await?,
        ))
    }

    async fn withdraw_objection(
        &self,
        request: Request<pb::WithdrawObjectionRequest>,
    ) -> Answer<pb::WithdrawObjectionResponse> {
        let caller = Caller::admitted(&request, BUREAU, "WithdrawObjection")?;
        Ok(Response::new(
            self.on_withdraw_objection(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_objections(
        &self,
        request: Request<pb::ListObjectionsRequest>,
    ) -> Answer<pb::ListObjectionsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListObjections")?;
        Ok(Response::new(
            self.on_list_objections(&caller, request.get_ref()).await?,
        ))
    }

    async fn freeze_payments(
        &self,
        request: Request<pb::FreezePaymentsRequest>,
    ) -> Answer<pb::FreezePaymentsResponse> {
        let caller = Caller::admitted(&request, REVIEWERS, "FreezePayments")?;
        Ok(Response::new(
            self.on_freeze_payments(&caller, request.get_ref()).await?,
        ))
    }

    async fn lift_freeze(&self, request: Request<pb::LiftFreezeRequest>) -> Answer<pb::LiftFreezeResponse> {
        let caller = Caller::admitted(&request, REVIEWERS, "LiftFreeze")?;
        Ok(Response::new(
            self.on_lift_freeze(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_freezes(
        &self,
        request: Request<pb::ListFreezesRequest>,
    ) -> Answer<pb::ListFreezesResponse> {
        let caller = Caller::admitted(&request, READERS, "ListFreezes")?;
        Ok(Response::new(
            self.on_list_freezes(&caller, request.get_ref()).await?,
        ))
    }

    async fn set_budget(&self, request: Request<pb::SetBudgetRequest>) -> Answer<pb::SetBudgetResponse> {
        let caller = Caller::admitted(&request, MAKER, "SetBudget")?;
        Ok(Response::new(
            self.on_set_budget(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_budgets(
        &self,
        request: Request<pb::ListBudgetsRequest>,
    ) -> Answer<pb::ListBudgetsResponse> {
        let caller = Caller::admitted(&request, READERS, "ListBudgets")?;
        Ok(Response::new(
            self.on_list_budgets(&caller, request.get_ref()).await?,
        ))
    }

    async fn order_recovery(
        &self,
        request: Request<pb::OrderRecoveryRequest>,
    ) -> Answer<pb::OrderRecoveryResponse> {
        let caller = Caller::admitted(&request, MAKER_OR_BUREAU, "OrderRecovery")?;
        Ok(Response::new(
            self.on_order_recovery(&caller, request.get_ref()).await?,
        ))
    }

    async fn approve_recovery_order(
        &self,
        request: Request<pb::ApproveRecoveryOrderRequest>,
    ) -> Answer<pb::ApproveRecoveryOrderResponse> {
        let caller = Caller::admitted(&request, CHECKER, "ApproveRecoveryOrder")?;
        Ok(Response::new(
            self.on_approve_recovery_order(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_recovery_orders(
        &self,
        request: Request<pb::ListRecoveryOrdersRequest>,
    ) -> Answer<pb::ListRecoveryOrdersResponse> {
        let caller = Caller::admitted(&request, READERS, "ListRecoveryOrders")?;
        Ok(Response::new(
            self.on_list_recovery_orders(&caller, request.get_ref()).await?,
        ))
    }

    async fn set_calendar(
        &self,
        request: Request<pb::SetCalendarRequest>,
    ) -> Answer<pb::SetCalendarResponse> {
        let caller = Caller::admitted(&request, MAKER_OR_BUREAU, "SetCalendar")?;
        Ok(Response::new(
            self.on_set_calendar(&caller, request.get_ref()).await?,
        ))
    }

    async fn list_calendar(
        &self,
        request: Request<pb::ListCalendarRequest>,
    ) -> Answer<pb::ListCalendarResponse> {
        let caller = Caller::admitted(&request, READERS, "ListCalendar")?;
        Ok(Response::new(
            self.on_list_calendar(&caller, request.get_ref()).await?,
        ))
    }
}
