//! Secrets: handed over once, rotated with an overlap, never readable again.

use api::notify::v1 as pb;
use prost::Message;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::ids::request_id;
use zhirong_tests::receiver::Receiver;
use zhirong_tests::run;
use zhirong_tests::sandbox::{close, shared};
use zhirong_tests::scene::Lending;

use super::{QUIET, create, creating, endpoint, recorded, send_test, sql, uuid_of};

fn rotating(name: &str, overlap_hours: Option<i32>) -> pb::RotateWebhookSecretRequest {
    pb::RotateWebhookSecretRequest {
        request_id: request_id(),
        name: name.to_owned(),
        overlap_hours,
    }
}

#[test]
fn a_secret_is_rotated_with_an_overlap_in_which_both_sign() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let mut receiver = Receiver::plain().await;
        let (created, first) = create(&bank, &receiver.url(), &[QUIET]).await;
        let rotate = async |overlap| {
            let request = rotating(&created.name, overlap);
            let answer = bank.webhook().rotate_webhook_secret(request).await.unwrap();
            answer.into_inner()
        };
        let answer = rotate(None).await;
        let second = answer.secret;
        let until = answer.endpoint.unwrap().old_secret_until.unwrap().seconds;
        let hours = (until - created.created_at.unwrap().seconds) / 3600;
        assert_eq!((hours, second != first), (24, true));
        let hear = async |receiver: &mut Receiver| {
            let asked = send_test(&bank, &created.name).await.unwrap();
            let heard = receiver.next().await;
            recorded(&bank, &asked, 1).await;
            heard
        };
        let heard = hear(&mut receiver).await;
        assert_eq!(
            (heard.signature_of(&second), heard.signature_of(&first)),
            (Some(0), Some(1))
        );

        // The overlap ends.
        let over = "update notify.secret set valid_until = clock_timestamp() where endpoint_id = $1 and valid_until is not null";
        sql(sandbox, over, &created.name).await;
        let heard = hear(&mut receiver).await;
        assert_eq!(
            (heard.signature_of(&second), heard.signature_of(&first)),
            (Some(0), None)
        );
        assert_eq!(endpoint(&bank, &created.name).await.old_secret_until, None);

        // Two at most sign, however often it is rotated.
        let third = rotate(Some(168)).await.secret;
        let fourth = rotate(Some(1)).await.secret;
        let heard = hear(&mut receiver).await;
        let by = [&fourth, &third, &second].map(|secret| heard.signature_of(secret));
        assert_eq!(by, [Some(0), Some(1), None]);

        // One that leaked ends at once.
        let fifth = rotate(Some(0)).await.secret;
        let heard = hear(&mut receiver).await;
        let by = [&fifth, &fourth, &third].map(|secret| heard.signature_of(secret));
        assert_eq!(by, [Some(0), None, None]);
        for overlap in [-1, 169] {
            let refused = bank
                .webhook()
                .rotate_webhook_secret(rotating(&created.name, Some(overlap)))
                .await;
            assert_refused(refused, Code::InvalidArgument, "WEBHOOK_OVERLAP_INVALID");
        }
    });
}

#[test]
fn a_secret_is_answered_to_its_own_request_alone_and_only_while_the_answer_may_be_lost() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let receiver = Receiver::plain().await;
        let request = creating(&receiver.url(), &[QUIET]);
        let ask = async || {
            let answer = bank.webhook().create_webhook_endpoint(request.clone()).await;
            answer.unwrap().into_inner()
        };
        let first = ask().await;
        assert_eq!(first.secret.len(), "whsec_".len() + 44);
        assert_eq!(ask().await, first);
        let name = first.endpoint.as_ref().unwrap().name.clone();
        let old =
            "update notify.secret set created_at = created_at - interval '10 minutes' where endpoint_id = $1";
        sql(sandbox, old, &name).await;
        let late = ask().await;
        assert_eq!((late.secret.as_str(), late.endpoint), ("", first.endpoint));
        // No other answer holds it.
        let read = endpoint(&bank, &name).await.encode_to_vec();
        assert!(!String::from_utf8_lossy(&read).contains("whsec_"));
        // A rotation takes it back even from a quick repeat.
        let rotation = rotating(&name, Some(0));
        let rotated = bank
            .webhook()
            .rotate_webhook_secret(rotation.clone())
            .await
            .unwrap();
        bank.webhook()
            .rotate_webhook_secret(rotating(&name, Some(1)))
            .await
            .unwrap();
        let repeated = bank.webhook().rotate_webhook_secret(rotation).await.unwrap();
        assert_ne!(rotated.into_inner().secret, "");
        assert_eq!(repeated.into_inner().secret, "");
    });
}

#[test]
fn the_database_holds_no_secret_in_the_clear() {
    run(async {
        let sandbox = shared().await;
        let bank = Lending::new(sandbox).await.bank;
        let receiver = Receiver::plain().await;
        let request = creating(&receiver.url(), &[QUIET]);
        let answer = bank.webhook().create_webhook_endpoint(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        let text = answer.secret.strip_prefix("whsec_").unwrap();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
        let mut database = sandbox.database().await;
        let stored: Vec<u8> = sqlx::query_scalar("select answer from ledger.request where request_id = $1")
            .bind(uuid_of(&request.request_id))
            .fetch_one(&mut database)
            .await
            .unwrap();
        let name = answer.endpoint.unwrap().name;
        let sealed: Vec<u8> = sqlx::query_scalar("select sealed from notify.secret where endpoint_id = $1")
            .bind(uuid_of(name.rsplit('/').next().unwrap()))
            .fetch_one(&mut database)
            .await
            .unwrap();
        close(database).await;
        let holds = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
        // The twin: the search finds what is there.
        assert!(holds(&stored, name.as_bytes()));
        for hay in [&stored, &sealed] {
            assert!(!holds(hay, text.as_bytes()) && !holds(hay, &bytes));
        }
    });
}
