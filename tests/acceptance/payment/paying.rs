//! Preparing and exporting: each positive line once, to the right account, and the treasury's file.

use api::settlement::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::ids::request_id;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use zhirong_tests::desk::{
    bank_account, budget_unit, enterprise_account, export, exported, payments, prepare, report,
};

#[test]
fn payments_wait_for_the_right_account_and_say_why() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let request = pb::PreparePaymentsRequest {
            request_id: request_id(),
            parent: draft.name.clone(),
            set_off_earlier: false,
        };
        let refused = sandbox
            .client("finance-maker")
            .payment()
            .prepare_payments(request)
            .await;
        let refused = assert_refused(refused, Code::FailedPrecondition, "BATCH_NOT_RELEASED");
        assert!(refused.zh.ends_with("只有已放行的批次才能支付"), "{}", refused.zh);
        let cancel = pb::CancelBatchRequest {
            request_id: request_id(),
            name: draft.name,
            reason: "重开".to_owned(),
        };
        sandbox
            .client("finance-maker")
            .settlement()
            .cancel_batch(cancel)
            .await
            .unwrap();

        let released = batch::settle(sandbox, year, "2026-03-31").await;
        let reasons = || async {
            let found = payments(sandbox, "auditor", &released.name).await;
            found
                .into_iter()
                .map(|it| (it.state(), it.hold_reason))
                .collect::<Vec<_>>()
        };
        assert_eq!(prepare(sandbox, &released.name).await.held_count, 2);
        let missing = (pb::PaymentState::Held, "PAYEE_ACCOUNT_MISSING".to_owned());
        assert_eq!(reasons().await, [missing.clone(), missing]);
        // An account of a branch that nobody calls the city-level one, and an enterprise's under another name.
        let branch = pb::PayeeAccount {
            is_city_branch: false,
            ..bank_account(&scene, "1706020109200054321")
        };
        report(sandbox, branch.clone()).await;
        let enterprise = enterprise_account(&scene.borrower, "6222020200112233445");
        report(
            sandbox,
            pb::PayeeAccount {
                account_name: "别的公司".to_owned(),
                ..enterprise.clone()
            },
        )
        .await;
        prepare(sandbox, &released.name).await;
        let held = |reason: &str| (pb::PaymentState::Held, reason.to_owned());
        assert_eq!(
            reasons().await,
            [held("PAYEE_BRANCH_UNCLEAR"), held("PAYEE_NAME_DIFFERS")]
        );
        // Corrected: the same name in other widths and brackets is the same name.
        report(
            sandbox,
            pb::PayeeAccount {
                revision: 2,
                is_city_branch: true,
                ..branch
            },
        )
        .await;
        let wide = enterprise.account_name.replace('安', "　安");
        report(
            sandbox,
            pb::PayeeAccount {
                revision: 2,
                account_name: wide,
                ..enterprise
            },
        )
        .await;
        let totals = prepare(sandbox, &released.name).await;
        assert_eq!(
            (totals.held_count, totals.payments_count, yuan(&totals.amount)),
            (0, 2, "230000.00")
        );
        let found = payments(sandbox, "finance-checker", &released.name).await;
        assert!(found.iter().all(|it| it.state() == pb::PaymentState::Prepared));
        assert_eq!(
            found[0].account.as_ref().unwrap().account_no,
            "1706020109200054321"
        );
        assert_eq!(
            (yuan(&found[0].amount), yuan(&found[1].amount)),
            ("80000.00", "150000.00")
        );
        let masked = payments(sandbox, "auditor", &released.name).await;
        assert_eq!(masked[1].account.as_ref().unwrap().account_no, "****3445");
    });
}

#[test]
fn two_officers_preparing_at_once_pay_each_line_once() {
    run(async {
        let sandbox = shared().await;
        for _ in 0..8 {
            let (scene, year) = (Lending::new(sandbox).await, ids::year());
            scene.lend(year, "8000000.00").await;
            report(
                sandbox,
                enterprise_account(&scene.borrower, "6222020200112233445"),
            )
            .await;
            report(sandbox, bank_account(&scene, "1706020109200054321")).await;
            let released = batch::settle(sandbox, year, "2026-03-31").await;
            let all = (0..4).map(|_| prepare(sandbox, &released.name));
            for totals in futures_util::future::join_all(all).await {
                assert_eq!((totals.payments_count, yuan(&totals.amount)), (2, "230000.00"));
            }
            let mut database = sandbox.database().await;
            let (vouchers, sum): (i64, i64) = sqlx::query_as(
                "select count(*), sum(amount_fen)::bigint from settlement.voucher where year = $1",
            )
            .bind(year)
            .fetch_one(&mut database)
            .await
            .unwrap();
            assert_eq!((vouchers, sum), (2, 23_000_000));
            close(database).await;
        }
    });
}

