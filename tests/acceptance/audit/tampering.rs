//! Somebody with every right on the database changes the trail: each way of it is named by stream and number.

use std::path::{Path, PathBuf};
use std::process::Command;

use platform::database::embedded::temporary_dir;
use sqlx::{Connection, Executor, PgConnection};
use zhirong::audit::Found;
use zhirong::export::export;
use zhirong_tests::process::program;
use zhirong_tests::sandbox::{Sandbox, close};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

use super::verify;

/// Every break as `stream number code`.
fn broken(found: &Found) -> Vec<String> {
    let of_chain = |chain: &zhirong::audit::Chain| {
        let stream = chain.stream.clone();
        let name = move |it: &ledger::audit_chain::Break| format!("{stream} {} {}", it.chain_no(), it.code());
        chain.breaks.iter().map(name).collect::<Vec<_>>()
    };
    found.chains.iter().flat_map(of_chain).collect()
}

/// Runs `zhirong audit verify` as the auditor does and answers its exit code.
fn exit_code(sandbox: &Sandbox, batches: &[PathBuf]) -> Option<i32> {
    let mut command = Command::new(program());
    command.args(["audit", "verify", "--server", sandbox.url(), "--identity"]);
    command.arg(sandbox.identity_dir());
    for batch in batches {
        command.arg("--batch").arg(batch);
    }
    command.output().unwrap().status.code()
}

/// A sandbox with a chain of some length, an exported batch, and a copy of the trail to put back.
struct Scene {
    sandbox: Sandbox,
    database: PgConnection,
    stream: String,
    batch: PathBuf,
    dir: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let sandbox = Sandbox::start().await;
        let (lending, year) = (Lending::new(&sandbox).await, ids::year());
        for _ in 0..6 {
            lending.lend(year, "8000000.00").await;
        }
        let settled = batch::settle(&sandbox, year, "2026-03-31").await;
        let dir = temporary_dir("zhirong-audit").unwrap();
        let batch = dir.join("batch");
        let (url, identity) = (sandbox.url().to_owned(), sandbox.identity_dir().to_path_buf());
        let receipt = export(&url, &identity, &settled.batch_no, &batch).await.unwrap();
        let printed = receipt
            .audit_heads
            .iter()
            .find(|head| head.stream == lending.code);
        assert_eq!(printed.unwrap().chain_no, 6);
        assert!(receipt.signature.is_some());
        // Reports after the batch, so that its head stands inside the chain.
        for _ in 0..2 {
            lending.lend(year, "8000000.00").await;
        }
        let mut database = sandbox.database().await;
        let copies = "create schema kept;
            create table kept.audit as select * from ledger.audit;
            create table kept.audit_head as select * from ledger.audit_head;
            create table kept.request as select * from ledger.request;
            create table kept.batch as select * from settlement.batch";
        database.execute(copies).await.unwrap();
        Self {
            sandbox,
            database,
            stream: lending.code,
            batch,
            dir,
        }
    }

    /// Runs statements as a superuser whom no trigger stops. `{}` is the stream.
    async fn tamper(&mut self, sql: &str) {
        let sql = sql.replace("{}", &format!("'{}'", self.stream));
        let sql = format!("set session_replication_role = replica; {sql}; reset session_replication_role");
        self.database.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }

    /// Puts the trail back as it was.
    async fn restore(&mut self) {
        self.tamper(
            "delete from ledger.audit; insert into ledger.audit select * from kept.audit;
             delete from ledger.audit_head; insert into ledger.audit_head select * from kept.audit_head;
             delete from ledger.request; insert into ledger.request select * from kept.request;
             update settlement.batch b set audit_heads = k.audit_heads from kept.batch k
                 where (k.city, k.year, k.sequence) = (b.city, b.year, b.sequence)",
        )
        .await;
        assert_eq!(self.broken(true).await, [""; 0]);
    }

    async fn broken(&self, with_batch: bool) -> Vec<String> {
        let batches: Vec<PathBuf> = with_batch.then(|| self.batch.clone()).into_iter().collect();
        broken(&verify(&self.sandbox, &batches).await)
    }

    fn named(&self, wanted: &[&str]) -> Vec<String> {
        wanted.iter().map(|it| format!("{} {it}", self.stream)).collect()
    }

    async fn stop(self) {
        close(self.database).await;
        self.sandbox.stop().await;
        std::fs::remove_dir_all(&self.dir).unwrap();
    }
}

