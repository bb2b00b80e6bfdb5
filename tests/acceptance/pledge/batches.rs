//! Several records in one transaction: all are stored, or none.

use api::common::v1::Verdict;
use api::pledge::v1 as pb;
use api::pledge::v1::batch_entry::Record;
use tonic::Code;
use zhirong_tests::answer::{amount, assert_refused};
use zhirong_tests::records::{self, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

fn entry(record: Record) -> pb::BatchEntry {
    pb::BatchEntry {
        record: Some(record),
        revision: None,
        withdrawn: false,
    }
}

#[test]
fn batch_report_stores_all_in_any_order_and_answers_each_contract() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let entries = vec![
            entry(Record::LoanEvent(scene.draw("1", "2025-03-01", "6000000.00"))),
            entry(Record::Loan(scene.loan("6000000.00"))),
            entry(Record::Pledge(scene.pledge("2025-01-01"))),
        ];
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries,
        };
        let answer = scene
            .bank
            .pledge()
            .batch_report(request.clone())
            .await
            .unwrap()
            .into_inner();
        let files: Vec<String> = answer
            .receipt
            .unwrap()
            .facts
            .into_iter()
            .map(|fact| fact.file)
            .collect();
        assert_eq!(files, ["loan_events", "loans", "pledges"]);
        let [assessment] = &answer.assessments[..] else {
            panic!("{:?}", answer.assessments)
        };
        assert_eq!(amount(&assessment.recognised_now), "150000.00");
        // Withdrawn by its key alone.
        let mut gone = entry(Record::LoanEvent(pb::LoanEvent {
            contract_no: scene.contract_no.clone(),
            event_no: "1".to_owned(),
            ..Default::default()
        }));
        (gone.revision, gone.withdrawn) = (Some(2), true);
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries: vec![gone],
        };
        let answer = scene
            .bank
            .pledge()
            .batch_report(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.receipt.unwrap().facts[0].verdict(), Verdict::Stored);
        assert_eq!(amount(&answer.assessments[0].recognised_now), "0.00");
    });
}

#[test]
fn one_bad_entry_and_nothing_is_stored() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let mut bad = scene.draw("1", "2025-03-01", "6000000.00");
        bad.amount = money("1.005");
        let entries = vec![
            entry(Record::Loan(scene.loan("6000000.00"))),
            entry(Record::LoanEvent(bad)),
        ];
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries,
        };
        let refused = scene.bank.pledge().batch_report(request.clone()).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "AMOUNT_PLACES");
        assert_eq!(
            refused.code_of("entries[1].amount"),
            Some("AMOUNT_PLACES"),
            "{refused:?}"
        );
        let get = pb::GetLoanRequest {
            name: format!("loans/{}", scene.contract_no),
        };
        assert_refused(
            scene.bank.pledge().get_loan(get).await,
            Code::NotFound,
            "NOT_FOUND",
        );

        // A refused request has not used its key up.
        let entries = vec![request.entries[0].clone()];
        let request = pb::BatchReportRequest {
            request_id: request.request_id,
            entries,
        };
        scene.bank.pledge().batch_report(request).await.unwrap();
    });
}

#[test]
fn a_conflict_inside_one_batch_stores_nothing() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let entries = ["100000.00", "200000.00"]
            .map(|amount| entry(Record::Loan(scene.loan(amount))))
            .to_vec();
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries,
        };
        let refused = scene.bank.pledge().batch_report(request).await;
        assert_refused(refused, Code::AlreadyExists, "REVISION_CONFLICT");
        let listed = scene
            .bank
            .pledge()
            .list_loans(pb::ListLoansRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert!(listed.loans.is_empty());
    });
}

#[test]
fn a_batch_has_one_to_five_hundred_entries_and_answers_twenty_contracts() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let loan = |number: usize| {
            let loan = records::loan(
                &format!("HT-{number:04}"),
                &scene.borrower,
                "100000.00",
                &scene.pledge_no,
            );
            entry(Record::Loan(loan))
        };
        for count in [0, 501] {
            let entries = (0..count).map(loan).collect();
            let request = pb::BatchReportRequest {
                request_id: ids::request_id(),
                entries,
            };
            let refused = scene.bank.pledge().batch_report(request).await;
            assert_refused(refused, Code::InvalidArgument, "ENTRIES_COUNT");
        }
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries: (0..500).map(loan).collect(),
        };
        let answer = scene
            .bank
            .pledge()
            .batch_report(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.receipt.unwrap().facts.len(), 500);
        let names: Vec<String> = answer
            .assessments
            .into_iter()
            .map(|assessment| assessment.name)
            .collect();
        assert_eq!(
            names,
            (0..20)
                .map(|number| format!("loans/HT-{number:04}"))
                .collect::<Vec<_>>()
        );
    });
}
