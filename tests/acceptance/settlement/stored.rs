//! What is pulled is what is stored and proven: the same bytes for ever, and nothing at all once a row was altered.

use api::settlement::v1 as pb;
use platform::database::embedded::temporary_dir;
use prost::Message as _;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tonic::Code;
use zhirong_tests::answer::{assert_refused, refused};
use zhirong_tests::pull::{download, downloading, paging, stream, streaming};
use zhirong_tests::sandbox::{Sandbox, close, shared, watch};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use super::pull::settled;

/// The bytes of every message of the stream, and of the archive.
async fn pulled(sandbox: &Sandbox, name: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let client = sandbox.client("auditor");
    let messages = stream(&client, streaming(name, ""), usize::MAX).await.unwrap();
    let (_, archive, _) = download(&client, downloading(name, 0)).await.unwrap();
    (
        messages
            .iter()
            .map(pb::StreamBatchResponse::encode_to_vec)
            .collect(),
        archive,
    )
}

#[test]
fn a_batch_pulled_again_is_the_same_bytes_whatever_came_after_it() {
    run(async {
        let dir = temporary_dir("zhirong-pulled").unwrap();
        let _watchdog = watch(&dir);
        let sandbox = Sandbox::open(&dir).await;
        let released = settled(&sandbox, 4).await;
        let first = pulled(&sandbox, &released.name).await;
        assert!(first == pulled(&sandbox, &released.name).await, "again");
        // New facts of the same year, then a later batch that counts them.
        Lending::new(&sandbox)
            .await
            .lend(released.year, "9000000.00")
            .await;
        assert!(first == pulled(&sandbox, &released.name).await, "after new facts");
        let later = batch::settle(&sandbox, released.year, "2026-04-30").await;
        assert!(
            first == pulled(&sandbox, &released.name).await,
            "after a later batch"
        );
        assert!(first != pulled(&sandbox, &later.name).await);
        sandbox.stop().await;
        let sandbox = Sandbox::open(&dir).await;
        assert!(first == pulled(&sandbox, &released.name).await, "after a restart");
        sandbox.stop().await;
    });
}

#[test]
fn a_batch_of_another_engine_is_pulled_as_it_stands() {
    run(async {
        let sandbox = Sandbox::start().await;
        let released = settled(&sandbox, 2).await;
        // Another engine would have come to other numbers: here the receipt of one that calls itself 0, sealed as it should be.
        let mut database = sandbox.database().await;
        let of = "city = '4105' and year = $1 and sequence = 2";
        let sql = format!("select receipt from settlement.batch where {of}");
        let (bytes,): (Vec<u8>,) = sqlx::query_as(AssertSqlSafe(sql))
            .bind(released.year)
            .fetch_one(&mut database)
            .await
            .unwrap();
        let receipt = exchange::batch::Receipt::from_json(&bytes).unwrap();
        let other = exchange::batch::Receipt {
            engine_version: "0".to_owned(),
            signature: None,
            ..receipt
        };
        let other = other.seal();
        as_superuser(&mut database, async |tx| {
            let sql = format!(
                "update settlement.batch
                 set receipt = $2, batch_digest = $3, submitted_digest = $3, published_digest = $3, approved_digest = $3
                 where {of}"
            );
            let query = sqlx::query(AssertSqlSafe(sql))
                .bind(released.year)
                .bind(other.to_json());
            query.bind(&other.batch_digest).execute(tx).await.unwrap();
        })
        .await;
        let client = sandbox.client("auditor");
        let messages = stream(&client, streaming(&released.name, ""), usize::MAX)
            .await
            .unwrap();
        let (receipt, differences) = zhirong::verify::verify(&batch::files(&messages));
        assert_eq!(receipt.unwrap().batch_digest, other.batch_digest);
        assert!(differences[0].en.contains("another engine"), "{differences:?}");
        close(database).await;
        sandbox.stop().await;
    });
}

/// Runs statements past triggers and foreign keys, as somebody with the server's own powers could.
async fn as_superuser(database: &mut PgConnection, work: impl AsyncFnOnce(&mut PgConnection)) {
    let mut tx = database.begin().await.unwrap();
    sqlx::raw_sql("set local session_replication_role = replica")
        .execute(&mut *tx)
        .await
        .unwrap();
    work(&mut tx).await;
    tx.commit().await.unwrap();
}

async fn execute(tx: &mut PgConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(tx).await;
    assert!(done.is_ok_and(|done| done.rows_affected() > 0), "{sql}");
}

