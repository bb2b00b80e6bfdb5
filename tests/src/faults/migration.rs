//! Migrations of the next version while callers are at work: the program of today goes on, starts again beside them, and nobody waits long.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::pledge::v1::{ListLoansRequest, ReportLoanRequest};
use client::{Client, retry};
use platform::database::embedded::temporary_dir;
use platform::database::{Database, Tuning};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::task::JoinSet;

use crate::figure::{Asked, Figure, show};
use crate::process::Served;
use crate::sandbox::{options_of, socket_of, watch};
use crate::scene::Lending;
use crate::{ids, run};

/// The year of the loan that is reported again and again.
const YEAR: i32 = 2025;
/// Longest anybody may wait, in milliseconds.
const STALL_MS_MAX: u64 = 2_000;
/// How long a reader keeps its transaction open in the way of the migrations.
const READER: Duration = Duration::from_secs(4);

/// How each call went.
#[derive(Default)]
struct Told {
    answered: u64,
    failed: Vec<String>,
    longest: Duration,
}

/// Callers at a steady rate until told to stop: nine reads to a write.
struct Load {
    stop: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
    pacing: tokio::task::JoinHandle<()>,
}

/// One call, repeated as the client repeats, or not at all.
async fn ask(bank: Client, report: Option<ReportLoanRequest>, is_patient: bool) -> Result<(), tonic::Status> {
    if !is_patient {
        return bank
            .pledge()
            .list_loans(ListLoansRequest::default())
            .await
            .map(drop);
    }
    match report {
        Some(report) => {
            let call = || async { bank.pledge().report_loan(report.clone()).await };
            retry(call).await.map(drop)
        }
        None => {
            let call = || async { bank.pledge().list_loans(ListLoansRequest::default()).await };
            retry(call).await.map(drop)
        }
    }
}

