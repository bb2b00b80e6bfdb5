//! Releasing: by another person, under the digest that was approved, and for ever.

use api::settlement::v1 as pb;
use client::Client;
use platform::identity::{Authority, Purpose};
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::sandbox::{Sandbox, client, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

#[test]
fn release_batch_wants_the_releaser_an_approved_batch_and_its_digest() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let mut releaser = sandbox.client("finance-releaser").settlement();
        let mut early = batch::releasing(&draft);
        let refused = releaser.release_batch(early.clone()).await;
        assert_refused(refused, Code::InvalidArgument, "CELL_REQUIRED");
        early.batch_digest = "00".repeat(32);
        let refused = releaser.release_batch(early).await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_NOT_COMPUTED");
        let computed = batch::compute(sandbox, &draft.name).await;
        let refused = releaser.release_batch(batch::releasing(&computed)).await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_WRONG_STATE");
        let approved = batch::approved(sandbox, &computed).await;
        assert_eq!(approved.state(), pb::BatchState::Approved);
        let release = batch::releasing(&approved);
        let wrong = pb::ReleaseBatchRequest {
            request_id: ids::request_id(),
            batch_digest: "00".repeat(32),
            ..release.clone()
        };
        assert_refused(
            releaser.release_batch(wrong).await,
            Code::Aborted,
            "BATCH_DIGEST_MISMATCH",
        );
        let released = releaser
            .release_batch(release.clone())
            .await
            .unwrap()
            .into_inner();
        let stands = released.batch.as_ref().unwrap();
        assert_eq!(
            (stands.state(), stands.released_by.as_str()),
            (pb::BatchState::Released, "finance-releaser")
        );
        assert!(stands.released_at.is_some() && stands.digests == computed.digests);
        let steps: Vec<[&str; 3]> = stands
            .approvals
            .iter()
            .map(|given| [&*given.step, &*given.person, &*given.role])
            .collect();
        assert_eq!(
            steps,
            [
                ["submitted", "finance-maker", "finance-maker"],
                ["published", "bureau", "bureau"],
                ["approved", "finance-checker", "finance-checker"],
                ["released", "finance-releaser", "finance-releaser"],
            ]
        );
        assert!(
            stands
                .approvals
                .iter()
                .all(|given| given.batch_digest == release.batch_digest)
        );
        // The repeat is the first answer; another release is refused, and so is a cancellation.
        assert_eq!(
            releaser
                .release_batch(release.clone())
                .await
                .unwrap()
                .into_inner(),
            released
        );
        let again = pb::ReleaseBatchRequest {
            request_id: ids::request_id(),
            ..release
        };
        let refused = releaser.release_batch(again).await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_CLOSED");
        let cancel = pb::CancelBatchRequest {
            request_id: ids::request_id(),
            name: draft.name,
            reason: "太迟".to_owned(),
        };
        let mut maker = sandbox.client("finance-maker").settlement();
        let refused = maker.cancel_batch(cancel).await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_CLOSED");
    });
}

/// A certificate of a role for somebody who holds another one already: an operator's mistake. One of an earlier mistake is taken back, since
/// nobody has three.
async fn second_certificate(sandbox: &Sandbox, holder: &str, role: &str) -> Client {
    let name = format!("{holder}-as-{role}-{}", ids::fresh());
    let identity = Authority::open(sandbox.identity_dir())
        .unwrap()
        .issue(&name, Purpose::Client)
        .unwrap();
    let mut database = sandbox.database().await;
    sqlx::query(
        "update registry.credential set revoked_at = clock_timestamp(), revoked_by = 'x'
         where holder = $1 and created_by = 'x' and revoked_at is null",
    )
    .bind(holder)
    .execute(&mut database)
    .await
    .unwrap();
    sqlx::query(
        "insert into registry.credential
             (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
         values ('4105', gen_random_uuid(), $1, $2, $3, now(), now() + interval '1 day', 'x')",
    )
    .bind(holder)
    .bind(role)
    .bind(identity.spki_digest().unwrap().as_slice())
    .execute(&mut database)
    .await
    .unwrap();
    close(database).await;
    client(sandbox.url(), &identity)
}

#[test]
fn maker_checker_and_releaser_are_three_people_whatever_certificates_they_hold() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let published = batch::notice_over(sandbox, &computed).await;
        let approving = pb::ApproveBatchRequest {
            request_id: ids::request_id(),
            name: published.name.clone(),
            batch_digest: batch::digest(&published),
        };
        let maker_as_checker = second_certificate(sandbox, "finance-maker", "finance-checker").await;
        let refused = maker_as_checker.settlement().approve_batch(approving).await;
        assert_refused(refused, Code::PermissionDenied, "TWO_PEOPLE_NEEDED");
        let approved = batch::approve(sandbox, &published).await.unwrap();
        for holder in ["finance-maker", "finance-checker"] {
            let impostor = second_certificate(sandbox, holder, "finance-releaser").await;
            let refused = impostor
                .settlement()
                .release_batch(batch::releasing(&approved))
                .await;
            assert_refused(refused, Code::PermissionDenied, "TWO_PEOPLE_NEEDED");
        }
        // Not even SQL of the owner gets past the constraint.
        let mut database = sandbox.database().await;
        for person in ["opened_by", "submitted_by", "approved_by"] {
            let sql = format!(
                "update settlement.batch set state = 'released', released_by = {person}, released_at = now()
                 where city = '4105' and year = $1"
            );
            let error = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(year)
                .execute(&mut database)
                .await
                .unwrap_err();
            assert_eq!(
                error.as_database_error().unwrap().constraint(),
                Some("batch_three_people"),
                "{person}"
            );
        }
        close(database).await;
        batch::release(sandbox, &approved).await.unwrap();
    });
}

#[test]
fn a_released_batch_cannot_change_even_by_the_owner_s_sql() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        batch::settle(sandbox, year, "2026-03-31").await;
        let mut database = sandbox.database().await;
        for sql in [
            "update settlement.batch set opened_by = 'nobody' where year = $1",
            "update settlement.batch set line_sum_fen = 0 where year = $1",
            "update settlement.line set amount_fen = amount_fen + 1, entitled_fen = entitled_fen + 1 where year = $1",
            "delete from settlement.line where year = $1",
            "delete from settlement.finding where year = $1 or year < $1",
            "insert into settlement.finding select city, $1, 1, 999, 'X', 'info', '', '', '', '', '' from settlement.batch where year = $1",
        ] {
            let error = sqlx::query(sql)
                .bind(year)
                .execute(&mut database)
                .await
                .unwrap_err();
            let error = error.as_database_error().unwrap();
            assert_eq!(error.constraint(), Some("batch_closed"), "{sql}: {error}");
        }
        close(database).await;
    });
}

#[test]
fn facts_are_only_ever_added() {
    run(async {
        let mut database = shared().await.database().await;
        let (count,): (i64,) = sqlx::query_as(
            "select count(*) from information_schema.role_table_grants
             where table_schema in ('registry', 'pledge', 'insurance') and table_name <> 'credential'
               and grantee like 'zhirong\\_%' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(count, 0, "no service may change or delete a fact");
        close(database).await;
    });
}
