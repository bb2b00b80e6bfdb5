//! Bytes from strangers, given to everything that reads them: see `tests/fuzz`.
//!
//! Each target searches in a process of its own, two at a time, so that one that dies, hangs or eats memory is seen and named.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fuzz::search::try_one;
use fuzz::targets::{TWIN, sound};
use fuzz::{Target, corpus, target};
use platform::database::embedded::temporary_dir;
use serde_json::Value;

use crate::figure::{Asked, Figure, Size, count, show};
use crate::process::beside;
use crate::proofs::in_parallel;

/// Address space of a search: what it needs and the 256 MiB it may take for an input, which it watches itself; beyond it dies.
const MEMORY_KIB: u64 = 4 << 20;
/// How long a corpus file may take.
const SLOW: Duration = Duration::from_secs(2);
/// A folder to keep what is found in, below the build's.
const KEEP: &str = "target/fuzz";

/// What a search told.
#[derive(Debug, Default)]
struct Searched {
    tried: u64,
    harmful: Vec<String>,
}

impl Searched {
    fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.harmful.extend(other.harmful);
    }
}

/// Searches one target for some seconds in a process of its own.
fn search(target: &Target, seconds: u64, seed: u64, keep: &Path) -> Searched {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY_KIB}; exec \"$@\""), "sh"])
        .arg(beside("fuzz"))
        .args([
            target.name,
            "--seconds",
            &seconds.to_string(),
            "--seed",
            &seed.to_string(),
        ])
        .arg("--keep")
        .arg(keep)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut harmful: Vec<String> = line["harmful"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(place, input)| format!("{}: {place}, {input}", target.name))
        .collect();
    if harmful.is_empty() && !output.status.success() {
        let current = keep.join(target.name).join("current");
        let said = String::from_utf8_lossy(&output.stderr);
        harmful.push(format!(
            "{}: {}, {}: {said}",
            target.name,
            output.status,
            current.display()
        ));
    }
    Searched {
        tried: line["tried"].as_u64().unwrap_or_default(),
        harmful,
    }
}

/// Every file of every corpus once; answers how many there were and which did harm.
fn replayed() -> Searched {
    let mut all = Searched::default();
    for target in sound() {
        for (path, bytes) in corpus::inputs(&corpus::folder().join(target.name)) {
            all.tried += 1;
            let begun = Instant::now();
            let told = try_one(target, &bytes);
            let slow = (begun.elapsed() > SLOW).then(|| "too long".to_owned());
            let wrong = told.err().or(slow);
            all.harmful
                .extend(wrong.map(|wrong| format!("{}: {wrong}", path.display())));
        }
    }
    all
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let twin = target(TWIN).unwrap();
    let corpora = replayed();
    show("fuzz", &corpora.harmful);
    let mut figures = vec![
        Figure::at_least("corpus files read", corpora.tried, 100),
        Figure::none("corpus files that do harm", corpora.harmful.len()),
        Figure::red_twin(
            "corpus files that do harm",
            u64::from(try_one(twin, b"a boom").is_err()),
        ),
    ];
    if asked.size == Size::Test {
        return figures;
    }
    let seconds = asked.of(0, 2, 5, 3_600);
    let keep = PathBuf::from(KEEP);
    let targets: Vec<&Target> = sound().collect();
    let found = in_parallel(
        count(targets.len()),
        |place, own: &mut Searched| {
            let target = targets[usize::try_from(place).unwrap()];
            own.add(search(target, seconds, asked.seed, &keep));
        },
        Searched::add,
    );
    show("fuzz", &found.harmful);
    // The twin's folder is thrown away, so that it has to be found anew.
    let dir = temporary_dir("zhirong-fuzz").unwrap();
    let planted = search(twin, asked.of(0, 3, 5, 5), asked.seed, &dir);
    std::fs::remove_dir_all(&dir).unwrap();
    figures.extend([
        Figure::at_least("hostile bytes tried", found.tried, 10_000),
        Figure::none("hostile_bytes_crashes", found.harmful.len()),
        Figure::red_twin("hostile_bytes_crashes", planted.harmful.len()),
    ]);
    figures
}
