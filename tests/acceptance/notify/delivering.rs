//! Messages that arrive: signed, once where nothing fails, in order, one at a time.

use api::notify::v1 as pb;
use pb::WebhookDeliveryState::{Delivered, Pending};
use platform::identity::{Authority, Purpose};
use tokio::sync::oneshot;
use zhirong_tests::ids::request_id;
use zhirong_tests::receiver::{Receiver, Reply};
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;

use super::{QUIET, create, deliveries, recorded, replay, send_test};

#[test]
fn a_message_is_signed_and_its_delivery_logged() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        receiver.will(Reply::Status(200, "收到\0".into()));
        let (endpoint, secret) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &endpoint.name).await.unwrap();
        assert_eq!((asked.state(), asked.attempts.len()), (Pending, 0));
        let heard = receiver.next().await;
        assert_eq!(heard.path, "/hook?from=zhirong");
        assert_eq!(heard.header("content-type"), "application/json");
        assert!(heard.header("user-agent").starts_with("zhirong/"));
        assert_eq!(heard.id(), asked.webhook_id);
        assert_eq!(heard.signature_of(&secret), Some(0));
        assert_eq!(heard.header("webhook-signature").split(' ').count(), 1);
        // The timestamp is the try's own, well within the five minutes of the receiver's window.
        let sent: i64 = heard.header("webhook-timestamp").parse().unwrap();
        assert!((sent - asked.created_at.unwrap().seconds).abs() < 60, "{sent}");
        let told = heard.json();
        assert_eq!(told["type"], "webhook.test");
        assert_eq!(told["data"]["endpoint"], endpoint.name);
        assert!(told["timestamp"].as_str().unwrap().ends_with('Z'));
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!((logged.state(), logged.next_try_at), (Delivered, None));
        assert_eq!(logged.payload, heard.body);
        let attempt = &logged.attempts[0];
        assert_eq!(
            (attempt.status_code, attempt.failure()),
            (200, pb::WebhookFailure::Unspecified)
        );
        assert_eq!(attempt.response_excerpt, "收到 ");
        receiver.assert_silent();
    });
}

#[test]
fn tls_is_checked_against_the_authorities_that_are_trusted() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let trusted = Authority::open(sandbox.identity_dir()).unwrap();
        let identity = trusted.issue("webhook-receiver", Purpose::Server).unwrap();
        let mut receiver = Receiver::tls(&identity).await;
        let (endpoint, secret) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &endpoint.name).await.unwrap();
        assert_eq!(receiver.next().await.signature_of(&secret), Some(0));
        assert_eq!(recorded(&bank, &asked, 1).await.state(), Delivered);

        let folder = platform::database::embedded::temporary_dir("zhirong-authority").unwrap();
        let stranger = Authority::open(&folder).unwrap();
        let identity = stranger.issue("webhook-receiver", Purpose::Server).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let mut receiver = Receiver::tls(&identity).await;
        let (endpoint, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &endpoint.name).await.unwrap();
        let logged = recorded(&bank, &asked, 1).await;
        assert_eq!(logged.attempts[0].failure(), pb::WebhookFailure::Tls);
        receiver.assert_silent();
    });
}

#[test]
fn an_endpoint_hears_one_message_at_a_time_in_their_order() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let (mut slow, mut other) = (Receiver::plain().await, Receiver::plain().await);
        let (go_on, told) = oneshot::channel();
        slow.will(Reply::Hold(told));
        let (endpoint, _) = create(&bank, &slow.url(), &[QUIET]).await;
        let (beside, _) = create(&bank, &other.url(), &[QUIET]).await;
        let mut asked = Vec::new();
        for _ in 0..3 {
            asked.push(send_test(&bank, &endpoint.name).await.unwrap().webhook_id);
        }
        let first = slow.next().await;
        // An endpoint that is slow holds up no other.
        send_test(&bank, &beside.name).await.unwrap();
        other.next().await;
        slow.assert_silent();
        go_on.send(()).unwrap();
        let ids = [first, slow.next().await, slow.next().await].map(|heard| heard.id().to_owned());
        assert_eq!(ids.to_vec(), asked);
    });
}

#[test]
fn the_button_sends_a_delivered_message_again_under_its_own_id() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        let (endpoint, secret) = create(&bank, &receiver.url(), &[QUIET]).await;
        let asked = send_test(&bank, &endpoint.name).await.unwrap();
        let first = receiver.next().await;
        recorded(&bank, &asked, 1).await;
        assert_eq!(replay(&bank, &asked.name).await.unwrap().state(), Pending);
        let second = receiver.next().await;
        assert_eq!((second.id(), &second.body), (first.id(), &first.body));
        assert_eq!(second.signature_of(&secret), Some(0));
        let logged = recorded(&bank, &asked, 2).await;
        assert_eq!((logged.state(), logged.attempts.len()), (Delivered, 2));
    });
}

#[test]
fn the_log_comes_in_pages_and_by_state() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        let (endpoint, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        receiver.will(Reply::Status(500, Vec::new()));
        let mut asked = Vec::new();
        for _ in 0..3 {
            let one = send_test(&bank, &endpoint.name).await.unwrap();
            receiver.next().await;
            recorded(&bank, &one, 1).await;
            asked.push(one.name);
        }
        asked.reverse();
        let names = |log: &[pb::WebhookDelivery]| log.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&deliveries(&bank, "").await), asked);
        let request = pb::ListWebhookDeliveriesRequest {
            endpoint: endpoint.name.clone(),
            page_size: 2,
            ..pb::ListWebhookDeliveriesRequest::default()
        };
        let list = async |request: pb::ListWebhookDeliveriesRequest| {
            let answer = bank.webhook().list_webhook_deliveries(request).await.unwrap();
            answer.into_inner()
        };
        let page = list(request.clone()).await;
        assert_eq!(names(&page.deliveries), asked[..2]);
        let last = list(pb::ListWebhookDeliveriesRequest {
            page_token: page.next_page_token,
            ..request.clone()
        })
        .await;
        assert_eq!(
            (names(&last.deliveries), last.next_page_token.as_str()),
            (asked[2..].to_vec(), "")
        );
        for (state, wanted) in [(Delivered, &asked[..2]), (Pending, &asked[2..])] {
            let found = list(pb::ListWebhookDeliveriesRequest {
                state: state.into(),
                page_size: 10,
                ..request.clone()
            })
            .await;
            assert_eq!(names(&found.deliveries), wanted, "{state:?}");
        }
    });
}

#[test]
fn a_repeated_request_makes_no_second_message() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        let (endpoint, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        let request = pb::SendTestEventRequest {
            request_id: request_id(),
            endpoint: endpoint.name.clone(),
        };
        let first = bank.webhook().send_test_event(request.clone()).await.unwrap();
        let again = bank.webhook().send_test_event(request).await.unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
        receiver.next().await;
        assert_eq!(deliveries(&bank, &endpoint.name).await.len(), 1);
    });
}
