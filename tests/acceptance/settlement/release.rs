//! Releasing: by another person, under the digest that was approved, and for ever.

use api::settlement::v1 as pb;
use platform::identity::{Authority, Purpose};
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::sandbox::{client, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

#[test]
fn release_batch_wants_the_releaser_a_computed_draft_and_its_digest() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let mut releaser = sandbox.client("finance-releaser").settlement();
        let mut early = batch::releasing(&draft);
        assert_refused(
            releaser.release_batch(early.clone()).await,
            Code::InvalidArgument,
            "CELL_REQUIRED",
        );
        early.batch_digest = "00".repeat(32);
        assert_refused(
            releaser.release_batch(early).await,
            Code::FailedPrecondition,
            "BATCH_NOT_COMPUTED",
        );
        let computed = batch::compute(sandbox, &draft.name).await;
        let release = batch::releasing(&computed);
        for other in ["finance-maker", "finance-checker", "bureau", "auditor"] {
            let refused = sandbox
                .client(other)
                .settlement()
                .release_batch(release.clone())
                .await;
            assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
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
        assert_refused(
            releaser.release_batch(again).await,
            Code::FailedPrecondition,
            "BATCH_CLOSED",
        );
        let cancel = pb::CancelBatchRequest {
            request_id: ids::request_id(),
            name: draft.name,
            reason: "太迟".to_owned(),
        };
        let refused = sandbox
            .client("finance-maker")
            .settlement()
            .cancel_batch(cancel)
            .await;
        assert_refused(refused, Code::FailedPrecondition, "BATCH_CLOSED");
    });
}

#[test]
fn whoever_opened_a_batch_never_releases_it_whatever_certificate_they_hold() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        // An operator's mistake: the maker is given a releaser's key as well.
        let name = format!("maker-as-releaser-{}", ids::fresh());
        let identity = Authority::open(sandbox.identity_dir())
            .unwrap()
            .issue(&name, Purpose::Client)
            .unwrap();
        let mut database = sandbox.database().await;
        sqlx::query(
            "insert into registry.credential
                 (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
             values ('4105', gen_random_uuid(), 'finance-maker', 'finance-releaser', $1, now(), now() + interval '1 day', 'x')",
        )
        .bind(identity.spki_digest().unwrap().as_slice())
        .execute(&mut database)
        .await
        .unwrap();
        let mut impostor = client(sandbox.url(), &identity).settlement();
        let refused = impostor.release_batch(batch::releasing(&computed)).await;
        assert_refused(refused, Code::PermissionDenied, "TWO_PEOPLE_NEEDED");

        // Not even SQL of the owner gets past the constraint.
        let error = sqlx::query(
            "update settlement.batch set state = 'released', released_by = opened_by, released_at = now()
             where city = '4105' and year = $1",
        )
        .bind(year)
        .execute(&mut database)
        .await
        .unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().constraint(),
            Some("batch_two_people")
        );
        close(database).await;
        sandbox
            .client("finance-releaser")
            .settlement()
            .release_batch(batch::releasing(&computed))
            .await
            .unwrap();
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
