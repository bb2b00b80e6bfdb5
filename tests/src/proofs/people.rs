//! Nothing is released without two other people's approval of the same digest: over every order of verbs and identities.
//!
//! Two ways. Through the public API: random walks of all verbs by all certificates, among them two that an operator gave to a
//! person who holds another office already. And in SQL, under the service's own role: every statement a service could make, by
//! every person, on every state that can be reached; since what may follow depends on the row alone, that is every order of any
//! length.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use api::settlement::v1 as pb;
use client::Client;
use fastrand::Rng;
use platform::identity::{Authority, Purpose};
use sqlx::{Connection, PgConnection};

use super::walk::{Call, Verb, read};
use super::{Asked, Figure, count, show};
use crate::sandbox::{Sandbox, client, close};
use crate::scene::Lending;
use crate::{batch, run};

const OFFICES: [&str; 5] = [
    "finance-maker",
    "finance-checker",
    "finance-releaser",
    "bureau",
    "auditor",
];
/// Certificates given by mistake: who holds them, and the office they are for.
const MISTAKES: [(&str, &str); 3] = [
    ("finance-maker", "finance-checker"),
    ("finance-maker", "finance-releaser"),
    ("finance-checker", "finance-releaser"),
];
/// Walks in one policy year: a year has 999 batches at most.
const WALKS_A_YEAR: u64 = 500;
/// Calls of one walk, at most.
const WALK: u32 = 24;

/// Released batches that lack an approval of their digest by somebody who is neither maker nor releaser, or whose releaser is
/// the maker.
const UNAPPROVED: &str = "select count(*) from settlement.batch b
    where b.state in ('released', 'paid') and (
        b.approved_by is null or b.released_by is null or b.submitted_by is null
        or b.approved_by in (b.opened_by, b.submitted_by) or b.released_by in (b.opened_by, b.submitted_by, b.approved_by)
        or b.batch_digest is null or b.approved_digest is distinct from b.batch_digest
        or b.submitted_digest is distinct from b.batch_digest or b.published_digest is distinct from b.batch_digest)";

async fn unapproved(database: &mut PgConnection) -> u64 {
    let (found,): (i64,) = sqlx::query_as(UNAPPROVED).fetch_one(database).await.unwrap();
    u64::try_from(found).unwrap()
}

// ---- through the public API -----------------------------------------------------------------------------------------

/// Everybody who may call, rightly or by mistake.
async fn callers(sandbox: &Sandbox) -> Vec<(String, Client)> {
    let mut callers: Vec<(String, Client)> = OFFICES
        .iter()
        .map(|office| ((*office).to_owned(), sandbox.client(office)))
        .collect();
    let mut database = sandbox.database().await;
    // A third key of one holder is a mistake too, and one that the database would refuse.
    sqlx::query("set session_replication_role = replica")
        .execute(&mut database)
        .await
        .unwrap();
    for (holder, role) in MISTAKES {
        let name = format!("{holder}-as-{role}");
        let authority = Authority::open(sandbox.identity_dir()).unwrap();
        let identity = authority.issue(&name, Purpose::Client).unwrap();
        sqlx::query(
            "insert into registry.credential
                 (city, credential_id, holder, role, spki_digest, not_before, not_after, created_by)
             values ('4105', gen_random_uuid(), $1, $2, $3, now(), now() + interval '1 day', 'x')",
        )
        .bind(holder)
        .bind(role)
        .bind(identity.spki_digest().unwrap().as_slice())
        .execute(&mut database)
        .await
        .unwrap();
        callers.push((name, client(sandbox.url(), &identity)));
    }
    close(database).await;
    callers
}

/// What walks came to.
#[derive(Default)]
struct Walked {
    walks: u64,
    calls: u64,
    taken: u64,
    released: u64,
    violations: u64,
    wrong: Vec<String>,
}

/// The verb that would bring the batch on.
fn next(batch: &pb::Batch) -> Verb {
    match batch.state() {
        pb::BatchState::Draft if batch.digests.is_none() => Verb::Compute,
        pb::BatchState::Draft => Verb::Submit,
        pb::BatchState::InReview => Verb::Publish,
        pb::BatchState::PublicNotice => Verb::Approve,
        pb::BatchState::Approved => Verb::Release,
        _ => Verb::Open,
    }
}

