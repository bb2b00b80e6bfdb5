//! Files made to harm whoever reads them, given to the real program under a limit on its memory: each must be refused by its name.
//!
//! The red twin reads the smallest of them the way a program without our caps would, and must die under the same limit.

mod workbooks;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use calamine::Reader;
use platform::database::embedded::temporary_dir;

use crate::process::program;
use crate::proofs::Figure;

/// Memory that reading may take beyond what the program takes for a small good workbook, in KiB of address space.
const MEMORY_KIB: u64 = 400 << 10;
/// Names the workbook that the red twin reads.
const TWIN: &str = "ZHIRONG_TWIN_WORKBOOK";
/// How often a running child is asked for its peak.
const SAMPLE: Duration = Duration::from_millis(2);
/// How long one file may take, in samples.
const SAMPLES_MOST: u32 = 60_000;

/// A file and what must be said of it.
pub struct Hostile {
    /// What it is.
    pub what: &'static str,
    /// Its name on disk.
    pub name: &'static str,
    /// Its bytes, made when they are needed: some are large.
    pub make: fn() -> Vec<u8>,
    /// The code that refuses it.
    pub code: &'static str,
}

/// How a child ended.
struct Ended {
    status: ExitStatus,
    said: String,
    /// Most resident memory, in KiB.
    resident: u64,
    /// Most address space, in KiB.
    space: u64,
}

/// What became of all of them.
pub struct Outcome {
    /// Files that were refused by their name with exit code 2.
    pub refused: u64,
    /// Files in all.
    pub files: u64,
    /// Most resident memory of any, in bytes.
    pub peak_bytes: u64,
    /// Address space of the small good workbook, in KiB, which the limit stands on.
    pub base_kib: u64,
    /// One line a file that was not refused as it should be.
    pub wrong: Vec<String>,
    /// Whether the twin died.
    pub twin_died: bool,
}

/// Figures of [`all`], for a command that prints them. `twin` starts the red twin from this very program: see [`read_as_the_twin`].
pub fn figures(twin: &[&str]) -> Vec<Figure> {
    let outcome = all(twin);
    crate::proofs::show("hostile", &outcome.wrong);
    vec![
        Figure::exactly("hostile_files_refused", outcome.refused, outcome.files),
        Figure::none(
            "hostile_files_refused_wrongly",
            crate::proofs::count(outcome.wrong.len()),
        ),
        Figure::at_most("hostile_peak_bytes", outcome.peak_bytes, MEMORY_KIB << 10),
        Figure::red_twin("hostile_naive_reader_dies", u64::from(outcome.twin_died)),
    ]
}

/// Gives every file to `zhirong assess`, and the corner workbook to the twin.
///
/// # Panics
/// Where a file cannot be written, or the small good workbook is not read.
pub fn all(twin: &[&str]) -> Outcome {
    let dir = temporary_dir("zhirong-hostile").unwrap();
    let good = place(&dir, "good.xlsx", &workbooks::good());
    let base = run(assess(&good), u64::MAX);
    assert!(base.status.success(), "{}", base.said);
    let limit = base.space + MEMORY_KIB;
    let mut outcome = Outcome {
        refused: 0,
        files: 0,
        peak_bytes: 0,
        base_kib: base.space,
        wrong: Vec::new(),
        twin_died: false,
    };
    for file in workbooks::ALL {
        let path = place(&dir, file.name, &(file.make)());
        let ended = run(assess(&path), limit);
        let named = ended.said.contains(&format!("{}:", file.code));
        outcome.files += 1;
        outcome.peak_bytes = outcome.peak_bytes.max(ended.resident << 10);
        if ended.status.code() == Some(2) && named {
            outcome.refused += 1;
        } else {
            let Ended { status, said, .. } = ended;
            outcome.wrong.push(format!("{}: {status}, {said}", file.what));
        }
        std::fs::remove_file(&path).unwrap();
    }
    let corner = place(&dir, "corner.xlsx", &workbooks::corner());
    let own = std::env::current_exe().unwrap();
    let mut naive = Command::new("bash");
    naive
        .args(["-c", LIMITED, "bash"])
        .arg(own)
        .args(twin)
        .env(TWIN, &corner);
    outcome.twin_died = run(naive, limit).status.code() != Some(0);
    let _removed = std::fs::remove_dir_all(&dir);
    outcome
}

/// The red twin: reads the workbook named by the environment as a whole range, as most programs do.
///
/// # Panics
/// Where the workbook is not named or not readable; without memory the process is ended instead.
pub fn read_as_the_twin() {
    let path = std::env::var_os(TWIN).unwrap();
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    let range = workbook.worksheet_range("loans").unwrap();
    println!("{:?}", range.get_size());
}

/// Runs what follows under the limit in the environment; the shell becomes the program, so that its memory is the child's own.
const LIMITED: &str = "[ -z \"$LIMIT_KIB\" ] || ulimit -v \"$LIMIT_KIB\"; exec \"$@\"";

fn assess(file: &Path) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-c", LIMITED, "bash"])
        .arg(program())
        .arg("assess")
        .arg(file)
        .args(["--division", "410500", "--year", "2025", "--as-of", "2026-03-31"]);
    command
}

fn place(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A field of a process's status, in KiB; 0 once it has ended.
fn status_kib(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// Runs a command under a limit on its address space and watches its peaks.
fn run(mut command: Command, limit_kib: u64) -> Ended {
    if limit_kib != u64::MAX {
        command.env("LIMIT_KIB", limit_kib.to_string());
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut errors).unwrap_or_default());
    let (mut resident, mut space) = (0, 0);
    for _ in 0..SAMPLES_MOST {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        resident = resident.max(status_kib(child.id(), "VmHWM"));
        space = space.max(status_kib(child.id(), "VmPeak"));
        std::thread::sleep(SAMPLE);
    }
    // One that is still running by now is stopped, and its signal is its refusal.
    let _ended_already = child.kill();
    Ended {
        status: child.wait().unwrap(),
        said: reader.join().unwrap(),
        resident,
        space,
    }
}
