//! The three kinds of records of a lender.

use api::pledge::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, only_fact};
use zhirong_tests::records::{self, day, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

#[test]
fn a_pledge_from_report_to_withdrawal() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let first = scene.pledge("2025-01-10");
        let changed = pb::Pledge {
            cancelled_on: day("2025-12-01"),
            ..first.clone()
        };
        lifecycle!(
            scene.bank, pledge, pledge: first => changed,
            report_pledge(ReportPledgeRequest), amend_pledge(AmendPledgeRequest), withdraw_pledge(WithdrawPledgeRequest),
            get_pledge(GetPledgeRequest), list_pledges(ListPledgesRequest).pledges
        );
    });
}

#[test]
fn a_loan_from_report_to_withdrawal() {
    run(async {
        let mut scene = Lending::new(shared().await).await;
        // A percent sign in a number is written %25 in its name, and must come back.
        scene.contract_no = format!("合同-{}%", scene.contract_no);
        let first = scene.loan("1000000.00");
        let changed = pb::Loan {
            contract_amount: money("1200000.50"),
            collateral: pb::Collateral::Mixed.into(),
            patent_share: Some("0.6".to_owned()),
            ..first.clone()
        };
        lifecycle!(
            scene.bank, pledge, loan: first => changed,
            report_loan(ReportLoanRequest), amend_loan(AmendLoanRequest), withdraw_loan(WithdrawLoanRequest),
            get_loan(GetLoanRequest), list_loans(ListLoansRequest).loans
        );
    });
}

#[test]
fn a_draw_from_report_to_withdrawal() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let first = scene.draw("1", "2025-03-01", "1000000.00");
        let changed = pb::LoanEvent {
            amount: money("999999.99"),
            ..first.clone()
        };
        lifecycle!(
            scene.bank, pledge, loan_event: first => changed,
            report_loan_event(ReportLoanEventRequest), amend_loan_event(AmendLoanEventRequest),
            withdraw_loan_event(WithdrawLoanEventRequest), get_loan_event(GetLoanEventRequest),
            list_loan_events(ListLoanEventsRequest).loan_events
        );
    });
}

#[test]
fn lists_page_in_the_order_of_their_keys_and_events_of_one_loan_stay_together() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut service = scene.bank.pledge();
        for contract in ["A", "B"] {
            for event in ["3", "1", "2"] {
                let draw = records::draw(contract, event, "2025-03-01", "100000.00");
                let request = pb::ReportLoanEventRequest {
                    request_id: ids::request_id(),
                    loan_event: Some(draw),
                    revision: None,
                };
                service.report_loan_event(request).await.unwrap();
            }
        }
        let list = pb::ListLoanEventsRequest {
            page_size: 2,
            ..Default::default()
        };
        let names = |events: Vec<pb::StoredLoanEvent>| {
            events
                .into_iter()
                .map(|event| event.state.unwrap().name)
                .collect::<Vec<_>>()
        };
        let all = names(list_all!(service, list_loan_events, list.clone(), loan_events));
        let expected = [
            "A/events/1",
            "A/events/2",
            "A/events/3",
            "B/events/1",
            "B/events/2",
            "B/events/3",
        ];
        assert_eq!(all, expected.map(|name| format!("loans/{name}")));
        let list = pb::ListLoanEventsRequest {
            parent: "loans/B".to_owned(),
            ..list
        };
        assert_eq!(
            names(list_all!(service, list_loan_events, list.clone(), loan_events)),
            all[3..]
        );
        let list = pb::ListLoanEventsRequest {
            parent: "loan/B".to_owned(),
            ..list
        };
        assert_refused(
            service.list_loan_events(list).await,
            Code::InvalidArgument,
            "NAME_MALFORMED",
        );
    });
}

