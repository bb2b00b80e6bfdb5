//! Orders of recovery: made, approved, listed.

use api::convert::timestamp;
use api::settlement::v1 as pb;
use ledger::command::Call;
use ledger::{Caller, both};
use sqlx::PgConnection;

use super::super::change::{text_of, year_of};
use super::{REASON, amount_of, line_key, line_of, missing, number_in, numbered, subject_of, yuan};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::recovery_order::{self, NewOrder, RecoveryOrder};
use crate::{Settlement, guard};

const PREFIX: &str = "recoveryOrders/";

fn message(number: &BatchNo, stored: &RecoveryOrder) -> pb::RecoveryOrder {
    pb::RecoveryOrder {
        name: format!("{PREFIX}{number}"),
        line: Some(line_key(stored.year, &stored.subject)),
        at_most: yuan(stored.at_most_fen),
        basis: stored.basis.clone(),
        reason: stored.reason.clone(),
        ordered_by: stored.ordered_by.clone(),
        ordered_at: Some(timestamp(stored.ordered_at)),
        approved_by: stored.approved_by.clone().unwrap_or_default(),
        approved_at: stored.approved_at.map(timestamp),
    }
}

async fn read(tx: &mut PgConnection, number: &BatchNo) -> Result<pb::RecoveryOrder, Error> {
    let of_year = (number.city.as_str(), number.year.number());
    let rows = recovery_order::page(tx, of_year, number.sequence - 1, 1).await?;
    let found = rows.iter().find(|row| row.order_no == number.sequence);
    found
        .map(|row| message(number, row))
        .ok_or_else(|| missing(&format!("{PREFIX}{number}")))
}

impl Settlement {
    pub(super) async fn on_order_recovery(
        &self,
        caller: &Caller,
        body: &pb::OrderRecoveryRequest,
    ) -> Result<pb::OrderRecoveryResponse, Error> {
        let texts = both(
            text_of("basis", &body.basis, REASON),
            text_of("reason", &body.reason, REASON),
        );
        let about = both(
            line_of(caller, &body.line),
            amount_of("at_most", body.at_most.as_ref()),
        );
        let ((line, at_most), (basis, reason)) = both(about, texts)?;
        let new = NewOrder {
            at_most_fen: at_most.fen(),
            basis,
            reason,
        };
        let call = Call::of(caller, "OrderRecovery", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let (line, new) = (line.clone(), new.clone());
                Box::pin(async move {
                    let subject = subject_of(tx, &line).await?;
                    let (number, _) = line;
                    let of_year = (number.city.as_str(), number.year);
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    let sequence = recovery_order::insert(tx, of_year, &subject, &new, by)
                        .await
                        .map_err(|error| guard::of_thing(error, "recoveryOrders", by.0))?;
                    let number = crate::conditions::number_of(&number, sequence);
                    Ok(pb::OrderRecoveryResponse {
                        recovery_order: Some(read(tx, &number).await?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_approve_recovery_order(
        &self,
        caller: &Caller,
        body: &pb::ApproveRecoveryOrderRequest,
    ) -> Result<pb::ApproveRecoveryOrderResponse, Error> {
        let number = numbered(caller, PREFIX, &body.name)?;
        let call = Call::of(caller, "ApproveRecoveryOrder", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let number = number.clone();
                Box::pin(async move {
                    let before = read(tx, &number).await?;
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    let of = (number.city.as_str(), number.year, number.sequence);
                    recovery_order::approve(tx, of, by)
                        .await
                        .map_err(|error| guard::of_thing(error, &before.name, by.0))?;
                    Ok(pb::ApproveRecoveryOrderResponse {
                        recovery_order: Some(read(tx, &number).await?),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_list_recovery_orders(
        &self,
        caller: &Caller,
        body: &pb::ListRecoveryOrdersRequest,
    ) -> Result<pb::ListRecoveryOrdersResponse, Error> {
        let year = year_of(body.year)?;
        let city = caller.city.clone();
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_recovery_orders",
                (body.page_size, &body.page_token),
                move |tx, (after, limit)| {
                    let city = city.clone();
                    Box::pin(async move {
                        recovery_order::page(tx, (city.as_str(), year.number()), after, limit).await
                    })
                },
                |row| row.order_no,
            )
            .await?;
        let orders = rows
            .iter()
            .map(|row| Ok(message(&number_in(caller, row.year, row.order_no)?, row)));
        Ok(pb::ListRecoveryOrdersResponse {
            recovery_orders: orders.collect::<Result<_, Error>>()?,
            next_page_token,
        })
    }
}