/// Hashes the whole stream again and moves its head: what somebody does who knows the encoding.
const CHAIN_ANEW: &str = "do $$
    declare each ledger.audit; previous bytea := decode(repeat('00', 32), 'hex');
    begin
        for each in select * from ledger.audit where stream = {} order by chain_no loop
            each.previous_hash := previous;
            previous := ledger.audit_row_hash(each);
            update ledger.audit set previous_hash = each.previous_hash, row_hash = previous where audit_id = each.audit_id;
        end loop;
        update ledger.audit_head h set chain_no = a.chain_no, head_hash = a.row_hash from ledger.audit a
            where h.stream = {} and a.stream = h.stream
                and a.chain_no = (select max(chain_no) from ledger.audit where stream = {});
    end $$";

#[test]
fn every_way_of_tampering_is_named() {
    run(async {
        let mut scene = Scene::new().await;
        assert_eq!(scene.broken(true).await, [""; 0]);
        assert_eq!(
            exit_code(&scene.sandbox, std::slice::from_ref(&scene.batch)),
            Some(0)
        );

        // A payload digest is changed.
        scene
            .tamper("update ledger.audit set body_digest = sha256('x') where stream = {} and chain_no = 3")
            .await;
        assert_eq!(scene.broken(false).await, scene.named(&["3 AUDIT_ROW_CHANGED"]));
        assert_eq!(exit_code(&scene.sandbox, &[]), Some(1));
        scene.restore().await;

        // And hashed again, alone.
        scene
            .tamper(
                "update ledger.audit set body_digest = sha256('x') where stream = {} and chain_no = 3;
                 update ledger.audit a set row_hash = ledger.audit_row_hash(a) where stream = {} and chain_no = 3",
            )
            .await;
        assert_eq!(scene.broken(false).await, scene.named(&["4 AUDIT_LINK_BROKEN"]));
        scene.restore().await;

        // A row in the middle is taken out.
        scene
            .tamper("delete from ledger.audit where stream = {} and chain_no = 4")
            .await;
        assert_eq!(scene.broken(false).await, scene.named(&["4 AUDIT_ROW_MISSING"]));
        scene.restore().await;

        // Two rows change places.
        scene
            .tamper(
                "update ledger.audit set chain_no = 100 where stream = {} and chain_no = 3;
                 update ledger.audit set chain_no = 3 where stream = {} and chain_no = 4;
                 update ledger.audit set chain_no = 4 where stream = {} and chain_no = 100",
            )
            .await;
        let swapped = [
            "3 AUDIT_ROW_CHANGED",
            "4 AUDIT_ROW_CHANGED",
            "5 AUDIT_LINK_BROKEN",
        ];
        assert_eq!(scene.broken(false).await, scene.named(&swapped));
        scene.restore().await;

        // The whole chain is gone, head and all.
        scene
            .tamper(
                "delete from ledger.audit where stream = {}; delete from ledger.audit_head where stream = {}",
            )
            .await;
        assert!(
            scene
                .broken(false)
                .await
                .contains(&scene.named(&["8 AUDIT_TAIL_MISSING"])[0])
        );
        scene.restore().await;
        scene.stop().await;
    });
}

#[test]
fn a_tail_that_is_cut_off_is_named_by_answers_and_by_batches() {
    run(async {
        let mut scene = Scene::new().await;
        // Cut off and the head moved back: the rows that are left are a whole chain. The answers given tell.
        let cut = "delete from ledger.audit where stream = {} and chain_no > 5";
        scene.tamper(&format!("{cut}; {CHAIN_ANEW}")).await;
        let found = scene.broken(false).await;
        let (of_batch, of_answer) = ("6 AUDIT_TAIL_MISSING", "8 AUDIT_TAIL_MISSING");
        assert_eq!(found, scene.named(&[of_batch, of_answer]));
        // The answers and the stored batch are changed too: the exported batch tells.
        scene
            .tamper("update ledger.request set audit_stream = null, audit_chain_no = null, audit_hash = null where audit_stream = {}")
            .await;
        assert_eq!(scene.broken(false).await, scene.named(&[of_batch]));
        scene
            .tamper("update settlement.batch set audit_heads = '[]'")
            .await;
        assert_eq!(
            scene.broken(false).await,
            [""; 0],
            "nothing in the database tells any more"
        );
        assert_eq!(scene.broken(true).await, scene.named(&[of_batch]));
        scene.restore().await;
        scene.stop().await;
    });
}

