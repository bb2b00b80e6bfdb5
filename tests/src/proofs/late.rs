//! Batches among reports whose transactions commit late: nothing is lost between two batches, nothing counted in both, and
//! every one of them computes again to its digest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use api::pledge::v1 as pb;
use client::retry;
use futures_util::future::join_all;
use policy::money::Money;
use sqlx::PgConnection;
use zhirong::{export, replay, verify};

use super::{Asked, Figure, count, show};
use crate::answer::yuan;
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids, run};

const BANKS: usize = 8;
const WRITERS_A_BANK: usize = 4;
/// A draw, and what it earns the bank: 1%.
const DRAW: &str = "1000.00";
const EARNS_FEN: i64 = 1_000;
/// How long the writers go on at most until enough batches were released among them.
const PATIENCE: Duration = Duration::from_secs(120);
const AS_OF: &str = "2026-03-31";

/// Keeps a transaction that reports a draw open for up to 80 ms at its very end, when everything it says is written.
const SLOW_COMMIT: [&str; 2] = [
    "create function public.slow_commit() returns trigger language plpgsql as
     $$ begin perform pg_sleep(random() * 0.08); return null; end $$",
    "create constraint trigger slow_commit after insert on pledge.loan_event deferrable initially deferred
     for each row execute function public.slow_commit()",
];

/// What the run came to, in fen of the banks' lines.
struct Run {
    lost: i64,
    twice: i64,
    not_replayed: Vec<String>,
    batches: u64,
    among_writers: u64,
    facts: u64,
    lost_by_time: u64,
}

/// Reports draws one after the other until it is over; answers the cut-off each was accepted under.
async fn write(scene: Arc<Lending>, writer: usize, year: i32, over: Arc<AtomicBool>) -> Vec<i64> {
    let mut cut_offs = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let event_no = format!("{writer}-{}", cut_offs.len());
        let request = pb::ReportLoanEventRequest {
            request_id: ids::request_id(),
            loan_event: Some(scene.draw(&event_no, &format!("{year}-03-01"), DRAW)),
            revision: None,
        };
        let answer = retry(|| {
            let (bank, request) = (scene.bank.clone(), request.clone());
            async move { bank.pledge().report_loan_event(request).await }
        });
        let receipt = answer.await.unwrap().into_inner().receipt.unwrap();
        cut_offs.push(receipt.cut_off);
    }
    cut_offs
}

