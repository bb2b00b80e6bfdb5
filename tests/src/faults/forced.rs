//! Serialization failures forced on statements of every call: the answers are those of an undisturbed run.

use std::collections::HashMap;

use platform::twin::Twin;

use super::stand::Stand;
use crate::fault_proxy::postgres::SHARE;
use crate::figure::{Asked, Figure, count, show};
use crate::parity::{Played, Scene, differences, methods, missing};
use crate::run;

/// Connections of the pool.
const POOL: u32 = 4;
/// The sections that a small run plays.
const RECORDS: [&str; 2] = ["records: write", "records: read"];

/// A scene that was played, and its statements: how many, and how many of them failed.
struct Run {
    played: Vec<Played>,
    statements: u64,
    failed: u64,
}

/// Plays the scene on a fresh stand.
async fn play(scene: &Scene, seed: Option<u64>, twins: &[Twin]) -> Run {
    let mut stand = Stand::of_statements(POOL).await;
    stand.serve_as(twins);
    if let Some(seed) = seed {
        stand.statements.force(seed);
    }
    let callers = stand.callers();
    let played = scene.play_by(async |calls| callers.play(calls).await).await;
    let (statements, failed) = stand.statements.counts();
    Run {
        played,
        statements,
        failed,
    }
}

/// Steps that failed and do not fail when they are not disturbed.
fn surfaced(calm: &[Played], forced: &[Played]) -> u64 {
    let mut found = 0;
    let reasons = |played: &Played| {
        played
            .answer
            .error
            .as_ref()
            .map(|error| error["error"]["status"].clone())
    };
    let mut shown: HashMap<String, u64> = HashMap::new();
    for (calm, forced) in calm.iter().zip(forced) {
        if reasons(forced).is_some() && reasons(forced) != reasons(calm) {
            found += 1;
            *shown.entry(format!("{:?}", reasons(forced))).or_default() += 1;
        }
    }
    if found > 0 {
        eprintln!("forced: {shown:?}");
    }
    found
}

async fn runs(asked: Asked) -> Vec<Figure> {
    let whole = Scene::load(&methods());
    let is_small = asked.of(1, 1, 0, 0) == 1;
    let scene = if is_small {
        whole.only(&RECORDS)
    } else {
        whole.clone()
    };
    let calm = play(&scene, None, &[]).await;
    let lacking = if is_small {
        Vec::new()
    } else {
        missing(&methods(), &calm.played)
    };
    show("not called with success", &lacking);
    let (mut wrong, mut errors, mut statements, mut failed) = (0, 0, 0, 0);
    for turn in 0..asked.of(1, 1, 1, 10) {
        let forced = play(&scene, Some(asked.seed + turn), &[]).await;
        let found = differences(&calm.played, &forced.played);
        show("forced and answered otherwise", &found);
        wrong += count(found.len());
        errors += surfaced(&calm.played, &forced.played);
        statements += forced.statements;
        failed += forced.failed;
    }
    let small = whole.only(&RECORDS[..1]);
    let impatient = play(&small, Some(asked.seed), &[Twin::NoRetries]).await;
    let calm_part = &calm.played[..impatient.played.len()];
    let twin = differences(calm_part, &impatient.played);
    const WRONG: &str = "forced_wrong_results";
    vec![
        Figure::none(WRONG, wrong),
        Figure::red_twin(WRONG, twin.len()),
        Figure::none("forced_errors_surfaced", errors),
        Figure::none("forced_methods_missing", lacking.len()),
        Figure::judged(
            "forced_statements_failed",
            failed,
            format!("{SHARE} of 100 until a try is let through, so >= 10 of 100 of {statements}"),
            failed * 10 >= statements,
        ),
    ]
}

/// The figures of forced serialization failures.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(runs(asked))
}
