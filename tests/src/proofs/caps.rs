//! Caps under many writers and many officers at once.

use std::sync::Arc;
use std::time::Duration;

use api::pledge::v1 as pb;
use client::retry;
use futures_util::future::join_all;
use policy::money::Money;
use sqlx::{Connection, PgConnection};
use tokio::sync::Barrier;
use zhirong::cli::Until;
use zhirong::settle::settle;

use super::{Asked, Figure, count, show};
use crate::answer::yuan;
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids, run};

/// The yearly cap of a bank's legal person, in fen.
const CAP_FEN: i64 = 50_000_000;
const WRITERS: u32 = 32;
const OFFICERS: usize = 4;
/// How often an officer presses the button in one run.
const PRESSES: usize = 4;
const AS_OF: &str = "2026-03-31";

/// The released lines as the check reads them.
const RELEASED: &str = "create temp view released as
    select l.city, l.year, l.beneficiary, l.sequence, l.amount_fen
    from settlement.line l join settlement.batch b using (city, year, sequence)
    where b.state in ('released', 'paid') and l.measure = 'bank_incentive'";

/// Fen over the cap at any moment of the sequence of batches, summed over cap holders and years of a table of lines.
async fn over_cap(database: &mut PgConnection, table: &str) -> u64 {
    let sql = format!(
        "select coalesce(sum(over_fen), 0)::bigint from (
             select max(greatest(paid - {CAP_FEN}, 0)) as over_fen from (
                 select city, year, beneficiary,
                     sum(amount_fen) over (partition by city, year, beneficiary order by sequence) as paid
                 from {table}) moments
             group by city, year, beneficiary) holders"
    );
    let (over,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_one(database)
        .await
        .unwrap();
    u64::try_from(over).unwrap()
}

/// A bank with a contract that nothing was drawn on yet.
async fn bank(sandbox: &Sandbox, year: i32) -> Arc<Lending> {
    let scene = Lending::new(sandbox).await;
    let report = pb::ReportLoanRequest {
        events: Vec::new(),
        ..scene.report(year, "99000000.00")
    };
    scene.bank.pledge().report_loan(report).await.unwrap();
    Arc::new(scene)
}

/// One writer: waits for all the others, then reports its draw.
async fn draw(scene: Arc<Lending>, start: Arc<Barrier>, writer: u32, year: i32, amount: &'static str) {
    start.wait().await;
    let request = pb::ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(scene.draw(&format!("D{writer}"), &format!("{year}-06-01"), amount)),
        revision: None,
    };
    let call = || {
        let (bank, request) = (scene.bank.clone(), request.clone());
        async move { bank.pledge().report_loan_event(request).await }
    };
    retry(call).await.unwrap();
}

/// One officer: settles again and again while the others do; most of it is refused, since one batch is open at a time.
async fn press(url: String, identity: std::path::PathBuf, start: Arc<Barrier>, year: i32) -> usize {
    start.wait().await;
    let mut released = 0;
    for _ in 0..PRESSES {
        let as_of = AS_OF.parse().ok();
        released += usize::from(
            settle(&url, &identity, ("410500", year), as_of, Until::Released)
                .await
                .is_ok(),
        );
    }
    released
}