#[test]
fn a_chain_that_is_written_anew_is_named_by_a_batch_alone() {
    run(async {
        let mut scene = Scene::new().await;
        let changed = "update ledger.audit set body_digest = sha256('x') where stream = {} and chain_no = 3";
        scene.tamper(&format!("{changed}; {CHAIN_ANEW}")).await;
        scene
            .tamper(
                "update ledger.request r set audit_hash = a.row_hash from ledger.audit a
                     where a.stream = {} and r.audit_stream = a.stream and r.audit_chain_no = a.chain_no;
                 update settlement.batch set audit_heads = '[]'",
            )
            .await;
        assert_eq!(
            scene.broken(false).await,
            [""; 0],
            "the red twin: without a batch nothing tells"
        );
        assert_eq!(exit_code(&scene.sandbox, &[]), Some(0));
        assert_eq!(scene.broken(true).await, scene.named(&["6 AUDIT_HEAD_DIFFERS"]));
        assert_eq!(
            exit_code(&scene.sandbox, std::slice::from_ref(&scene.batch)),
            Some(1)
        );
        // A batch whose heads are changed to match does not hold by itself.
        let forged = scene.dir.join("forged");
        forge(&scene.batch, &forged);
        let found = verify(&scene.sandbox, &[forged]).await;
        assert!(!found.batches.is_empty() && !found.is_whole(), "{found:?}");
        scene.restore().await;
        scene.stop().await;
    });
}

/// A copy of a batch without its heads, sealed anew: the signature is over the old one.
fn forge(batch: &Path, forged: &Path) {
    std::fs::create_dir(forged).unwrap();
    let bytes = std::fs::read(batch.join("receipt.json")).unwrap();
    let receipt = exchange::batch::Receipt::from_json(&bytes).unwrap();
    let bare = exchange::batch::Receipt {
        audit_heads: Vec::new(),
        ..receipt
    };
    std::fs::write(forged.join("receipt.json"), bare.seal().to_json()).unwrap();
}

/// Runs one statement as a service does, and answers the SQLSTATE and the constraint of its refusal.
async fn as_role(database: &mut PgConnection, role: &str, sql: &str) -> (String, Option<String>) {
    let mut tx = database.begin().await.unwrap();
    let enter = format!(
        "set local role {role}; set local zhirong.city = '4105'; set local zhirong.institution = '*'"
    );
    tx.execute(sqlx::AssertSqlSafe(enter)).await.unwrap();
    let refused = tx.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap_err();
    let refused = refused.as_database_error().unwrap();
    let answer = (
        refused.code().unwrap().into_owned(),
        refused.constraint().map(str::to_owned),
    );
    tx.rollback().await.unwrap();
    answer
}

#[test]
fn no_service_changes_the_trail_or_leaves_a_row_out_of_its_chain() {
    run(async {
        let mut scene = Scene::new().await;
        let changes = [
            "update ledger.audit set object = 'x'",
            "delete from ledger.audit",
            "truncate ledger.audit",
            "update ledger.audit_head set chain_no = 0",
            "insert into ledger.audit_head values ('4105', 'x', 0, sha256('x'))",
            "delete from ledger.audit_head",
            "truncate ledger.audit_head",
        ];
        for role in ["registry", "pledge", "insurance", "settlement"] {
            for change in changes {
                let refused = as_role(&mut scene.database, &format!("zhirong_{role}"), change).await;
                assert_eq!(refused.0, "42501", "{role} {change}");
            }
        }
        // A right granted by mistake is not enough: the red twin of the missing grant.
        let database = &mut scene.database;
        database
            .execute("grant update, delete, truncate on ledger.audit to zhirong_pledge")
            .await
            .unwrap();
        for change in &changes[..3] {
            let (code, constraint) = as_role(database, "zhirong_pledge", change).await;
            assert_eq!(
                (code.as_str(), constraint.as_deref()),
                ("23514", Some("audit_append_only")),
                "{change}"
            );
        }
        // A row that states its own place is chained all the same, and one that a conflict leaves out takes no place.
        let forged = "set role zhirong_pledge; set zhirong.city = '4105'; set zhirong.institution = '*';
            insert into ledger.audit (city, audit_id, stream, actor, actor_role, action, object, body_digest, cut_off,
                    chain_no, previous_hash, row_hash, hash_version, recorded_at)
                values ('4105', '00000000-0000-0000-0000-000000000001', 'bureau', 'x', 'x', 'x', 'x', sha256('x'), 1,
                    7, sha256('x'), sha256('x'), 9, '2020-01-01');
            insert into ledger.audit (city, audit_id, stream, actor, actor_role, action, object, body_digest, cut_off)
                values ('4105', '00000000-0000-0000-0000-000000000001', 'bureau', 'x', 'x', 'x', 'x', sha256('x'), 1)
                on conflict do nothing;
            reset role";
        database.execute(forged).await.unwrap();
        assert_eq!(scene.broken(true).await, [""; 0]);
        scene.stop().await;
    });
}
