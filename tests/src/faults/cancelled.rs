//! Callers that leave: deadlines of no time to five milliseconds on every method, and streams that are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use platform::twin::Twin;
use serde_json::Value;
use sqlx::Connection;

use super::stand::Stand;
use super::writers::Writer;
use crate::dynamic::{Callers, exchange};
use crate::figure::{Asked, Figure, count};
use crate::parity::{Call, Scene, methods};
use crate::{ids, run};

/// Connections of the pool: few, so that whatever one caller leaves behind is the next one's.
const POOL: u32 = 2;
/// Callers at once.
const CALLERS: usize = 6;
/// The longest deadline, in microseconds.
const LONGEST_US: u64 = 5_000;
/// The server is as good as new within so long.
const USABLE: Duration = Duration::from_secs(20);

/// What a storm of leaving callers came to.
struct Reached {
    calls: u64,
    left: u64,
    acknowledged: u64,
    lost: u64,
    looks: u64,
    left_behind: u64,
    open: u64,
    unusable: u64,
}

/// The calls of a played scene, each with what it needs in place, and every method at least once.
async fn calls_of(callers: &Callers, sections: Option<&[&str]>) -> Vec<Call> {
    let whole = Scene::load(&methods());
    let scene = sections.map_or_else(|| whole.without_refusals(), |sections| whole.only(sections));
    let mut calls: Vec<Call> = Vec::new();
    scene
        .play_by(async |batch| {
            calls.extend(batch.iter().cloned());
            callers.play(batch).await
        })
        .await;
    calls
}

/// The call under a fresh key, and that key where the answer to it is kept.
fn renewed(mut call: Call) -> (Call, Option<String>) {
    let is_kept = !call.method.client_streaming;
    match call.messages.first_mut() {
        Some(Value::Object(fields)) if fields.contains_key("request_id") => {
            let key = ids::request_id();
            fields.insert("request_id".to_owned(), key.clone().into());
            (call, is_kept.then_some(key))
        }
        _ => (call, None),
    }
}

/// Makes a call and leaves after a while, by a deadline that the server knows or by dropping it; whether it was answered.
async fn leave(callers: &Callers, call: &Call, after: Duration, tells: bool) -> bool {
    let Ok(messages) = call.encoded() else {
        return false;
    };
    let mut answer = Vec::new();
    let Ok(channel) = callers.channel(&call.caller) else {
        return false;
    };
    let deadline = tells.then_some(after);
    let made = exchange(channel, &call.method.path, messages, deadline, &mut answer);
    if tells {
        made.await.is_ok()
    } else {
        tokio::time::timeout(after, made)
            .await
            .is_ok_and(|made| made.is_ok())
    }
}

/// One caller: every other call is a write of an institution of its own, and of those one in four stays for its answer; the others go
/// through all methods. Keys that were answered.
async fn caller(
    (callers, calls, writer): (Arc<Callers>, Arc<Vec<Call>>, Writer),
    (from, to): (u64, u64),
    mut rng: Rng,
    left: Arc<AtomicU64>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in from..to {
        let after = Duration::from_micros(rng.u64(0..=LONGEST_US));
        let (answered, key) = if number % 2 == 0 {
            let write = writer.write(number);
            let stays = number % 8 == 0;
            let patience = if stays { USABLE } else { after * 4 };
            let sent = tokio::time::timeout(patience, write.send(writer.client())).await;
            let answered = sent.is_ok_and(|sent| sent.is_ok());
            (answered, Some(write.key().to_owned()))
        } else {
            let at = usize::try_from(number / 2).unwrap() % calls.len();
            let (call, key) = renewed(calls[at].clone());
            (leave(&callers, &call, after, rng.bool()).await, key)
        };
        left.fetch_add(u64::from(!answered), Ordering::SeqCst);
        acknowledged.extend(key.filter(|_| answered));
    }
    acknowledged
}

