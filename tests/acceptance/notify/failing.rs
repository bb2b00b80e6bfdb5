//! Messages that do not arrive: tried again under the same id, given up, and what becomes of their endpoint.

use std::time::Duration;

use api::notify::v1 as pb;
use client::Client;
use pb::WebhookDeliveryState::{Delivered, Failed, Pending};
use pb::{WebhookEndpointState as State, WebhookFailure as Failure};
use tokio::sync::oneshot;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::receiver::{Receiver, Reply};
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, shared};
use zhirong_tests::scene::Lending;

use super::{QUIET, create, deliveries, due, endpoint, recorded, replay, send_test, sql};

/// Milliseconds between the beginning of the last attempt and the next try.
fn pause(delivery: &pb::WebhookDelivery) -> i64 {
    let milliseconds = |at: &prost_types::Timestamp| at.seconds * 1000 + i64::from(at.nanos) / 1_000_000;
    let last = delivery.attempts.last().unwrap();
    let begun = milliseconds(last.started_at.as_ref().unwrap()) + i64::from(last.duration_ms.unwrap());
    milliseconds(delivery.next_try_at.as_ref().unwrap()) - begun
}

async fn enable(client: &Client, name: &str) -> pb::WebhookEndpoint {
    let request = pb::EnableWebhookEndpointRequest {
        request_id: request_id(),
        name: name.to_owned(),
    };
    let answer = client.webhook().enable_webhook_endpoint(request).await.unwrap();
    answer.into_inner().endpoint.unwrap()
}

async fn disable(client: &Client, name: &str) -> pb::WebhookEndpoint {
    let request = pb::DisableWebhookEndpointRequest {
        request_id: request_id(),
        name: name.to_owned(),
    };
    let answer = client.webhook().disable_webhook_endpoint(request).await.unwrap();
    answer.into_inner().endpoint.unwrap()
}

/// As if a delivery had been tried nine times before.
async fn last_try(sandbox: &Sandbox, delivery: &pb::WebhookDelivery) {
    let statement = "update notify.delivery set tries = 9, attempts = 9, next_try_at = clock_timestamp() where delivery_id = $1";
    sql(sandbox, statement, &delivery.name).await;
}

#[test]
fn what_was_refused_is_tried_again_under_the_same_id_until_it_arrives() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        receiver.will(Reply::Status(500, "数据库忙".into()));
        receiver.will(Reply::Break);
        let (created, secret) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        let first = receiver.next().await;
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!(logged.state(), Pending);
        let attempt = &logged.attempts[0];
        assert_eq!((attempt.status_code, attempt.failure()), (500, Failure::Status));
        assert_eq!(attempt.response_excerpt, "数据库忙");
        assert!((4_900..=5_700).contains(&pause(&logged)), "{}", pause(&logged));
        assert!(endpoint(&bank, &created.name).await.failing_since.is_some());

        due(sandbox, &asked).await;
        let second = receiver.next().await;
        let logged = recorded(&bank, &asked, 2).await;
        assert_eq!(
            (logged.state(), logged.attempts[1].failure()),
            (Pending, Failure::Unreachable)
        );
        assert!(
            (299_000..=331_000).contains(&pause(&logged)),
            "{}",
            pause(&logged)
        );

        due(sandbox, &asked).await;
        let third = receiver.next().await;
        let logged = recorded(&bank, &asked, 3).await;
        assert_eq!((logged.state(), logged.attempts[2].status_code), (Delivered, 204));
        for heard in [&first, &second, &third] {
            assert_eq!(
                (heard.id(), &heard.body),
                (asked.webhook_id.as_str(), &first.body)
            );
            // Each try is signed with its own time.
            assert_eq!(heard.signature_of(&secret), Some(0));
        }
        assert_eq!(endpoint(&bank, &created.name).await.failing_since, None);
    });
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let (mut receiver, mut elsewhere) = (Receiver::plain().await, Receiver::plain().await);
        receiver.will(Reply::Redirect(elsewhere.url()));
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!(
            (logged.state(), logged.attempts[0].failure()),
            (Pending, Failure::Redirect)
        );
        elsewhere.assert_silent();
    });
}

#[test]
fn the_address_is_checked_again_at_every_connection() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let receiver = Receiver::plain().await;
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        // As if the host's name meant another address by now.
        let moved = "update notify.endpoint set url = 'https://169.254.169.254/latest/meta-data' where endpoint_id = $1";
        sql(sandbox, moved, &created.name).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        let logged = recorded(&bank, &asked, 1).await;
        let attempt = &logged.attempts[0];
        assert_eq!(
            (attempt.status_code, attempt.failure()),
            (0, Failure::AddressRefused)
        );
    });
}

