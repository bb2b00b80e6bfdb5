//! Commands that committed in a process that died before it could answer: the repeat gets the answer that was stored.

use std::collections::HashMap;

use futures_util::future::join_all;
use platform::twin::{CRASHES_AFTER, MARK, Twin};
use sqlx::Connection;

use super::stand::Stand;
use super::writers::{Answer, Write, Writer};
use crate::figure::{Asked, Figure};
use crate::{ids, run};

/// The first answers, as they are kept.
const ANSWERS: &str =
    "select request_id::text, answer from ledger.request where request_id::text like 'dead%'";

/// A key whose command is not answered by the twin that crashes.
fn marked() -> String {
    let [first, second] = MARK;
    format!("{first:02x}{second:02x}{}", &ids::request_id()[4..])
}

async fn stored(stand: &Stand) -> HashMap<String, Vec<u8>> {
    let mut database = stand.cluster.connect().await;
    let rows: Vec<(String, Option<Vec<u8>>)> =
        sqlx::query_as(ANSWERS).fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    rows.into_iter()
        .filter_map(|(key, answer)| Some((key, answer?)))
        .collect()
}

/// Whether a repeat was answered as the first call would have been.
fn is_the_first(again: &Answer, stored: &[u8]) -> bool {
    again.is_stored && again.without_head == stored
}

/// Commands that committed unanswered, and those of them whose repeat is not answered as the first call would have been.
#[derive(Default)]
struct Reached {
    crashed: u64,
    different: u64,
}

/// One process that takes a command of each writer and dies, and the next one that is asked again.
async fn round(stand: &mut Stand, writers: &[Writer], number: u64, twins: &[Twin], reached: &mut Reached) {
    stand.serve_as(twins);
    for writer in writers {
        // Its connection is made anew, so that what follows reaches the process.
        writer.write(number * 2).persist(writer.client()).await;
    }
    let writes: Vec<Write> = writers
        .iter()
        .map(|writer| writer.write(number * 2 + 1).with_key(marked()))
        .collect();
    let calls: Vec<_> = writers
        .iter()
        .zip(&writes)
        .map(|(writer, write)| {
            let (writer, write) = (writer.clone(), write.clone());
            tokio::spawn(async move { write.send(writer.client()).await })
        })
        .collect();
    stand.await_crash();
    let answered = join_all(calls).await.into_iter().map(Result::unwrap);
    assert!(
        answered.into_iter().all(|answer| answer.is_err()),
        "nobody was answered"
    );
    let kept = stored(stand).await;
    stand.serve();
    for (writer, write) in writers.iter().zip(&writes) {
        let Some(first) = kept.get(write.key()) else {
            continue;
        };
        reached.crashed += 1;
        let again = [
            write.persist(writer.client()).await,
            write.persist(writer.client()).await,
        ];
        let is_same = again[0] == again[1] && is_the_first(&again[0], first);
        reached.different += u64::from(!is_same);
    }
    stand.kill_server();
}

async fn crashes(asked: Asked) -> Vec<Figure> {
    let rounds = asked.of(1, 2, 10, 100);
    let wanted = rounds * u64::from(CRASHES_AFTER);
    let mut stand = Stand::new().await;
    stand.serve();
    let writers = Writer::some(&stand, u64::from(CRASHES_AFTER)).await;
    stand.kill_server();
    let mut reached = Reached::default();
    for number in 0..rounds {
        round(
            &mut stand,
            &writers,
            number,
            &[Twin::CrashAfterCommit],
            &mut reached,
        )
        .await;
    }
    let mut twin = Reached::default();
    let twins = [Twin::CrashAfterCommit, Twin::AnswerNotStored];
    round(&mut stand, &writers, rounds, &twins, &mut twin).await;
    const NAME: &str = "crashed_repeat_answered_differently";
    vec![
        Figure::none(NAME, reached.different),
        Figure::red_twin(NAME, twin.different),
        Figure::exactly("crashed_committed_unanswered", reached.crashed, wanted),
    ]
}

/// The figures of commands that committed and were never answered.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(crashes(asked))
}
