//! Callers that want too much, beside honest ones.
//!
//! Each attack is waged by an institution of its own, with its own certificate, against a server process whose memory is read from
//! `/proc`. Four honest callers are measured quiet just before it, beside it, and after it.

mod attack;
mod bound;
mod honest;
mod raw;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use platform::database::embedded::temporary_dir;
use platform::identity::load_identity;
use platform::twin::{Twin, VARIABLE};

use self::attack::{Attack, Attacker, Target};
use self::honest::{Honest, Seen};
use crate::figure::{Asked, Figure, Size, count, show};
use crate::process::Served;
use crate::sandbox::watch;
use crate::scene::Lending;

/// Most memory over that of the quiet server, in MiB.
const MEMORY_BAR: u64 = 64;
/// Most time of 99 of 100 honest calls, in percent of the quiet one.
const P99_BAR: u64 = 200;
/// Most seconds until honest calls are as quick again as they may be beside an attack.
const NORMAL_BAR: u64 = 5;
/// Slices of the time that is measured, quiet and beside the attack.
const SLICES: u32 = 3;
/// What is left to the server after an attack before it is measured quiet again, or held to be slow.
const AFTER: Duration = Duration::from_millis(1_500);
/// The attack that the server without limits must not stand.
const TWIN: Attack = Attack::Headers;

/// What was seen of one attack.
#[derive(Debug)]
struct Outcome {
    attack: Attack,
    memory: u64,
    quiet: Duration,
    beside: Duration,
    errors: Vec<String>,
    normal: Option<Duration>,
}

impl Outcome {
    fn percent(&self) -> u64 {
        let quiet = self.quiet.as_micros().max(1);
        u64::try_from(self.beside.as_micros() * 100 / quiet).unwrap()
    }

    fn figures(&self, asked: Asked) -> Vec<Figure> {
        let name = |what: &str| format!("flood_{}_{what}", self.attack.as_str());
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap();
        let printed =
            |what: &str, time: Duration| Figure::judged(name(what), micros(time), "printed only", true);
        vec![
            Figure::at_most(name("rss_over_base_mib"), self.memory, MEMORY_BAR),
            printed("honest_p99_quiet_us", self.quiet),
            printed("honest_p99_us", self.beside),
            Figure::timed(
                asked,
                name("honest_p99_percent_of_quiet"),
                self.percent(),
                P99_BAR,
            ),
            Figure::none(name("honest_errors"), count(self.errors.len())),
            Figure::timed(
                asked,
                name("back_to_normal_ms"),
                self.normal
                    .map_or(u64::MAX, |time| u64::try_from(time.as_millis()).unwrap()),
                NORMAL_BAR * 1_000,
            ),
        ]
    }

    /// How many bars it goes over.
    fn broken(&self) -> usize {
        let over = [
            self.memory > MEMORY_BAR,
            self.percent() > P99_BAR,
            !self.errors.is_empty(),
            self.normal
                .is_none_or(|took| took > Duration::from_secs(NORMAL_BAR)),
        ];
        over.into_iter().filter(|is_over| *is_over).count()
    }
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    let attacks: &[Attack] = match asked.size {
        Size::Test | Size::Smoke => &[TWIN],
        Size::Full | Size::Long => &Attack::ALL,
    };
    let quiet = Duration::from_millis(asked.of(1_500, 1_500, 3_600, 10_000));
    let beside = Duration::from_millis(asked.of(2_000, 2_000, 4_200, 80_000));
    let mut figures = Vec::new();
    for outcome in crate::run(wage(attacks, (quiet, beside), &[])) {
        show(outcome.attack.as_str(), &outcome.errors);
        figures.extend(outcome.figures(asked));
    }
    let without = [(VARIABLE, Twin::NoLimits.as_str())];
    let [past, past_without] = [&[][..], &without].map(|environment| crate::run(past(environment)));
    for (attack, (past, past_without)) in Attack::ALL.into_iter().zip(past.into_iter().zip(past_without)) {
        let name = format!("flood_{}_past_its_bound", attack.as_str());
        figures.push(Figure::none(&name, past));
        figures.push(Figure::red_twin(&name, past_without));
    }
    let beside = Duration::from_millis(asked.of(3_000, 3_000, 5_000, 5_000));
    let outcome = crate::run(wage(&[TWIN], (quiet, beside), &without)).remove(0);
    eprintln!("without limits: {outcome:?}");
    let name = format!("flood_{}, a server without limits", TWIN.as_str());
    figures.push(Figure::red_twin(&name, outcome.broken()));
    figures
}

