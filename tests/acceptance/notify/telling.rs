//! Which fact is told to whom: written in the transaction of the fact, and with names and digests alone.

use api::registry::v1 as registry;
use api::settlement::v1 as pb;
use client::Client;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::desk::{bank_account, budget_unit, enterprise_account};
use zhirong_tests::ids::request_id;
use zhirong_tests::receiver::{Heard, Receiver};
use zhirong_tests::sandbox::{Sandbox, close};
use zhirong_tests::scene::{Insuring, Lending};
use zhirong_tests::{batch, desk, ids, run};

use super::{create, send_test};
use crate::settlement::objection;

/// Somebody with an endpoint for everything.
struct Listener {
    client: Client,
    endpoint: String,
    receiver: Receiver,
}

impl Listener {
    async fn new(client: Client) -> Self {
        let receiver = Receiver::plain().await;
        let (endpoint, _) = create(&client, &receiver.url(), &[]).await;
        Self {
            client,
            endpoint: endpoint.name,
            receiver,
        }
    }

    /// Everything told since the last time: what was told before a test event comes before it.
    async fn told(&mut self) -> Vec<Heard> {
        let last = send_test(&self.client, &self.endpoint).await.unwrap();
        let mut told = Vec::new();
        loop {
            let heard = self.receiver.next().await;
            if heard.id() == last.webhook_id {
                return told;
            }
            told.push(heard);
        }
    }

    /// The types of it.
    async fn types(&mut self) -> Vec<String> {
        let mut types: Vec<String> = self.told().await.iter().map(Heard::event).collect();
        types.sort_unstable();
        types
    }
}

/// The bank that is settled with, another bank, an insurer, and the offices.
struct City {
    sandbox: Sandbox,
    scene: Lending,
    bank: Listener,
    strangers: [Listener; 2],
    offices: [Listener; 3],
}

impl City {
    async fn new() -> Self {
        let sandbox = Sandbox::start().await;
        let scene = Lending::new(&sandbox).await;
        let (other, insuring) = (Lending::new(&sandbox).await, Insuring::new(&sandbox).await);
        Self {
            bank: Listener::new(scene.bank.clone()).await,
            strangers: [
                Listener::new(other.bank).await,
                Listener::new(insuring.insurer).await,
            ],
            offices: [
                Listener::new(sandbox.client("bureau")).await,
                Listener::new(sandbox.client("finance-maker")).await,
                Listener::new(sandbox.client("auditor")).await,
            ],
            scene,
            sandbox,
        }
    }

    /// Asserts what the bank, each office and everybody else were told, whatever the order.
    async fn assert_told(&mut self, bank: &[&str], office: &[&str], stranger: &[&str]) {
        assert_eq!(self.bank.types().await, bank, "the bank");
        for one in &mut self.offices {
            assert_eq!(one.types().await, office, "an office");
        }
        for one in &mut self.strangers {
            assert_eq!(one.types().await, stranger, "a stranger");
        }
    }
}

