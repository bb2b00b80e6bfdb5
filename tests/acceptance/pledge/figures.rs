//! What a report is answered with: three figures with clause, and what is missing.

use api::pledge::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{amount, assert_refused, clause, missing};
use zhirong_tests::records::{self, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Lending, register_enterprise, register_patent};
use zhirong_tests::{ids, run};

#[test]
fn a_loan_of_eight_million_with_pledge_and_draws_in_one_call_earns_150_000() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut request = scene.report(2025, "8000000.00");
        // Two draws, whose contract number may be left to the loan.
        request.events = vec![
            scene.draw("1", "2025-03-01", "3000000.00"),
            scene.draw("2", "2025-04-01", "5000000.00"),
        ];
        request.events[1].contract_no.clear();
        let answer = scene
            .bank
            .pledge()
            .report_loan(request)
            .await
            .unwrap()
            .into_inner();
        let receipt = answer.receipt.unwrap();
        let facts: Vec<(&str, &str)> = receipt
            .facts
            .iter()
            .map(|fact| (fact.file.as_str(), fact.name.as_str()))
            .collect();
        let (pledge, loan) = (
            format!("pledges/{}", scene.pledge_no),
            format!("loans/{}", scene.contract_no),
        );
        let (first, second) = (format!("{loan}/events/1"), format!("{loan}/events/2"));
        let expected = [
            ("pledges", pledge.as_str()),
            ("loans", &loan),
            ("loan_events", &first),
            ("loan_events", &second),
        ];
        assert_eq!(facts, expected);

        let assessment = answer.assessment.unwrap();
        assert_eq!((&assessment.name, assessment.policy_year), (&loan, 2025));
        for figure in [
            &assessment.contract_when_fully_drawn,
            &assessment.recognised_now,
            &assessment.enterprise_year,
        ] {
            assert_eq!((amount(figure), clause(figure)), ("150000.00", "A8.1.3"));
            let sentence = figure.as_ref().unwrap().sentence.as_ref().unwrap();
            assert!(!sentence.zh.is_ascii() && sentence.en.is_ascii(), "{sentence:?}");
        }
        assert!(missing(&assessment.recognised_now).is_empty());
        let scope = assessment.scope.unwrap();
        assert!(
            scope.zh.contains("不含其他机构") && scope.en.contains("your own facts"),
            "{scope:?}"
        );
    });
}

#[test]
fn the_three_figures_differ_where_the_facts_do() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut request = scene.report(2025, "8000000.00");
        request.events = vec![scene.draw("1", "2025-03-01", "2000000.00")];
        let assessment = scene
            .bank
            .pledge()
            .report_loan(request)
            .await
            .unwrap()
            .into_inner()
            .assessment
            .unwrap();
        assert_eq!(amount(&assessment.contract_when_fully_drawn), "150000.00");
        assert_eq!(
            (
                amount(&assessment.recognised_now),
                clause(&assessment.recognised_now)
            ),
            ("50000.00", "A8.1.1")
        );
        // A second contract of the same year moves the enterprise's year to the next tier.
        let second = pb::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(records::loan(
                "ZZ-2",
                &scene.borrower,
                "2000000.00",
                &scene.pledge_no,
            )),
            events: vec![records::draw("ZZ-2", "1", "2025-05-01", "2000000.00")],
            ..Default::default()
        };
        let assessment = scene
            .bank
            .pledge()
            .report_loan(second)
            .await
            .unwrap()
            .into_inner()
            .assessment
            .unwrap();
        assert_eq!(assessment.name, "loans/ZZ-2");
        assert_eq!(amount(&assessment.recognised_now), "50000.00");
        assert_eq!(
            (
                amount(&assessment.enterprise_year),
                clause(&assessment.enterprise_year)
            ),
            ("100000.00", "A8.1.2")
        );
    });
}

