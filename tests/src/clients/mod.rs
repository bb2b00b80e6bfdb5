//! `cargo xtask clients` and `cargo xtask bundle`: what partners call with, made and tried in Java, Python and Rust.

pub mod bundle;
pub mod relay;
pub mod samples;
pub mod stubs;
pub mod tools;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;
use zhirong::cli::Until;
use zhirong::settle::settle;

use self::bundle::Packages;
use self::samples::{ALIKE, STEPS, Said, Stage};
use self::tools::{Java, Python, target};
use crate::figure::{Figure, print_all};
use crate::process::program;
use crate::pull;

/// The samples, by language.
const LANGUAGES: [&str; 3] = ["java", "python", "rust"];

/// One sample's run.
struct Run {
    language: &'static str,
    said: Said,
    lost: u32,
    took: Duration,
}

/// The tools that are there; what is missing of the others.
pub struct Found {
    /// Java and what it needs.
    pub java: Result<Java, String>,
    /// Python and what it needs.
    pub python: Result<Python, String>,
    rust: Result<PathBuf, String>,
}

/// A command that finds the program by its name, as it is installed.
pub fn with_program(command: &mut Command) -> &mut Command {
    let own = program().parent().map(Path::to_path_buf);
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let paths: Vec<_> = own.into_iter().chain(std::env::split_paths(&inherited)).collect();
    match std::env::join_paths(paths) {
        Ok(joined) => command.env("PATH", joined),
        Err(_) => command,
    }
}

impl Found {
    /// Looks for all of them.
    pub async fn look() -> Self {
        Self {
            java: tools::java().await,
            python: tools::python().await,
            rust: samples::rust(),
        }
    }

    /// The packages that these tools make.
    ///
    /// # Errors
    /// What a tool said.
    pub async fn packages(&self) -> Result<Packages, String> {
        Packages::make(self.java.as_ref().ok(), self.python.as_ref().ok()).await
    }

    /// The command of a sample; why there is none.
    async fn sample(&self, language: &str, packages: &Packages) -> Result<Command, String> {
        match language {
            "java" => samples::java(self.java.as_ref().map_err(Clone::clone)?, packages).await,
            "python" => samples::python(self.python.as_ref().map_err(Clone::clone)?, packages).await,
            _ => Ok(Command::new(self.rust.as_ref().map_err(Clone::clone)?)),
        }
    }

    /// Why a language cannot be tried here; none where it can.
    #[must_use]
    pub fn missing(&self, language: &str) -> Option<&str> {
        match language {
            "java" => self.java.as_ref().err(),
            "python" => self.python.as_ref().err(),
            "rust" => self.rust.as_ref().err(),
            _ => None,
        }
        .map(String::as_str)
    }
}

/// Plays every sample whose tools are there, each in a sandbox of its own.
async fn play(found: &Found, packages: &Packages) -> Vec<Result<Run, (&'static str, String)>> {
    let mut runs = Vec::new();
    for language in LANGUAGES {
        if found.missing(language).is_some() {
            continue;
        }
        let played = async {
            let mut command = found.sample(language, packages).await?;
            let stage = Stage::start().await;
            let begun = Instant::now();
            let played = stage.play(&mut command).await;
            let took = begun.elapsed();
            stage.stop();
            let (said, lost) = played?;
            Ok(Run {
                language,
                said,
                lost,
                took,
            })
        };
        runs.push(played.await.map_err(|why: String| (language, why)));
    }
    runs
}

/// The figures of the samples' runs.
fn judge(runs: &[Run], wanted: usize) -> Vec<Figure> {
    let mut figures = Vec::new();
    for run in runs {
        let language = run.language;
        figures.push(Figure::exactly(
            format!("{language}_steps_ok"),
            run.said.steps_ok(),
            STEPS.len(),
        ));
        figures.push(Figure::seconds(format!("{language}_seconds"), run.took));
    }
    let faults: usize = runs.iter().map(|run| run.said.gaps_or_repeats()).sum();
    figures.push(Figure::exactly("pull_gap_or_repeat", faults, 0));
    let survived = runs.iter().filter(|run| run.lost == 1).count();
    figures.push(Figure::exactly("lost_connections_survived", survived, wanted));
    let is_alike = |step: &&&str| {
        let words: Vec<_> = runs.iter().map(|run| run.said.0.get(**step)).collect();
        words
            .first()
            .is_some_and(|first| first.is_some() && words.iter().all(|it| it == first))
    };
    let alike = ALIKE.iter().filter(is_alike).count();
    figures.push(Figure::exactly(
        "figures_equal_across_clients",
        alike,
        ALIKE.len(),
    ));
    figures
}