#[test]
fn a_batch_is_told_on_its_way_to_the_offices_and_its_release_and_payment_to_its_bank() {
    run(async {
        let mut city = City::new().await;
        let year = ids::year();
        city.scene.lend(year, "8000000.00").await;
        let released = batch::settle(&city.sandbox, year, "2026-03-31").await;
        let told = city.bank.told().await;
        let digest = batch::digest(&released);
        let wanted = json!({"batch": released.name, "digest": digest, "state": "released"});
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            (told[1].event().as_str(), &told[1].json()["data"]),
            ("batch.released", &wanted)
        );
        let notice = json!({
            "notice": format!("{}/notices/1", released.name),
            "digest": digest,
            "endsOn": told[0].json()["data"]["endsOn"],
        });
        assert_eq!(
            (told[0].event().as_str(), &told[0].json()["data"]),
            ("notice.published", &notice)
        );
        let office = [
            "batch.approved",
            "batch.published",
            "batch.released",
            "batch.submitted",
            "notice.published",
        ];
        city.assert_told(&[], &office, &["notice.published"]).await;

        let sandbox = &city.sandbox;
        desk::report(
            sandbox,
            enterprise_account(&city.scene.borrower, "6222020200112233445"),
        )
        .await;
        desk::report(sandbox, bank_account(&city.scene, "1706020109200054321")).await;
        budget_unit(sandbox).await;
        desk::prepare(sandbox, &released.name).await;
        desk::export(sandbox, &released.name, pb::VoucherFormat::Xml).await;
        let found = desk::payments(sandbox, "finance-maker", &released.name).await;
        let paid = found
            .iter()
            .zip(["S-1", "S-2"])
            .map(|(payment, serial)| desk::result(payment, pb::PaymentOutcome::Paid, serial))
            .collect();
        desk::results(sandbox, paid).await;
        let told = city.bank.told().await;
        let mut data: Vec<_> = told
            .iter()
            .map(|heard| (heard.event(), heard.json()["data"].clone()))
            .collect();
        data.sort_by(|one, other| one.0.cmp(&other.0));
        let of_bank = json!({
            "payment": format!("{}/payments/1", released.name),
            "batch": released.name,
            "state": "paid",
        });
        let of_batch = json!({"batch": released.name, "digest": digest, "state": "paid"});
        assert_eq!(
            data,
            [
                ("batch.paid".to_owned(), of_batch),
                ("payment.paid".to_owned(), of_bank)
            ]
        );
        city.assert_told(&[], &["batch.paid", "payment.paid", "payment.paid"], &[])
            .await;

        let returned = desk::result(&found[0], pb::PaymentOutcome::ActiveReturn, "S-1");
        desk::results(&city.sandbox, vec![returned]).await;
        city.assert_told(&["payment.returned"], &["payment.returned"], &[])
            .await;
        city.sandbox.stop().await;
    });
}