#[test]
fn what_is_not_known_yet_is_named_and_earns_nothing_until_it_comes() {
    run(async {
        let sandbox = shared().await;
        let mut scene = Lending::new(sandbox).await;
        let number = ids::fresh();
        scene.borrower = ids::enterprise(number);
        scene.patent = ids::invention(number);
        let mut service = scene.bank.pledge();
        let mut request = scene.report(2025, "8000000.00");
        (request.pledge, request.events) = (None, Vec::new());
        let now = |answer: pb::ReportLoanResponse| answer.assessment.unwrap().recognised_now;

        let figure = now(service.report_loan(request.clone()).await.unwrap().into_inner());
        assert_eq!(
            (amount(&figure), missing(&figure).contains(&"NO_DRAW_YET")),
            ("0.00", true),
            "{figure:?}"
        );
        let draw = pb::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw("1", "2025-03-01", "8000000.00")),
            revision: None,
        };
        let answer = service.report_loan_event(draw).await.unwrap().into_inner();
        let figure = answer.assessment.unwrap().recognised_now;
        assert_eq!(
            (amount(&figure), missing(&figure).contains(&"PLEDGE_UNKNOWN")),
            ("0.00", true),
            "{figure:?}"
        );
        let pledge = pb::ReportPledgeRequest {
            request_id: ids::request_id(),
            pledge: Some(scene.pledge("2025-01-01")),
            revision: None,
        };
        let answer = service.report_pledge(pledge).await.unwrap().into_inner();
        let [assessment] = &answer.assessments[..] else {
            panic!("{answer:?}")
        };
        let missed = missing(&assessment.recognised_now);
        assert!(
            missed.contains(&"BORROWER_UNKNOWN") || missed.contains(&"NO_PATENT_IN_FORCE"),
            "{missed:?}"
        );
        // The bureau's facts come last, and the same loan reported again is answered with all of them.
        register_enterprise(sandbox, records::enterprise(&scene.borrower)).await;
        register_patent(sandbox, records::patent(&scene.patent, &scene.borrower)).await;
        request.request_id = ids::request_id();
        let figure = now(service.report_loan(request).await.unwrap().into_inner());
        assert_eq!((amount(&figure), missing(&figure).len()), ("150000.00", 0));
    });
}

#[test]
fn a_loan_is_answered_for_itself_where_its_pledge_secures_another() {
    run(async {
        let scene = Lending::new(shared().await).await;
        scene.lend(2025, "1000000.00").await;
        let request = pb::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(records::loan(
                "ZZ-9",
                &scene.borrower,
                "2000000.00",
                &scene.pledge_no,
            )),
            pledge: Some(scene.pledge("2025-01-01")),
            ..Default::default()
        };
        let answer = scene
            .bank
            .pledge()
            .report_loan(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.assessment.unwrap().name, "loans/ZZ-9");
    });
}

#[test]
fn a_loan_brings_at_most_a_hundred_events() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut request = scene.report(2025, "8000000.00");
        request.events = (0..101)
            .map(|event| scene.draw(&event.to_string(), "2025-03-01", "10000.00"))
            .collect();
        let refused = scene.bank.pledge().report_loan(request.clone()).await;
        assert_refused(refused, Code::InvalidArgument, "EVENTS_COUNT");
        request.events.pop();
        request
            .events
            .iter_mut()
            .for_each(|event| event.amount = money("80000.00"));
        let assessment = scene
            .bank
            .pledge()
            .report_loan(request)
            .await
            .unwrap()
            .into_inner()
            .assessment
            .unwrap();
        assert_eq!(amount(&assessment.recognised_now), "150000.00");
    });
}

#[test]
fn a_year_without_rules_is_stored_and_says_so() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let answer = scene.lend(2017, "1000000.00").await;
        assert_eq!(answer.receipt.unwrap().facts.len(), 3);
        let assessment = answer.assessment.unwrap();
        assert!(assessment.recognised_now.is_none());
        assert!(assessment.scope.unwrap().zh.contains("2017"));
    });
}
