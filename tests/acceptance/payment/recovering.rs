//! Negative lines: set off, or followed until they are repaid.

use api::pledge::v1::{LoanEvent, LoanEventKind, ReportLoanEventRequest};
use api::settlement::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::ids::request_id;
use zhirong_tests::records::{day, money};
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::scene::{Lending, register_patent};
use zhirong_tests::{batch, ids, records, run};

use zhirong_tests::desk::{payments, prepare, recoveries};

/// Takes 3,000,000.00 of the draw of 8,000,000.00 back: the tier falls from 150,000.00 to 100,000.00, the bank's from 80,000.00 to 50,000.00.
async fn reverse(scene: &Lending, year: i32) {
    let event = LoanEvent {
        kind: LoanEventKind::Reversal.into(),
        reverses: Some("1".to_owned()),
        ..scene.draw("2", &format!("{year}-04-01"), "3000000.00")
    };
    let request = ReportLoanEventRequest {
        request_id: request_id(),
        loan_event: Some(event),
        ..Default::default()
    };
    scene.bank.pledge().report_loan_event(request).await.unwrap();
}

#[test]
fn x13_a_negative_line_with_nothing_new_is_a_recovery_and_never_a_payment() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let first = batch::settle(sandbox, year, "2026-03-31").await;
        reverse(&scene, year).await;
        let second = batch::settle(sandbox, year, "2026-03-31").await;
        let totals = prepare(sandbox, &second.name).await;
        assert_eq!(
            (
                yuan(&totals.amount),
                totals.payments_count,
                totals.open_recoveries_count
            ),
            ("0.00", 0, 2)
        );
        assert!(totals.batch_paid && payments(sandbox, "auditor", &second.name).await.is_empty());
        let found = recoveries(sandbox, &second.name).await;
        let enterprise = found
            .iter()
            .find(|it| it.beneficiary == scene.borrower)
            .unwrap()
            .clone();
        assert_eq!(
            (yuan(&enterprise.amount), yuan(&enterprise.rest)),
            ("50000.00", "50000.00")
        );
        assert_eq!(
            (enterprise.state(), enterprise.cause.as_str()),
            (pb::RecoveryState::Open, "correction")
        );
        assert_eq!(enterprise.corrects, format!("{}/lines/2", first.name));
        assert!(enterprise.fine_from.is_none());
        instalments_and_repayments(sandbox, &enterprise).await;
    });
}

async fn instalments_and_repayments(sandbox: &Sandbox, recovery: &pb::Recovery) {
    let mut maker = sandbox.client("finance-maker").payment();
    let agree = |amounts: &[&str]| pb::AgreeInstalmentsRequest {
        request_id: request_id(),
        name: recovery.name.clone(),
        instalments: amounts
            .iter()
            .zip(["2020-01-31", "2199-02-28"])
            .map(|(amount, due)| pb::Instalment {
                due_on: day(due),
                amount: money(amount),
                ..Default::default()
            })
            .collect(),
        reference: "分期协议1号".to_owned(),
    };
    let refused = maker.agree_instalments(agree(&["20000.00", "29999.99"])).await;
    let refused = assert_refused(refused, Code::InvalidArgument, "INSTALMENTS_SUM");
    assert_eq!(refused.zh, "分期合计 49999.99 元，与余额 50000.00 元不符");
    let agreed = maker
        .agree_instalments(agree(&["20000.00", "30000.00"]))
        .await
        .unwrap()
        .into_inner()
        .recovery
        .unwrap();
    assert_eq!(agreed.state(), pb::RecoveryState::Agreed);
    assert!(agreed.overdue_days > 2000 && agreed.overdue_days == agreed.instalments[0].overdue_days);
    let repay = |amount: &str, serial: &str| pb::RecordRepaymentRequest {
        request_id: request_id(),
        name: recovery.name.clone(),
        amount: money(amount),
        paid_on: day("2026-05-01"),
        bank_serial: format!("{}-{serial}", recovery.name),
    };
    let part = maker
        .record_repayment(repay("20000.00", "1"))
        .await
        .unwrap()
        .into_inner()
        .recovery
        .unwrap();
    assert_eq!((yuan(&part.rest), part.overdue_days), ("30000.00", 0));
    let refused = maker.record_repayment(repay("5.00", "1")).await;
    assert_refused(refused, Code::AlreadyExists, "BANK_SERIAL_TAKEN");
    let refused = maker.record_repayment(repay("30000.01", "2")).await;
    let refused = assert_refused(refused, Code::FailedPrecondition, "REPAYMENT_ABOVE_REST");
    assert!(refused.zh.contains("尚余 30000.00 元"), "{}", refused.zh);
    // Eight at once: together they would be far above the rest.
    let all = (0..8).map(|number| {
        let (mut maker, request) = (maker.clone(), repay("10000.00", &format!("p{number}")));
        async move { maker.record_repayment(request).await.is_ok() }
    });
    let taken = futures_util::future::join_all(all)
        .await
        .into_iter()
        .filter(|is_taken| *is_taken)
        .count();
    assert_eq!(taken, 3);
    let refused = maker.record_repayment(repay("0.01", "3")).await;
    assert_refused(refused, Code::FailedPrecondition, "RECOVERY_CLOSED");
}

