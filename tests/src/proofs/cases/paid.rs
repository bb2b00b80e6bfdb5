//! Cases of money that came back or has to: returns after the year's end, recoveries.

use api::pledge::v1::{LoanEvent, LoanEventKind, ReportLoanEventRequest};
use api::settlement::v1 as pb;

use super::{Verdict, same};
use crate::answer::{self, yuan};
use crate::desk::{exported, prepare, recoveries, result, results};
use crate::records::money;
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids};

const AS_OF: &str = "2026-03-31";

/// What a beneficiary owes by the recoveries of a batch, after its payments are prepared.
pub(super) async fn owed(sandbox: &Sandbox, batch: &str, beneficiary: &str) -> (String, String) {
    let totals = prepare(sandbox, batch).await;
    let recoveries = recoveries(sandbox, batch).await;
    let own = recoveries.iter().find(|it| it.beneficiary == beneficiary);
    let owed = own.map_or("0.00", |it| yuan(&it.amount)).to_owned();
    (yuan(&totals.amount).to_owned(), owed)
}

/// A passive return is paid again in its year; after the year's end it needs a new budget. Moves the sandbox a year on.
pub(super) async fn x11(sandbox: &Sandbox) -> Verdict {
    let (_, _, found) = exported(sandbox).await;
    let returned = pb::PaymentResult {
        amount: money("0.00"),
        ..result(&found[1], pb::PaymentOutcome::PassiveReturn, "")
    };
    results(sandbox, vec![returned]).await;
    let mut database = sandbox.database().await;
    let moved = "insert into ledger.business_date (city, moved_days) values ('4105', 366)
                 on conflict (city) do update set moved_days = ledger.business_date.moved_days + 366";
    sqlx::query(moved).execute(&mut database).await.unwrap();
    close(database).await;
    let again = pb::RepayPaymentRequest {
        request_id: ids::request_id(),
        name: found[1].name.clone(),
    };
    match sandbox
        .client("finance-maker")
        .payment()
        .repay_payment(again)
        .await
    {
        Ok(_) => Err("paid again from a budget that is over".to_owned()),
        Err(status) => same(
            &answer::refused(&status).reason,
            "REPAY_YEAR_CLOSED",
            "refused as",
        ),
    }
}

/// The tier falls by 50,000 and nothing new is earned: payment 0.00, recovery notice 50,000.00.
pub(super) async fn x13(sandbox: &Sandbox) -> Verdict {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    batch::settle(sandbox, year, AS_OF).await;
    let event = LoanEvent {
        kind: LoanEventKind::Reversal.into(),
        reverses: Some("1".to_owned()),
        ..scene.draw("2", &format!("{year}-04-01"), "3000000.00")
    };
    let reversal = ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(event),
        ..Default::default()
    };
    scene.bank.pledge().report_loan_event(reversal).await.unwrap();
    let second = batch::settle(sandbox, year, AS_OF).await;
    let (paid, owed) = owed(sandbox, &second.name, &scene.borrower).await;
    same(&format!("{paid} {owed}"), "0.00 50000.00", "paid and owed")
}
