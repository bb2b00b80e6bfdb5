//! Endpoints belong to their owner alone, whoever asks, and only addresses that may be called are taken.

use api::notify::v1 as pb;
use client::Client;
use sqlx::Connection;
use tonic::{Code, Status};
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::receiver::Receiver;
use zhirong_tests::run;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;

use super::{QUIET, create, creating, deliveries, recorded, replay, send_test};

fn updating(name: &str, url: &str) -> pb::UpdateWebhookEndpointRequest {
    pb::UpdateWebhookEndpointRequest {
        request_id: request_id(),
        name: name.to_owned(),
        url: url.to_owned(),
        event_types: vec![QUIET.to_owned()],
        description: String::new(),
    }
}

async fn names(client: &Client) -> Vec<String> {
    let answer = client
        .webhook()
        .list_webhook_endpoints(pb::ListWebhookEndpointsRequest {})
        .await
        .unwrap();
    let endpoints = answer.into_inner().endpoints;
    endpoints.into_iter().map(|endpoint| endpoint.name).collect()
}

/// Every call about an endpoint or delivery of somebody else.
async fn every_call(client: &Client, endpoint: &str, delivery: &str, url: &str) -> Vec<Result<(), Status>> {
    let (name, id) = (endpoint.to_owned(), request_id);
    let mut service = client.webhook();
    let get = pb::GetWebhookEndpointRequest { name: name.clone() };
    let enable = pb::EnableWebhookEndpointRequest {
        request_id: id(),
        name: name.clone(),
    };
    let disable = pb::DisableWebhookEndpointRequest {
        request_id: id(),
        name: name.clone(),
    };
    let rotate = pb::RotateWebhookSecretRequest {
        request_id: id(),
        name,
        overlap_hours: Some(0),
    };
    vec![
        service.get_webhook_endpoint(get).await.map(drop),
        service.enable_webhook_endpoint(enable).await.map(drop),
        service.disable_webhook_endpoint(disable).await.map(drop),
        service.rotate_webhook_secret(rotate).await.map(drop),
        service
            .update_webhook_endpoint(updating(endpoint, url))
            .await
            .map(drop),
        send_test(client, endpoint).await.map(drop),
        replay(client, delivery).await.map(drop),
    ]
}