/// A table, what is done to it, and the file that must be named.
const ALTERATIONS: &[(&str, &str, &str)] = &[
    (
        "settlement.line",
        "update X set beneficiary_name = beneficiary_name || 'x'",
        "lines.csv",
    ),
    (
        "settlement.line",
        "update X set entitled_fen = entitled_fen + 1, amount_fen = amount_fen + 1 where line_no = 1",
        "lines.csv",
    ),
    (
        "settlement.line",
        "update X set explanation = set_byte(explanation, length(explanation) - 1, 255 - get_byte(explanation, length(explanation) - 1)) where line_no = 1",
        "lines.csv",
    ),
    (
        "settlement.line",
        "delete from X where line_no = 2 and sequence = 2",
        "lines.csv",
    ),
    (
        "settlement.finding",
        "update X set message_en = message_en || '.'",
        "findings.csv",
    ),
    (
        "settlement.finding",
        "delete from X where sequence = 2",
        "findings.csv",
    ),
    (
        "settlement.position_before",
        "update X set settled_fen = settled_fen + 1",
        "settled.csv",
    ),
    (
        "settlement.position_before",
        "update X set beneficiary = 'NOBODY' where ctid = (select min(ctid) from X)",
        "settled.csv",
    ),
    (
        "settlement.batch",
        "update X set policy_text = policy_text || '# '",
        "policy.toml",
    ),
    (
        "settlement.batch",
        "update X set receipt = receipt || ' '::bytea where sequence = 2",
        "receipt.json",
    ),
    (
        "settlement.batch",
        "update X set receipt = null where sequence = 2",
        "receipt.json",
    ),
    (
        "settlement.batch",
        "update X set batch_digest = repeat('0', 64) where sequence = 2",
        "receipt.json",
    ),
    (
        "settlement.batch",
        "update X set as_of = as_of + 1",
        "receipt.json",
    ),
    (
        "settlement.batch",
        "update X set line_sum_fen = line_sum_fen + 1",
        "receipt.json",
    ),
    (
        "pledge.loan",
        "update X set contract_amount_fen = contract_amount_fen + 1",
        "facts/loans.csv",
    ),
    (
        "pledge.loan",
        "update X set contract_amount_fen = -1",
        "facts/loans.csv",
    ),
    (
        "registry.enterprise",
        "update X set name = name || 'x'",
        "facts/enterprises.csv",
    ),
    (
        "pledge.loan_event",
        "delete from X where contract_no = 'STRAY'",
        "facts/",
    ),
    ("pledge.pledge", "update X set cut_off = cut_off + 100", "facts/"),
];

#[test]
fn a_row_altered_in_the_database_stops_every_pull_by_the_name_of_its_file() {
    run(async {
        let sandbox = Sandbox::start().await;
        let released = settled(&sandbox, 2).await;
        let (client, mut database) = (sandbox.client("auditor"), sandbox.database().await);
        let whole = pulled(&sandbox, &released.name).await;
        // What keeps the table's rows plausible is no help against somebody with these powers.
        for (table, _, _) in ALTERATIONS {
            let sql = format!(
                "do $$ declare c record; begin for c in select conname from pg_constraint
                     where conrelid = '{table}'::regclass and contype = 'c'
                 loop execute format('alter table {table} drop constraint %I', c.conname); end loop; end $$"
            );
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut database)
                .await
                .unwrap();
        }
        for (table, alteration, file) in ALTERATIONS {
            as_superuser(&mut database, async |tx| {
                execute(tx, format!("create temp table kept as table {table}")).await;
                execute(tx, alteration.replace('X', table)).await;
            })
            .await;
            let status = stream(&client, streaming(&released.name, ""), 1)
                .await
                .unwrap_err();
            let reason = refused(&status).reason;
            assert_eq!(
                (status.code(), reason.as_str()),
                (Code::FailedPrecondition, "BATCH_FILE_ALTERED"),
                "{alteration}"
            );
            let told = format!("{file} of batch {}", released.batch_no);
            assert!(refused(&status).en.starts_with(&told), "{alteration}: {status:?}");
            let page = client
                .settlement()
                .list_batch_messages(paging(&released.name, 1, ""))
                .await;
            assert_refused(page, Code::FailedPrecondition, "BATCH_FILE_ALTERED");
            let answer = client
                .settlement()
                .download_batch(downloading(&released.name, 0))
                .await;
            assert_refused(answer, Code::FailedPrecondition, "BATCH_FILE_ALTERED");
            as_superuser(&mut database, async |tx| {
                let sql =
                    format!("delete from {table}; insert into {table} select * from kept; drop table kept");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx).await.unwrap();
            })
            .await;
            // The same rows as before are the same batch again.
            assert!(whole == pulled(&sandbox, &released.name).await, "{alteration}");
        }
        close(database).await;
        sandbox.stop().await;
    });
}

#[test]
fn a_draft_computed_to_another_digest_is_not_gone_on_with() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        Lending::new(sandbox).await.lend(year, "2000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let client = sandbox.client("auditor");
        let begun = stream(&client, streaming(&draft.name, ""), 3).await.unwrap();
        let token = &begun[2].resume_token;
        // Computed again to the same digest, it goes on.
        batch::compute(sandbox, &draft.name).await;
        let rest = stream(&client, streaming(&draft.name, token), 1).await.unwrap();
        assert_eq!(rest[0].sequence, 4);
        let mut database = sandbox.database().await;
        as_superuser(&mut database, async |tx| {
            let sql = "update settlement.batch set as_of = as_of + 1 where city = '4105' and year = $1";
            sqlx::query(sql).bind(year).execute(tx).await.unwrap();
        })
        .await;
        close(database).await;
        let other = batch::compute(sandbox, &draft.name).await;
        assert_ne!(other.digests, computed.digests);
        let status = stream(&client, streaming(&draft.name, token), 1)
            .await
            .unwrap_err();
        assert_eq!(refused(&status).reason, "BATCH_DIGEST_MISMATCH");
        let page = client
            .settlement()
            .list_batch_messages(paging(&draft.name, 5, token))
            .await;
        assert_refused(page, Code::Aborted, "BATCH_DIGEST_MISMATCH");
        let request = pb::DownloadBatchRequest {
            batch_digest: computed.digests.unwrap().batch,
            ..downloading(&draft.name, 10)
        };
        let answer = client.settlement().download_batch(request).await;
        assert_refused(answer, Code::Aborted, "BATCH_DIGEST_MISMATCH");
        assert!(stream(&client, streaming(&draft.name, ""), 1).await.is_ok());
    });
}
