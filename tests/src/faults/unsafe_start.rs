//! Settings, files and databases that a node in earnest must not start on, each planted for real: the program must refuse to start and name it.

mod plants;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use self::plants::{PLANTS, Plant, Way};
use crate::earnest::Earnest;
use crate::figure::{Asked, Figure, show};
use crate::process::program;
use crate::run;

/// Starts under way at once.
const AT_ONCE: usize = 3;
/// How long a start may take before it is taken for a failure.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs every plant; the tests of the repository take every fourth.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let plants: Vec<&Plant> = PLANTS
        .iter()
        .step_by(usize::try_from(asked.of(4, 1, 1, 1)).unwrap())
        .collect();
    run(async {
        let place = Earnest::start().await;
        let (mut wrong, mut started) = (Vec::new(), 0_u64);
        // The same place, unspoilt, must start: else nothing would be proven.
        if let Err(told) = attempt(&place, &place.data("good"), &[], None).await {
            wrong.push(format!("the place as deploy makes it does not start: {told}"));
        }
        let mut unseen = Vec::new();
        for (plant, (outcome, is_seen)) in all_planted(&place, &plants).await {
            let (name, what) = (plant.hazard.as_str(), plant.what);
            match outcome {
                Ok(()) => {
                    started += 1;
                    wrong.push(format!("{name} started: {what}"));
                }
                Err(told) if told.contains(name) => {}
                Err(told) => wrong.push(format!("{name}: {what} told {told}")),
            }
            if !is_seen {
                unseen.push(format!("{name} is not seen by the doctor: {what}"));
            }
        }
        let mut let_through = 0_u64;
        for plant in plants.iter().filter(|plant| plant.is_twin) {
            let (outcome, _) = planted(&place, plant, Some("no-start-checks")).await;
            let_through += u64::from(outcome.is_ok());
        }
        // A place that is safe: what the doctor must not see.
        let safe = place.data("doctor");
        let falsely = plants.iter().map(|plant| plant.hazard).collect::<BTreeSet<_>>();
        let told = diagnosis(&place, &safe, &[]).await;
        let falsely = falsely
            .iter()
            .filter(|hazard| has_failed(&told, hazard.as_str()))
            .count();
        show("unsafe start", &unseen);
        show("unsafe start", &wrong);
        let kinds: BTreeSet<&str> = plants.iter().map(|plant| plant.hazard.as_str()).collect();
        vec![
            Figure::none("unsafe settings started", started),
            Figure::none("unsafe settings not named, or a safe place refused", wrong.len()),
            Figure::at_least(
                "unsafe settings planted",
                crate::figure::count(plants.len()),
                asked.of(8, 12, 12, 12),
            ),
            Figure::at_least(
                "kinds of unsafe settings planted",
                crate::figure::count(kinds.len()),
                asked.of(6, 12, 12, 12),
            ),
            Figure::red_twin("unsafe settings started", let_through),
            Figure::none("unsafe settings the doctor does not name", unseen.len()),
            Figure::none("safe settings the doctor calls unsafe", falsely),
        ]
    })
}

/// Tries every plant: those in a database one after the other, for it is the same one, and the others some at a time.
async fn all_planted<'a>(
    place: &Earnest,
    plants: &[&'a Plant],
) -> Vec<(&'a Plant, (Result<(), String>, bool))> {
    let (in_database, apart): (Vec<&Plant>, Vec<&Plant>) = plants
        .iter()
        .partition(|plant| matches!(plant.way, Way::Database { .. }));
    let mut tried: Vec<_> = stream::iter(apart)
        .map(|plant| async move { (plant, planted(place, plant, None).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    for plant in in_database {
        tried.push((plant, planted(place, plant, None).await));
    }
    tried
}

/// Plants, tries to start, asks the doctor, and takes the plant away again.
async fn planted(place: &Earnest, plant: &Plant, twin: Option<&str>) -> (Result<(), String>, bool) {
    let name = format!(
        "{}-{}",
        plant.what.replace([' ', '/'], "-"),
        twin.unwrap_or("plain")
    );
    let data = place.data(&name);
    let mut more: Vec<(&str, String)> = Vec::new();
    match plant.way {
        Way::Environment(pairs) => {
            more.extend(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())));
        }
        Way::Files(spoil) => more.extend(spoil(place, &data)),
        Way::Database { plant, .. } => execute(place, plant).await,
    }
    let outcome = attempt(place, &data, &more, twin).await;
    let is_seen = twin.is_none() && {
        let told = diagnosis(place, &data, &more).await;
        has_failed(&told, plant.hazard.as_str())
    };
    if let Way::Database { undo, .. } = plant.way {
        execute(place, undo).await;
    }
    (outcome, is_seen)
}

/// What `doctor` says of the same settings and files.
async fn diagnosis(place: &Earnest, data: &Path, more: &[(&str, String)]) -> serde_json::Value {
    let mut command = Command::new(program());
    command
        .args(["doctor", "--output", "json", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    surround(&mut command, place, more);
    let output = command.output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn has_failed(told: &serde_json::Value, check: &str) -> bool {
    let all = told.as_array().unwrap();
    all.iter().any(|it| it["check"] == check && it["state"] == "fail")
}

/// The good variables, and those of a plant on top; an empty one is taken away.
fn surround(command: &mut Command, place: &Earnest, more: &[(&str, String)]) {
    command.envs(place.environment()).stdin(Stdio::null());
    for (name, value) in more {
        match value.as_str() {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
}

async fn execute(place: &Earnest, statements: &[&str]) {
    let mut superuser = place.superuser().await;
    for statement in statements {
        superuser
            .execute(AssertSqlSafe((*statement).to_owned()))
            .await
            .unwrap();
    }
    superuser.close().await.unwrap();
    // A reload is taken up by the server a moment later.
    if statements
        .iter()
        .any(|statement| statement.contains("pg_reload_conf"))
    {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// Tries to start every service; what it said on standard error where it did not.
async fn attempt(
    place: &Earnest,
    data: &Path,
    more: &[(&str, String)],
    twin: Option<&str>,
) -> Result<(), String> {
    let mut command = Command::new(program());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    surround(&mut command, place, more);
    if let Some(twin) = twin {
        command.env(platform::twin::VARIABLE, twin);
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = tokio::time::timeout(LIMIT, lines.next_line()).await;
    match first {
        Ok(Ok(Some(line))) if line.starts_with("READY") => {
            child.kill().await.unwrap();
            Ok(())
        }
        Ok(_) => {
            let mut told = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut told)
                .await
                .unwrap();
            child.wait().await.unwrap();
            Err(told)
        }
        Err(_) => Err("it neither started nor ended".to_owned()),
    }
}
