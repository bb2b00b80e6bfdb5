//! Opening, computing and cancelling.

use api::settlement::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::records::{day, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

fn reading(id: &str, value: &str, approval: &str) -> pb::ReadingOverride {
    pb::ReadingOverride {
        id: id.to_owned(),
        value: value.to_owned(),
        approval: approval.to_owned(),
    }
}

#[test]
fn open_batch_gives_a_draft_and_one_at_a_time() {
    run(async {
        let sandbox = shared().await;
        let mut maker = sandbox.client("finance-maker").settlement();
        let year = ids::year();
        let request = batch::opening(year, "2026-03-31");
        let draft = batch::open(sandbox, request.clone()).await;
        assert_eq!(draft.batch_no, format!("410500-{year}-001"));
        assert_eq!(
            (draft.state(), draft.opened_by.as_str()),
            (pb::BatchState::Draft, "finance-maker")
        );
        assert_eq!(
            (draft.year, &draft.as_of, draft.digests.is_none()),
            (year, &day("2026-03-31"), true)
        );
        assert!(!draft.readings.is_empty(), "every reading in force is named");
        // The repeat is the first answer; another opening is refused and leaves the cut-off where it was.
        assert_eq!(batch::open(sandbox, request.clone()).await, draft);
        let again = pb::OpenBatchRequest {
            request_id: ids::request_id(),
            ..request.clone()
        };
        assert_refused(
            maker.open_batch(again).await,
            Code::AlreadyExists,
            "BATCH_ALREADY_OPEN",
        );
        let changed = pb::OpenBatchRequest {
            as_of: day("2026-04-01"),
            ..request
        };
        assert_refused(
            maker.open_batch(changed).await,
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        );
    });
}

#[test]
fn a_batch_is_opened_for_this_city_a_year_with_rules_and_readings_that_exist() {
    run(async {
        let mut maker = shared().await.client("finance-maker").settlement();
        let good = batch::opening(ids::year(), "2026-03-31");
        let request = |change: &dyn Fn(&mut pb::OpenBatchRequest)| {
            let mut request = pb::OpenBatchRequest {
                request_id: ids::request_id(),
                ..good.clone()
            };
            change(&mut request);
            request
        };
        let wrong: [(pb::OpenBatchRequest, Code, &str); 9] = [
            (
                request(&|to| to.division_code = "410100".to_owned()),
                Code::InvalidArgument,
                "CITY_UNKNOWN",
            ),
            (
                request(&|to| to.division_code = "4105".to_owned()),
                Code::InvalidArgument,
                "DIVISION_MALFORMED",
            ),
            (
                request(&|to| to.year = 2017),
                Code::FailedPrecondition,
                "YEAR_WITHOUT_RULEBOOK",
            ),
            (request(&|to| to.year = 0), Code::InvalidArgument, "YEAR_INVALID"),
            (
                request(&|to| to.as_of.as_mut().unwrap().day = 32),
                Code::InvalidArgument,
                "DATE_INVALID",
            ),
            (
                request(&|to| to.readings = vec![reading("R1", "SOMETIMES", "x")]),
                Code::FailedPrecondition,
                "READING_NOT_SUPPORTED",
            ),
            (
                request(&|to| to.readings = vec![reading("R99", "LOW", "x")]),
                Code::FailedPrecondition,
                "READING_NOT_SUPPORTED",
            ),
            (
                request(&|to| to.readings = vec![reading("R1", "LOW", " ")]),
                Code::InvalidArgument,
                "APPROVAL_REQUIRED",
            ),
            (
                request(&|to| to.request_id.clear()),
                Code::InvalidArgument,
                "REQUEST_ID_REQUIRED",
            ),
        ];
        for (request, code, reason) in wrong {
            assert_refused(maker.open_batch(request).await, code, reason);
        }
    });
}

#[test]
fn an_approved_reading_decides_and_is_named_in_the_batch() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "3000000.00").await;
        let mut amounts = Vec::new();
        // WORD is the rulebook's own value.
        for value in ["HIGH", "WORD"] {
            let mut request = batch::opening(year, "2026-03-31");
            if value == "HIGH" {
                request.readings = vec![reading("R1", value, "安财〔2026〕3号")];
            }
            let draft = batch::open(sandbox, request).await;
            let named = draft.readings.iter().find(|reading| reading.id == "R1").unwrap();
            assert_eq!(named.value, value);
            assert_eq!(named.approval == "安财〔2026〕3号", value == "HIGH");
            batch::compute(sandbox, &draft.name).await;
            let lines = batch::lines(sandbox, &draft.name).await;
            let line = lines
                .iter()
                .find(|line| line.beneficiary == scene.borrower)
                .unwrap();
            amounts.push(yuan(&line.amount).to_owned());
            let cancel = pb::CancelBatchRequest {
                request_id: ids::request_id(),
                name: draft.name,
                reason: "测试".to_owned(),
            };
            sandbox
                .client("finance-maker")
                .settlement()
                .cancel_batch(cancel)
                .await
                .unwrap();
        }
        assert_eq!(amounts, ["100000.00", "50000.00"]);
    });
}

