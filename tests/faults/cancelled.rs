//! Callers that leave before they are answered.

use std::time::Duration;

use api::pledge::v1 as pb;
use client::within;
use tonic::Code;
use zhirong_tests::run;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;

#[test]
fn a_call_that_is_cut_off_is_whole_or_not_there_and_its_repeat_is_answered_once() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut requests = Vec::new();
        let mut cut_off = 0;
        for number in 0..120_u64 {
            let mut request = scene.report(2025, "8000000.00");
            request.loan.as_mut().unwrap().contract_no = format!("HT-{number:03}");
            request.events[0].contract_no.clear();
            // From a deadline that nothing can meet to one that most calls meet.
            let deadline = Duration::from_micros(200 + number * 150);
            match scene
                .bank
                .pledge()
                .report_loan(within(request.clone(), deadline))
                .await
            {
                Ok(answer) => requests.push((request, Some(answer.into_inner()))),
                Err(status) => {
                    assert!(
                        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
                        "{status:?}"
                    );
                    cut_off += 1;
                    requests.push((request, None));
                }
            }
        }
        assert!(cut_off > 0, "some deadlines cannot be met");
        let mut database = sandbox.database().await;
        let halves: i64 = sqlx::query_scalar(
            "select count(*) from pledge.loan l
             where institution_code = $1 and not exists (
                 select from pledge.loan_event e
                 where e.institution_code = l.institution_code and e.contract_no = l.contract_no)",
        )
        .bind(&scene.code)
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(halves, 0, "a contract without the draw of the same call");
        for (request, first) in requests {
            let answer = scene
                .bank
                .pledge()
                .report_loan(request)
                .await
                .unwrap()
                .into_inner();
            assert!(
                first.is_none_or(|first| first == answer),
                "a repeat gets the first answer"
            );
        }
        let stored: (i64, i64) = sqlx::query_as(
            "select (select count(*) from pledge.loan where institution_code = $1),
                    (select count(*) from pledge.loan_event where institution_code = $1)",
        )
        .bind(&scene.code)
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(stored, (120, 120));
        close(database).await;
    });
}

#[test]
fn a_call_that_is_cut_off_leaves_no_transaction_open() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let calls = (0..60).map(|_| {
            let (bank, request) = (scene.bank.clone(), scene.report(2025, "8000000.00"));
            tokio::spawn(async move {
                bank.pledge()
                    .report_loan(within(request, Duration::from_millis(3)))
                    .await
                    .is_ok()
            })
        });
        futures_util::future::join_all(calls).await;
        // The pool is as good as new: the same service answers at once.
        let list = within(pb::ListLoansRequest::default(), Duration::from_secs(20));
        scene.bank.pledge().list_loans(list).await.unwrap();
        let mut database = sandbox.database().await;
        let limit = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            // Another test's transaction may be open for a moment, but none for long.
            let open: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                 where state like 'idle in transaction%' and clock_timestamp() - state_change > interval '2 seconds'",
            )
            .fetch_one(&mut database)
            .await
            .unwrap();
            if open == 0 {
                break;
            }
            assert!(std::time::Instant::now() < limit, "{open} transactions stay open");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        close(database).await;
    });
}
