//! The chains under many writers, lost connections and undone transactions: whole, and nothing acknowledged is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::common::v1::AuditHead;
use client::retry;
use futures_util::future::join_all;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::sandbox::{Sandbox, close};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

use super::{rows, verify};

/// Reporters at once, over three institutions.
const REPORTERS: u32 = 32;
/// Reports of each.
const REPORTS: u32 = 6;

async fn reporter(scene: Arc<Lending>, reporter: u32) -> Vec<AuditHead> {
    let mut heads = Vec::new();
    for number in 0..REPORTS {
        let request = api::pledge::v1::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw(&format!("{reporter}-{number}"), "2025-03-02", "100.00")),
            ..Default::default()
        };
        let answer = retry(|| {
            let (bank, request) = (scene.bank.clone(), request.clone());
            async move { bank.pledge().report_loan_event(request).await }
        });
        let answer = answer.await.unwrap().into_inner();
        heads.push(answer.receipt.unwrap().audit_head.unwrap());
        // One that is refused inside its transaction is undone with all it wrote, its place in the chain too.
        let conflict = api::pledge::v1::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw(&format!("{reporter}-{number}"), "2025-03-02", "200.00")),
            ..Default::default()
        };
        let refused = retry(|| {
            let (bank, request) = (scene.bank.clone(), conflict.clone());
            async move { bank.pledge().report_loan_event(request).await }
        });
        assert_refused(refused.await, Code::AlreadyExists, "REVISION_CONFLICT");
    }
    heads
}

#[test]
fn parallel_reporters_and_lost_connections_leave_whole_chains() {
    run(async {
        let sandbox = Sandbox::start().await;
        let mut scenes = Vec::new();
        for _ in 0..3 {
            let scene = Lending::new(&sandbox).await;
            scene.lend(2025, "8000000.00").await;
            scenes.push(Arc::new(scene));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut database = sandbox.database().await;
        let stopped = stop.clone();
        let killer = tokio::spawn(async move {
            let mut killed = 0;
            while !stopped.load(Ordering::Relaxed) {
                // One that is writing, wherever in its transaction it is.
                let (count,): (i64,) = sqlx::query_as(
                    "select count(pg_terminate_backend(pid)) from (
                         select pid from pg_stat_activity
                         where application_name = 'zhirong' and backend_xid is not null and pid <> pg_backend_pid()
                         order by random() limit 1
                     ) victim",
                )
                .fetch_one(&mut database)
                .await
                .unwrap();
                killed += count;
                tokio::time::sleep(std::time::Duration::from_millis(60)).await;
            }
            (database, killed)
        });
        let reporters = (0..REPORTERS).zip(scenes.iter().cycle());
        let heads = reporters.map(|(number, scene)| tokio::spawn(reporter(scene.clone(), number)));
        let heads: Vec<AuditHead> = join_all(heads)
            .await
            .into_iter()
            .flat_map(Result::unwrap)
            .collect();
        stop.store(true, Ordering::Relaxed);
        let (database, killed) = killer.await.unwrap();
        println!("{killed} connections were lost");
        assert!(killed > 0);

        let acknowledged = usize::try_from(REPORTERS * REPORTS).unwrap();
        assert_eq!(heads.len(), acknowledged);
        let found = verify(&sandbox, &[]).await;
        assert!(found.is_whole(), "{found:?}");
        let mut by_stream: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
        for scene in &scenes {
            let own = rows(&sandbox, "auditor", &scene.code).await;
            let numbered = own.into_iter().map(|row| (row.chain_no, row.row_hash));
            by_stream.insert(scene.code.clone(), numbered.collect());
        }
        for head in &heads {
            assert_eq!(by_stream[&head.stream].get(&head.chain_no), Some(&head.hash));
        }
        let distinct: BTreeSet<(&str, i64)> = heads
            .iter()
            .map(|head| (head.stream.as_str(), head.chain_no))
            .collect();
        assert_eq!(distinct.len(), acknowledged, "each answer names a row of its own");
        // Rows: the acknowledged reports and the loan of each bank. Nothing undone, nothing twice.
        let rows: usize = by_stream.values().map(BTreeMap::len).sum();
        assert_eq!(rows, acknowledged + scenes.len());
        close(database).await;
        sandbox.stop().await;
    });
}