#[test]
fn an_endpoint_that_says_gone_is_disabled_and_its_owner_told_elsewhere() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let (mut receiver, mut other) = (Receiver::plain().await, Receiver::plain().await);
        receiver.will(Reply::Status(410, Vec::new()));
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let (_, secret) = create(&bank, &other.url(), &["webhook_endpoint.disabled"]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!(
            (logged.state(), logged.attempts[0].failure()),
            (Failed, Failure::Gone)
        );
        assert_eq!(endpoint(&bank, &created.name).await.state(), State::Gone);
        let told = other.next().await;
        assert_eq!(told.signature_of(&secret), Some(0));
        assert_eq!(
            told.json()["data"],
            serde_json::json!({"endpoint": created.name, "reason": "gone"})
        );
        for answer in [
            send_test(&bank, &created.name).await,
            replay(&bank, &asked.name).await,
        ] {
            assert_refused(
                answer.map(tonic::Response::new),
                Code::FailedPrecondition,
                "WEBHOOK_ENDPOINT_DISABLED",
            );
        }
        assert_eq!(enable(&bank, &created.name).await.state(), State::Enabled);
        replay(&bank, &asked.name).await.unwrap();
        assert_eq!(receiver.next().await.id(), asked.webhook_id);
    });
}

#[test]
fn after_the_tenth_try_a_message_is_given_up_and_after_three_days_its_endpoint() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        for _ in 0..4 {
            receiver.will(Reply::Status(503, Vec::new()));
        }
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        recorded(&bank, &asked, 1).await;
        last_try(sandbox, &asked).await;
        receiver.next().await;
        let logged = recorded(&bank, &asked, 10).await;
        assert_eq!((logged.state(), logged.next_try_at), (Failed, None));
        // It failed for seconds only.
        assert_eq!(endpoint(&bank, &created.name).await.state(), State::Enabled);

        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        recorded(&bank, &asked, 1).await;
        let long_ago = "update notify.endpoint set failing_since = clock_timestamp() - interval '3 days' where endpoint_id = $1";
        sql(sandbox, long_ago, &created.name).await;
        last_try(sandbox, &asked).await;
        receiver.next().await;
        recorded(&bank, &asked, 10).await;
        let failing = endpoint(&bank, &created.name).await;
        assert_eq!(failing.state(), State::Failing);
        assert!(failing.disabled_at.is_some());
        assert_eq!(enable(&bank, &created.name).await.failing_since, None);
    });
}

#[test]
fn a_large_answer_is_cut_and_a_slow_one_left() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        receiver.will(Reply::Status(200, "长".repeat(1 << 20).into_bytes()));
        receiver.will(Reply::HeadOnly(200));
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let large = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        let logged = recorded(&bank, &large, 1).await;
        assert_eq!(logged.state(), Delivered);
        let excerpt = &logged.attempts[0].response_excerpt;
        assert!(
            excerpt.starts_with("长长") && excerpt.len() <= 1026,
            "{}",
            excerpt.len()
        );
        let slow = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        let logged = recorded(&bank, &slow, 1).await;
        assert_eq!(
            (logged.state(), logged.attempts[0].response_excerpt.as_str()),
            (Delivered, "")
        );
        assert!(logged.attempts[0].duration_ms.unwrap() < 10_000);
    });
}

#[test]
fn no_answer_within_twenty_seconds_is_none() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        let (never, told) = oneshot::channel();
        drop(never);
        receiver.will(Reply::Hold(told));
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!(
            (logged.state(), logged.attempts[0].failure()),
            (Pending, Failure::Timeout)
        );
        let took = Duration::from_millis(logged.attempts[0].duration_ms.unwrap().try_into().unwrap());
        assert!(
            took >= Duration::from_secs(20) && took < Duration::from_secs(30),
            "{took:?}"
        );
    });
}

#[test]
fn what_waits_for_a_disabled_endpoint_is_sent_once_it_is_enabled() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        receiver.will(Reply::Status(500, Vec::new()));
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &created.name).await.unwrap();
        receiver.next().await;
        recorded(&bank, &asked, 1).await;
        assert_eq!(disable(&bank, &created.name).await.state(), State::Disabled);
        due(sandbox, &asked).await;
        // Another endpoint is served meanwhile, so the outbox was looked into.
        let mut beside = Receiver::plain().await;
        let (other, _) = create(&bank, &beside.url(), &[QUIET]).await;
        send_test(&bank, &other.name).await.unwrap();
        beside.next().await;
        receiver.assert_silent();
        assert_eq!(deliveries(&bank, &created.name).await[0].state(), Pending);
        enable(&bank, &created.name).await;
        assert_eq!(receiver.next().await.id(), asked.webhook_id);
    });
}
