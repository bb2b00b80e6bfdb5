//! `cargo xtask parity`: plays the scene by every carrier and prints a figure a line.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::carrier::Carrier;
use super::scene::{Played, Scene};
use super::{differences, files, masked, methods, missing, play, program};
use crate::figure::{Figure, count, print_all};
use crate::http::Version;
use crate::sandbox::Sandbox;

/// Prints a figure; whether it meets its target.
fn told(figure: Figure) -> bool {
    print_all(&[figure], None)
}

/// A figure that must be 0, with what was found on standard error.
fn none(name: &str, found: &[String]) -> bool {
    for line in found {
        eprintln!("{name}: {line}");
    }
    told(Figure::none(name, found.len()))
}

/// What is asked of the command.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The one carrier to hold against gRPC; all where none is named.
    pub only: Option<String>,
    /// Another scene than the one that ships.
    pub scene: Option<PathBuf>,
    /// Where to write what gRPC answered, for a person to look at.
    pub answers: Option<PathBuf>,
}

impl Asked {
    /// The options `--only CARRIER`, `--scene FILE` and `--answers FILE`; none where one is unknown.
    pub fn read(words: &[&str]) -> Option<Self> {
        let mut asked = Self::default();
        for pair in words.chunks(2) {
            match *pair {
                ["--only", carrier] => asked.only = Some(carrier.to_owned()),
                ["--scene", path] => asked.scene = Some(path.into()),
                ["--answers", path] => asked.answers = Some(path.into()),
                _ => return None,
            }
        }
        Some(asked)
    }
}

/// Plays everything, and whether all figures meet their targets.
pub async fn run(asked: &Asked) -> bool {
    let methods = methods();
    let scene = match &asked.scene {
        Some(path) => Scene::of(&std::fs::read_to_string(path).unwrap(), &methods),
        None => Scene::load(&methods),
    };
    let grpc = play(Carrier::Grpc, &scene).await;
    if let Some(path) = &asked.answers {
        write_down(&grpc, path);
    }
    let all = methods.all().len();
    let lacking = missing(&methods, &grpc);
    let mut passed = told(Figure::exactly("parity_methods", all - lacking.len(), all));
    passed &= none("parity_methods_missing", &lacking);
    passed &= none("parity_refusals_missing", &unrefused(&grpc));
    passed &= told(Figure::at_least(
        "parity_steps",
        count(grpc.len()),
        count(all * 2),
    ));
    let mut carriers = vec![
        ("grpc_again", Carrier::Grpc),
        ("json_h2", Carrier::Json(Version::Http2)),
        ("json_http1", Carrier::Json(Version::Http1)),
    ];
    if program::is_there() {
        carriers.extend([("cli", Carrier::Program), ("file", Carrier::File)]);
    } else {
        eprintln!("zhirong call is not there: the program and its files are not compared");
    }
    for (name, carrier) in carriers {
        if asked.only.as_deref().is_none_or(|only| only == name) {
            let other = play(carrier, &scene).await;
            passed &= none(&format!("parity_differences_{name}"), &differences(&grpc, &other));
        }
    }
    if asked.only.as_deref().is_none_or(|only| only == "csv") {
        passed &= none("parity_differences_csv", &imported(&scene, &grpc).await);
    }
    passed & twins(&methods, &grpc)
}

/// The records that the scene states one by one, imported as CSV into a sandbox of its own: what is read then must be the same.
async fn imported(scene: &Scene, grpc: &[Played]) -> Vec<String> {
    const READ: &str = "records: read";
    let sandbox = Sandbox::start().await;
    files::import(&sandbox, &scene.only(&["records: write"]));
    let read = scene.only(&[READ]).play(Carrier::Grpc, &sandbox).await;
    sandbox.stop().await;
    let measure: Vec<Played> = grpc.iter().filter(|step| step.section == READ).cloned().collect();
    assert!(read.len() > 20, "{}", read.len());
    differences(&measure, &read)
}

/// Steps of a role that may not call which were not refused.
fn unrefused(played: &[Played]) -> Vec<String> {
    let by_role = played.iter().filter(|step| step.is_refusal);
    let mut found = Vec::new();
    let mut before: Option<&Played> = None;
    for step in by_role {
        // The second refusal of a method is by the wrong role.
        let is_second = before.is_some_and(|before| before.path == step.path);
        let code = step.answer.error.as_ref().map(|error| &error["error"]["status"]);
        if is_second && code != Some(&Value::from("PERMISSION_DENIED")) {
            found.push(format!("{} was not refused: {code:?}", step.step));
        }
        before = Some(step);
    }
    found
}

/// The comparison itself, tried on answers that are wrong on purpose.
fn twins(methods: &gateway::Methods, grpc: &[Played]) -> bool {
    let mut changed = grpc.to_vec();
    let mut renamed = grpc.to_vec();
    let step = grpc
        .iter()
        .position(|step| step.path.ends_with("ListLines") && step.answer.error.is_none())
        .unwrap_or_default();
    if let Some(Value::Object(answer)) = changed[step].answer.messages.first_mut() {
        answer.insert("lines".to_owned(), json!([{"line_no": "99"}]));
    }
    if let Some(Value::Object(answer)) = renamed[step].answer.messages.first_mut() {
        let lines = answer.remove("lines").unwrap_or_default();
        answer.insert("rows".to_owned(), lines);
    }
    let forgotten: Vec<Played> = grpc
        .iter()
        .filter(|played| !played.path.ends_with("/ExplainLine"))
        .cloned()
        .collect();
    let counts = [
        ("parity_twin_changed", differences(grpc, &changed).len()),
        ("parity_twin_renamed", differences(grpc, &renamed).len()),
        ("parity_twin_forgotten_method", missing(methods, &forgotten).len()),
    ];
    counts.iter().fold(true, |passed, (name, count)| {
        passed & told(Figure::red_twin(name, *count))
    })
}

/// The answers of gRPC, a step a line.
fn write_down(played: &[Played], path: &Path) {
    let lines: String = played
        .iter()
        .map(|step| format!("{} {}\n", step.step, masked(&step.answer.document())))
        .collect();
    std::fs::write(path, lines).unwrap();
}
