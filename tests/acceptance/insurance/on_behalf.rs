//! The bureau for an insurer that cannot call.

use api::insurance::v1 as pb;
use api::insurance::v1::report_on_behalf_request::Report;
use exchange::File;
use zhirong_tests::answer::amount;
use zhirong_tests::import::{Line, insurance_on_behalf};
use zhirong_tests::records;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Insuring;
use zhirong_tests::{ids, run};

#[test]
fn report_on_behalf_takes_the_same_messages_and_the_fact_says_so() {
    run(async {
        let sandbox = shared().await;
        let scene = Insuring::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").insurance_on_behalf();
        let report = |report| pb::ReportOnBehalfRequest {
            request_id: ids::request_id(),
            institution_code: scene.code.clone(),
            report: Some(report),
        };
        let policy = Report::ReportPolicy(pb::ReportPolicyRequest {
            policy: Some(records::policy(&scene.policy_no, &scene.holder, 2025)),
            patents: vec![records::policy_patent("", &scene.patent, "1000.00")],
            premium_events: vec![records::payment("", "1", "2025-02-01", "1000.00")],
            ..Default::default()
        });
        let answer = bureau
            .report_on_behalf(report(policy))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(amount(&answer.assessments[0].policy_in_year), "800.00");
        let get = pb::GetPolicyRequest {
            name: format!("policies/{}", scene.policy_no),
        };
        let stored = scene
            .insurer
            .insurance()
            .get_policy(get)
            .await
            .unwrap()
            .into_inner()
            .policy
            .unwrap();
        assert!(stored.state.unwrap().on_behalf);
        let withdraw = Report::WithdrawPremiumEvent(pb::WithdrawPremiumEventRequest {
            name: format!("policies/{}/premiumEvents/1", scene.policy_no),
            ..Default::default()
        });
        let answer = bureau
            .report_on_behalf(report(withdraw))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(amount(&answer.assessments[0].policy_in_year), "0.00");
    });
}

#[test]
fn import_insurance_facts_on_behalf_takes_rows_of_several_insurers() {
    run(async {
        let sandbox = shared().await;
        let (one, other) = (Insuring::new(sandbox).await, Insuring::new(sandbox).await);
        let line = |scene: &Insuring| {
            let cells = [
                ("institution_code", scene.code.as_str()),
                ("policy_no", &scene.policy_no),
                ("patent_no", &scene.patent),
            ];
            Line::new(File::PolicyPatents, &cells)
        };
        let imported = insurance_on_behalf(&sandbox.client("bureau"), &[line(&one), line(&other)]).await;
        assert_eq!((imported.summary.rows, imported.summary.stored), (2, 2));
        for scene in [one, other] {
            let request = pb::ListPolicyPatentsRequest::default();
            let listed = scene
                .insurer
                .insurance()
                .list_policy_patents(request)
                .await
                .unwrap()
                .into_inner();
            let [patent] = &listed.policy_patents[..] else {
                panic!("{listed:?}")
            };
            assert!(patent.state.as_ref().unwrap().on_behalf);
        }
    });
}
