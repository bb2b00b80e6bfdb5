//! Reconciliation over the wire.

use api::settlement::v1 as pb;
use pb::BreakKind;
use zhirong_tests::answer::yuan;
use zhirong_tests::records::day;
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, shared};

use zhirong_tests::desk::{exported, result, results, statement};

async fn reconcile(sandbox: &Sandbox, parent: &str) -> pb::GetReconciliationResponse {
    let request = pb::GetReconciliationRequest {
        parent: parent.to_owned(),
        from_day: day("2020-01-01"),
        to_day: day("2199-01-01"),
    };
    sandbox
        .client("auditor")
        .payment()
        .get_reconciliation(request)
        .await
        .unwrap()
        .into_inner()
}

#[test]
fn every_break_is_named_and_unpaid_money_ages() {
    run(async {
        let sandbox = shared().await;
        let (_, released, found) = exported(sandbox).await;
        let (bank, enterprise) = (found[0].voucher_no.clone(), found[1].voucher_no.clone());
        let kinds = |answer: &pb::GetReconciliationResponse| {
            answer
                .rows
                .iter()
                .map(pb::ReconciliationRow::kind)
                .collect::<Vec<_>>()
        };
        let answer = reconcile(sandbox, &released.name).await;
        assert_eq!(
            kinds(&answer),
            [BreakKind::MissingOutside, BreakKind::MissingOutside]
        );
        // The shared sandbox's business date moves on meanwhile, so that any bucket may hold them.
        let unpaid = |answer: &pb::GetReconciliationResponse| {
            let mut held: Vec<(i64, String)> = answer
                .ageing
                .iter()
                .map(|it| (it.payments_count, yuan(&it.amount).to_owned()))
                .collect();
            held.retain(|(count, _)| *count > 0);
            held
        };
        assert_eq!(
            (answer.ageing.len(), unpaid(&answer)),
            (4, vec![(2, "230000.00".to_owned())])
        );
        let s = |number: i32| format!("{}-r{number}", released.batch_no);
        statement(
            sandbox,
            &[
                (&s(1), &bank, "80000.00", "4321"),
                (&s(2), &enterprise, "150000.00", "9999"),
            ],
        )
        .await;
        assert_eq!(
            kinds(&reconcile(sandbox, &released.name).await),
            [BreakKind::Matched, BreakKind::AccountDiffers]
        );
        results(sandbox, vec![result(&found[0], pb::PaymentOutcome::Paid, &s(1))]).await;
        let left = unpaid(&reconcile(sandbox, &released.name).await);
        assert_eq!(left, [(1, "150000.00".to_owned())]);
        // The bank's money comes back, the enterprise's leaves a second time.
        statement(
            sandbox,
            &[
                (&s(1), &bank, "-80000.00", "4321"),
                (&s(3), &enterprise, "150000.00", "3445"),
            ],
        )
        .await;
        let answer = reconcile(sandbox, &released.name).await;
        assert_eq!(kinds(&answer), [BreakKind::Returned, BreakKind::Duplicate]);
        assert_eq!(
            (yuan(&answer.rows[0].outside), yuan(&answer.rows[1].outside)),
            ("0.00", "300000.00")
        );
        // A voucher of this batch that nobody issued, and the same row again, and another under its number.
        let stray = format!("{}0099", &bank[..11]);
        let rows = [
            (s(5), stray.clone(), "7.00"),
            (s(5), stray, "7.00"),
            (s(5), bank.clone(), "8.00"),
        ];
        let rows: Vec<(&str, &str, &str, &str)> = rows
            .iter()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), *c, ""))
            .collect();
        let taken = statement(sandbox, &rows).await;
        let counts = taken.counts.unwrap();
        assert_eq!((counts.stored, counts.unchanged, counts.refused), (1, 1, 1));
        assert_eq!(taken.refusals[0].code, "STATEMENT_CONFLICT");
        assert!(kinds(&reconcile(sandbox, &released.name).await).contains(&BreakKind::MissingInside));
        // A period holds them too.
        let period = reconcile(sandbox, "").await;
        assert!(
            period
                .rows
                .iter()
                .any(|row| row.voucher_no == enterprise && row.kind() == BreakKind::Duplicate)
        );
    });
}

#[test]
fn a_refused_transfer_and_another_amount_are_named() {
    run(async {
        let sandbox = shared().await;
        let (_, released, found) = exported(sandbox).await;
        let s = |number: i32| format!("{}-q{number}", released.batch_no);
        let rows = [
            (s(1), found[0].voucher_no.clone(), "0.00"),
            (s(2), found[1].voucher_no.clone(), "149999.99"),
        ];
        let rows: Vec<(&str, &str, &str, &str)> = rows
            .iter()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), *c, ""))
            .collect();
        statement(sandbox, &rows).await;
        let answer = reconcile(sandbox, &released.name).await;
        let kinds: Vec<BreakKind> = answer.rows.iter().map(pb::ReconciliationRow::kind).collect();
        assert_eq!(kinds, [BreakKind::Rejected, BreakKind::AmountDiffers]);
    });
}