/// Calls verbs in a random order by random people until the walk is over.
async fn walk(sandbox: &Sandbox, callers: &[(String, Client)], rng: &mut Rng, walked: &mut Walked) {
    let year = super::FIRST_YEAR + i32::try_from(walked.walks / WALKS_A_YEAR).unwrap();
    walked.walks += 1;
    let scene = Lending::new(sandbox).await;
    if rng.bool() {
        scene.lend(year, "8000000.00").await;
    }
    let mut database = sandbox.database().await;
    let mut stands = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
    for _ in 0..WALK {
        let right = rng.u32(0..10) < 6;
        let verb = if right {
            next(&stands)
        } else {
            Verb::ALL[rng.usize(1..Verb::ALL.len())]
        };
        let by_office = callers
            .iter()
            .find(|(name, _)| right && rng.bool() && name == verb.office());
        let (name, client) = by_office.unwrap_or(&callers[rng.usize(0..callers.len())]);
        let mut call = Call::new(verb, year, &stands);
        if rng.u32(0..8) == 0 {
            call.batch_digest = "00".repeat(32);
        }
        walked.calls += 1;
        let answer = call.make(client).await;
        let now = read(&callers[0].1, &stands.name).await.unwrap();
        if answer.is_err() && (now.state() != stands.state() || now.digests != stands.digests) {
            walked
                .wrong
                .push(format!("{name} {verb:?} was refused and changed the batch"));
        }
        walked.taken += u64::from(answer.is_ok());
        let violations = unapproved(&mut database).await;
        if violations > walked.violations {
            walked.wrong.push(format!("{name} {verb:?}: {now:?}"));
        }
        walked.violations = violations;
        // Now and then the notice ends, whoever acts.
        if now.state() == pb::BatchState::PublicNotice && rng.bool() {
            Call::new(Verb::Wait, year, &now)
                .make(&callers[0].1)
                .await
                .unwrap();
        }
        stands = now;
        if matches!(
            stands.state(),
            pb::BatchState::Released | pb::BatchState::Cancelled
        ) {
            walked.released += u64::from(stands.state() == pb::BatchState::Released);
            break;
        }
    }
    // The next walk opens a batch of its own.
    let _closed = Call::new(Verb::Cancel, year, &stands).make(&callers[0].1).await;
    close(database).await;
}

// ---- in SQL, every state there is ----------------------------------------------------------------------------------------

const OPENER: &str = "finance-maker";
const PEOPLE: [&str; 3] = [OPENER, "person-two", "person-three"];

/// Every statement about a batch: each step by each person under each of two digests, and each state by itself.
fn statements(digest: &str) -> Vec<String> {
    let other = "00".repeat(32);
    let of = "where city = '4105' and year = $1";
    let mut all = Vec::new();
    for person in PEOPLE {
        for digest in [digest, other.as_str()] {
            for (state, word) in [
                ("in_review", "submitted"),
                ("public_notice", "published"),
                ("approved", "approved"),
            ] {
                all.push(format!(
                    "update settlement.batch set state = '{state}', {word}_by = '{person}', {word}_at = now(),
                         {word}_digest = '{digest}' {of}"
                ));
            }
        }
        all.push(format!(
            "update settlement.batch set state = 'released', released_by = '{person}', released_at = now() {of}"
        ));
        // A service gone wrong that fills in everything at once, or names that were given before.
        all.push(format!(
            "update settlement.batch set released_by = '{person}', released_at = now() {of}"
        ));
        all.push(format!(
            "update settlement.batch set approved_by = '{person}' {of}"
        ));
        all.push(format!(
            "update settlement.batch set submitted_by = '{person}' {of}"
        ));
        all.push(format!(
            "update settlement.batch set state = 'released', released_by = '{person}', released_at = now(),
                 submitted_by = '{person}', submitted_at = now(), submitted_digest = batch_digest,
                 published_by = '{person}', published_at = now(), published_digest = batch_digest,
                 approved_by = '{person}', approved_at = now(), approved_digest = batch_digest {of}"
        ));
    }
    for state in [
        "draft",
        "in_review",
        "public_notice",
        "approved",
        "released",
        "paid",
    ] {
        all.push(format!("update settlement.batch set state = '{state}' {of}"));
    }
    for digest in [digest, other.as_str()] {
        all.push(format!(
            "update settlement.batch set batch_digest = '{digest}' {of}"
        ));
    }
    all.push(format!(
        "update settlement.batch set state = 'draft', submitted_by = null, submitted_at = null, submitted_digest = null,
             published_by = null, published_at = null, published_digest = null,
             approved_by = null, approved_at = null, approved_digest = null {of}"
    ));
    all
}

/// The states that were reached from one batch.
struct Graph<'a> {
    tx: &'a mut PgConnection,
    year: i32,
    statements: Vec<String>,
    seen: BTreeSet<String>,
    tried: u64,
    released: u64,
    violations: u64,
}