/// A server of its own, in its folder.
fn serve(dir: &Path, environment: &[(&str, &str)]) -> Served {
    platform::serve::install_crypto_provider();
    let data = dir.to_str().unwrap();
    Served::start(
        &["--sandbox", "--data", data, "--listen", "127.0.0.1:0"],
        environment,
    )
}

/// The server as a new institution with one contract attacks it.
async fn target(served: &Served) -> Target {
    let hostile = Lending::new(served).await;
    hostile.lend(2025, "8000000.00").await;
    Target {
        address: served.url().trim_start_matches("https://").parse().unwrap(),
        identity: load_identity(served.identity(), &hostile.code).unwrap(),
    }
}

/// How much of each attack gets further than its bound, on a server of its own.
async fn past(environment: &[(&str, &str)]) -> Vec<u64> {
    let dir = temporary_dir("zhirong-flood").unwrap();
    let _watchdog = watch(&dir);
    let served = serve(&dir, environment);
    let mut past = Vec::new();
    for attack in Attack::ALL {
        past.push(bound::past(attack, &target(&served).await).await);
    }
    drop(served);
    past
}

/// Wages attacks one after the other against a server of its own.
async fn wage(attacks: &[Attack], times: (Duration, Duration), environment: &[(&str, &str)]) -> Vec<Outcome> {
    let dir = temporary_dir("zhirong-flood").unwrap();
    let _watchdog = watch(&dir);
    let served = serve(&dir, environment);
    let mut honest = Honest::new(&served).await;
    honest.renew().await;
    let target = target(&served).await;
    // What is read and made on first use belongs to the base.
    let warm = honest.begin();
    tokio::time::sleep(times.0).await;
    let warm = warm.end().await;
    assert!(
        warm.errors.is_empty() && !warm.calls.is_empty(),
        "{:?}",
        warm.errors
    );
    let mut outcomes = Vec::new();
    for attack in attacks {
        honest.renew().await;
        outcomes.push(one(*attack, &target, times, (&served, &honest)).await);
    }
    drop(served);
    outcomes
}

async fn one(
    attack: Attack,
    target: &Target,
    (quiet_time, beside_time): (Duration, Duration),
    (served, honest): (&Served, &Honest),
) -> Outcome {
    let (mut quiet, mut beside, mut memory) = (Seen::default(), Seen::default(), 0);
    let base = resident_kib(served.pid());
    let (mut calling, mut stopped) = (honest.begin(), Instant::now());
    // In slices by turns, so that what else the machine does in the meantime weighs on both alike.
    for slice in 1..=SLICES {
        tokio::time::sleep(quiet_time / SLICES).await;
        quiet.add(calling.end().await);
        let watched = Memory::watch(served.pid());
        let attacker = Attacker::start(attack, target);
        calling = honest.begin();
        tokio::time::sleep(beside_time / SLICES).await;
        beside.add(calling.end().await);
        calling = honest.begin();
        let stopping = tokio::task::spawn_blocking(move || {
            attacker.stop();
            Instant::now()
        });
        stopped = stopping.await.unwrap();
        memory = memory.max(watched.most());
        if slice < SLICES {
            tokio::time::sleep(AFTER).await;
            beside.errors.extend(calling.end().await.errors);
            calling = honest.begin();
        }
    }
    tokio::time::sleep(AFTER).await;
    let bar = quiet.p99().saturating_mul(u32::try_from(P99_BAR / 100).unwrap());
    let mut after = calling.end().await;
    let mut normal = after.normal_after(stopped, bar);
    // Mostly it is at once; where not, it is waited for.
    if normal.is_none() {
        let calling = honest.begin();
        tokio::time::sleep(Duration::from_secs(NORMAL_BAR)).await;
        after = calling.end().await;
        normal = after.normal_after(stopped, bar);
    }
    Outcome {
        attack,
        memory: memory.saturating_sub(base) / 1_024,
        quiet: quiet.p99(),
        beside: beside.p99(),
        errors: [beside.errors, after.errors].concat(),
        normal,
    }
}

/// Physical memory of a process, in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// The most memory that a process has while this lives.
struct Memory {
    most: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let (most, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (most.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(resident_kib(pid), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { most, stop }
    }

    fn most(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.most.load(Ordering::Relaxed)
    }
}