#[test]
fn compute_batch_twice_gives_the_same_digest_and_facts_after_the_cut_off_wait() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let first = batch::compute(sandbox, &draft.name).await;
        // Reported after the cut-off: it belongs to the next batch, however often this one is computed.
        let late = Lending::new(sandbox).await;
        let receipt = late.lend(year, "8000000.00").await.receipt.unwrap();
        assert!(receipt.cut_off > draft.cut_off);
        let second = batch::compute(sandbox, &draft.name).await;
        assert_eq!(first.digests, second.digests);
        assert_eq!((first.lines_count, yuan(&first.lines_sum)), (2, "230000.00"));
        let totals: Vec<(i64, &str)> = second
            .totals
            .iter()
            .map(|total| (total.lines_count, yuan(&total.amount)))
            .collect();
        assert_eq!(
            totals,
            [(1, "80000.00"), (1, "150000.00")],
            "bank incentive, then loan subsidy"
        );

        let unknown = pb::ComputeBatchRequest {
            request_id: ids::request_id(),
            name: format!("batches/410500-{year}-009"),
        };
        let mut maker = sandbox.client("finance-maker").settlement();
        assert_refused(maker.compute_batch(unknown).await, Code::NotFound, "NOT_FOUND");
        let other_city = pb::ComputeBatchRequest {
            request_id: ids::request_id(),
            name: format!("batches/410100-{year}-001"),
        };
        assert_refused(maker.compute_batch(other_city).await, Code::NotFound, "NOT_FOUND");
        let malformed = pb::ComputeBatchRequest {
            request_id: ids::request_id(),
            name: "batches/7".to_owned(),
        };
        assert_refused(
            maker.compute_batch(malformed).await,
            Code::InvalidArgument,
            "NAME_MALFORMED",
        );
    });
}

#[test]
fn cancel_batch_is_for_good_and_makes_room_for_the_next() {
    run(async {
        let sandbox = shared().await;
        let mut maker = sandbox.client("finance-maker").settlement();
        let year = ids::year();
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let mut cancel = pb::CancelBatchRequest {
            request_id: ids::request_id(),
            name: draft.name.clone(),
            reason: " ".to_owned(),
        };
        assert_refused(
            maker.cancel_batch(cancel.clone()).await,
            Code::InvalidArgument,
            "CELL_REQUIRED",
        );
        cancel.reason = "事实有误，重新开批".to_owned();
        let cancelled = maker
            .cancel_batch(cancel.clone())
            .await
            .unwrap()
            .into_inner()
            .batch
            .unwrap();
        assert_eq!(cancelled.state(), pb::BatchState::Cancelled);
        assert_eq!(cancelled.cancel_reason, cancel.reason);
        cancel.request_id = ids::request_id();
        assert_refused(
            maker.cancel_batch(cancel).await,
            Code::FailedPrecondition,
            "BATCH_CLOSED",
        );
        let compute = pb::ComputeBatchRequest {
            request_id: ids::request_id(),
            name: draft.name,
        };
        assert_refused(
            maker.compute_batch(compute).await,
            Code::FailedPrecondition,
            "BATCH_CLOSED",
        );
        let next = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        assert_eq!(next.batch_no, format!("410500-{year}-002"));
    });
}

#[test]
fn a_correction_is_settled_by_the_difference_and_nothing_twice() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "6000000.00").await;
        let first = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(yuan(&first.lines_sum), "210000.00");
        let unchanged = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!((unchanged.lines_count, yuan(&unchanged.lines_sum)), (0, "0.00"));
        let mut draw = scene.draw("1", &format!("{year}-03-01"), "6000000.00");
        draw.amount = money("5900000.00");
        let amend = api::pledge::v1::AmendLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(draw),
            ..Default::default()
        };
        scene.bank.pledge().amend_loan_event(amend).await.unwrap();
        let third = batch::settle(sandbox, year, "2026-03-31").await;
        assert_eq!(third.previous_digest, unchanged.digests.unwrap().batch);
        let lines = batch::lines(sandbox, &third.name).await;
        let amounts: Vec<[&str; 3]> = lines
            .iter()
            .map(|line| {
                [
                    yuan(&line.entitled),
                    yuan(&line.settled_before),
                    yuan(&line.amount),
                ]
            })
            .collect();
        assert_eq!(
            amounts,
            [
                ["59000.00", "60000.00", "-1000.00"],
                ["100000.00", "150000.00", "-50000.00"]
            ]
        );
    });
}

#[test]
fn forty_nine_and_two_million_at_the_same_instant_are_capped_at_500_000() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        let report = |contract: &str, amount: &str| {
            let mut request = scene.report(year, amount);
            request.loan.as_mut().unwrap().contract_no = contract.to_owned();
            request.events[0].contract_no.clear();
            let bank = scene.bank.clone();
            tokio::spawn(async move { bank.pledge().report_loan(request).await.unwrap() })
        };
        let (one, other) = (report("A", "49000000.00"), report("B", "2000000.00"));
        let (one, other) = tokio::join!(one, other);
        assert!(one.is_ok() && other.is_ok());
        let settled = batch::settle(sandbox, year, "2026-03-31").await;
        let lines = batch::lines(sandbox, &settled.name).await;
        let bank = lines
            .iter()
            .find(|line| line.beneficiary == scene.legal_person)
            .unwrap();
        assert_eq!(yuan(&bank.base_amount), "51000000.00");
        assert_eq!(
            (yuan(&bank.amount), bank.limited_by.as_str()),
            ("500000.00", "year_cap")
        );
        let findings = batch::findings(sandbox, &settled.name).await;
        assert!(findings.iter().any(|finding| finding.code == "YEAR_CAP_REACHED"));
    });
}
