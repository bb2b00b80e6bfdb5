//! The real program as a process of its own, to be killed without a word.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::Client;
use platform::identity::load_identity;

/// How long a start may take: a database is made or recovered in that time.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Cargo as a person calls it. Below `cargo run` it would hand on what that says of the package that runs, and a dependency whose build
/// looks at those variables (ring) would be built again each time, with all that stands on it.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// The program, built beside the tests.
///
/// # Panics
/// Where it is not there: a test binary cannot build it.
pub fn program() -> PathBuf {
    beside("zhirong")
}

/// A program of this repository that is built beside this one.
///
/// # Panics
/// Where it is not there.
pub fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folders = own
        .parent()
        .into_iter()
        .chain(own.parent().and_then(Path::parent));
    let found = folders.map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not built: run `cargo build --release --workspace`, or `cargo xtask check`")
    })
}

/// A running `zhirong serve`.
pub struct Served {
    child: Child,
    url: String,
    identity: PathBuf,
}

impl Served {
    /// Starts `zhirong serve` with these arguments and waits until it says that it is ready.
    pub fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::logging_to(Stdio::null(), args, environment)
    }

    /// As [`Served::start`], with its log lines going somewhere.
    pub fn logging_to(log: Stdio, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program())
            .arg("serve")
            .args(args)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let (ready, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _gone = ready.send(line);
            }
        });
        let begun = Instant::now();
        while let Ok(line) = told.recv_timeout(START_LIMIT.saturating_sub(begun.elapsed())) {
            let mut words = line.split(' ');
            if let (Some("READY"), Some(url), Some(identity)) = (words.next(), words.next(), words.next()) {
                return Self {
                    child,
                    url: url.to_owned(),
                    identity: PathBuf::from(identity),
                };
            }
        }
        let _gone = child.kill();
        panic!("zhirong serve {args:?} did not become ready: {:?}", child.wait());
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of its certificates.
    pub fn identity(&self) -> &Path {
        &self.identity
    }

    /// A client with one of its certificates.
    pub fn client(&self, name: &str) -> Client {
        crate::sandbox::client(&self.url, &load_identity(&self.identity, name).unwrap())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM) and waits until it has, its database too.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success() && self.child.wait().unwrap().success());
    }

    /// Waits until it has crashed by itself.
    pub fn await_crash(mut self) {
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            if let Some(ended) = self.child.try_wait().unwrap() {
                assert!(!ended.success());
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("zhirong serve does not crash");
    }

    /// Kills it (SIGKILL): nothing in it gets to tidy up.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