impl Load {
    /// At so many calls a second over the servers in turn.
    fn start(banks: Arc<Mutex<Vec<Client>>>, scene: &Lending, a_second: u64, is_patient: bool) -> Self {
        let (stop, told) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Told>>::default());
        // The same content each time: its first report stores it, the others find it there.
        let report = scene.report(YEAR, "1000000.00");
        let (is_over, into) = (stop.clone(), told.clone());
        let pacing = tokio::spawn(async move {
            let mut calls = JoinSet::new();
            let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / a_second));
            let mut number = 0_usize;
            while !is_over.load(Ordering::Relaxed) {
                pace.tick().await;
                number += 1;
                let bank = {
                    let banks = banks.lock().unwrap();
                    banks[number % banks.len()].clone()
                };
                let report = number.is_multiple_of(10).then(|| ReportLoanRequest {
                    request_id: ids::request_id(),
                    ..report.clone()
                });
                let into = into.clone();
                calls.spawn(async move {
                    let begun = Instant::now();
                    let outcome = ask(bank, report, is_patient).await;
                    let mut told = into.lock().unwrap();
                    told.longest = told.longest.max(begun.elapsed());
                    match outcome {
                        Ok(()) => told.answered += 1,
                        Err(status) => told.failed.push(status.to_string()),
                    }
                });
            }
            calls.join_all().await;
        });
        Self { stop, told, pacing }
    }

    async fn stop(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        self.pacing.await.unwrap();
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// A reader that leaves its transaction open for a while, as a report over all loans would.
async fn read_for_long(options: PgConnectOptions) {
    let mut reader = options.connect().await.unwrap();
    reader
        .execute("begin; select from pledge.loan limit 1")
        .await
        .unwrap();
    tokio::time::sleep(READER).await;
    reader.execute("rollback").await.unwrap();
    reader.close().await.unwrap();
}

/// Stores so many loans of another enterprise beside the one that is there, without the service: a large table takes an hour through it.
async fn fill(options: &PgConnectOptions, rows: u64) {
    let borrower = ids::enterprise(ids::fresh());
    let mut owner = options.connect().await.unwrap();
    let copies = format!(
        "begin;
        set local statement_timeout = 0;
        set local zhirong.city = '4105';
        set local zhirong.institution = '*';
        alter table pledge.loan disable trigger user;
        insert into pledge.loan
        select copy.*
        from pledge.loan one, generate_series(1, {rows}) number,
            lateral jsonb_populate_record(
                one,
                jsonb_build_object('contract_no', 'COPY-' || number, 'borrower_uscc', '{borrower}', 'pledge_no', null)
            ) copy;
        alter table pledge.loan enable trigger user;
        commit"
    );
    owner.execute(AssertSqlSafe(copies)).await.unwrap();
    // As the server does by itself within a minute.
    owner
        .execute("set zhirong.city = '4105'; set zhirong.institution = '*'; analyze pledge.loan")
        .await
        .unwrap();
    owner.close().await.unwrap();
}

/// Runs the migrations under load, then the same change as nobody should write it.
pub fn figures(asked: Asked) -> Vec<Figure> {
    platform::serve::install_crypto_provider();
    run(migrate(asked))
}

/// Restarts two processes one after the other under load; the calls that failed.
async fn rolled(
    dir: &Path,
    scene: &Lending,
    pair: [Served; 2],
    is_patient: bool,
) -> (Vec<String>, [Served; 2]) {
    let banks = pair.iter().map(|it| it.client(&scene.code)).collect();
    let load = Load::start(Arc::new(Mutex::new(banks)), scene, 40, is_patient);
    let again = pair.map(|served| {
        let listen = served.url().trim_start_matches("https://").to_owned();
        served.stop();
        beside(dir, &listen)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    (load.stop().await.failed, again)
}

/// A further process over the database of the first.
fn beside(dir: &Path, listen: &str) -> Served {
    let password = std::fs::read_to_string(dir.join("pg.password")).unwrap();
    let url = format!(
        "postgres://zhirong:{}@localhost/zhirong?host={}",
        password.trim(),
        socket_of(dir)
    );
    let args = [
        "--sandbox",
        "--role",
        "pledge",
        "--data",
        dir.to_str().unwrap(),
        "--listen",
        listen,
    ];
    let environment = [
        ("ZHIRONG_DATABASE_URL", url.as_str()),
        ("ZHIRONG_DRAIN_SECONDS", "1"),
    ];
    Served::start(&args, &environment)
}

async fn migrate(asked: Asked) -> Vec<Figure> {
    let dir = temporary_dir("zhirong-migration").unwrap();
    let _watchdog = watch(&dir);
    let served = Served::start(
        &[
            "--sandbox",
            "--data",
            dir.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
        &[],
    );
    let scene = Lending::new(&served).await;
    let banks = Arc::new(Mutex::new(vec![scene.bank.clone()]));
    let a_second = asked.of(40, 60, 200, 200);
    let options = options_of(&dir);
    let rows = asked.of(100, 1_000, 20_000, 1_000_000);
    scene.lend(YEAR, "1000000.00").await;
    fill(&options, rows).await;
    let owner = Database::connect(options.clone(), &Tuning::default())
        .await
        .unwrap();

    let load = Load::start(banks.clone(), &scene, a_second, true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let reader = tokio::spawn(read_for_long(options.clone()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let migrated = owner.migrate_from(&fixtures).await;
    if let Err(error) = &migrated {
        eprintln!("{error:?}");
    }
    reader.await.unwrap();
    // A program of today starts beside the schema of tomorrow.
    let second = beside(&dir, "127.0.0.1:0");
    banks.lock().unwrap().push(second.client(&scene.code));
    tokio::time::sleep(Duration::from_secs(asked.of(1, 2, 12, 120))).await;
    let told = load.stop().await;

    // The twin: one statement that waits for its lock as long as it takes, and everybody behind it.
    let load = Load::start(banks, &scene, a_second, true);
    let reader = tokio::spawn(read_for_long(options.clone()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut careless = options.connect().await.unwrap();
    let change = "alter table pledge.loan alter column later_note set default ''; create index on pledge.loan (later_note)";
    careless.execute(change).await.unwrap();
    careless.close().await.unwrap();
    reader.await.unwrap();
    let twin = load.stop().await;

    owner.close().await;
    // Rolling restarts: with the client's own patience, then without.
    let pair = [second, beside(&dir, "127.0.0.1:0")];
    let (dropped, pair) = rolled(&dir, &scene, pair, true).await;
    let (dropped_at_once, pair) = rolled(&dir, &scene, pair, false).await;
    pair.into_iter().for_each(Served::stop);
    show("rolling restart", &dropped);
    served.kill();
    show("migration", &told.failed);
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
    let stalled = u64::from(milliseconds(twin.longest) > STALL_MS_MAX);
    vec![
        Figure::none("migrations that failed", u64::from(migrated.is_err())),
        Figure::judged(
            "loans in the table that is migrated",
            rows + 1,
            "printed only",
            true,
        ),
        Figure::none("requests failed while migrating", told.failed.len()),
        Figure::timed(
            asked,
            "longest stall while migrating (ms)",
            milliseconds(told.longest),
            STALL_MS_MAX,
        ),
        Figure::red_twin("longest stall while migrating (ms)", stalled),
        Figure::at_least("requests answered while migrating", told.answered, a_second),
        Figure::none("requests failed over a rolling restart", dropped.len()),
        Figure::red_twin("requests failed over a rolling restart", dropped_at_once.len()),
    ]
}