#[test]
fn vouchers_are_the_same_bytes_each_time_and_state_the_amount_in_words() {
    run(async {
        let sandbox = shared().await;
        let (scene, released, found) = exported(sandbox).await;
        let first = export(sandbox, &released.name, pb::VoucherFormat::Xml).await;
        let again = export(sandbox, &released.name, pb::VoucherFormat::Xml).await;
        assert_eq!(
            (&first.content, first.wave.as_ref().unwrap().wave),
            (&again.content, 1)
        );
        assert_eq!(yuan(&first.wave.as_ref().unwrap().amount), "230000.00");
        let text = String::from_utf8_lossy(&first.content);
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"GBK\"?>"));
        for part in [
            format!("<VoucherNo>{}</VoucherNo>", found[1].voucher_no),
            "<PayAmt>150000.00</PayAmt>".to_owned(),
            "<PayeeAcctNo>6222020200112233445</PayeeAcctNo>".to_owned(),
            "<PayeeAcctBankNo>104100000004</PayeeAcctBankNo>".to_owned(),
            "<AdmDivCode>410500</AdmDivCode>".to_owned(),
            format!("<TrackingID>{}-2-1</TrackingID>", released.batch_no),
        ] {
            assert!(text.contains(&part), "{part} {text}");
        }
        let sheet = export(sandbox, &released.name, pb::VoucherFormat::Xlsx).await;
        assert_eq!(
            sheet.content,
            export(sandbox, &released.name, pb::VoucherFormat::Xlsx)
                .await
                .content
        );
        assert!(
            sheet.content.starts_with(b"PK") && sheet.file_name.ends_with(".xlsx"),
            "{}",
            scene.code
        );
        let request = pb::GetBudgetUnitRequest {
            name: "budgetUnit".to_owned(),
        };
        let unit = sandbox
            .client("auditor")
            .payment()
            .get_budget_unit(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(unit.budget_unit.unwrap().agency_code, "105001");
    });
}

#[test]
fn a_character_that_gbk_does_not_know_is_refused_and_exports_nothing() {
    run(async {
        let sandbox = shared().await;
        budget_unit(sandbox).await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let released = batch::settle(sandbox, year, "2026-03-31").await;
        let strange = pb::PayeeAccount {
            bank_name: "𠮷林银行".to_owned(),
            ..enterprise_account(&scene.borrower, "6222020200112233445")
        };
        report(sandbox, strange).await;
        prepare(sandbox, &released.name).await;
        let request = pb::ExportVouchersRequest {
            request_id: request_id(),
            parent: released.name.clone(),
            format: pb::VoucherFormat::Xml.into(),
            wave: 0,
        };
        let refused = sandbox
            .client("finance-maker")
            .payment()
            .export_vouchers(request)
            .await;
        let refused = assert_refused(refused, Code::FailedPrecondition, "CHARACTER_NOT_IN_GBK");
        assert!(refused.zh.contains("“𠮷”"), "{}", refused.zh);
        let found = payments(sandbox, "auditor", &released.name).await;
        assert_eq!(found[1].state(), pb::PaymentState::Prepared);
    });
}

#[test]
fn the_database_refuses_what_the_desk_never_does() {
    run(async {
        let sandbox = shared().await;
        let (_, released, found) = exported(sandbox).await;
        let mut database = sandbox.database().await;
        let (year, line) = (released.year, i32::try_from(found[0].line_no).unwrap());
        for (sql, constraint) in [
            (
                "insert into settlement.payment select * from settlement.payment where year = $1 and line_no = $2",
                "payment_key",
            ),
            (
                "update settlement.payment set amount_fen = amount_fen + 1 where year = $1 and line_no = $2",
                "payment_difference",
            ),
            (
                "update settlement.payment set offset_fen = line_fen + 1, amount_fen = -1 where year = $1 and line_no = $2",
                "payment_never_negative",
            ),
            (
                "update settlement.payment set state = 'prepared' where year = $1 and line_no = $2",
                "payment_move",
            ),
            (
                "update settlement.voucher set wave = wave + 1 where year = $1 and line_no = $2",
                "voucher_exported_once",
            ),
            (
                "insert into settlement.voucher select * from settlement.voucher where year = $1 and line_no = $2",
                "voucher_key",
            ),
        ] {
            let error = sqlx::query(sql)
                .bind(year)
                .bind(line)
                .execute(&mut database)
                .await
                .unwrap_err();
            assert_eq!(
                error.as_database_error().unwrap().constraint(),
                Some(constraint),
                "{sql}: {error}"
            );
        }
        close(database).await;
    });
}
