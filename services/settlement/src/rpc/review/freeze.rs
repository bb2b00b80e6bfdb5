//! Freezes: begun, lifted, listed.

use api::convert::date;
use api::settlement::v1 as pb;
use exchange::identifiers::read_institution_code;
use ledger::command::Call;
use ledger::{Caller, both};
use policy::codes::Clause;
use sqlx::PgConnection;

use super::super::change::{day_of, invalid, text_of};
use super::{REASON, missing};
use crate::error::Error;
use crate::store::business_date;
use crate::store::freeze::{self, Freeze, NewFreeze};
use crate::{Settlement, guard};

const PREFIX: &str = "freezes/";

fn message(stored: &Freeze) -> pb::Freeze {
    let what = match (&stored.clause, &stored.institution_code) {
        (Some(clause), _) => Some(pb::freeze::What::Clause(clause.clone())),
        (None, code) => code.clone().map(pb::freeze::What::InstitutionCode),
    };
    pb::Freeze {
        name: format!("{PREFIX}{}", stored.freeze_no),
        what,
        first_day: Some(date(stored.first_day)),
        last_day: stored.last_day.map(date),
        reason: stored.reason.clone(),
        frozen_by: stored.frozen_by.clone(),
        lifted_by: stored.lifted_by.clone().unwrap_or_default(),
        lifted_on: stored.lifted_on.map(date),
        lift_reason: stored.lift_reason.clone().unwrap_or_default(),
    }
}

async fn read(tx: &mut PgConnection, city: &str, freeze_no: i32) -> Result<pb::Freeze, Error> {
    let rows = freeze::page(tx, city, freeze_no - 1, 1).await?;
    let found = rows.iter().find(|row| row.freeze_no == freeze_no);
    found
        .map(message)
        .ok_or_else(|| missing(&format!("{PREFIX}{freeze_no}")))
}

fn unknown(field: &str) -> Error {
    invalid(
        field,
        "FREEZE_SUBJECT_UNKNOWN",
        "须为条款（见 zhirong codes）或已登记的机构",
        "a clause (see zhirong codes) or a registered institution is required",
    )
}

fn new_of(body: &pb::FreezePaymentsRequest) -> Result<NewFreeze, Error> {
    use pb::freeze_payments_request::What;
    let what = match &body.what {
        Some(What::Clause(clause)) => Clause::parse(clause.trim())
            .map(|known| (Some(known.as_str().to_owned()), None))
            .ok_or_else(|| unknown("clause")),
        Some(What::InstitutionCode(code)) => read_institution_code(code)
            .map(|known| (None, Some(known.to_string())))
            .map_err(|_| unknown("institution_code")),
        None => Err(unknown("clause")),
    };
    let days = both(
        day_of("first_day", body.first_day.as_ref()),
        day_of("last_day", body.last_day.as_ref()),
    );
    let reason = text_of("reason", &body.reason, REASON);
    let ((clause, institution_code), ((first_day, last_day), reason)) = both(what, both(days, reason))?;
    Ok(NewFreeze {
        clause,
        institution_code,
        first_day,
        last_day,
        reason,
    })
}

fn freeze_no_of(name: &str) -> Result<i32, Error> {
    name.strip_prefix(PREFIX)
        .and_then(|number| number.parse::<i32>().ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| {
            invalid(
                "name",
                "NAME_MALFORMED",
                "资源名应为 freezes/{编号}",
                "the name is of the form freezes/{number}",
            )
        })
}

impl Settlement {
    pub(super) async fn on_freeze_payments(
        &self,
        caller: &Caller,
        body: &pb::FreezePaymentsRequest,
    ) -> Result<pb::FreezePaymentsResponse, Error> {
        let new = new_of(body)?;
        let call = Call::of(caller, "FreezePayments", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let mut new = new.clone();
                Box::pin(async move {
                    let city = stamp.city.as_str();
                    if let Some(code) = &new.institution_code
                        && !freeze::is_registered(tx, city, code).await?
                    {
                        return Err(unknown("institution_code"));
                    }
                    let first = match new.first_day {
                        Some(day) => day,
                        None => business_date::today(tx, city).await?,
                    };
                    if new.last_day.is_some_and(|last| last < first) {
                        return Err(invalid(
                            "last_day",
                            "DATE_INVALID",
                            "止日早于起日",
                            "the last day is before the first",
                        ));
                    }
                    new.first_day = Some(first);
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    let freeze_no = freeze::insert(tx, city, &new, by).await?;
                    Ok(pb::FreezePaymentsResponse {
                        freeze: Some(read(tx, city, freeze_no).await?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_lift_freeze(
        &self,
        caller: &Caller,
        body: &pb::LiftFreezeRequest,
    ) -> Result<pb::LiftFreezeResponse, Error> {
        let (freeze_no, reason) = both(freeze_no_of(&body.name), text_of("reason", &body.reason, REASON))?;
        let call = Call::of(caller, "LiftFreeze", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let reason = reason.clone();
                Box::pin(async move {
                    let city = stamp.city.as_str();
                    let before = read(tx, city, freeze_no).await?;
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    freeze::lift(tx, (city, freeze_no), &reason, by)
                        .await
                        .map_err(|error| guard::of_thing(error, &before.name, by.0))?;
                    Ok(pb::LiftFreezeResponse {
                        freeze: Some(read(tx, city, freeze_no).await?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_list_freezes(
        &self,
        caller: &Caller,
        body: &pb::ListFreezesRequest,
    ) -> Result<pb::ListFreezesResponse, Error> {
        let city = caller.city.clone();
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_freezes",
                (body.page_size, &body.page_token),
                move |tx, (after, limit)| {
                    let city = city.clone();
                    Box::pin(async move { freeze::page(tx, city.as_str(), after, limit).await })
                },
                |row| row.freeze_no,
            )
            .await?;
        Ok(pb::ListFreezesResponse {
            freezes: rows.iter().map(message).collect(),
            next_page_token,
        })
    }
}