/// One run: what of it is wrong.
async fn race(sandbox: &Sandbox, year: i32, wrong: &mut Vec<String>) {
    let (one, two) = (bank(sandbox, year).await, bank(sandbox, year).await);
    let start = Arc::new(Barrier::new(usize::try_from(WRITERS).unwrap() + OFFICERS));
    let writers = (0..WRITERS).map(|writer| {
        // Case X18: 49 and 2 million of one bank at the same instant; the other bank draws 90 million in thirty pieces.
        let (scene, amount) = match writer {
            0 => (&one, "49000000.00"),
            1 => (&one, "2000000.00"),
            _ => (&two, "3000000.00"),
        };
        tokio::spawn(draw(scene.clone(), start.clone(), writer, year, amount))
    });
    let writers: Vec<_> = writers.collect();
    let officers = (0..OFFICERS).map(|_| {
        let (url, identity) = (sandbox.url().to_owned(), sandbox.identity_dir().to_owned());
        tokio::spawn(press(url, identity, start.clone(), year))
    });
    let officers: Vec<_> = officers.collect();
    join_all(writers).await.into_iter().for_each(Result::unwrap);
    for officer in join_all(officers).await {
        officer.unwrap();
    }
    // A draft that the last officer lost is out of the way with the first settlement in peace.
    let as_of = AS_OF.parse().ok();
    let last = settle(
        sandbox.url(),
        sandbox.identity_dir(),
        ("410500", year),
        as_of,
        Until::Released,
    )
    .await;
    if let Err(error) = last {
        wrong.push(format!(
            "{year}: the last settlement is refused: {}",
            error.report()
        ));
        return;
    }
    let mut database = sandbox.database().await;
    for scene in [&one, &two] {
        let position: Option<(i64,)> = sqlx::query_as(
            "select settled_fen from settlement.settled where policy_year = $1 and beneficiary = $2",
        )
        .bind(year)
        .bind(&scene.legal_person)
        .fetch_optional(&mut database)
        .await
        .unwrap();
        if position != Some((CAP_FEN,)) {
            wrong.push(format!("{year}: {} stands at {position:?}", scene.legal_person));
        }
    }
    close(database).await;
    let next = batch::settle(sandbox, year, AS_OF).await;
    if Money::parse_yuan(yuan(&next.lines_sum)).unwrap() != Money::ZERO {
        wrong.push(format!(
            "{year}: another settlement pays {}",
            yuan(&next.lines_sum)
        ));
    }
}

/// The red twin: the same race for the cap where each writer looks how much is left and then takes it, with nothing that makes
/// the two one step.
async fn unguarded(sandbox: &Sandbox) {
    let mut database = sandbox.database().await;
    let table = "create table public.unguarded (city text, year integer, beneficiary text, sequence integer, amount_fen bigint)";
    sqlx::query(table).execute(&mut database).await.unwrap();
    close(database).await;
    let takers = (0..8).map(|taker: i32| async move {
        let mut database = sandbox.database().await;
        for round in 0..10 {
            let mut tx = database.begin().await.unwrap();
            sqlx::query(
                "insert into public.unguarded select '4105', 2025, 'bank', $1, 2000000
                 where (select coalesce(sum(amount_fen), 0) + 2000000 from public.unguarded) <= 50000000",
            )
            .bind(taker * 10 + round)
            .execute(&mut *tx)
            .await
            .unwrap();
            // As long as the rest of a transaction takes.
            sqlx::query("select pg_sleep(0.02)")
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        close(database).await;
    });
    join_all(takers).await;
}

async fn races(runs: u64) -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let mut wrong = Vec::new();
    for year in (super::FIRST_YEAR..).take(usize::try_from(runs).unwrap()) {
        let limit = tokio::time::timeout(Duration::from_secs(120), race(&sandbox, year, &mut wrong)).await;
        if limit.is_err() {
            wrong.push("a run did not end within two minutes".to_owned());
        }
    }
    show("cap", &wrong);
    unguarded(&sandbox).await;
    let mut database = sandbox.database().await;
    sqlx::query(RELEASED).execute(&mut database).await.unwrap();
    let over = over_cap(&mut database, "released").await;
    let found = over_cap(&mut database, "public.unguarded").await;
    let (batches,): (i64,) =
        sqlx::query_as("select count(*) from settlement.batch where state in ('released', 'paid')")
            .fetch_one(&mut database)
            .await
            .unwrap();
    close(database).await;
    sandbox.stop().await;
    const OVER: &str = "cap_fen_over";
    vec![
        Figure::none(OVER, over),
        Figure::red_twin("cap_fen_over, read then written", found),
        Figure::none("cap_runs_not_at_the_cap", count(wrong.len())),
        Figure::at_least("cap_runs", runs, runs),
        Figure::at_least("cap_batches_released", u64::try_from(batches).unwrap(), runs * 2),
    ]
}

/// The figures of caps: 32 writers and 4 officers at once, case X18 among them.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(races(asked.of(1, 4, 20, 100)))
}
