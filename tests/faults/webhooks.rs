//! Webhooks when the process that sends them is killed between sending and writing it down.

use api::notify::v1 as pb;
use platform::database::embedded::temporary_dir;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::oneshot;
use zhirong_tests::ids::request_id;
use zhirong_tests::process::Served;
use zhirong_tests::receiver::{Receiver, Reply};
use zhirong_tests::run;
use zhirong_tests::sandbox::{options_of, socket_of, watch};
use zhirong_tests::scene::Lending;

/// The one delivery of an endpoint, once it has a state.
async fn in_state(
    bank: &client::Client,
    endpoint: &str,
    state: pb::WebhookDeliveryState,
) -> pb::WebhookDelivery {
    let request = pb::ListWebhookDeliveriesRequest {
        endpoint: endpoint.to_owned(),
        ..pb::ListWebhookDeliveriesRequest::default()
    };
    for _ in 0..3000 {
        let answer = bank
            .webhook()
            .list_webhook_deliveries(request.clone())
            .await
            .unwrap();
        let log = answer.into_inner().deliveries;
        assert_eq!(log.len(), 1, "never lost, never two: {log:?}");
        if log[0].state() == state {
            return log.into_iter().next().unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the delivery did not become {state:?} within a minute");
}

#[test]
fn a_message_whose_sender_was_killed_is_sent_again_under_its_id() {
    run(async {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-faults").unwrap();
        let _watchdog = watch(&dir);
        let serve = || {
            let data = dir.to_str().unwrap();
            Served::start(&["--sandbox", "--data", data, "--listen", "127.0.0.1:0"], &[])
        };
        let server = serve();
        let scene = Lending::new(&server).await;
        let mut receiver = Receiver::plain().await;
        let (_answer, told) = oneshot::channel();
        receiver.will(Reply::Hold(told));
        let creating = pb::CreateWebhookEndpointRequest {
            request_id: request_id(),
            url: receiver.url(),
            event_types: vec!["payment.paid".to_owned()],
            description: String::new(),
        };
        let created = scene.bank.webhook().create_webhook_endpoint(creating).await;
        let created = created.unwrap().into_inner();
        let (endpoint, secret) = (created.endpoint.unwrap().name, created.secret);
        let testing = pb::SendTestEventRequest {
            request_id: request_id(),
            endpoint: endpoint.clone(),
        };
        scene.bank.webhook().send_test_event(testing).await.unwrap();
        // It has arrived, and its sender is killed before the answer comes.
        let first = receiver.next().await;
        server.kill();
        let server = serve();
        let bank = server.client(&scene.code);
        // The lease of the dead process keeps the endpoint for a minute; the minute passes.
        receiver.assert_silent();
        let mut database = options_of(&dir).connect().await.unwrap();
        let expired = sqlx::query(
            "update notify.endpoint set leased_until = clock_timestamp() where leased_until > clock_timestamp()",
        )
        .execute(&mut database)
        .await
        .unwrap();
        assert_eq!(expired.rows_affected(), 1, "the dead process held the lease");
        database.close().await.unwrap();
        let second = receiver.next().await;
        assert_eq!((second.id(), &second.body), (first.id(), &first.body));
        assert_eq!(second.signature_of(&secret), Some(0));
        let logged = in_state(&bank, &endpoint, pb::WebhookDeliveryState::Delivered).await;
        let ended: Vec<bool> = logged
            .attempts
            .iter()
            .map(|it| it.duration_ms.is_some())
            .collect();
        assert_eq!(ended, [false, true], "the log says which attempt was cut off");
        receiver.assert_silent();
        server.stop();
    });
}

#[test]
fn two_processes_send_every_message_once() {
    run(async {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-faults").unwrap();
        let _watchdog = watch(&dir);
        let data = dir.to_str().unwrap();
        let server = Served::start(&["--sandbox", "--data", data, "--listen", "127.0.0.1:0"], &[]);
        let password = std::fs::read_to_string(dir.join("pg.password")).unwrap();
        let url = format!(
            "postgres://zhirong:{}@localhost/zhirong?host={}",
            password.trim(),
            socket_of(&dir)
        );
        let second = Served::start(
            &[
                "--sandbox",
                "--role",
                "notify",
                "--data",
                data,
                "--listen",
                "127.0.0.1:0",
            ],
            &[("ZHIRONG_DATABASE_URL", &url)],
        );
        let scene = Lending::new(&server).await;
        let mut receivers = Vec::new();
        for _ in 0..5 {
            let receiver = Receiver::plain().await;
            let creating = pb::CreateWebhookEndpointRequest {
                request_id: request_id(),
                url: receiver.url(),
                event_types: vec!["payment.paid".to_owned()],
                description: String::new(),
            };
            let created = scene.bank.webhook().create_webhook_endpoint(creating).await;
            receivers.push((receiver, created.unwrap().into_inner().endpoint.unwrap().name));
        }
        let mut asked = Vec::new();
        for _ in 0..10 {
            for (_, endpoint) in &receivers {
                let testing = pb::SendTestEventRequest {
                    request_id: request_id(),
                    endpoint: endpoint.clone(),
                };
                let answer = scene.bank.webhook().send_test_event(testing).await.unwrap();
                asked.push(answer.into_inner().delivery.unwrap().webhook_id);
            }
        }
        let mut heard = Vec::new();
        for (receiver, _) in &mut receivers {
            for _ in 0..10 {
                heard.push(receiver.next().await.id().to_owned());
            }
        }
        asked.sort_unstable();
        heard.sort_unstable();
        assert_eq!(heard, asked);
        for (receiver, _) in &mut receivers {
            receiver.assert_silent();
        }
        second.stop();
        server.stop();
    });
}