#[test]
fn negative_lines_are_set_off_against_the_same_beneficiary_only() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        batch::settle(sandbox, year, "2026-03-31").await;
        reverse(&scene, year).await;
        let second = batch::settle(sandbox, year, "2026-03-31").await;
        prepare(sandbox, &second.name).await;
        // A later year owes the same enterprise 50,000.00 and the bank 20,000.00; what the year before owes is set off where stated.
        let next = ids::year();
        let patent = ids::invention(ids::fresh());
        register_patent(sandbox, records::patent(&patent, &scene.borrower)).await;
        let later = Lending {
            contract_no: format!("HT-{}", ids::fresh()),
            pledge_no: ids::pledge(ids::fresh()),
            patent,
            ..scene
        };
        later.lend(next, "2000000.00").await;
        let third = batch::settle(sandbox, next, "2026-03-31").await;
        let request = pb::PreparePaymentsRequest {
            request_id: request_id(),
            parent: third.name.clone(),
            set_off_earlier: true,
        };
        sandbox
            .client("finance-maker")
            .payment()
            .prepare_payments(request)
            .await
            .unwrap();
        let found = payments(sandbox, "finance-maker", &third.name).await;
        let of = |who: &str| found.iter().find(|it| it.beneficiary == who).unwrap();
        let (bank, enterprise) = (of(&later.legal_person), of(&later.borrower));
        let line = yuan(&enterprise.line_amount).to_owned();
        assert_eq!(
            (yuan(&enterprise.set_off), yuan(&enterprise.amount)),
            (line.as_str(), "0.00")
        );
        assert_eq!(enterprise.state(), pb::PaymentState::Offset);
        assert_eq!(yuan(&bank.amount), "0.00");
        let rest = recoveries(sandbox, &second.name).await;
        let left: Vec<(&str, &str)> = rest
            .iter()
            .map(|it| (it.beneficiary.as_str(), yuan(&it.rest)))
            .collect();
        assert!(
            left.contains(&(later.borrower.as_str(), "0.00")),
            "{left:?} {line}"
        );
        assert!(
            left.contains(&(later.legal_person.as_str(), "10000.00")),
            "{left:?}"
        );
        let mut database = sandbox.database().await;
        let error = sqlx::query(
            "update settlement.recovery set repaid_fen = repaid_fen + 1, state = 'open', closed_on = null where year = $1 and state = 'closed'",
        )
        .bind(year)
        .execute(&mut database)
        .await
        .unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().constraint(),
            Some("recovery_not_above_rest")
        );
        close(database).await;
    });
}