/// The red twin: what a batch finds that asks for what was recorded since the last one, by the clock. Answers how many facts it
/// saw in the end.
async fn by_time(mut database: PgConnection, over: Arc<AtomicBool>) -> i64 {
    let (mut last, mut seen) = ("-infinity".to_owned(), 0);
    loop {
        let is_last = over.load(Ordering::Relaxed);
        if is_last {
            // Whatever is on its way has arrived by then.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let (now, found): (String, i64) = sqlx::query_as(
            "with t as (select clock_timestamp() as now)
             select t.now::text, (select count(*) from pledge.loan_event e
                                  where e.recorded_at > $1::timestamptz and e.recorded_at <= t.now)
             from t",
        )
        .bind(&last)
        .fetch_one(&mut database)
        .await
        .unwrap();
        (last, seen) = (now, seen + found);
        if is_last {
            close(database).await;
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// A batch's cut-off and what it paid each bank's legal person, in fen.
async fn paid(sandbox: &Sandbox, made: &api::settlement::v1::Batch) -> (i64, BTreeMap<String, i64>) {
    let lines = batch::lines(sandbox, &made.name).await;
    let banks = lines
        .iter()
        .filter(|line| batch::measure_of(line) == "bank_incentive");
    let amount = |line: &api::settlement::v1::Line| Money::parse_yuan(yuan(&line.amount)).unwrap().fen();
    (
        made.cut_off,
        banks
            .map(|line| (line.beneficiary.clone(), amount(line)))
            .collect(),
    )
}

/// Pulls a batch, computes it again and verifies it; what is wrong with it.
async fn replays(sandbox: &Sandbox, batch_no: &str) -> Option<String> {
    let (_, files) = export::pull_files(&sandbox.client("finance-maker"), batch_no)
        .await
        .unwrap();
    let (mismatches, differences) = (replay::replay(&files).1, verify::verify(&files).1);
    let whole = mismatches.is_empty() && differences.is_empty();
    (!whole).then(|| format!("{batch_no}: {mismatches:?} {differences:?}"))
}

async fn scenes(sandbox: &Sandbox, year: i32) -> Vec<Arc<Lending>> {
    let mut scenes = Vec::new();
    for _ in 0..BANKS {
        let scene = Lending::new(sandbox).await;
        let report = pb::ReportLoanRequest {
            events: Vec::new(),
            ..scene.report(year, "90000000.00")
        };
        scene.bank.pledge().report_loan(report).await.unwrap();
        scenes.push(Arc::new(scene));
    }
    scenes
}

async fn late(seconds: u64, wanted: u64) -> Run {
    let sandbox = Sandbox::start().await;
    let year = super::FIRST_YEAR;
    let scenes = scenes(&sandbox, year).await;
    let mut database = sandbox.database().await;
    for sql in SLOW_COMMIT {
        sqlx::query(sql).execute(&mut database).await.unwrap();
    }
    let (begun, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let twin = tokio::spawn(by_time(database, over.clone()));
    let writers = (0..BANKS * WRITERS_A_BANK).map(|writer| {
        let scene = scenes[writer % BANKS].clone();
        tokio::spawn(write(scene, writer, year, over.clone()))
    });
    let writers: Vec<_> = writers.collect();
    let mut batches = Vec::new();
    // The time that is asked for, and on a slow machine until there is something to see: a cut-off that waits until nobody writes
    // any more would never close in a busy city.
    let goes_on = |made: usize| {
        let (elapsed, few) = (begun.elapsed(), count(made) < wanted);
        elapsed < Duration::from_secs(seconds) || (few && elapsed < PATIENCE)
    };
    while goes_on(batches.len()) {
        let made = batch::settle(&sandbox, year, AS_OF).await;
        batches.push(made);
    }
    let among_writers = if begun.elapsed() < PATIENCE {
        count(batches.len())
    } else {
        0
    };
    over.store(true, Ordering::Relaxed);
    let accepted: Vec<Vec<i64>> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    batches.push(batch::settle(&sandbox, year, AS_OF).await);
    let facts: usize = accepted.iter().map(Vec::len).sum();
    let (mut lost, mut twice, mut before) = (0, 0, 0);
    let mut not_replayed = Vec::new();
    for made in &batches {
        let (cut_off, paid) = paid(&sandbox, made).await;
        for (bank, scene) in scenes.iter().enumerate() {
            let own = accepted.iter().skip(bank).step_by(BANKS).flatten();
            let new = own.filter(|at| (before + 1..=cut_off).contains(*at)).count();
            let expected = i64::try_from(new).unwrap() * EARNS_FEN;
            let difference = paid.get(&scene.legal_person).copied().unwrap_or_default() - expected;
            lost += (-difference).max(0);
            twice += difference.max(0);
        }
        before = cut_off;
        not_replayed.extend(replays(&sandbox, &made.batch_no).await);
    }
    // What no batch holds at all is lost as well.
    let beyond = accepted.iter().flatten().filter(|at| **at > before).count();
    lost += i64::try_from(beyond).unwrap() * EARNS_FEN;
    let seen = twin.await.unwrap();
    let lost_by_time = count(facts) - u64::try_from(seen).unwrap();
    sandbox.stop().await;
    Run {
        lost,
        twice,
        not_replayed,
        batches: count(batches.len()),
        among_writers,
        facts: count(facts),
        lost_by_time,
    }
}

/// The figures of late commits.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    let wanted = asked.of(1, 2, 3, 10);
    let run = run(late(asked.of(2, 6, 12, 60), wanted));
    show("a batch does not replay", &run.not_replayed);
    const LOST: &str = "late_commit_fen_lost";
    vec![
        Figure::none(LOST, u64::try_from(run.lost).unwrap()),
        Figure::red_twin("late_commit_fen_lost, cut by time", run.lost_by_time),
        Figure::none("late_commit_fen_twice", u64::try_from(run.twice).unwrap()),
        Figure::none("late_commit_batches_not_replayed", count(run.not_replayed.len())),
        Figure::at_least("late_commit_batches", run.batches, 2),
        Figure::at_least(
            "late_commit_batches_released_among_writers",
            run.among_writers,
            asked.of(1, 1, 2, 10),
        ),
        Figure::at_least("late_commit_facts", run.facts, asked.of(50, 200, 500, 2_500)),
    ]
}
