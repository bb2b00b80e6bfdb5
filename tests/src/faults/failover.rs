//! A primary that dies behind a broken line to its synchronous standby, which takes its place.

use std::time::{Duration, Instant};

use super::stand::Stand;
use super::writers::{Outcome, Writer, Writing};
use crate::cluster::Cluster;
use crate::fault_proxy::{Proxy, Target};
use crate::figure::{Asked, Figure};
use crate::run;

/// Institutions that write at once.
const WRITERS: u64 = 12;
/// How long the standby hears nothing before the primary dies.
const PARTITION: Duration = Duration::from_millis(500);
/// The first write after a failover is answered within so many seconds.
const FIRST_WRITE_SECONDS: u64 = 10;
/// The twin writes so many.
const TWIN_WRITES: u64 = 2_400;

const SYNCHRONOUS: [&str; 2] = [
    "alter system set synchronous_standby_names = '*'",
    "select pg_reload_conf()",
];

/// Waits until the standby has everything that was written so far, and counts as synchronous where it must.
async fn in_step(primary: &Cluster, must_be_synchronous: bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    let mut database = primary.connect().await;
    loop {
        let (ready,): (bool,) = sqlx::query_as(
            "select coalesce(bool_or(state = 'streaming' and replay_lsn = pg_current_wal_lsn() and (sync_state = 'sync') = $1), false)
             from pg_stat_replication",
        )
        .bind(must_be_synchronous)
        .fetch_one(&mut database)
        .await
        .unwrap();
        if ready {
            return sqlx::Connection::close(database).await.unwrap();
        }
        assert!(Instant::now() < limit, "the standby does not catch up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What one failover came to.
struct Reached {
    outcome: Outcome,
    first_write: Duration,
}

/// Writes while the primary dies and its standby takes over. The line's port is the stable address that the service knows.
async fn fail_over(
    stand: &mut Stand,
    writers: &[Writer],
    (first, writes): (u64, u64),
    is_synchronous: bool,
) -> Reached {
    let replication = Proxy::start(Target::Socket(stand.cluster.socket())).await;
    let standby = stand.cluster.standby(replication.port()).await;
    if is_synchronous {
        stand.cluster.execute(&SYNCHRONOUS).await;
    }
    in_step(&stand.cluster, is_synchronous).await;
    let writing = Writing::begin(writers, first, writes);
    writing.until(writes / 3).await;
    replication.swallow(true);
    replication.refuse(true);
    tokio::time::sleep(PARTITION).await;
    let died = Instant::now();
    stand.cluster.kill();
    let answered = writing.answered();
    stand.line.refuse(true);
    stand.line.cut();
    standby.promote().await;
    stand.cluster = standby;
    stand.line.point_at(Target::Socket(stand.cluster.socket()));
    stand.line.refuse(false);
    // Whatever was answered as the primary died is no write after it.
    writing.until(answered + WRITERS).await;
    let first_write = died.elapsed();
    let acknowledged = writing.end().await;
    let outcome = Outcome::stored(&acknowledged, stand.cluster.connect().await).await;
    Reached { outcome, first_write }
}

async fn failovers(asked: Asked) -> Vec<Figure> {
    let writes = asked.of(240, 1_000, 5_000, 6_000);
    let failovers = asked.of(1, 1, 1, 5);
    let mut stand = Stand::new().await;
    stand.serve();
    let writers = Writer::some(&stand, WRITERS).await;
    let (mut lost, mut doubled, mut slowest) = (0, 0, Duration::ZERO);
    let mut written = 0;
    for _ in 0..failovers {
        let reached = fail_over(&mut stand, &writers, (written, writes), true).await;
        lost += reached.outcome.lost;
        doubled += reached.outcome.doubled;
        slowest = slowest.max(reached.first_write);
        written += writes;
    }
    let twin_writes = TWIN_WRITES.min(writes);
    let twin = fail_over(&mut stand, &writers, (written, twin_writes), false).await;
    const LOST: &str = "failover_acknowledged_lost";
    vec![
        Figure::none(LOST, lost),
        Figure::red_twin(LOST, twin.outcome.lost),
        Figure::none("failover_doubled", doubled),
        Figure::within("failover_first_write_seconds", slowest, FIRST_WRITE_SECONDS),
        Figure::at_least("failover_writes", written, writes * failovers),
        Figure::exactly("failovers", failovers, failovers),
    ]
}

/// The figures of failovers.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(failovers(asked))
}