#[test]
fn objections_returns_and_cancellations_are_told() {
    run(async {
        let mut city = City::new().await;
        let year = ids::year();
        city.scene.lend(year, "8000000.00").await;
        let draft = batch::open(&city.sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(&city.sandbox, &draft.name).await;
        batch::notice_over(&city.sandbox, &computed).await;
        city.assert_told(
            &["notice.published"],
            &["batch.published", "batch.submitted", "notice.published"],
            &["notice.published"],
        )
        .await;

        // Line 1 is the bank's, line 2 its borrower's.
        let mut review = city.sandbox.client("bureau").review();
        for (line, bank) in [
            (1, vec!["objection.decided", "objection.opened"]),
            (2, Vec::new()),
        ] {
            let opened = objection::object(&city.sandbox, &format!("{}/lines/{line}", draft.name)).await;
            let decision = objection::deciding(&opened.name, pb::ObjectionState::Rejected);
            review.decide_objection(decision).await.unwrap();
            let told = city.offices[0].told().await;
            let data = json!({"objection": opened.name, "state": "open"});
            assert_eq!(told[0].json()["data"], data);
            city.offices[0].types().await;
            assert_eq!(city.bank.types().await, bank);
        }
        let both = [
            "objection.decided",
            "objection.decided",
            "objection.opened",
            "objection.opened",
        ];
        assert_eq!(city.offices[1].types().await, both);
        assert_eq!(city.offices[2].types().await, both);

        let (name, reason) = (draft.name.clone(), "材料有误".to_owned());
        let mut checker = city.sandbox.client("finance-checker").settlement();
        checker
            .return_batch(pb::ReturnBatchRequest {
                request_id: request_id(),
                name: name.clone(),
                reason: reason.clone(),
            })
            .await
            .unwrap();
        let mut maker = city.sandbox.client("finance-maker").settlement();
        maker
            .cancel_batch(pb::CancelBatchRequest {
                request_id: request_id(),
                name,
                reason,
            })
            .await
            .unwrap();
        city.assert_told(&[], &["batch.cancelled", "batch.returned"], &[])
            .await;
        city.sandbox.stop().await;
    });
}

#[test]
fn a_credential_is_told_to_its_holder_and_the_offices() {
    run(async {
        let mut city = City::new().await;
        let digest = "ab".repeat(32);
        let mut bureau = city.sandbox.client("bureau").registry();
        bureau
            .create_credential(registry::CreateCredentialRequest {
                request_id: request_id(),
                holder: city.scene.code.clone(),
                role: registry::CredentialRole::Institution.into(),
                key: Some(registry::create_credential_request::Key::SpkiDigest(
                    digest.clone(),
                )),
                not_before: None,
                not_after: Some(prost_types::Timestamp {
                    seconds: 4_000_000_000,
                    nanos: 0,
                }),
            })
            .await
            .unwrap();
        bureau
            .revoke_credential(registry::RevokeCredentialRequest {
                request_id: request_id(),
                name: format!("credentials/{digest}"),
                reason: "更换".to_owned(),
            })
            .await
            .unwrap();
        let told = city.bank.told().await;
        assert_eq!(
            told[0].json()["data"],
            json!({"credential": format!("credentials/{digest}"), "role": "institution"})
        );
        let types: Vec<String> = told.iter().map(Heard::event).collect();
        assert_eq!(types, ["credential.created", "credential.revoked"]);
        city.assert_told(&[], &["credential.created", "credential.revoked"], &[])
            .await;
        city.sandbox.stop().await;
    });
}

#[test]
fn a_message_holds_no_amount_and_nobody_s_name() {
    run(async {
        let mut city = City::new().await;
        let year = ids::year();
        city.scene.lend(year, "8000000.00").await;
        batch::settle(&city.sandbox, year, "2026-03-31").await;
        let secrets = [
            "150000",
            "80000",
            "8000000",
            "finance-",
            "officer",
            "HT-",
            "测试",
            "安阳",
            &city.scene.borrower,
            &city.scene.legal_person,
            &city.scene.code,
        ];
        let told = city.offices[0].told().await;
        assert!(told.len() >= 5);
        for heard in told {
            for secret in secrets {
                assert!(!heard.body.contains(secret), "{secret} in {}", heard.body);
            }
        }
        city.sandbox.stop().await;
    });
}

/// What a transaction on a credential puts into the outbox, seen before it ends; it is then rolled back or committed.
async fn outbox_of(database: &mut PgConnection, number: u8, with_trigger: bool, commits: bool) -> (i64, i64) {
    let count = "select count(*) from notify.delivery where event_type = 'credential.created'";
    let mut tx = database.begin().await.unwrap();
    if !with_trigger {
        sqlx::query("alter table registry.credential disable trigger credential_created_told")
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    sqlx::query(
        "insert into registry.credential (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
         values ('4105', gen_random_uuid(), 'visitor', 'auditor', decode(repeat($1, 32), 'hex'), now(), now() + interval '1 day', 'test')",
    )
    .bind(format!("{number:02x}"))
    .execute(&mut *tx)
    .await
    .unwrap();
    let inside: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
    if commits {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await.unwrap();
    }
    let after: i64 = sqlx::query_scalar(count).fetch_one(database).await.unwrap();
    (inside, after)
}

#[test]
fn an_event_is_there_with_its_fact_or_not_at_all() {
    run(async {
        let sandbox = Sandbox::start().await;
        let mut bureau = Listener::new(sandbox.client("bureau")).await;
        let mut database = sandbox.database().await;
        assert_eq!(outbox_of(&mut database, 1, true, false).await, (1, 0));
        // The twin: without its trigger a fact is told to nobody, and the count says so.
        assert_eq!(outbox_of(&mut database, 2, false, false).await, (0, 0));
        assert_eq!(outbox_of(&mut database, 3, true, true).await, (1, 1));
        close(database).await;
        assert_eq!(bureau.types().await, ["credential.created"]);

        // And a release that is refused tells nothing.
        let (scene, year) = (Lending::new(&sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(&sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(&sandbox, &draft.name).await;
        let approved = batch::approved(&sandbox, &computed).await;
        bureau.told().await;
        let request = pb::ReleaseBatchRequest {
            batch_digest: "0".repeat(64),
            ..batch::releasing(&approved)
        };
        let mut releaser = sandbox.client("finance-releaser").settlement();
        let answer = releaser.release_batch(request).await;
        assert_refused(answer, Code::Aborted, "BATCH_DIGEST_MISMATCH");
        assert_eq!(bureau.types().await, Vec::<String>::new());
        sandbox.stop().await;
    });
}
