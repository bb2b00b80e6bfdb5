//! Rows from before the chains are chained by the migration, also where the owner of the schema is no superuser.

use std::borrow::Cow;

use ledger::audit_chain::{ChainCheck, Pin};
use ledger::store::audit;
use platform::database::embedded::{self, Cluster};
use platform::database::migrator;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use zhirong_tests::run;
use zhirong_tests::sandbox::watch;

/// The migration that chains the trail.
const CHAINED: i64 = 20_260_201_000_005;

async fn check(database: &mut PgConnection, stream: &str) -> (i64, usize) {
    let heads = audit::heads(database, "4105").await.unwrap();
    let head = heads.into_iter().find(|head| head.stream == stream).unwrap();
    let mut chain = ChainCheck::new([Pin {
        chain_no: head.chain_no,
        hash: head.hash,
        source: "head".to_owned(),
    }]);
    for row in audit::page(database, "4105", stream, 0, 1000).await.unwrap() {
        chain.push(&row);
    }
    (chain.last().0, chain.finish().len())
}

#[test]
fn rows_from_before_are_chained_in_the_order_they_were_recorded() {
    run(async {
        let dir = embedded::temporary_dir("zhirong-backfill").unwrap();
        let _watchdog = watch(&dir);
        let programs = embedded::find(None, &dir).unwrap();
        let cluster = Cluster::start(&dir, &programs).await.unwrap();
        let mut superuser = cluster.options().connect().await.unwrap();
        for sql in [
            "create role plain_owner login createrole nosuperuser password 'x'",
            "create database before owner plain_owner",
        ] {
            superuser.execute(sql).await.unwrap();
        }
        superuser.close().await.unwrap();
        let options = cluster.options().database("before");
        let mut owner = options
            .clone()
            .username("plain_owner")
            .password("x")
            .connect()
            .await
            .unwrap();
        let mut earlier = migrator();
        let versions = earlier.iter().filter(|migration| migration.version < CHAINED);
        earlier.migrations = Cow::Owned(versions.cloned().collect());
        earlier.run_direct(None, &mut owner, false).await.unwrap();

        let mut superuser = options.connect().await.unwrap();
        let rows = "insert into ledger.audit
                (city, audit_id, stream, actor, actor_role, action, object, body_digest, cut_off, recorded_at)
            select '4105', gen_random_uuid(), (array['bureau', 'finance', 'B1'])[1 + n % 3], 'x', 'x', 'x', n::text, sha256('x'), 1,
                   timestamptz '2026-01-01' + ((n * 7919) % 300) * interval '1 second'
            from generate_series(1, 300) n";
        superuser.execute(rows).await.unwrap();
        migrator().run_direct(None, &mut owner, false).await.unwrap();
        for stream in ["bureau", "finance", "B1"] {
            assert_eq!(check(&mut superuser, stream).await, (100, 0), "{stream}");
        }
        let (ascending,): (bool,) = sqlx::query_as(
            "select bool_and(recorded_at >= before) from (
                 select recorded_at, lag(recorded_at) over (partition by stream order by chain_no) before from ledger.audit
             ) rows",
        )
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        assert!(ascending);
        // A service goes on from there; what chains its row has the owner's rights and is still bound by row-level security.
        let more = "set zhirong.city = '4105'; set zhirong.institution = 'B1'; set role zhirong_pledge;
            insert into ledger.audit (city, audit_id, stream, actor, actor_role, action, object, body_digest, cut_off)
                values ('4105', gen_random_uuid(), 'B1', 'B1', 'institution', 'x', 'x', sha256('x'), 1);
            reset role";
        superuser.execute(more).await.unwrap();
        assert_eq!(check(&mut superuser, "B1").await, (101, 0));
        superuser.close().await.unwrap();
        owner.close().await.unwrap();
        cluster.stop().await.unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
    });
}
