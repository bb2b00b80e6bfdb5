//! Objections: taken down, decided, withdrawn, listed.

use api::convert::date;
use api::settlement::v1 as pb;
use ledger::command::Call;
use ledger::{Caller, both};
use platform::database::BoxFuture;
use sqlx::PgConnection;

use super::super::change::{invalid, text_of, year_of};
use super::{REASON, line_key, line_of, missing, number_in, numbered, subject_of};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::objection::{self, NewObjection, Objection};
use crate::{Settlement, guard};

/// Most characters of what an objection says.
const CONTENT: usize = 1000;
const PREFIX: &str = "objections/";

fn message(number: &BatchNo, stored: &Objection) -> pb::Objection {
    let state = match stored.state.as_str() {
        "open" => pb::ObjectionState::Open,
        "upheld" => pb::ObjectionState::Upheld,
        "rejected" => pb::ObjectionState::Rejected,
        _ => pb::ObjectionState::Withdrawn,
    };
    let kind = match stored.objector_kind.as_str() {
        "unit" => pb::ObjectorKind::Unit,
        _ => pb::ObjectorKind::Person,
    };
    pb::Objection {
        name: format!("{PREFIX}{number}"),
        line: Some(line_key(stored.year, &stored.subject)),
        objector_name: stored.objector_name.clone(),
        objector_kind: kind.into(),
        content: stored.content.clone(),
        state: state.into(),
        opened_by: stored.opened_by.clone(),
        opened_on: Some(date(stored.opened_on)),
        decided_by: stored.decided_by.clone().unwrap_or_default(),
        decided_on: stored.decided_on.map(date),
        decision_reason: stored.decision_reason.clone().unwrap_or_default(),
    }
}

async fn read(tx: &mut PgConnection, number: &BatchNo) -> Result<pb::Objection, Error> {
    let of_year = (number.city.as_str(), number.year.number());
    let rows = objection::page(tx, of_year, number.sequence - 1, 1).await?;
    let found = rows.iter().find(|row| row.objection_no == number.sequence);
    found
        .map(|row| message(number, row))
        .ok_or_else(|| missing(&format!("{PREFIX}{number}")))
}

fn proven(body: &pb::OpenObjectionRequest) -> Result<(), Error> {
    if body.is_identity_proven {
        return Ok(());
    }
    Err(invalid(
        "is_identity_proven",
        "CELL_REQUIRED",
        "异议须书面、实名并附身份证明，否则不予受理",
        "an objection is in writing, named and with proof of identity, or it is not accepted",
    ))
}

fn kind_of(body: &pb::OpenObjectionRequest) -> Result<&'static str, Error> {
    match body.objector_kind() {
        pb::ObjectorKind::Unit => Ok("unit"),
        pb::ObjectorKind::Person => Ok("person"),
        pb::ObjectorKind::Unspecified => Err(invalid(
            "objector_kind",
            "CELL_REQUIRED",
            "须注明单位或个人",
            "unit or person is required",
        )),
    }
}

fn new_of(body: &pb::OpenObjectionRequest) -> Result<NewObjection, Error> {
    let texts = both(
        text_of("objector_name", &body.objector_name, REASON),
        text_of("content", &body.content, CONTENT),
    );
    let ((_, objector_kind), (objector_name, content)) = both(both(proven(body), kind_of(body)), texts)?;
    Ok(NewObjection {
        objector_name,
        objector_kind,
        content,
    })
}

/// Makes the answer of a deciding call.
type Answers<A> = fn(pb::Objection) -> A;

