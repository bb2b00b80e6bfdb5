//! What the treasury answers, and paying again.

use api::common::v1::ImportHeader;
use api::settlement::v1 as pb;
use pb::PaymentOutcome::{ActiveReturn, Corrected, Paid, PassiveReturn};
use pb::PaymentState;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::records::money;
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, close, shared};

use zhirong_tests::desk::{export, exported, payments, result, results};

fn repaying(payment: &pb::Payment) -> pb::RepayPaymentRequest {
    pb::RepayPaymentRequest {
        request_id: request_id(),
        name: payment.name.clone(),
    }
}

#[test]
fn results_move_payments_once_and_the_last_one_pays_the_batch() {
    run(async {
        let sandbox = shared().await;
        let (_, released, found) = exported(sandbox).await;
        let serial = |number: i32| format!("{}-{number}", released.batch_no);
        let first = result(&found[0], Paid, &serial(1));
        let wrong = [
            pb::PaymentResult {
                amount: money("79999.99"),
                ..first.clone()
            },
            pb::PaymentResult {
                voucher_no: "999900100000101".to_owned(),
                ..first.clone()
            },
            result(&found[0], ActiveReturn, &serial(9)),
            pb::PaymentResult {
                reason: String::new(),
                ..result(&found[0], PassiveReturn, "x")
            },
        ];
        let answer = results(sandbox, wrong.to_vec()).await;
        let codes: Vec<(i64, &str, &str)> = answer
            .refusals
            .iter()
            .map(|it| (it.row, it.column.as_str(), it.code.as_str()))
            .collect();
        let expected = [
            (2, "amount", "RESULT_AMOUNT_DIFFERS"),
            (3, "voucher_no", "VOUCHER_UNKNOWN"),
            (4, "outcome", "RESULT_OUT_OF_ORDER"),
            (5, "reason", "CELL_REQUIRED"),
        ];
        assert_eq!(codes, expected);
        // A wrong row beside good ones: the good ones are stored, the same row again changes nothing, another one is a conflict.
        let taken = pb::PaymentResult {
            bank_serial: serial(1),
            ..result(&found[1], Paid, "")
        };
        let answer = results(sandbox, vec![first.clone(), first.clone(), taken]).await;
        let counts = answer.counts.unwrap();
        assert_eq!((counts.stored, counts.unchanged, counts.refused), (1, 1, 1));
        assert_eq!(answer.refusals[0].code, "BANK_SERIAL_TAKEN");
        let again = results(
            sandbox,
            vec![pb::PaymentResult {
                bank_serial: serial(7),
                ..first
            }],
        )
        .await;
        assert_eq!(again.refusals[0].code, "RESULT_CONFLICT");
        let csv = format!(
            "凭证号,结果,金额,银行流水号,日期,原因\r\n{},已支付,150000.00,{},2026年4月2日,\r\n{},不知道,1,2,3,\r\n",
            found[1].voucher_no,
            serial(2),
            found[1].voucher_no
        );
        let request = pb::ImportPaymentResultsRequest {
            header: Some(ImportHeader {
                request_id: request_id(),
            }),
            csv: csv.into_bytes(),
            results: Vec::new(),
        };
        let answer = sandbox
            .client("finance-maker")
            .payment()
            .import_payment_results(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.paid_batches, std::slice::from_ref(&released.batch_no));
        let rejected = String::from_utf8(answer.rejected_csv).unwrap();
        assert!(
            rejected.contains("不知道,1,2,3,,3,outcome,WORD_UNKNOWN,"),
            "{rejected}"
        );
        // Paid, then corrected, then sent back.
        results(sandbox, vec![result(&found[1], Corrected, &serial(3))]).await;
        assert_eq!(
            payments(sandbox, "auditor", &released.name).await[1].state(),
            PaymentState::Corrected
        );
        results(sandbox, vec![result(&found[1], ActiveReturn, &serial(4))]).await;
        let stands = payments(sandbox, "auditor", &released.name).await;
        assert_eq!(
            (stands[0].state(), stands[1].state()),
            (PaymentState::Paid, PaymentState::ReturnedActive)
        );
        assert_eq!(stands[1].return_reason, "户名不符");
        let refused = sandbox
            .client("finance-maker")
            .payment()
            .repay_payment(repaying(&stands[1]))
            .await;
        assert_refused(refused, Code::FailedPrecondition, "PAYMENT_NOT_RETURNED");
    });
}

#[test]
fn x11_a_returned_payment_is_paid_again_in_its_year_only() {
    run(async {
        let sandbox = Sandbox::start().await;
        let (_, released, found) = exported(&sandbox).await;
        let refusal = pb::PaymentResult {
            amount: money("0.00"),
            ..result(&found[1], PassiveReturn, "")
        };
        assert_eq!(results(&sandbox, vec![refusal]).await.counts.unwrap().stored, 1);
        let mut maker = sandbox.client("finance-maker").payment();
        let again = maker
            .repay_payment(repaying(&found[1]))
            .await
            .unwrap()
            .into_inner()
            .payment
            .unwrap();
        assert_eq!((again.state(), again.attempt), (PaymentState::Prepared, 2));
        assert_ne!(again.voucher_no, found[1].voucher_no);
        let wave = export(&sandbox, &released.name, pb::VoucherFormat::Xml).await;
        let about = wave.wave.unwrap();
        assert_eq!((about.wave, about.vouchers_count), (2, 1));
        // The old voucher takes no result any more.
        let late = results(&sandbox, vec![result(&found[1], Paid, "S-late")]).await;
        assert_eq!(late.refusals[0].code, "RESULT_OUT_OF_ORDER");
        results(&sandbox, vec![result(&again, PassiveReturn, "")]).await;
        // A year later the money went back to the budget.
        let mut database = sandbox.database().await;
        let moved = "insert into ledger.business_date (city, moved_days) values ('4105', 366)
                     on conflict (city) do update set moved_days = ledger.business_date.moved_days + 366";
        sqlx::query(moved).execute(&mut database).await.unwrap();
        let refused = maker.repay_payment(repaying(&found[1])).await;
        let refused = assert_refused(refused, Code::FailedPrecondition, "REPAY_YEAR_CLOSED");
        assert!(refused.zh.ends_with("须另行安排预算"), "{}", refused.zh);
        // Its guard is the database's too.
        let error = sqlx::query(
            "insert into settlement.voucher (city, voucher_no, year, sequence, line_no, attempt, amount_fen, key_id, sealed, created_at)
             select city, left(voucher_no, 13) || '03', year, sequence, line_no, 3, amount_fen, key_id, sealed, created_at
             from settlement.voucher where voucher_no = $1",
        )
        .bind(&again.voucher_no)
        .execute(&mut database)
        .await
        .unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().constraint(),
            Some("voucher_year_closed")
        );
        close(database).await;
        sandbox.stop().await;
    });
}
