//! One request, one effect, one answer, however often and however many at once it is sent.

use api::pledge::v1 as pb;
use futures_util::future::join_all;
use prost::Message;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

#[test]
fn a_repeat_gets_the_first_answer_byte_for_byte() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut service = scene.bank.pledge();
        let request = scene.report(2025, "8000000.00");
        let first = service.report_loan(request.clone()).await.unwrap().into_inner();
        // The world moves on; the answer does not.
        let draw = pb::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw("9", "2025-06-01", "10000.00")),
            revision: None,
        };
        service.report_loan_event(draw).await.unwrap();
        let again = service.report_loan(request.clone()).await.unwrap().into_inner();
        assert_eq!(first.encode_to_vec(), again.encode_to_vec());

        let mut other = request;
        other.events.clear();
        let refused = service.report_loan(other.clone()).await;
        assert_refused(refused, Code::AlreadyExists, "REQUEST_ID_REUSED");
        // The key is the caller's for every call, not for one.
        let amend = pb::AmendLoanRequest {
            request_id: other.request_id,
            loan: other.loan,
            ..Default::default()
        };
        assert_refused(
            service.amend_loan(amend).await,
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        );
    });
}

#[test]
fn two_institutions_may_choose_the_same_key() {
    run(async {
        let (one, other) = (
            Lending::new(shared().await).await,
            Lending::new(shared().await).await,
        );
        let (first, mut second) = (one.report(2025, "1000000.00"), other.report(2025, "1000000.00"));
        second.request_id.clone_from(&first.request_id);
        one.bank.pledge().report_loan(first).await.unwrap();
        other.bank.pledge().report_loan(second).await.unwrap();
    });
}

#[test]
fn a_request_needs_a_key_that_is_a_uuid() {
    run(async {
        let scene = Lending::new(shared().await).await;
        for (key, code) in [("", "REQUEST_ID_REQUIRED"), ("seven", "REQUEST_ID_MALFORMED")] {
            let mut request = scene.report(2025, "8000000.00");
            key.clone_into(&mut request.request_id);
            let refused = assert_refused(
                scene.bank.pledge().report_loan(request).await,
                Code::InvalidArgument,
                code,
            );
            assert_eq!(refused.code_of("request_id"), Some(code));
        }
    });
}

#[test]
fn fifty_identical_reports_at_once_are_one_fact_with_one_answer() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let request = scene.report(2025, "8000000.00");
        let calls = (0..50).map(|_| {
            let (bank, request) = (scene.bank.clone(), request.clone());
            // More than one institution may have under way: those that are turned away come again, as the client does by itself.
            tokio::spawn(async move {
                let answer =
                    client::retry(|| async { bank.pledge().report_loan(request.clone()).await }).await;
                answer.unwrap().into_inner().encode_to_vec()
            })
        });
        let answers: Vec<Vec<u8>> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.len(), 50);
        assert!(answers.iter().all(|answer| answer == &answers[0]));
        let mut database = sandbox.database().await;
        for (table, expected) in [
            ("pledge.loan", 1_i64),
            ("pledge.pledge", 1),
            ("pledge.loan_event", 1),
            ("ledger.audit", 1),
        ] {
            let column = if table == "ledger.audit" {
                "stream"
            } else {
                "institution_code"
            };
            let sql = format!("select count(*) from {table} where {column} = $1");
            let (count,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .bind(&scene.code)
                .fetch_one(&mut database)
                .await
                .unwrap();
            assert_eq!(count, expected, "{table}");
        }
        close(database).await;
    });
}