impl Settlement {
    pub(super) async fn on_open_objection(
        &self,
        caller: &Caller,
        body: &pb::OpenObjectionRequest,
    ) -> Result<pb::OpenObjectionResponse, Error> {
        let (line, new) = both(line_of(caller, &body.line), new_of(body))?;
        let call = Call::of(caller, "OpenObjection", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let (line, new) = (line.clone(), new.clone());
                Box::pin(async move {
                    let subject = subject_of(tx, &line).await?;
                    let (number, _) = line;
                    let of_year = (number.city.as_str(), number.year);
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    let sequence = objection::insert(tx, of_year, &subject, &new, by)
                        .await
                        .map_err(|error| guard::of_thing(error, "objections", by.0))?;
                    let number = crate::conditions::number_of(&number, sequence);
                    Ok(pb::OpenObjectionResponse {
                        objection: Some(read(tx, &number).await?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_decide_objection(
        &self,
        caller: &Caller,
        body: &pb::DecideObjectionRequest,
    ) -> Result<pb::DecideObjectionResponse, Error> {
        let state = match body.decision() {
            pb::ObjectionState::Upheld => Ok("upheld"),
            pb::ObjectionState::Rejected => Ok("rejected"),
            _ => Err(invalid(
                "decision",
                "DECISION_INVALID",
                "处理结果须为成立或不成立",
                "the decision is upheld or rejected",
            )),
        };
        let ((number, state), reason) = both(
            both(numbered(caller, PREFIX, &body.name), state),
            text_of("reason", &body.reason, REASON),
        )?;
        let what = (number, state, reason);
        let call = Call::of(caller, "DecideObjection", &body.request_id, body);
        let answers: Answers<pb::DecideObjectionResponse> = |objection| pb::DecideObjectionResponse {
            objection: Some(objection),
            audit_head: None,
        };
        self.ledger
            .command(call, move |tx, stamp| decide(tx, stamp, what.clone(), answers))
            .await
    }

    pub(super) async fn on_withdraw_objection(
        &self,
        caller: &Caller,
        body: &pb::WithdrawObjectionRequest,
    ) -> Result<pb::WithdrawObjectionResponse, Error> {
        let (number, reason) = both(
            numbered(caller, PREFIX, &body.name),
            text_of("reason", &body.reason, REASON),
        )?;
        let what = (number, "withdrawn", reason);
        let call = Call::of(caller, "WithdrawObjection", &body.request_id, body);
        let answers: Answers<pb::WithdrawObjectionResponse> = |objection| pb::WithdrawObjectionResponse {
            objection: Some(objection),
            audit_head: None,
        };
        self.ledger
            .command(call, move |tx, stamp| decide(tx, stamp, what.clone(), answers))
            .await
    }

    pub(super) async fn on_list_objections(
        &self,
        caller: &Caller,
        body: &pb::ListObjectionsRequest,
    ) -> Result<pb::ListObjectionsResponse, Error> {
        let year = year_of(body.year)?;
        let city = caller.city.clone();
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_objections",
                (body.page_size, &body.page_token),
                move |tx, (after, limit)| {
                    let city = city.clone();
                    Box::pin(async move {
                        objection::page(tx, (city.as_str(), year.number()), after, limit).await
                    })
                },
                |row| row.objection_no,
            )
            .await?;
        let objections = rows
            .iter()
            .map(|row| Ok(message(&number_in(caller, row.year, row.objection_no)?, row)));
        Ok(pb::ListObjectionsResponse {
            objections: objections.collect::<Result<_, Error>>()?,
            next_page_token,
        })
    }
}

fn decide<'c, A: Send + 'static>(
    tx: &'c mut PgConnection,
    stamp: ledger::Stamp,
    (number, state, reason): (BatchNo, &'static str, String),
    answers: Answers<A>,
) -> BoxFuture<'c, Result<A, Error>> {
    Box::pin(async move {
        // Also says that it exists.
        let before = read(tx, &number).await?;
        let by = (stamp.reported_by.as_str(), stamp.recorded_at);
        let of = (number.city.as_str(), number.year, number.sequence);
        objection::decide(tx, of, (state, &reason), by)
            .await
            .map_err(|error| guard::of_thing(error, &before.name, by.0))?;
        Ok(answers(read(tx, &number).await?))
    })
}
