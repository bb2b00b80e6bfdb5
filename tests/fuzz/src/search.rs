//! The built-in search: inputs are changed, and what makes a target say something new is kept and changed further.
//!
//! There is no coverage to steer by: the stable compiler gives none without tools. What a target says (its refusals by code) and the
//! length of the input stand in for it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::change::changed;
use crate::corpus;
use crate::targets::Target;

/// How long one input may take, in hundredths of a second of the processor.
const SLOW_TICKS: u64 = 200;
/// How long one input may take by the clock, whatever it waits for.
const STUCK: Duration = Duration::from_secs(60);
/// Memory that one input may take beyond what the process had before it, in KiB.
const MEMORY_KIB: u64 = 256 << 10;
/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(20);
/// Most inputs kept in memory; beyond it one is replaced.
const KEPT: usize = 5_000;
/// Exit code of a process whose input took too long or too much memory.
const HARMED: i32 = 3;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long.
    pub time: Duration,
    /// Where everything random comes from.
    pub seed: u64,
    /// Below it, by target: `kept/` for inputs that said something new, `harmful/`, and `current`, the input being tried.
    pub keep: PathBuf,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Name of the target.
    pub target: &'static str,
    /// Inputs tried.
    pub tried: u64,
    /// Things said.
    pub said: usize,
    /// Where a panic was, and the input saved.
    pub harmful: BTreeMap<String, PathBuf>,
}

impl Found {
    /// As a line of JSON.
    #[must_use]
    pub fn line(&self) -> Value {
        json!({"target": self.target, "tried": self.tried, "said": self.said, "harmful": self.harmful})
    }
}

/// The input that is tried now, where a process that dies leaves it behind.
struct Current {
    file: File,
    /// How many inputs were begun and ended: odd while one is tried.
    turns: AtomicU64,
}

impl Current {
    fn begin(&self, input: &[u8]) {
        self.file.set_len(0).unwrap();
        self.file.write_all_at(input, 0).unwrap();
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends the process where an input takes too long or too much memory; the input stays in `current`.
///
/// Time is that of the processor, so that a busy machine is not taken for a slow input; one that waits for something is held by the clock.
fn watch(current: &'static Current, target: &'static str) {
    let base = resident_kib();
    std::thread::spawn(move || {
        let mut seen = (0, Instant::now(), 0);
        loop {
            std::thread::sleep(LOOK);
            let turn = current.turns.load(Ordering::Relaxed);
            if turn != seen.0 {
                seen = (turn, Instant::now(), worked_ticks());
            }
            let worked = worked_ticks().saturating_sub(seen.2);
            let slow = turn % 2 == 1 && (worked > SLOW_TICKS || seen.1.elapsed() > STUCK);
            let large = resident_kib().saturating_sub(base) > MEMORY_KIB;
            if slow || large {
                eprintln!("{target}: {}", if slow { "too long" } else { "too much memory" });
                std::process::exit(HARMED);
            }
        }
    });
}

/// Time of the processor that this process took, in hundredths of a second; 0 where the system does not say.
fn worked_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name stands in brackets and may hold anything; user and system time are the 12th and 13th field after it.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}

/// Resident memory of this process in KiB; 0 where the system does not say.
fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_u64) * 4
}

thread_local! {
    /// Where this thread panicked while it tried an input; none while it tries nothing.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Tries one input; answers what was said, or where it panicked. Panics of others are told as ever.
///
/// # Errors
/// The place of the panic and its words.
pub fn try_one(target: &Target, input: &[u8]) -> Result<String, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_tried = PLACE.with_borrow_mut(|place| {
                place.as_mut().is_some_and(|place| {
                    let at = panic.location().map(ToString::to_string).unwrap_or_default();
                    *place = format!("{at} {}", panic.payload_as_str().unwrap_or_default());
                    true
                })
            });
            if !is_tried {
                others(panic);
            }
        }));
    });
    PLACE.set(Some(String::new()));
    let told = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let place = PLACE.take().unwrap_or_default();
    told.map_err(|_| place)
}

/// Searches for inputs that do harm.
///
/// # Panics
/// Where its folders cannot be written.
#[must_use]
pub fn search(target: &'static Target, options: &Options) -> Found {
    let dir = options.keep.join(target.name);
    let [kept, harmful] = ["kept", "harmful"].map(|name| dir.join(name));
    for dir in [&kept, &harmful] {
        std::fs::create_dir_all(dir).unwrap();
    }
    let current: &'static Current = Box::leak(Box::new(Current {
        file: File::create(dir.join("current")).unwrap(),
        turns: AtomicU64::new(0),
    }));
    watch(current, target.name);
    let mut found = Found {
        target: target.name,
        ..Found::default()
    };
    let mut said = BTreeSet::new();
    let mut inputs: Vec<Vec<u8>> = vec![Vec::new()];
    let known = [corpus::folder().join(target.name), kept.clone()];
    let known: Vec<Vec<u8>> = known
        .iter()
        .flat_map(|dir| corpus::inputs(dir))
        .map(|(_, bytes)| bytes)
        .collect();
    let (mut rng, begun) = (Rng::with_seed(options.seed), Instant::now());
    let mut waiting = known.into_iter();
    while begun.elapsed() < options.time {
        let (input, is_known) = match waiting.next() {
            Some(input) => (input, true),
            None => {
                let [one, other] = [(); 2].map(|()| &inputs[rng.usize(0..inputs.len())]);
                (changed(&mut rng, one, other, target.words), false)
            }
        };
        current.begin(&input);
        let told = try_one(target, &input);
        current.end();
        found.tried += 1;
        match told {
            Ok(told) => {
                let is_new = said.insert((told, input.len().checked_ilog2()));
                if is_new && !is_known {
                    save(&kept, &input);
                }
                if is_new || is_known {
                    keep(&mut rng, &mut inputs, input);
                }
            }
            Err(place) => {
                found
                    .harmful
                    .entry(place)
                    .or_insert_with(|| save(&harmful, &input));
            }
        }
    }
    found.said = said.len();
    found
}

fn keep(rng: &mut Rng, inputs: &mut Vec<Vec<u8>>, input: Vec<u8>) {
    if inputs.len() < KEPT {
        inputs.push(input);
    } else {
        let place = rng.usize(0..KEPT);
        inputs[place] = input;
    }
}

/// Saves an input under its digest.
fn save(dir: &Path, input: &[u8]) -> PathBuf {
    let digest = exchange::digest::sha256_hex(input);
    let path = dir.join(&digest[..16]);
    std::fs::write(&path, input).unwrap();
    path
}
