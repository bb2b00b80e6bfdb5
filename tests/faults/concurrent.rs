//! Many at once: a cut-off among reports, and one release among many.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use zhirong_tests::answer::yuan;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

#[test]
fn a_batch_holds_exactly_what_was_accepted_under_its_cut_off() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let mut scenes = Vec::new();
        for _ in 0..24 {
            scenes.push(Lending::new(sandbox).await);
        }
        let reports = scenes.iter().map(|scene| {
            let (bank, request) = (scene.bank.clone(), scene.report(year, "8000000.00"));
            tokio::spawn(async move {
                let answer = bank.pledge().report_loan(request).await.unwrap().into_inner();
                answer.receipt.unwrap().cut_off
            })
        });
        let reports: Vec<_> = reports.collect();
        // Opened while the reports are on their way.
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let cut_offs: Vec<i64> = join_all(reports).await.into_iter().map(Result::unwrap).collect();
        let computed = batch::compute(sandbox, &draft.name).await;
        let paid = |lines: Vec<api::settlement::v1::Line>| {
            lines
                .into_iter()
                .map(|line| line.beneficiary)
                .collect::<BTreeSet<String>>()
        };
        let first = paid(batch::lines(sandbox, &draft.name).await);
        for (scene, cut_off) in scenes.iter().zip(&cut_offs) {
            assert_eq!(
                first.contains(&scene.borrower),
                *cut_off <= draft.cut_off,
                "cut-off {cut_off}"
            );
        }
        let approved = batch::approved(sandbox, &computed).await;
        batch::release(sandbox, &approved).await.unwrap();
        let second = batch::settle(sandbox, year, "2026-03-31").await;
        let second = paid(batch::lines(sandbox, &second.name).await);
        assert!(first.is_disjoint(&second), "nobody is paid twice");
        assert_eq!(
            first.len() + second.len(),
            48,
            "and everybody once: borrower and bank"
        );
    });
}

#[test]
fn ten_releases_at_once_settle_once() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let computed = batch::approved(sandbox, &computed).await;
        let releases = (0..10).map(|_| {
            let (releaser, request) = (sandbox.client("finance-releaser"), batch::releasing(&computed));
            tokio::spawn(async move { releaser.settlement().release_batch(request).await })
        });
        let answers: Vec<_> = join_all(releases).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for status in answers.into_iter().filter_map(Result::err) {
            assert_eq!(zhirong_tests::answer::refused(&status).reason, "BATCH_CLOSED");
        }
        let next = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(yuan(&next.lines_sum), "0.00");
    });
}

#[test]
fn ten_openings_at_once_open_one_draft() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let openings = (0..10).map(|_| {
            let (maker, request) = (
                sandbox.client("finance-maker"),
                batch::opening(year, "2026-03-31"),
            );
            tokio::spawn(async move { maker.settlement().open_batch(request).await })
        });
        let answers: Vec<_> = join_all(openings).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for status in answers.into_iter().filter_map(Result::err) {
            assert_eq!(
                zhirong_tests::answer::refused(&status).reason,
                "BATCH_ALREADY_OPEN"
            );
        }
    });
}

/// Thirty writers amend one record without stating a revision: each gets a revision of its own, none is lost.
#[test]
fn amendments_of_one_record_at_once_get_revisions_one_after_the_other() {
    run(async {
        let scene = Lending::new(shared().await).await;
        scene.lend(2025, "8000000.00").await;
        let amendments = (0..30).map(|number| {
            let (bank, loan) = (
                scene.bank.clone(),
                scene.loan(&format!("{}.00", 1_000_000 + number)),
            );
            tokio::spawn(async move {
                let request = api::pledge::v1::AmendLoanRequest {
                    request_id: ids::request_id(),
                    loan: Some(loan),
                    ..Default::default()
                };
                let answer = client::retry(|| {
                    let (bank, request) = (bank.clone(), request.clone());
                    async move { bank.pledge().amend_loan(request).await }
                })
                .await;
                answer.map(|answer| answer.into_inner().receipt.unwrap().facts[0].revision)
            })
        });
        let answers: Vec<_> = join_all(amendments)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let mut revisions: Vec<i32> = Vec::new();
        for answer in answers {
            match answer {
                Ok(revision) => revisions.push(revision),
                // Two that chose the same next revision: the second is told so, and nothing of it is stored.
                Err(status) => assert_eq!(
                    zhirong_tests::answer::refused(&status).reason,
                    "REVISION_CONFLICT"
                ),
            }
        }
        revisions.sort_unstable();
        let count = i32::try_from(revisions.len()).unwrap();
        assert_eq!(
            revisions,
            (2..2 + count).collect::<Vec<_>>(),
            "no revision twice, none skipped"
        );
    });
}