/// Keys that were acknowledged and have no stored answer.
async fn lost(stand: &Stand, acknowledged: &[String]) -> u64 {
    let mut database = stand.cluster.connect().await;
    let (stored,): (i64,) = sqlx::query_as(
        "select count(*) from ledger.request where answer is not null and request_id::text = any($1)",
    )
    .bind(acknowledged)
    .fetch_one(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    count(acknowledged.len()) - u64::try_from(stored).unwrap()
}

/// Transactions of the pool that nobody works in any more, seen a second after everybody left.
async fn open(stand: &Stand) -> u64 {
    let mut database = stand.cluster.connect().await;
    let (open,): (i64,) = sqlx::query_as(
        "select count(*) from pg_stat_activity
         where application_name = 'zhirong' and state like 'idle in transaction%'
             and clock_timestamp() - state_change > interval '500 milliseconds'",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    u64::try_from(open).unwrap()
}

async fn storm(stand: &Stand, sections: Option<&[&str]>, number: u64, seed: u64) -> Reached {
    let callers = Arc::new(stand.callers());
    let calls = Arc::new(calls_of(&callers, sections).await);
    // The scene has the first numbers to itself.
    for _ in 0..10 {
        ids::fresh();
    }
    let writers = Writer::some(stand, count(CALLERS)).await;
    stand.statements.look();
    let left = Arc::new(AtomicU64::new(0));
    let each = number / count(CALLERS);
    let mut rng = Rng::with_seed(seed);
    let tasks = (0..).zip(&writers).map(|(place, writer)| {
        let shared = (callers.clone(), calls.clone(), writer.clone());
        tokio::spawn(caller(
            shared,
            (place * each, (place + 1) * each),
            rng.fork(),
            left.clone(),
        ))
    });
    let tasks: Vec<_> = tasks.collect();
    let ended = futures_util::future::join_all(tasks).await;
    let acknowledged: Vec<String> = ended.into_iter().flat_map(Result::unwrap).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let open = open(stand).await;
    let begun = Instant::now();
    let mut unusable = 0;
    for (number, writer) in (number..).zip(&writers) {
        let write = writer.write(number);
        let answered = tokio::time::timeout(USABLE, write.persist(writer.client())).await;
        unusable += u64::from(answered.is_err() || begun.elapsed() > USABLE);
    }
    let (looks, left_behind) = stand.statements.looks();
    Reached {
        calls: each * count(CALLERS),
        left: left.load(Ordering::SeqCst),
        acknowledged: count(acknowledged.len()),
        lost: lost(stand, &acknowledged).await,
        looks,
        left_behind,
        open,
        unusable,
    }
}

const RECORDS: [&str; 2] = ["records: write", "records: read"];

async fn storms(asked: Asked) -> Vec<Figure> {
    let number = asked.of(300, 600, 3_000, 30_000);
    let sections: Option<&[&str]> = (asked.of(1, 1, 0, 0) == 1).then_some(&RECORDS[..]);
    let mut stand = Stand::of_statements(POOL).await;
    stand.serve();
    let reached = storm(&stand, sections, number, asked.seed).await;
    drop(stand);
    let mut broken = Stand::of_statements(POOL).await;
    broken.serve_as(&[Twin::BeginOnTheHandler]);
    let twin = storm(
        &broken,
        Some(&RECORDS[..1]),
        asked.of(600, 600, 1_000, 1_000),
        asked.seed,
    )
    .await;
    const LEFT_BEHIND: &str = "cancelled_transactions_or_settings_left_behind";
    vec![
        Figure::none("cancelled_acknowledged_lost", reached.lost),
        Figure::none(LEFT_BEHIND, reached.left_behind),
        Figure::red_twin(LEFT_BEHIND, twin.left_behind + twin.open),
        Figure::none("cancelled_transactions_left_open", reached.open),
        Figure::none("cancelled_pool_unusable", reached.unusable),
        Figure::at_least(
            "cancelled_connections_looked_at",
            reached.looks,
            reached.calls / 4,
        ),
        Figure::at_least("cancelled_acknowledged", reached.acknowledged, reached.calls / 10),
        Figure::at_least("cancelled_callers_who_left", reached.left, reached.calls / 10),
        Figure::at_least("cancelled_calls", reached.calls, number),
    ]
}

/// The figures of callers that leave.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(storms(asked))
}
