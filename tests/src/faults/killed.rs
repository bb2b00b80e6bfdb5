//! Acknowledged writes across killed servers, killed databases and lost answers.

use fastrand::Rng;
use platform::twin::Twin;

use super::stand::Stand;
use super::writers::{Outcome, Writer, Writing};
use crate::figure::{Asked, Figure};
use crate::run;

/// Institutions that write at once.
const WRITERS: u64 = 12;
/// One in so many answers is lost on the line.
const LOST_ONE_IN: u64 = 100;
/// The twin without keys writes so many.
const TWIN_WRITES: u64 = 240;
/// The twin that flushes late writes so many: few, so that no flush falls between the first and the kill.
const FORGOTTEN_WRITES: u64 = 60;

/// Nothing flushes the log for ten seconds: what was acknowledged meanwhile dies with the server.
const FORGETFUL: [&str; 4] = [
    "alter system set wal_writer_delay = '10s'",
    "alter system set wal_writer_flush_after = '1GB'",
    "alter role zhirong set synchronous_commit = off",
    "select pg_reload_conf()",
];
const DURABLE: [&str; 2] = [
    "alter role zhirong reset synchronous_commit",
    "alter system reset all",
];

/// Writes with kills in between, the server and the database in turn, and answers lost all along.
async fn storm(
    stand: &mut Stand,
    writers: &[Writer],
    (writes, kills): (u64, u64),
    rng: &mut Rng,
) -> (Outcome, u64) {
    let writing = Writing::begin(writers, 0, writes);
    let (mut done, mut lost_from) = (0, 0);
    while done < kills {
        let next = writes * (done + 1) / (kills + 1) + rng.u64(0..WRITERS);
        while lost_from < next {
            writing.until(lost_from).await;
            stand.front.lose_answers(1);
            lost_from += LOST_ONE_IN.min(writes / 10);
        }
        writing.until(next).await;
        if done % 2 == 0 {
            stand.kill_server();
            stand.serve();
        } else {
            stand.kill_database().await;
        }
        done += 1;
    }
    let acknowledged = writing.end().await;
    let lost_answers = stand.front.answers_lost();
    stand.front.lose_answers(0);
    let outcome = Outcome::stored(&acknowledged, stand.cluster.connect().await).await;
    (outcome.asked_again(acknowledged).await, lost_answers)
}

/// The red twin of keys: an answer that was lost is asked for again, and a key that was used counts as new.
async fn without_keys(stand: &mut Stand, writers: &[Writer], first: u64) -> Outcome {
    stand.kill_server();
    stand.serve_as(&[Twin::NoRequestKeys]);
    let writing = Writing::begin(writers, first, TWIN_WRITES);
    for answered in (0..TWIN_WRITES).step_by(20) {
        writing.until(answered).await;
        stand.front.lose_answers(1);
    }
    let acknowledged = writing.end().await;
    stand.front.lose_answers(0);
    let outcome = Outcome::stored(&acknowledged, stand.cluster.connect().await).await;
    let outcome = outcome.asked_again(acknowledged).await;
    stand.kill_server();
    outcome
}

/// The red twin of commits: a database that acknowledges before the log is on disk, and is killed.
async fn without_flush(stand: &mut Stand, writers: &[Writer], first: u64) -> Outcome {
    stand.serve();
    stand.cluster.execute(&FORGETFUL).await;
    // New connections take the setting.
    stand.line.cut();
    let writing = Writing::begin(writers, first, FORGOTTEN_WRITES);
    let acknowledged = writing.end().await;
    stand.cluster.kill();
    stand.line.cut();
    stand.cluster.open().await;
    let outcome = Outcome::stored(&acknowledged, stand.cluster.connect().await).await;
    stand.cluster.execute(&DURABLE).await;
    outcome
}

async fn kills(asked: Asked) -> Vec<Figure> {
    let mut rng = Rng::with_seed(asked.seed);
    let writes = asked.of(240, 1_000, 10_000, 100_000);
    let kills = asked.of(2, 2, 5, 50);
    let mut stand = Stand::new().await;
    stand.serve();
    let writers = Writer::some(&stand, WRITERS).await;
    let (outcome, lost_answers) = storm(&mut stand, &writers, (writes, kills), &mut rng).await;
    let keyless = without_keys(&mut stand, &writers, writes).await;
    let forgetful = without_flush(&mut stand, &writers, writes + TWIN_WRITES).await;
    let [lost, doubled, different] = [
        "killed_acknowledged_lost",
        "killed_doubled",
        "killed_answered_differently",
    ];
    vec![
        Figure::none(lost, outcome.lost),
        Figure::red_twin(lost, forgetful.lost),
        Figure::none(doubled, outcome.doubled),
        Figure::red_twin(doubled, keyless.doubled),
        Figure::none(different, outcome.different),
        Figure::red_twin(different, keyless.different),
        Figure::at_least("killed_writes", writes.div_ceil(WRITERS) * WRITERS, writes),
        Figure::exactly("killed_kills", kills, kills),
        Figure::at_least("killed_answers_lost_on_the_line", lost_answers, 1),
    ]
}

/// The figures of kills: of the server, of every process of the database, and of answers.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(kills(asked))
}
