//! A server that is killed without a word in the middle of its work.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use api::pledge::v1 as pb;
use client::{Client, is_worth_a_retry};
use futures_util::future::join_all;
use platform::database::embedded::temporary_dir;
use prost::Message;
use sqlx::{ConnectOptions, Connection};
use tonic::Status;
use zhirong_tests::process::Served;
use zhirong_tests::sandbox::{Watchdog, options_of, watch};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

/// How long a caller goes on trying.
const PATIENCE: Duration = Duration::from_secs(90);

/// A data folder of a server process; its database ends and the folder goes with this process.
struct Data {
    dir: PathBuf,
    _watchdog: Watchdog,
}

impl Data {
    fn new() -> Self {
        let dir = temporary_dir("zhirong-faults").unwrap();
        Self {
            _watchdog: watch(&dir),
            dir,
        }
    }

    fn serve(&self) -> Served {
        platform::serve::install_crypto_provider();
        let data = self.dir.to_str().unwrap();
        Served::start(&["--sandbox", "--data", data, "--listen", "127.0.0.1:0"], &[])
    }
}

/// The client of whatever server runs at the moment.
type Current = Arc<RwLock<Client>>;

/// Calls until there is an answer of the service, at whatever server runs then.
async fn persist<T, F>(current: &Current, call: impl Fn(Client) -> F) -> T
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let begun = Instant::now();
    loop {
        let client = current.read().unwrap().clone();
        match call(client).await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => assert!(
                is_worth_a_retry(&status) && begun.elapsed() < PATIENCE,
                "{status:?}"
            ),
        }
        // The server is down: the next try need not come at once.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn count(dir: &Path, table: &str, institution: &str) -> i64 {
    let mut database = options_of(dir).connect().await.unwrap();
    let sql = format!("select count(*) from {table} where institution_code = $1");
    let (count,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(institution)
        .fetch_one(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    count
}

#[test]
fn the_same_report_fifty_times_across_a_kill_is_one_fact_with_one_answer() {
    run(async {
        let data = Data::new();
        let server = data.serve();
        let scene = Lending::new(&server).await;
        let request = scene.report(2025, "8000000.00");
        let current: Current = Arc::new(RwLock::new(scene.bank.clone()));
        let answered = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let (current, answered, request) = (current.clone(), answered.clone(), request.clone());
                tokio::spawn(async move {
                    let mut answers = Vec::new();
                    // Ten times each, so that the kill falls between, whatever the speed of the machine.
                    for _ in 0..10 {
                        let call = |client: Client| {
                            let request = request.clone();
                            async move { client.pledge().report_loan(request).await }
                        };
                        answers.push(persist(&current, call).await.encode_to_vec());
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    answers
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        server.kill();
        let killed_at = answered.load(Ordering::Relaxed);
        let server = data.serve();
        *current.write().unwrap() = server.client(&scene.code);
        let answers: Vec<Vec<u8>> = join_all(callers)
            .await
            .into_iter()
            .flat_map(Result::unwrap)
            .collect();
        assert!(killed_at < 500, "the server was killed in the middle");
        assert_eq!(answers.len(), 500);
        assert!(answers.iter().all(|answer| answer == &answers[0]), "one answer");
        for (table, expected) in [("pledge.loan", 1), ("pledge.pledge", 1), ("pledge.loan_event", 1)] {
            assert_eq!(count(&data.dir, table, &scene.code).await, expected, "{table}");
        }
        server.stop();
    });
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    run(async {
        let data = Data::new();
        let server = data.serve();
        let scene = Arc::new(Lending::new(&server).await);
        let current: Current = Arc::new(RwLock::new(scene.bank.clone()));
        let answered = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let (current, answered, scene) = (current.clone(), answered.clone(), scene.clone());
                tokio::spawn(async move {
                    for number in 0..40 {
                        let request = pb::ReportLoanEventRequest {
                            request_id: ids::request_id(),
                            loan_event: Some(scene.draw(
                                &format!("{caller}-{number}"),
                                "2025-03-01",
                                "10000.00",
                            )),
                            revision: None,
                        };
                        let call = |client: Client| {
                            let request = request.clone();
                            async move { client.pledge().report_loan_event(request).await }
                        };
                        let receipt = persist(&current, call).await.receipt.unwrap();
                        assert_eq!(receipt.facts[0].verdict(), api::common::v1::Verdict::Stored);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let mut server = Some(server);
        for killed_after in [5, 60] {
            while answered.load(Ordering::Relaxed) < killed_after {
                tokio::task::yield_now().await;
            }
            server.take().unwrap().kill();
            let acknowledged = answered.load(Ordering::Relaxed);
            assert!(acknowledged < 320, "the server was killed in the middle");
            let next = data.serve();
            *current.write().unwrap() = next.client(&scene.code);
            let stored = count(&data.dir, "pledge.loan_event", &scene.code).await;
            assert!(
                stored >= i64::try_from(acknowledged).unwrap(),
                "{stored} of {acknowledged}"
            );
            server = Some(next);
        }
        join_all(callers).await.into_iter().for_each(Result::unwrap);
        assert_eq!(count(&data.dir, "pledge.loan_event", &scene.code).await, 320);
        server.unwrap().stop();
    });
}
