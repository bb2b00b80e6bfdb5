//! The samples of `tests/clients`, run as a stranger would run them, and what they say held against what they must say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::bundle::{Packages, jar_name};
use super::relay::{Loss, Relay};
use super::tools::{Java, Python, root, run, target};
use crate::process::{Served, program};

/// The steps of a sample, in their order.
pub const STEPS: [&str; 10] = [
    "report", "repeat", "changed", "refused", "correct", "settle", "pull", "digests", "verify", "withdraw",
];
/// Steps whose words are the same in every language.
pub const ALIKE: [&str; 5] = ["report", "repeat", "changed", "refused", "correct"];

/// What must stand in the words of some steps, to the fen.
const WORDS: [(&str, &str); 6] = [
    (
        "report",
        "enterprise year 150000.00 by A8.1.3, contract now 150000.00, when fully drawn 150000.00",
    ),
    ("repeat", "the first answer again true"),
    ("changed", "REQUEST_ID_REUSED"),
    ("refused", "loan.contract_amount AMOUNT_MALFORMED: 金额格式不对"),
    ("correct", "revision 2, enterprise year 100000.00 by A8.1.2"),
    ("verify", "2 lines, 160000.00 yuan"),
];

/// What a sample said, by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(pub BTreeMap<String, String>);

impl Said {
    /// Reads the lines `ok STEP: WORDS`.
    #[must_use]
    pub fn of(output: &str) -> Self {
        let steps = output
            .lines()
            .filter_map(|line| line.strip_prefix("ok ")?.split_once(": "));
        Self(
            steps
                .map(|(step, words)| (step.to_owned(), words.to_owned()))
                .collect(),
        )
    }

    fn words(&self, step: &str) -> &str {
        self.0.get(step).map_or("", String::as_str)
    }

    /// Steps that were taken and said what they must.
    #[must_use]
    pub fn steps_ok(&self) -> usize {
        let is_ok = |step: &&&str| {
            let wanted = WORDS
                .iter()
                .find(|(of, _)| of == *step)
                .map_or("", |(_, words)| words);
            self.0.contains_key(**step) && self.words(step).contains(wanted)
        };
        STEPS.iter().filter(is_ok).count()
    }

    /// Messages missing or doubled in what was pulled, and a pull that was never cut.
    #[must_use]
    pub fn gaps_or_repeats(&self) -> usize {
        gaps_or_repeats(self.words("pull"))
    }
}