impl Graph<'_> {
    async fn run(&mut self, sql: &str) -> bool {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
        let query = if sql.contains("$1") {
            query.bind(self.year)
        } else {
            query
        };
        query.execute(&mut *self.tx).await.is_ok()
    }

    /// Who did what under which digest: what the constraints and triggers look at.
    async fn state(&mut self) -> (String, bool) {
        sqlx::query_as(
            "select concat_ws('|', state, batch_digest, submitted_by, submitted_digest, published_by, published_digest,
                 approved_by, approved_digest, released_by), state in ('released', 'paid')
             from settlement.batch where city = '4105' and year = $1",
        )
        .bind(self.year)
        .fetch_one(&mut *self.tx)
        .await
        .unwrap()
    }

    /// Tries everything in this state, and in every new state that it leads to.
    fn explore(&mut self, depth: usize) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            for place in 0..self.statements.len() {
                let sql = self.statements[place].clone();
                self.run(&format!("savepoint s{depth}")).await;
                self.tried += 1;
                if self.run(&sql).await {
                    let (state, is_released) = self.state().await;
                    if self.seen.insert(state) {
                        self.released += u64::from(is_released);
                        let (found,): (i64,) =
                            sqlx::query_as(sqlx::AssertSqlSafe(format!("{UNAPPROVED} and b.year = $1")))
                                .bind(self.year)
                                .fetch_one(&mut *self.tx)
                                .await
                                .unwrap();
                        self.violations += u64::try_from(found).unwrap();
                        self.explore(depth + 1).await;
                    }
                }
                self.run(&format!("rollback to savepoint s{depth}")).await;
            }
        })
    }
}

/// What the database allows, with everything in place or with a constraint gone. Nothing of it stays.
async fn graph(sandbox: &Sandbox, year: i32, digest: &str, first: &[&str]) -> (u64, u64, u64, u64) {
    let mut database = sandbox.database().await;
    let mut tx = database.begin().await.unwrap();
    for sql in first {
        sqlx::query(sqlx::AssertSqlSafe((*sql).to_owned()))
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    for sql in [
        "set local role zhirong_settlement",
        "select set_config('zhirong.city', '4105', true), set_config('zhirong.institution', '*', true)",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    let mut graph = Graph {
        tx: &mut tx,
        year,
        statements: statements(digest),
        seen: BTreeSet::new(),
        tried: 0,
        released: 0,
        violations: 0,
    };
    let start = graph.state().await;
    graph.seen.insert(start.0);
    graph.explore(0).await;
    let answer = (
        graph.violations,
        graph.released,
        count(graph.seen.len()),
        graph.tried,
    );
    tx.rollback().await.unwrap();
    close(database).await;
    answer
}

async fn people(asked: Asked) -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let callers = callers(&sandbox).await;
    let mut rng = Rng::with_seed(asked.seed);
    let least = asked.of(100, 600, 4_000, 40_000);
    let mut walked = Walked::default();
    while walked.calls < least {
        walk(&sandbox, &callers, &mut rng, &mut walked).await;
    }
    show("people", &walked.wrong);
    // A year without facts: its batch has no line, so no notice stands in the way of any order.
    let year = super::FIRST_YEAR - 1;
    let draft = batch::open(&sandbox, batch::opening(year, "2026-03-31")).await;
    let computed = batch::compute(&sandbox, &draft.name).await;
    let digest = batch::digest(&computed);
    let (violations, released, states, tried) = graph(&sandbox, year, &digest, &[]).await;
    let gone = ["alter table settlement.batch drop constraint batch_three_people"];
    let (found, ..) = graph(&sandbox, year, &digest, &gone).await;
    sandbox.stop().await;
    const API: &str = "released_without_two_others_by_api";
    const SQL: &str = "released_without_two_others_in_sql";
    vec![
        Figure::none(API, walked.violations),
        Figure::none(
            "refused_calls_that_changed_a_batch",
            count(walked.wrong.len()).saturating_sub(walked.violations),
        ),
        Figure::at_least("people_calls", walked.calls, least),
        Figure::at_least("people_calls_taken", walked.taken, least / 10),
        Figure::at_least("people_batches_released", walked.released, 1),
        Figure::none(SQL, violations),
        Figure::red_twin(
            "released_without_two_others_in_sql, constraint of three people gone",
            found,
        ),
        Figure::at_least("people_states_reached_in_sql", states, 20),
        Figure::at_least("people_released_states_reached_in_sql", released, 1),
        Figure::at_least("people_statements_tried_in_sql", tried, 1_000),
    ]
}

/// The figures of people.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(people(asked))
}
