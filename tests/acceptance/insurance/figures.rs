//! What a report is answered with: the policy's year, patent by patent.

use api::insurance::v1 as pb;
use tonic::Code;
use zhirong_tests::answer::{amount, assert_refused, clause, missing};
use zhirong_tests::records;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Insuring, register_patent};
use zhirong_tests::{ids, run};

#[test]
fn a_policy_with_schedule_and_payment_in_one_call_earns_80_percent_and_an_invention_all() {
    run(async {
        let sandbox = shared().await;
        let scene = Insuring::new(sandbox).await;
        let invention = ids::invention(ids::fresh());
        register_patent(sandbox, records::patent(&invention, &scene.holder)).await;
        let mut patents = vec![
            records::policy_patent("", &invention, "4000.00"),
            records::policy_patent("", &scene.patent, "1000.00"),
        ];
        let request = pb::ReportPolicyRequest {
            request_id: ids::request_id(),
            policy: Some(records::policy(&scene.policy_no, &scene.holder, 2025)),
            revision: None,
            patents: patents.clone(),
            premium_events: vec![records::payment("", "1", "2025-02-01", "5000.00")],
        };
        let answer = scene
            .insurer
            .insurance()
            .report_policy(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.receipt.unwrap().facts.len(), 4);
        let assessment = answer.assessment.unwrap();
        assert_eq!(assessment.name, format!("policies/{}", scene.policy_no));
        assert_eq!(
            (assessment.policy_year, amount(&assessment.policy_in_year)),
            (2025, "4800.00")
        );
        let figures: Vec<(&str, &str, &str)> = assessment
            .patents
            .iter()
            .map(|patent| {
                (
                    patent.patent_no.as_str(),
                    amount(&patent.figure),
                    clause(&patent.figure),
                )
            })
            .collect();
        let expected = [
            (invention.as_str(), "4000.00", "A8.3.2"),
            (scene.patent.as_str(), "800.00", "A8.3.1"),
        ];
        assert_eq!(figures, expected);
        assert!(assessment.scope.unwrap().zh.contains("不含其他机构"));

        // A policy brings at most a hundred payments.
        patents.clear();
        let payments =
            (0..101).map(|number| records::payment("", &number.to_string(), "2025-02-01", "10.00"));
        let request = pb::ReportPolicyRequest {
            request_id: ids::request_id(),
            policy: Some(records::policy("BD-MANY", &scene.holder, 2025)),
            revision: None,
            patents,
            premium_events: payments.collect(),
        };
        let refused = scene.insurer.insurance().report_policy(request).await;
        assert_refused(refused, Code::InvalidArgument, "EVENTS_COUNT");
    });
}

#[test]
fn a_payment_on_an_unknown_policy_is_stored_and_earns_nothing_until_it_comes() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let mut service = scene.insurer.insurance();
        let payment = pb::ReportPremiumEventRequest {
            request_id: ids::request_id(),
            premium_event: Some(records::payment(&scene.policy_no, "1", "2025-02-01", "1000.00")),
            revision: None,
        };
        let answer = service.report_premium_event(payment).await.unwrap().into_inner();
        assert_eq!(amount(&answer.assessment.unwrap().policy_in_year), "0.00");
        let policy = pb::ReportPolicyRequest {
            request_id: ids::request_id(),
            policy: Some(records::policy(&scene.policy_no, &scene.holder, 2025)),
            ..Default::default()
        };
        let figure = service
            .report_policy(policy)
            .await
            .unwrap()
            .into_inner()
            .assessment
            .unwrap()
            .policy_in_year;
        assert_eq!(
            (amount(&figure), missing(&figure)),
            ("0.00", vec!["SCHEDULE_MISSING"])
        );
        let scheduled = pb::ReportPolicyPatentRequest {
            request_id: ids::request_id(),
            policy_patent: Some(records::policy_patent(&scene.policy_no, &scene.patent, "1000.00")),
            revision: None,
        };
        let answer = service
            .report_policy_patent(scheduled)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(amount(&answer.assessment.unwrap().policy_in_year), "800.00");
    });
}