/// Messages missing or doubled between the pieces of a pull, such as `1-3 4-57`. A pull in one piece, or none, counts as one fault: nothing
/// was shown then.
#[must_use]
pub fn gaps_or_repeats(pieces: &str) -> usize {
    let pieces: Vec<(i64, i64)> = pieces
        .split_whitespace()
        .filter_map(|piece| {
            let (first, last) = piece.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect();
    let mut wrong = i64::from(pieces.len() < 2);
    let mut reached = 0;
    for (first, last) in pieces {
        wrong += (first - reached - 1).abs();
        reached = last;
    }
    usize::try_from(wrong).unwrap_or(usize::MAX)
}

/// A sandbox of its own for one sample, behind a relay that loses its first connection.
pub struct Stage {
    server: Served,
    relay: Relay,
    folder: PathBuf,
}

impl Stage {
    /// Starts one.
    ///
    /// # Panics
    /// Where it does not become ready.
    pub async fn start() -> Self {
        let folder = platform::database::embedded::temporary_dir("zhirong-sample").unwrap();
        let data = folder.join("data");
        let server = Served::start(
            &[
                "--sandbox",
                "--data",
                &data.to_string_lossy(),
                "--listen",
                "127.0.0.1:0",
            ],
            &[],
        );
        let relay = Relay::start(server.url(), Loss::First(1)).await;
        Self {
            server,
            relay,
            folder,
        }
    }

    /// The folder with the sandbox's certificates.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.folder.join("data/identity")
    }

    /// The server behind the relay.
    #[must_use]
    pub const fn server(&self) -> &Served {
        &self.server
    }

    /// Runs a sample with identity, address and program as its arguments; answers what it said and the connections it lost.
    ///
    /// # Errors
    /// What it said on standard error.
    pub async fn play(&self, command: &mut Command) -> Result<(Said, u32), String> {
        command
            .arg(self.identity())
            .arg(self.relay.target())
            .arg(program());
        let output = run(command).await?;
        Ok((Said::of(&output), self.relay.lost()))
    }

    /// Stops the server and removes its folder.
    pub fn stop(self) {
        self.server.stop();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

/// The Java sample, compiled against the jar.
///
/// # Errors
/// What `javac` said.
pub async fn java(java: &Java, packages: &Packages) -> Result<Command, String> {
    let jar = packages.folder.join(jar_name());
    let classes = target().join("java-sample");
    std::fs::create_dir_all(&classes).map_err(|error| error.to_string())?;
    let sources = root().join("tests/clients/java");
    let class_path = format!("{}:{}", jar.display(), java.jars);
    let mut javac = Command::new("javac");
    javac
        .args(["-encoding", "UTF-8", "-cp", &class_path, "-d"])
        .arg(&classes);
    for name in ["Sample", "Bank", "BatchPull", "Connection"] {
        javac.arg(sources.join(format!("{name}.java")));
    }
    run(&mut javac).await?;
    let mut command = Command::new("java");
    command
        .arg(format!("-Djava.library.path={}", java.libraries()?.display()))
        .args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp"])
        .arg(format!("{}:{class_path}", classes.display()))
        .arg("Sample");
    Ok(command)
}

/// The Python sample, with the wheel installed into a folder of its own.
///
/// # Errors
/// What `pip` said.
pub async fn python(python: &Python, packages: &Packages) -> Result<Command, String> {
    let installed = install(python, packages).await?;
    let mut command = python.command(Some(&installed));
    command.env("PYTHONIOENCODING", "utf-8");
    command.arg(root().join("tests/clients/python/sample.py"));
    Ok(command)
}

/// The wheel, installed into a folder.
///
/// # Errors
/// What `pip` said.
pub async fn install(python: &Python, packages: &Packages) -> Result<PathBuf, String> {
    let installed = target().join("python-installed");
    if installed.exists() {
        std::fs::remove_dir_all(&installed).map_err(|error| error.to_string())?;
    }
    let wheel = packages.folder.join(super::stubs::wheel_name());
    let mut pip = python.command(None);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
    ]);
    pip.args([
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--target",
    ]);
    run(pip.arg(&installed).arg(&wheel)).await?;
    Ok(installed)
}

/// The Rust sample, built beside the program.
///
/// # Errors
/// Where it is not built.
pub fn rust() -> Result<PathBuf, String> {
    let beside = program();
    let sample = beside
        .parent()
        .unwrap_or(Path::new("."))
        .join("examples/zhirong-sample");
    if sample.is_file() {
        Ok(sample)
    } else {
        Err("build it with `cargo build --release -p zhirong-client --examples`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_repeats_are_counted() {
        assert_eq!(gaps_or_repeats("1-3 4-17"), 0);
        assert_eq!(gaps_or_repeats("1-3 1-17"), 3);
        assert_eq!(gaps_or_repeats("1-3 6-17"), 2);
        assert_eq!(gaps_or_repeats("2-3 4-17"), 1);
        assert_eq!(gaps_or_repeats("1-17"), 1);
        assert_eq!(gaps_or_repeats(""), 1);
    }

    #[test]
    fn a_step_with_other_words_is_not_ok() {
        let good = "ok report: enterprise year 150000.00 by A8.1.3, contract now 150000.00, when fully drawn 150000.00\nok settle: 1\n";
        assert_eq!(Said::of(good).steps_ok(), 2);
        assert_eq!(Said::of(&good.replace("150000", "100000")).steps_ok(), 1);
        assert_eq!(Said::of("report: x\nok repeat").steps_ok(), 0);
    }
}
