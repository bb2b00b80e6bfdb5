//! Pulling a batch: numbered, resumable, bound to one digest.

use api::settlement::v1 as pb;
use api::settlement::v1::stream_batch_response::Message;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, yuan};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Insuring, Lending};
use zhirong_tests::{batch, ids, records, run};

#[test]
fn stream_batch_is_numbered_without_gaps_and_goes_on_where_it_broke_off() {
    run(async {
        let sandbox = shared().await;
        let (lending, insuring, year) = (
            Lending::new(sandbox).await,
            Insuring::new(sandbox).await,
            ids::year(),
        );
        lending.lend(year, "8000000.00").await;
        let report = api::insurance::v1::ReportPolicyRequest {
            request_id: ids::request_id(),
            policy: Some(records::policy(&insuring.policy_no, &insuring.holder, year)),
            revision: None,
            patents: vec![records::policy_patent("", &insuring.patent, "1000.00")],
            premium_events: vec![records::payment("", "1", &format!("{year}-02-01"), "1000.00")],
        };
        insuring.insurer.insurance().report_policy(report).await.unwrap();
        // A draw on a contract that nobody knows is a finding.
        let stray = api::pledge::v1::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(records::draw("STRAY", "1", &format!("{year}-03-01"), "10000.00")),
            revision: None,
        };
        lending.bank.pledge().report_loan_event(stray).await.unwrap();
        batch::settle(sandbox, year, "2026-03-31").await;
        lending
            .bank
            .pledge()
            .withdraw_loan_event(withdrawal(&lending))
            .await
            .unwrap();
        let released = batch::settle(sandbox, year, "2026-03-31").await;

        let messages = batch::pull(sandbox, &released.name, 0).await;
        assert!(
            messages
                .iter()
                .zip(1_i64..)
                .all(|(message, number)| message.sequence == number)
        );
        let kinds: Vec<u8> = messages
            .iter()
            .map(|message| kind(message.message.as_ref().unwrap()))
            .collect();
        assert!(
            kinds.is_sorted(),
            "header, facts, settled, findings, lines, trailer"
        );
        for of in 0..6 {
            assert!(kinds.contains(&of), "kind {of} is missing");
        }
        let Some(Message::Trailer(trailer)) = messages.last().unwrap().message.clone() else {
            panic!("no trailer")
        };
        let count = |of: u8| i64::try_from(kinds.iter().filter(|kind| **kind == of).count()).unwrap();
        let counts = [
            trailer.facts_count,
            trailer.settled_count,
            trailer.findings_count,
            trailer.lines_count,
        ];
        assert_eq!(counts, [count(1), count(2), count(3), count(4)]);
        assert_eq!(
            (yuan(&trailer.lines_sum), &trailer.digests),
            (yuan(&released.lines_sum), &released.digests)
        );
        let (_, differences) = zhirong::verify::verify(&batch::files(&messages));
        assert!(differences.is_empty(), "{differences:?}");

        let last = i64::try_from(messages.len()).unwrap();
        for after in [1, last / 2, last - 1, last, last + 5] {
            let rest = batch::pull(sandbox, &released.name, after).await;
            assert_eq!(
                rest[..],
                messages[usize::try_from(after.min(last)).unwrap()..],
                "after {after}"
            );
        }
    });
}

fn withdrawal(scene: &Lending) -> api::pledge::v1::WithdrawLoanEventRequest {
    api::pledge::v1::WithdrawLoanEventRequest {
        request_id: ids::request_id(),
        name: format!("loans/{}/events/1", scene.contract_no),
        ..Default::default()
    }
}

const fn kind(message: &Message) -> u8 {
    match message {
        Message::Header(_) => 0,
        Message::Fact(_) => 1,
        Message::Settled(_) => 2,
        Message::Finding(_) => 3,
        Message::Line(_) => 4,
        Message::Trailer(_) => 5,
    }
}

#[test]
fn a_pull_wants_a_computed_batch_and_the_digest_it_began_with() {
    run(async {
        let sandbox = shared().await;
        let mut service = sandbox.client("auditor").settlement();
        let draft = batch::open(sandbox, batch::opening(ids::year(), "2026-03-31")).await;
        let pull = |digest: &str| pb::StreamBatchRequest {
            name: draft.name.clone(),
            batch_digest: digest.to_owned(),
            ..pb::StreamBatchRequest::default()
        };
        let refused = service.stream_batch(pull("")).await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_NOT_COMPUTED");
        let computed = batch::compute(sandbox, &draft.name).await;
        let refused = service.stream_batch(pull(&"00".repeat(32))).await;
        assert_refused(refused, Code::Aborted, "BATCH_DIGEST_MISMATCH");
        service
            .stream_batch(pull(&computed.digests.unwrap().batch))
            .await
            .unwrap();
    });
}
