//! The restore drill over a sandbox with released batches: everything comes to its digests again; an altered row and a backup of an
//! earlier day are told.

use std::path::Path;
use std::time::Instant;

use platform::database::embedded::{Source, dump, find, temporary_dir};
use serde_json::Value;
use sqlx::Executor;

use crate::command::{Ran, run_with};
use crate::figure::{Asked, Figure, count, show};
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids, run};

/// Settles some years, then drills.
pub fn figures(asked: Asked) -> Vec<Figure> {
    platform::serve::install_crypto_provider();
    run(drills(asked))
}

/// Runs the drill with options, and what it found by check.
async fn drill(options: &[&str]) -> (Ran, Vec<Value>) {
    let args = [&["drill", "--output", "json"], options].concat();
    let ran = run_with(&args, &[], "").await;
    assert!(ran.code < 2, "{ran:?}");
    let found = ran.json().as_array().unwrap().clone();
    (ran, found)
}

/// A number of a check's line.
fn number(found: &[Value], check: &str, column: &str) -> u64 {
    let line = found.iter().find(|line| line["check"] == check);
    line.and_then(|line| line[column].as_u64()).unwrap()
}

/// A row that a superuser changes behind every trigger.
async fn alter(sandbox: &Sandbox, by: i64) {
    let mut database = sandbox.database().await;
    let sql = format!(
        "set session_replication_role = replica;
         update settlement.line set amount_fen = amount_fen + {by}, entitled_fen = entitled_fen + {by}
         where (city, year, sequence, line_no) =
            (select city, year, sequence, min(line_no) from settlement.line group by city, year, sequence order by 1, 2, 3 limit 1);
         reset session_replication_role"
    );
    database.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    close(database).await;
}

async fn settled(sandbox: &Sandbox) -> String {
    let (scene, year) = (Lending::new(sandbox).await, ids::year());
    scene.lend(year, "8000000.00").await;
    batch::settle(sandbox, year, "2026-03-31").await.batch_no
}

async fn drills(asked: Asked) -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let data = sandbox.identity_dir().parent().unwrap().to_owned();
    let released = asked.of(2, 3, 8, 24);
    for _ in 0..released {
        settled(&sandbox).await;
    }
    let place = ["--data", data.to_str().unwrap()];
    let begun = Instant::now();
    let (ran, found) = drill(&place).await;
    let took = begun.elapsed();
    let told: Vec<String> = found
        .iter()
        .filter(|line| line["result"] != "ok")
        .map(ToString::to_string)
        .collect();
    show("restored", &told);

    // An altered row is in the backup too.
    alter(&sandbox, 1).await;
    let (altered, altered_found) = drill(&place).await;
    alter(&sandbox, -1).await;

    // A backup of an earlier day lacks what an exported batch names.
    let dir = temporary_dir("zhirong-restored").unwrap();
    let older = dir.join("older.dump");
    let programs = find(None, &dir).unwrap();
    dump(&programs, Source::Running(&data), &older).unwrap();
    let later = settled(&sandbox).await;
    let exported = export(&sandbox, &later, &dir).await;
    let options = ["--backup", older.to_str().unwrap(), "--batch", exported.as_str()];
    let (lost, lost_found) = drill(&options).await;
    std::fs::remove_dir_all(&dir).unwrap();
    sandbox.stop().await;
    vec![
        Figure::exactly(
            "restored batches replayed",
            number(&found, "batches", "looked_at"),
            released,
        ),
        Figure::none("restored batches that differ", number(&found, "batches", "wrong")),
        Figure::none("facts missing after a restore", number(&found, "rows", "wrong")),
        Figure::none(
            "audit chains broken after a restore",
            number(&found, "audit", "wrong"),
        ),
        Figure::none(
            "differences of the restored schema",
            number(&found, "schema", "wrong"),
        ),
        Figure::exactly(
            "exit code of a good drill",
            u64::try_from(ran.code).unwrap(),
            0_u64,
        ),
        Figure::red_twin(
            "restored batches that differ",
            number(&altered_found, "batches", "wrong"),
        ),
        Figure::red_twin(
            "audit chains broken after a restore",
            number(&lost_found, "audit", "wrong"),
        ),
        Figure::exactly(
            "bad backups told by the exit code",
            count([altered, lost].iter().filter(|ran| ran.code == 1).count()),
            2_u64,
        ),
        Figure::within("backup, restore and proof (s)", took, 30 * 60),
    ]
}

/// Exports a batch as its receiver does; the folder.
async fn export(sandbox: &Sandbox, batch_no: &str, dir: &Path) -> String {
    let out = dir.join("exported").to_str().unwrap().to_owned();
    let ran = crate::command::run_at(sandbox, &["export", batch_no, "--out", &out]).await;
    ran.ended(0);
    out
}