/// The red twin of the resumed pull: a client that begins again without its token, seen by the same check.
async fn without_token() -> Figure {
    let stage = Stage::start().await;
    let (url, identity) = (stage.server().url(), stage.identity());
    let draft = settle(url, &identity, ("410500", 2025), None, Until::Draft).await;
    let name = draft.unwrap().name;
    let client = stage.server().client("finance-maker");
    let mut pieces = Vec::new();
    for most in [3, usize::MAX] {
        let messages = pull::stream(&client, pull::streaming(&name, ""), most)
            .await
            .unwrap();
        let number = |message: Option<&api::settlement::v1::StreamBatchResponse>| {
            message.map_or(0, |message| message.sequence)
        };
        pieces.push(format!(
            "{}-{}",
            number(messages.first()),
            number(messages.last())
        ));
    }
    stage.stop();
    Figure::red_twin("pull_gap_or_repeat", samples::gaps_or_repeats(&pieces.join(" ")))
}

/// The figures of the bundle: what is missing of it, and whether it is the same when it is made again from nothing.
async fn bundled(found: &Found, packages: &Packages, must: bool) -> Result<Vec<Figure>, String> {
    let (files, missing) = bundle::files(packages)?;
    let folder = bundle::write(&files, &target())?;
    eprintln!("{} files in {}", files.len(), folder.display());
    let again = Packages::anew(
        target().join("again"),
        found.java.as_ref().ok(),
        found.python.as_ref().ok(),
    )
    .await?;
    let (others, _) = bundle::files(&again)?;
    let differing = files
        .iter()
        .filter(|(path, bytes)| others.get(*path) != Some(bytes))
        .count();
    let complete = if missing.is_empty() || must {
        Figure::exactly("bundle_packages_missing", missing.len(), 0)
    } else {
        Figure::not_run("bundle_packages_missing", &missing.join(", "), must)
    };
    Ok(vec![
        complete,
        Figure::exactly("bundle_files_that_differ_when_made_again", differing, 0),
    ])
}

/// The figures of every sample whose tools are there.
async fn played(found: &Found, packages: &Packages, must: bool) -> Vec<Figure> {
    let (mut figures, mut done) = (Vec::new(), Vec::new());
    for played in play(found, packages).await {
        match played {
            Ok(run) => done.push(run),
            Err((language, why)) => {
                eprintln!("{language}: {why}");
                figures.push(Figure::exactly(format!("{language}_steps_ok"), 0, STEPS.len()));
            }
        }
    }
    for language in LANGUAGES {
        if let Some(why) = found.missing(language) {
            figures.push(Figure::not_run(format!("{language}_steps_ok"), why, must));
        }
    }
    let wanted = LANGUAGES
        .iter()
        .filter(|language| found.missing(language).is_none())
        .count();
    figures.extend(judge(&done, wanted));
    figures.push(without_token().await);
    figures
}

/// Runs the samples whose tools are there; prints every figure and answers whether none is wrong.
///
/// # Errors
/// What a tool said that makes the packages.
pub async fn samples_hold() -> Result<bool, String> {
    let found = Found::look().await;
    let packages = found.packages().await?;
    Ok(print_all(&played(&found, &packages, false).await, None))
}

/// Runs the samples and makes the bundle; prints every figure and answers whether all are as they must be. What cannot be tried for
/// want of a tool is a failure only where everything `must` be tried.
pub async fn all(must: bool) -> bool {
    let found = Found::look().await;
    let packages = match found.packages().await {
        Ok(packages) => packages,
        Err(why) => {
            eprintln!("{why}");
            return false;
        }
    };
    let mut figures = played(&found, &packages, must).await;
    match bundled(&found, &packages, must).await {
        Ok(more) => figures.extend(more),
        Err(why) => {
            eprintln!("{why}");
            figures.push(Figure::exactly("bundle_packages_missing", 1, 0));
        }
    }
    print_all(&figures, None)
}

/// Makes the bundle in a folder and says what is missing of it; answers whether it could be written.
pub async fn bundle(out: &Path) -> bool {
    let found = Found::look().await;
    for why in [found.java.as_ref().err(), found.python.as_ref().err()]
        .into_iter()
        .flatten()
    {
        eprintln!("{why}: its package is left out");
    }
    let written = match found.packages().await {
        Ok(packages) => bundle::files(&packages).and_then(|(files, _)| bundle::write(&files, out)),
        Err(why) => Err(why),
    };
    match written {
        Ok(ref folder) => println!("{}", folder.display()),
        Err(ref why) => eprintln!("{why}"),
    }
    written.is_ok()
}
