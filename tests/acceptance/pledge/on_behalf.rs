//! The bureau for a lender that cannot call.

use api::common::v1::Verdict;
use api::pledge::v1 as pb;
use api::pledge::v1::report_on_behalf_request::Report;
use exchange::File;
use tonic::Code;
use zhirong_tests::answer::{amount, assert_refused};
use zhirong_tests::import::{Line, pledge_on_behalf};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

fn on_behalf(code: &str, report: Report) -> pb::ReportOnBehalfRequest {
    pb::ReportOnBehalfRequest {
        request_id: ids::request_id(),
        institution_code: code.to_owned(),
        report: Some(report),
    }
}

#[test]
fn report_on_behalf_takes_the_same_messages_and_the_fact_says_so() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").pledge_on_behalf();
        let mut report = scene.report(2025, "8000000.00");
        report.request_id.clear();
        let request = on_behalf(&scene.code, Report::ReportLoan(report));
        let answer = bureau
            .report_on_behalf(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.receipt.unwrap().facts.len(), 3);
        assert_eq!(amount(&answer.assessments[0].recognised_now), "150000.00");

        let get = pb::GetLoanRequest {
            name: format!("loans/{}", scene.contract_no),
        };
        let state = scene
            .bank
            .pledge()
            .get_loan(get.clone())
            .await
            .unwrap()
            .into_inner()
            .loan
            .unwrap()
            .state
            .unwrap();
        assert!(state.on_behalf);
        // The institution's own report of the same content changes nothing, nor whose report it was.
        let own = pb::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(scene.loan("8000000.00")),
            ..Default::default()
        };
        let own = scene.bank.pledge().report_loan(own).await.unwrap().into_inner();
        assert_eq!(own.receipt.unwrap().facts[0].verdict(), Verdict::Unchanged);

        let amend = Report::AmendLoan(pb::AmendLoanRequest {
            loan: Some(scene.loan("5000000.00")),
            etag: Some(state.etag),
            ..Default::default()
        });
        bureau
            .report_on_behalf(on_behalf(&scene.code, amend))
            .await
            .unwrap();
        let withdraw = Report::WithdrawLoanEvent(pb::WithdrawLoanEventRequest {
            name: format!("loans/{}/events/1", scene.contract_no),
            ..Default::default()
        });
        let answer = bureau
            .report_on_behalf(on_behalf(&scene.code, withdraw))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(amount(&answer.assessments[0].recognised_now), "0.00");
        let stands = scene
            .bank
            .pledge()
            .get_loan(get)
            .await
            .unwrap()
            .into_inner()
            .loan
            .unwrap();
        assert_eq!(
            (stands.loan, stands.state.unwrap().revision),
            (Some(scene.loan("5000000.00")), 2)
        );
    });
}

#[test]
fn a_repeat_for_another_institution_is_another_request() {
    run(async {
        let sandbox = shared().await;
        let (one, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let mut bureau = sandbox.client("bureau").pledge_on_behalf();
        let mut report = one.report(2025, "1000000.00");
        report.request_id.clear();
        let request = on_behalf(&one.code, Report::ReportLoan(report));
        bureau.report_on_behalf(request.clone()).await.unwrap();
        let moved = pb::ReportOnBehalfRequest {
            institution_code: other.code,
            ..request.clone()
        };
        assert_refused(
            bureau.report_on_behalf(moved).await,
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        );
        let Some(Report::ReportLoan(inner)) = request.report else {
            unreachable!()
        };
        let inner = Report::ReportLoan(pb::ReportLoanRequest {
            request_id: ids::request_id(),
            ..inner
        });
        let refused = bureau.report_on_behalf(on_behalf(&one.code, inner)).await;
        assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_DIFFERS");
    });
}

#[test]
fn an_institution_that_was_never_registered_or_is_withdrawn_reports_nothing_more() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").pledge_on_behalf();
        let report = |scene: &Lending, contract: &str| {
            let loan = zhirong_tests::records::loan(contract, &scene.borrower, "100000.00", &scene.pledge_no);
            Report::ReportLoan(pb::ReportLoanRequest {
                loan: Some(loan),
                ..Default::default()
            })
        };
        let never = on_behalf(&ids::bank(99_999_999), report(&scene, "A"));
        let refused = bureau.report_on_behalf(never).await;
        let refused = assert_refused(refused, Code::FailedPrecondition, "INSTITUTION_NOT_REGISTERED");
        assert_eq!(
            refused.code_of("institution_code"),
            Some("INSTITUTION_NOT_REGISTERED")
        );
        bureau
            .report_on_behalf(on_behalf(&scene.code, report(&scene, "A")))
            .await
            .unwrap();
        let withdraw = api::registry::v1::WithdrawInstitutionRequest {
            request_id: ids::request_id(),
            name: format!("institutions/{}", scene.code),
            ..Default::default()
        };
        sandbox
            .client("bureau")
            .registry()
            .withdraw_institution(withdraw)
            .await
            .unwrap();
        let refused = bureau
            .report_on_behalf(on_behalf(&scene.code, report(&scene, "B")))
            .await;
        assert_refused(refused, Code::FailedPrecondition, "INSTITUTION_WITHDRAWN");
        let own = pb::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(zhirong_tests::records::loan(
                "C",
                &scene.borrower,
                "100000.00",
                &scene.pledge_no,
            )),
            ..Default::default()
        };
        let refused = scene.bank.pledge().report_loan(own).await;
        assert_refused(refused, Code::FailedPrecondition, "INSTITUTION_WITHDRAWN");
        // What was stored stays.
        let get = pb::GetLoanRequest {
            name: "loans/A".to_owned(),
        };
        scene.bank.pledge().get_loan(get).await.unwrap();
    });
}

#[test]
fn import_pledge_facts_on_behalf_takes_rows_of_several_institutions() {
    run(async {
        let sandbox = shared().await;
        let (one, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let line = |code: &str, scene: &Lending| {
            let cells = [
                ("institution_code", code),
                ("contract_no", &scene.contract_no),
                ("event_no", "1"),
                ("kind", "draw"),
                ("occurred_at", "2025-03-01"),
                ("amount", "100000.00"),
            ];
            Line::new(File::LoanEvents, &cells)
        };
        let never = ids::bank(99_999_998);
        let lines = [
            line(&one.code, &one),
            line(&other.code, &other),
            line(&never, &one),
        ];
        let imported = pledge_on_behalf(&sandbox.client("bureau"), &lines).await;
        assert_eq!((imported.summary.stored, imported.summary.refused), (2, 1));
        assert_eq!(
            imported.verdicts[2].refusals[0].code,
            "INSTITUTION_NOT_REGISTERED"
        );
        for scene in [one, other] {
            let events = scene
                .bank
                .pledge()
                .list_loan_events(pb::ListLoanEventsRequest::default())
                .await
                .unwrap()
                .into_inner();
            let [event] = &events.loan_events[..] else {
                panic!("{events:?}")
            };
            assert!(event.state.as_ref().unwrap().on_behalf);
        }
    });
}
