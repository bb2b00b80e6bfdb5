//! Whether the tests notice a wrong version.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a wrong version may take of memory, in KiB: one that allocates for ever is noticed.
const MEMORY_KIB: u64 = 6 * 1024 * 1024;
/// How long a wrong version may take beside the right one, and the least.
const TIMES: u32 = 8;
const LEAST: Duration = Duration::from_secs(10);

/// The test programs with the folder each runs in, and how long the right version took.
pub(super) struct Judge {
    tests: Vec<(PathBuf, PathBuf, Duration)>,
}

impl Judge {
    /// Runs the right version, which every test program must pass.
    ///
    /// # Panics
    /// Where one fails: then nothing could be said of the wrong ones.
    pub(super) fn new(tests: Vec<(PathBuf, PathBuf)>) -> Self {
        let timed = tests.into_iter().map(|(program, folder)| {
            let begun = Instant::now();
            let limit = Duration::from_secs(600);
            assert!(
                !notices(&program, &folder, 0, limit),
                "{} fails as it is",
                program.display()
            );
            (program, folder, begun.elapsed())
        });
        let mut tests: Vec<(PathBuf, PathBuf, Duration)> = timed.collect();
        // What is quick and notices is not followed by what is slow.
        tests.sort_by_key(|(_, _, took)| *took);
        Self { tests }
    }

    /// Nobody who could notice anything.
    pub(super) const fn blind() -> Self {
        Self { tests: Vec::new() }
    }

    /// Whether any test program fails with this version, or does not end in time.
    pub(super) fn kills(&self, number: usize) -> bool {
        self.tests.iter().any(|(program, folder, took)| {
            let limit = (*took * TIMES).max(LEAST);
            notices(program, folder, number, limit)
        })
    }
}

/// Runs a test program to its first failure.
fn notices(program: &Path, folder: &Path, number: usize, limit: Duration) -> bool {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {MEMORY_KIB}; exec \"$0\""))
        .arg(program)
        .current_dir(folder)
        .env("MUTANT", number.to_string())
        .env("RUST_TEST_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            if lines.any(|line| line.ends_with("FAILED")) {
                failed.store(true, Ordering::Relaxed);
            }
        });
        wait(&mut child, limit, || failed.load(Ordering::Relaxed))
    })
}

/// Waits for the end, or for a failure or the time limit, at which the process is ended. Answers whether that is a notice.
fn wait(child: &mut Child, limit: Duration, failed: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return !status.success();
        }
        if failed() || begun.elapsed() > limit {
            // It may have ended in between; then there is nothing to end.
            let _ended = child.kill();
            child.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