#[test]
fn nobody_sees_or_moves_an_endpoint_of_another() {
    run(async {
        let sandbox = shared().await;
        let mut receiver = Receiver::plain().await;
        let (one, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let callers = [
            one.bank.clone(),
            other.bank.clone(),
            sandbox.client("bureau"),
            sandbox.client("finance-maker"),
            sandbox.client("auditor"),
        ];
        let mut own = Vec::new();
        for client in &callers {
            let (endpoint, _) = create(client, &receiver.url(), &[QUIET]).await;
            let delivery = send_test(client, &endpoint.name).await.unwrap();
            receiver.next().await;
            recorded(client, &delivery, 1).await;
            own.push((endpoint.name, delivery.name));
        }
        for (caller, client) in callers.iter().enumerate() {
            let seen = names(client).await;
            let log = deliveries(client, "").await;
            for (owner, (endpoint, delivery)) in own.iter().enumerate() {
                assert_eq!(seen.contains(endpoint), owner == caller, "{caller} {owner}");
                assert_eq!(
                    log.iter().any(|it| it.name == *delivery),
                    owner == caller,
                    "{caller} {owner}"
                );
                assert_eq!(deliveries(client, endpoint).await.is_empty(), owner != caller);
                if owner == caller {
                    continue;
                }
                for answer in every_call(client, endpoint, delivery, &receiver.url()).await {
                    assert_refused(answer.map(tonic::Response::new), Code::NotFound, "NOT_FOUND");
                }
            }
        }
        // The office owns, not the person.
        let (endpoint, _) = &own[3];
        assert!(names(&sandbox.client("finance-checker")).await.contains(endpoint));
        receiver.assert_silent();
    });
}

#[test]
fn the_database_shows_an_institution_its_own_rows_alone() {
    run(async {
        let sandbox = shared().await;
        let receiver = Receiver::plain().await;
        let (one, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let (_, _) = create(&one.bank, &receiver.url(), &[QUIET]).await;
        let mut database = sandbox.database().await;
        let mut seen = Vec::new();
        for institution in [&one.code, &other.code] {
            let mut tx = database.begin().await.unwrap();
            sqlx::query(
                "select set_config('role', 'zhirong_notify', true), set_config('zhirong.city', '4105', true),
                     set_config('zhirong.institution', $1, true)",
            )
            .bind(institution)
            .execute(&mut *tx)
            .await
            .unwrap();
            let owners: Vec<String> = sqlx::query_scalar(
                "select owner from notify.endpoint union all select owner from notify.secret union all select owner from notify.delivery",
            )
            .fetch_all(&mut *tx)
            .await
            .unwrap();
            tx.rollback().await.unwrap();
            seen.push(owners);
        }
        close(database).await;
        assert_eq!(seen, [vec![one.code.clone(); 2], Vec::new()]);
    });
}

#[test]
fn an_address_inside_is_refused_by_name() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let receiver = Receiver::plain().await;
        let (created, _) = create(&bank, &receiver.url(), &[QUIET]).await;
        for (url, code) in [
            ("", "WEBHOOK_URL_MALFORMED"),
            ("bank.example/hook", "WEBHOOK_URL_MALFORMED"),
            ("https://bank.example/#a", "WEBHOOK_URL_MALFORMED"),
            ("ftp://bank.example/", "WEBHOOK_URL_NOT_HTTPS"),
            ("https://user:word@bank.example/", "WEBHOOK_URL_WITH_USER"),
            ("https://1.1.1.1:22/", "WEBHOOK_PORT_REFUSED"),
            ("https://no-such-host.invalid/", "WEBHOOK_HOST_UNKNOWN"),
            ("https://10.0.0.1/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://172.16.0.1/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://192.168.1.1/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://169.254.169.254/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://100.100.100.200/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://0.0.0.0/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://224.0.0.1/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://[fe80::1]/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://[fd00::1]/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://[::ffff:10.0.0.1]/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://[64:ff9b::a00:1]/", "WEBHOOK_ADDRESS_REFUSED"),
            ("http://10.0.0.1:8080/", "WEBHOOK_ADDRESS_REFUSED"),
        ] {
            let answer = bank.webhook().create_webhook_endpoint(creating(url, &[])).await;
            let refused = assert_refused(answer, Code::InvalidArgument, code);
            assert_eq!(refused.code_of("url"), Some(code), "{url}");
            let answer = bank
                .webhook()
                .update_webhook_endpoint(updating(&created.name, url))
                .await;
            assert_refused(answer, Code::InvalidArgument, code);
        }
    });
}

#[test]
fn an_endpoint_is_stated_within_limits_and_changed() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let (mut old, mut new) = (Receiver::plain().await, Receiver::plain().await);
        let create_as = async |request: pb::CreateWebhookEndpointRequest| {
            bank.webhook().create_webhook_endpoint(request).await
        };
        let unknown = creating(&old.url(), &["batch.released", "batch.opened"]);
        assert_refused(
            create_as(unknown).await,
            Code::InvalidArgument,
            "WEBHOOK_EVENT_TYPE_UNKNOWN",
        );
        let long = pb::CreateWebhookEndpointRequest {
            description: "长".repeat(201),
            ..creating(&old.url(), &[])
        };
        assert_refused(
            create_as(long).await,
            Code::InvalidArgument,
            "WEBHOOK_DESCRIPTION_TOO_LONG",
        );
        let (created, secret) = create(&bank, &old.url(), &[QUIET, "payment.paid", QUIET]).await;
        assert_eq!(created.event_types, ["payment.paid", QUIET]);
        let updated = bank
            .webhook()
            .update_webhook_endpoint(updating(&created.name, &new.url()))
            .await
            .unwrap()
            .into_inner();
        let updated = updated.endpoint.unwrap();
        assert_eq!(
            (updated.url, updated.event_types),
            (new.url(), vec![QUIET.to_owned()])
        );
        send_test(&bank, &created.name).await.unwrap();
        assert_eq!(new.next().await.signature_of(&secret), Some(0));
        old.assert_silent();
        let nameless = send_test(&bank, "webhookEndpoints/1")
            .await
            .map(tonic::Response::new);
        assert_refused(nameless, Code::InvalidArgument, "NAME_MALFORMED");
        for _ in 1..10 {
            create(&bank, &old.url(), &[QUIET]).await;
        }
        let eleventh = create_as(creating(&old.url(), &[])).await;
        assert_refused(eleventh, Code::FailedPrecondition, "WEBHOOK_ENDPOINTS_TOO_MANY");
    });
}