#[test]
fn revisions_amend_the_next_and_keep_the_earlier_as_history() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut service = scene.bank.pledge();
        let report = |revision, amount: &str| pb::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(scene.loan(amount)),
            revision: Some(revision),
            ..Default::default()
        };
        let verdict = |answer: pb::ReportLoanResponse| {
            let fact = only_fact(&answer.receipt);
            (fact.revision, fact.verdict())
        };
        use api::common::v1::Verdict;
        let answer = service
            .report_loan(report(5, "500000.00"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(verdict(answer), (5, Verdict::Stored));
        let answer = service
            .report_loan(report(3, "300000.00"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(verdict(answer), (3, Verdict::KeptAsHistory));
        let get = pb::GetLoanRequest {
            name: format!("loans/{}", scene.contract_no),
        };
        let stands = service
            .get_loan(get.clone())
            .await
            .unwrap()
            .into_inner()
            .loan
            .unwrap();
        assert_eq!(stands.loan, Some(scene.loan("500000.00")));
        let amend = pb::AmendLoanRequest {
            request_id: ids::request_id(),
            loan: Some(scene.loan("600000.00")),
            ..Default::default()
        };
        let amended = service.amend_loan(amend.clone()).await.unwrap().into_inner();
        assert_eq!(only_fact(&amended.receipt).revision, 6);
        // Revisions are numbers: 10 comes after 9.
        for revision in [9, 10] {
            service
                .report_loan(report(revision, &format!("{revision}00000.00")))
                .await
                .unwrap();
        }
        let stands = service.get_loan(get).await.unwrap().into_inner().loan.unwrap();
        assert_eq!(
            (stands.loan, stands.state.unwrap().revision),
            (Some(scene.loan("1000000.00")), 10)
        );
        // The highest revision there is can be stored, and nothing comes after it.
        let answer = service
            .report_loan(report(i32::MAX, "700000.00"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(verdict(answer), (i32::MAX, Verdict::Stored));
        let amend = pb::AmendLoanRequest {
            request_id: ids::request_id(),
            ..amend
        };
        assert_refused(
            service.amend_loan(amend).await,
            Code::InvalidArgument,
            "REVISION_MALFORMED",
        );
    });
}

#[test]
fn an_amendment_of_a_record_not_yet_known_is_stored_and_a_withdrawal_is_not() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut service = scene.bank.pledge();
        let withdraw = pb::WithdrawLoanRequest {
            request_id: ids::request_id(),
            name: format!("loans/{}", scene.contract_no),
            ..Default::default()
        };
        assert_refused(service.withdraw_loan(withdraw).await, Code::NotFound, "NOT_FOUND");
        let mut amend = pb::AmendLoanRequest {
            request_id: ids::request_id(),
            loan: Some(scene.loan("600000.00")),
            revision: None,
            etag: Some("1-00".to_owned()),
        };
        assert_refused(
            service.amend_loan(amend.clone()).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        amend.etag = None;
        let stored = service.amend_loan(amend).await.unwrap().into_inner();
        assert_eq!(only_fact(&stored.receipt).revision, 1);
    });
}

#[test]
fn another_banks_record_and_an_absent_one_are_answered_byte_for_byte_alike() {
    run(async {
        let (one, other) = (
            Lending::new(shared().await).await,
            Lending::new(shared().await).await,
        );
        one.lend(2025, "1000000.00").await;
        let existing = format!("loans/{}", one.contract_no);
        // As long as the other, so that the lengths agree too.
        let absent = format!("loans/{}", "N".repeat(one.contract_no.len()));
        let mut answers = Vec::new();
        for name in [existing, absent] {
            let request = pb::GetLoanRequest { name: name.clone() };
            let status = other.bank.pledge().get_loan(request).await.unwrap_err();
            assert_eq!(status.code(), Code::NotFound);
            // Only the name asked for may differ, wherever it stands.
            let bytes = [status.message().as_bytes(), status.details()].concat();
            answers.push(String::from_utf8_lossy(&bytes).replace(&name, "NAME"));
        }
        assert_eq!(answers[0], answers[1]);
        let listed = other
            .bank
            .pledge()
            .list_loans(pb::ListLoansRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert!(listed.loans.is_empty());
    });
}
