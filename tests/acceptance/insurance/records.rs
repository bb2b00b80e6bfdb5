//! The three kinds of records of an insurer, one by one, several at once, and as rows of a file.

use api::insurance::v1 as pb;
use api::insurance::v1::batch_entry::Record;
use exchange::File;
use tonic::Code;
use zhirong_tests::answer::{amount, assert_refused};
use zhirong_tests::import::{Line, insurance};
use zhirong_tests::records::{self, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Insuring;
use zhirong_tests::{ids, run};

#[test]
fn a_policy_from_report_to_withdrawal() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let first = records::policy(&scene.policy_no, &scene.holder, 2025);
        let changed = pb::Policy {
            sum_insured: None,
            ..first.clone()
        };
        lifecycle!(
            scene.insurer, insurance, policy: first => changed,
            report_policy(ReportPolicyRequest), amend_policy(AmendPolicyRequest), withdraw_policy(WithdrawPolicyRequest),
            get_policy(GetPolicyRequest), list_policies(ListPoliciesRequest).policies
        );
    });
}

#[test]
fn a_scheduled_patent_from_report_to_withdrawal() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let first = records::policy_patent(&scene.policy_no, &scene.patent, "1000.00");
        let changed = pb::PolicyPatent {
            premium: None,
            ..first.clone()
        };
        lifecycle!(
            scene.insurer, insurance, policy_patent: first => changed,
            report_policy_patent(ReportPolicyPatentRequest), amend_policy_patent(AmendPolicyPatentRequest),
            withdraw_policy_patent(WithdrawPolicyPatentRequest), get_policy_patent(GetPolicyPatentRequest),
            list_policy_patents(ListPolicyPatentsRequest).policy_patents
        );
    });
}

#[test]
fn a_payment_from_report_to_withdrawal() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let first = records::payment(&scene.policy_no, "1", "2025-02-01", "1000.00");
        let changed = pb::PremiumEvent {
            amount: money("1100.00"),
            ..first.clone()
        };
        lifecycle!(
            scene.insurer, insurance, premium_event: first => changed,
            report_premium_event(ReportPremiumEventRequest), amend_premium_event(AmendPremiumEventRequest),
            withdraw_premium_event(WithdrawPremiumEventRequest), get_premium_event(GetPremiumEventRequest),
            list_premium_events(ListPremiumEventsRequest).premium_events
        );
    });
}

#[test]
fn batch_report_is_all_or_nothing() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let entry = |record| pb::BatchEntry {
            record: Some(record),
            revision: None,
            withdrawn: false,
        };
        let mut entries = vec![
            entry(Record::PremiumEvent(records::payment(
                &scene.policy_no,
                "1",
                "2025-02-01",
                "1000.00",
            ))),
            entry(Record::PolicyPatent(records::policy_patent(
                &scene.policy_no,
                &scene.patent,
                "1000.00",
            ))),
            entry(Record::Policy(records::policy(
                &scene.policy_no,
                &scene.holder,
                2025,
            ))),
            entry(Record::PremiumEvent(records::payment(
                &scene.policy_no,
                "2",
                "2025-02-30",
                "1000.00",
            ))),
        ];
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries: entries.clone(),
        };
        let refused = scene.insurer.insurance().batch_report(request).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "DATE_INVALID");
        assert_eq!(
            refused.code_of("entries[3].occurred_on"),
            Some("DATE_INVALID"),
            "{refused:?}"
        );
        let get = pb::GetPolicyRequest {
            name: format!("policies/{}", scene.policy_no),
        };
        assert_refused(
            scene.insurer.insurance().get_policy(get).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        entries.pop();
        let request = pb::BatchReportRequest {
            request_id: ids::request_id(),
            entries,
        };
        let answer = scene
            .insurer
            .insurance()
            .batch_report(request)
            .await
            .unwrap()
            .into_inner();
        let [assessment] = &answer.assessments[..] else {
            panic!("{answer:?}")
        };
        assert_eq!(amount(&assessment.policy_in_year), "800.00");
    });
}

#[test]
fn import_insurance_facts_goes_row_by_row() {
    run(async {
        let scene = Insuring::new(shared().await).await;
        let other = Insuring::new(shared().await).await;
        let payment = |code: &str, event_no: &str, amount: &str| {
            let cells = [
                ("institution_code", code),
                ("policy_no", &scene.policy_no),
                ("event_no", event_no),
                ("kind", "payment"),
                ("occurred_on", "2025年2月1日"),
                ("amount", amount),
            ];
            Line::new(File::PremiumEvents, &cells)
        };
        let own = &scene.code;
        let lines = [
            payment(own, "1", "20000.00"),
            payment(&other.code, "2", "20000.00"),
            payment(own, "3", "0"),
        ];
        let imported = insurance(&scene.insurer, &lines).await;
        let codes: Vec<&str> = imported
            .verdicts
            .iter()
            .flat_map(|verdict| &verdict.refusals)
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(
            (codes, imported.summary.stored),
            (vec!["OTHER_INSTITUTION", "AMOUNT_ZERO"], 1)
        );
        let get = pb::GetPremiumEventRequest {
            name: format!("policies/{}/premiumEvents/1", scene.policy_no),
        };
        let stored = scene
            .insurer
            .insurance()
            .get_premium_event(get)
            .await
            .unwrap()
            .into_inner();
        let event = stored.premium_event.unwrap().premium_event.unwrap();
        assert_eq!(
            event,
            records::payment(&scene.policy_no, "1", "2025-02-01", "20000.00")
        );
    });
}
