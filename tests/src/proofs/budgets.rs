//! An appropriation under many writers and many officers at once.

use api::common::v1::Measure;
use api::pledge::v1 as pledge;
use api::settlement::v1 as pb;
use futures_util::future::{join, join_all};
use sqlx::PgConnection;

use super::{Asked, Figure, count, show};
use crate::records::money;
use crate::sandbox::{Sandbox, close};
use crate::scene::Lending;
use crate::{batch, ids, run};

/// What is appropriated for a year, and the same in fen: less than the 32 enterprises earn, and no round share of it.
const APPROPRIATION: &str = "1000000.01";
const APPROPRIATION_FEN: i64 = 100_000_001;
const WRITERS: usize = 32;
const OFFICERS: usize = 4;
/// How often an officer presses the button in one run.
const PRESSES: usize = 3;
const AS_OF: &str = "2026-03-31";

/// Fen over the appropriation at any moment of the sequence of batches, by the positive amounts that were released.
const OVER: &str = "select coalesce(sum(over_fen), 0)::bigint from (
         select max(greatest(paid - $1, 0)) as over_fen from (
             select year, sum(greatest(amount_fen, 0)) over (partition by year order by sequence) as paid
             from settlement.line join settlement.batch using (city, year, sequence)
             where state in ('released', 'paid') and measure = 'loan_subsidy' and year between $2 and $3) moments
         group by year) years";

async fn over(database: &mut PgConnection, ceiling: i64, (from, to): (i32, i32)) -> u64 {
    let (over,): (i64,) = sqlx::query_as(OVER)
        .bind(ceiling)
        .bind(from)
        .bind(to)
        .fetch_one(database)
        .await
        .unwrap();
    u64::try_from(over).unwrap()
}

fn opening(year: i32) -> pb::OpenBatchRequest {
    let shared = pb::ReadingOverride {
        id: "R14".to_owned(),
        value: "PRO_RATA".to_owned(),
        approval: "安财〔2026〕3号".to_owned(),
    };
    pb::OpenBatchRequest {
        readings: vec![shared],
        ..batch::opening(year, AS_OF)
    }
}

/// One officer's attempt: whoever opens the batch walks it to its release; the others are refused, since one is open at a time.
async fn settle(sandbox: &Sandbox, year: i32) -> Option<pb::Batch> {
    let mut maker = sandbox.client("finance-maker").settlement();
    let opened = maker.open_batch(opening(year)).await.ok()?.into_inner().batch?;
    let computed = batch::compute(sandbox, &opened.name).await;
    let approved = batch::approved(sandbox, &computed).await;
    Some(batch::release(sandbox, &approved).await.unwrap())
}

/// One writer: an enterprise's first draw, which earns 50,000.00.
async fn draw(scene: &Lending, year: i32) {
    let request = pledge::ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(scene.draw("1", &format!("{year}-06-01"), "3000000.00")),
        revision: None,
    };
    scene.bank.pledge().report_loan_event(request).await.unwrap();
}

async fn appropriate(sandbox: &Sandbox, year: i32, amount: &str) {
    let budget = pb::SetBudgetRequest {
        request_id: ids::request_id(),
        year,
        programme: "专利质押融资补助".to_owned(),
        measures: vec![Measure::LoanSubsidy.into()],
        appropriation: money(amount),
        approval: "安财预〔2026〕1号".to_owned(),
    };
    let mut finance = sandbox.client("finance-maker").review();
    finance.set_budget(budget).await.unwrap();
}

/// The red twin: a batch approved within its appropriation, which is lowered before the release, and no guard in the database.
async fn unguarded(sandbox: &Sandbox, year: i32) {
    appropriate(sandbox, year, "50000.00").await;
    Lending::new(sandbox).await.lend(year, "3000000.00").await;
    let opened = batch::open(sandbox, opening(year)).await;
    let computed = batch::compute(sandbox, &opened.name).await;
    let approved = batch::approved(sandbox, &computed).await;
    appropriate(sandbox, year, "20000.00").await;
    let mut database = sandbox.database().await;
    sqlx::query("drop trigger batch_budget on settlement.batch")
        .execute(&mut database)
        .await
        .unwrap();
    close(database).await;
    batch::release(sandbox, &approved).await.unwrap();
}

/// One run: what of it is wrong.
async fn race(sandbox: &Sandbox, year: i32, wrong: &mut Vec<String>) {
    appropriate(sandbox, year, APPROPRIATION).await;
    let mut scenes = Vec::new();
    for _ in 0..WRITERS {
        let scene = Lending::new(sandbox).await;
        let report = pledge::ReportLoanRequest {
            events: Vec::new(),
            ..scene.report(year, "3000000.00")
        };
        scene.bank.pledge().report_loan(report).await.unwrap();
        scenes.push(scene);
    }
    let writers = join_all(scenes.iter().map(|scene| draw(scene, year)));
    let officers = join_all((0..OFFICERS).map(|_| async move {
        for _ in 0..PRESSES {
            settle(sandbox, year).await;
        }
    }));
    join(writers, officers).await;
    if settle(sandbox, year).await.is_none() {
        wrong.push(format!("{year}: the last settlement is refused"));
    }
    let mut database = sandbox.database().await;
    let taken = "select b.committed_fen, (select sum(greatest(l.amount_fen, 0))::bigint
             from settlement.line l join settlement.batch using (city, year, sequence)
             where l.year = b.year and state = 'released' and l.measure = 'loan_subsidy')
         from settlement.budget b where b.year = $1";
    let taken: (i64, Option<i64>) = sqlx::query_as(taken)
        .bind(year)
        .fetch_one(&mut database)
        .await
        .unwrap();
    close(database).await;
    if taken != (APPROPRIATION_FEN, Some(APPROPRIATION_FEN)) {
        wrong.push(format!("{year}: committed and paid {taken:?}"));
    }
}

async fn races(runs: u64) -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let mut wrong = Vec::new();
    let end = super::FIRST_YEAR + i32::try_from(runs).unwrap();
    for year in super::FIRST_YEAR..end {
        race(&sandbox, year, &mut wrong).await;
    }
    show("budget", &wrong);
    unguarded(&sandbox, end).await;
    let mut database = sandbox.database().await;
    let over_by = over(&mut database, APPROPRIATION_FEN, (super::FIRST_YEAR, end - 1)).await;
    let found = over(&mut database, 2_000_000, (end, end)).await;
    close(database).await;
    sandbox.stop().await;
    const FIGURE: &str = "budget_fen_over";
    vec![
        Figure::none(FIGURE, over_by),
        Figure::red_twin("budget_fen_over, without the guard", found),
        Figure::none("budget_runs_not_at_the_ceiling", count(wrong.len())),
        Figure::at_least("budget_runs", runs, runs),
    ]
}

/// The figures of budgets: 32 writers and 4 officers at once, R14=PRO_RATA.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(races(asked.of(1, 4, 20, 100)))
}
