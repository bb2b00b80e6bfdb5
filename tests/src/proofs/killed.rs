//! A server or a database that is killed in the middle of a step: the step happened whole or not at all.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use api::settlement::v1 as pb;
use client::is_worth_a_retry;
use fastrand::Rng;
use platform::database::embedded::temporary_dir;
use sqlx::{ConnectOptions, Connection, PgConnection};
use zhirong::{export, verify};

use super::walk::{Call, Verb, read};
use super::{Asked, Figure, count, show};
use crate::cluster::kill_processes;
use crate::process::Served;
use crate::run;
use crate::sandbox::{Watchdog, options_of, watch};
use crate::scene::Lending;

/// How long a caller goes on trying.
const PATIENCE: Duration = Duration::from_secs(90);
/// The steps that a kill falls into.
const STEPS: [Verb; 6] = [
    Verb::Open,
    Verb::Compute,
    Verb::Submit,
    Verb::Publish,
    Verb::Approve,
    Verb::Release,
];

/// Keeps a step's transaction open for a while at its end, so that a kill may fall before, into and after its commit.
const SLOW_STEP: [&str; 2] = [
    "create function public.slow_step() returns trigger language plpgsql as
     $$ begin perform pg_sleep(0.02); return null; end $$",
    "create constraint trigger slow_step after insert or update on settlement.batch deferrable initially deferred
     for each row execute function public.slow_step()",
];

/// Batches of which something is there that belongs to another state than their own.
const HALVES: &str = "select count(*) from settlement.batch b
    cross join lateral (
        select count(*) as lines, coalesce(sum(l.amount_fen), 0)::bigint as sum_fen,
            count(*) filter (where not exists (
                select from settlement.settled s where s.city = l.city and s.policy_year = l.policy_year and s.measure = l.measure
                and s.beneficiary = l.beneficiary and s.item = l.item and s.settled_fen = l.entitled_fen
                and s.last_sequence = l.sequence)) as unmoved
        from settlement.line l where l.city = b.city and l.year = b.year and l.sequence = b.sequence) l
    cross join lateral (
        select count(*) filter (where step = 'submitted') as submitted, count(*) filter (where step = 'published') as published,
            count(*) filter (where step = 'approved') as approved, count(*) filter (where step = 'released') as released
        from settlement.approval a where a.city = b.city and a.year = b.year and a.sequence = b.sequence) a
    where (b.batch_digest is null and l.lines > 0)
        or (b.batch_digest is not null and (b.line_count, b.line_sum_fen) is distinct from (l.lines, l.sum_fen))
        or (b.state = 'released' and (l.unmoved > 0 or a.released <> 1))
        or (b.state <> 'released' and (l.lines > l.unmoved or a.released <> 0))
        or (b.state in ('in_review', 'public_notice', 'approved', 'released')) <> (a.submitted > 0)
        or (b.state in ('public_notice', 'approved', 'released')) <> (a.published > 0)
        or (b.state in ('approved', 'released')) <> (a.approved > 0)
        or (a.published > 0 and l.lines > 0) <> exists (
            select from settlement.notice n where n.city = b.city and n.year = b.year and n.sequence = b.sequence)";

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Server,
    Database,
}

/// A data folder with whatever server runs over it; its database ends and the folder goes with this process.
struct Node {
    dir: PathBuf,
    server: Option<Served>,
    _watchdog: Watchdog,
}

impl Node {
    fn start() -> Self {
        platform::serve::install_crypto_provider();
        let dir = temporary_dir("zhirong-proofs").unwrap();
        let mut node = Self {
            _watchdog: watch(&dir),
            dir,
            server: None,
        };
        node.serve();
        node
    }

    fn serve(&mut self) {
        let data = self.dir.to_str().unwrap();
        self.server = Some(Served::start(
            &["--sandbox", "--data", data, "--listen", "127.0.0.1:0"],
            &[],
        ));
    }

    fn server(&self) -> &Served {
        self.server.as_ref().unwrap()
    }

    /// Kills without a word, and starts again over what is left.
    fn kill(&mut self, victim: Victim) {
        if victim == Victim::Database {
            kill_processes(&self.dir);
        }
        self.server.take().unwrap().kill();
    }

    async fn database(&self) -> PgConnection {
        options_of(&self.dir).connect().await.unwrap()
    }
}

async fn halves(database: &mut PgConnection) -> u64 {
    let (found,): (i64,) = sqlx::query_as(HALVES).fetch_one(database).await.unwrap();
    u64::try_from(found).unwrap()
}

/// Makes a call until there is an answer of the service.
async fn persist(server: &Served, call: &Call) -> Option<pb::Batch> {
    let begun = Instant::now();
    loop {
        match call.make(&server.client(call.verb.office())).await {
            Ok(answer) => return answer,
            Err(status) => assert!(
                is_worth_a_retry(&status) && begun.elapsed() < PATIENCE,
                "{call:?}: {status:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// State of the year's one batch and its digest, as stored; none where there is no batch.
async fn stored(database: &mut PgConnection, year: i32) -> Option<(String, bool)> {
    sqlx::query_as("select state, batch_digest is not null from settlement.batch where year = $1")
        .bind(year)
        .fetch_optional(database)
        .await
        .unwrap()
}

/// What kills came to.
#[derive(Default)]
struct Reached {
    kills: u64,
    halves: u64,
    before: u64,
    after: u64,
    wrong: Vec<String>,
}

/// Walks a batch to its release and kills within one step of it.
async fn walk(node: &mut Node, step: Verb, victim: Victim, delay: Duration, reached: &mut Reached) {
    let year = super::FIRST_YEAR + i32::try_from(reached.kills).unwrap();
    let scene = Lending::new(node.server()).await;
    scene.lend(year, "8000000.00").await;
    let mut batch = pb::Batch::default();
    for verb in Verb::WAY {
        let call = Call::new(verb, year, &batch);
        if verb == step {
            let mut database = node.database().await;
            let before = stored(&mut database, year).await;
            database.close().await.unwrap();
            let (client, made) = (node.server().client(verb.office()), call.clone());
            let caller = tokio::spawn(async move { made.make(&client).await.is_ok() });
            tokio::time::sleep(delay).await;
            node.kill(victim);
            let acknowledged = caller.await.unwrap();
            node.serve();
            reached.kills += 1;
            let mut database = node.database().await;
            reached.halves += halves(&mut database).await;
            let now = stored(&mut database, year).await;
            database.close().await.unwrap();
            let after = Some((verb.after().to_owned(), verb != Verb::Open));
            reached.before += u64::from(now == before);
            reached.after += u64::from(now == after);
            if now != after && (acknowledged || now != before) {
                let text = format!(
                    "{step:?} {victim:?} {delay:?}: {before:?}, then {now:?}, answered {acknowledged}"
                );
                reached.wrong.push(text);
            }
        }
        if let Some(stands) = persist(node.server(), &call).await {
            batch = stands;
        }
    }
    let client = node.server().client("finance-maker");
    let released = read(&client, &batch.name).await.unwrap();
    let (receipt, files) = export::pull_files(&client, &batch.batch_no).await.unwrap();
    let differences = verify::verify(&files).1;
    let is_whole = released.state() == pb::BatchState::Released && released.lines_count == 2;
    if !is_whole || receipt.signature.is_none() || !differences.is_empty() {
        let text = format!(
            "{step:?} {victim:?} {delay:?}: {:?} {differences:?}",
            released.state()
        );
        reached.wrong.push(text);
    }
}

/// The red twin: a release that wrote its state and lost a line.
async fn torn(node: &Node) -> u64 {
    let mut database = node.database().await;
    let mut tx = database.begin().await.unwrap();
    for sql in [
        "set local session_replication_role = replica",
        "delete from settlement.line where ctid in (select ctid from settlement.line limit 1)",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    let found = halves(&mut tx).await;
    tx.rollback().await.unwrap();
    database.close().await.unwrap();
    found
}

async fn kills(asked: Asked, rounds: u64) -> Vec<Figure> {
    let mut rng = Rng::with_seed(asked.seed);
    let mut node = Node::start();
    let mut database = node.database().await;
    for sql in SLOW_STEP {
        sqlx::query(sql).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let mut reached = Reached::default();
    let steps: &[Verb] = if asked.size == super::Size::Test {
        &[Verb::Compute, Verb::Release]
    } else {
        &STEPS
    };
    for round in 0..rounds {
        for step in steps {
            for victim in [Victim::Server, Victim::Database] {
                // One early, one late, then anywhere.
                let most = [15, 60, 60][usize::try_from(round.min(2)).unwrap()];
                let least = [0, 25, 0][usize::try_from(round.min(2)).unwrap()];
                let delay = Duration::from_millis(rng.u64(least..most));
                walk(&mut node, *step, victim, delay, &mut reached).await;
            }
        }
    }
    show("kill", &reached.wrong);
    let found = torn(&node).await;
    node.server.take().unwrap().stop();
    let wanted = rounds * count(steps.len()) * 2;
    const HALF: &str = "kill_half_batches_visible";
    vec![
        Figure::none(HALF, reached.halves),
        Figure::red_twin(HALF, found),
        Figure::none("kill_steps_lost_torn_or_not_finished", count(reached.wrong.len())),
        Figure::at_least("kill_steps_that_had_not_happened", reached.before, rounds),
        Figure::at_least(
            "kill_steps_that_had_happened",
            reached.after,
            rounds.saturating_sub(1),
        ),
        Figure::exactly("kills", reached.kills, wanted),
    ]
}

/// The figures of kills: server and database, in every step.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(kills(asked, asked.of(1, 1, 2, 10)))
}
