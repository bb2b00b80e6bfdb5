//! `cargo xtask`: the repository's own commands; nothing to install.
//!
//! - `cases [--dir DIR]`: every acceptance case by the rules alone and through the services, one line a case
//! - `check`: what a change must pass before it is proposed
//! - `bench`: figures with their bars, one JSON line each
//! - `hostile`: files made to harm, each refused by its name in bounded memory, one JSON line a figure
//! - `sbom`: every crate in the program, as CycloneDX
//! - `openapi`: writes `proto/openapi.json`
//! - `parity [--only CARRIER] [--scene FILE] [--answers FILE]`: the same result by every way in, one JSON line a figure
//! - `proofs [--smoke] [--seed N] [--only GROUP]`: what must hold of every settlement, one JSON line a figure; `proofs-long` with the
//!   large counts
//! - `faults [--smoke] [--seed N] [--only GROUP]`: what must hold under faults, load and hostile callers; `faults-long` with the large counts
//! - `figures`: writes the README's table from the last runs of `proofs` and `faults` that are kept in `docs/figures`
//! - `clients [--all]`: the samples in Java, Python and Rust against a sandbox, one JSON line a figure; what lacks its tools is said to be
//!   not run, which `--all` takes for a failure
//! - `strangers [--all]`: one paste a role, from a built sandbox to a first explained amount, one JSON line a figure
//! - `docs [PAGE]`: every command of the pages below `docs/` and of the README, run as it stands there
//! - `bundle [--out DIR]`: what a partner takes away, in `DIR/zhirong-VERSION`
//! - `fingerprint`: writes what this program's migrations make of an empty database; needed after every change of them
//! - `service-config`: writes `proto/service_config.json` from the descriptors

use std::path::PathBuf;
use std::process::ExitCode;

use zhirong_tests::cases::{Order, all, by_server, folder};
use zhirong_tests::figure::{self, Asked, SEED, Size};
use zhirong_tests::groups::{self, Group};
use zhirong_tests::process::cargo;
use zhirong_tests::{
    bench, clients, docs, faults, fingerprint, last_run, parity, proofs, run, sbom, service_config, strangers,
};

/// Not for people: `hostile` starts its red twin by it, in a process of its own that is meant to die.
const NAIVE: &str = "naive-workbook";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match words.as_slice() {
        ["cases"] => cases(folder()),
        ["cases", "--dir", dir] => cases(PathBuf::from(dir)),
        ["check"] => check(),
        ["bench"] => bench::all(),
        ["fingerprint"] => run(fingerprint::write()),
        ["service-config"] => service_config::write(),
        ["bundle"] => run(clients::bundle(&PathBuf::from("target"))),
        ["bundle", "--out", dir] => run(clients::bundle(&PathBuf::from(dir))),
        ["clients"] => built() && run(clients::all(false)),
        ["clients", "--all"] => built() && run(clients::all(true)),
        ["docs"] => built() && run(docs::all(None)),
        ["docs", page] => built() && run(docs::all(Some(page))),
        ["strangers"] => built() && run(strangers::all(false)),
        ["strangers", "--all"] => built() && run(strangers::all(true)),
        ["figures"] => last_run::write(),
        ["sbom"] => sbom::print(),
        ["hostile"] => built() && hostile(),
        [NAIVE] => {
            zhirong_tests::hostile::read_as_the_twin();
            true
        }
        ["openapi"] => openapi(),
        ["parity", rest @ ..] => match parity::Asked::read(rest) {
            Some(asked) => run(parity::run(&asked)),
            None => return usage(),
        },
        [groups::ONE, command, size, seed, name] => match one(command, size, seed, name) {
            Some((group, asked)) => group.run(asked),
            None => return usage(),
        },
        ["proofs", rest @ ..] => match asked(Size::Full, &proofs::GROUPS, rest) {
            Some((asked, only)) => built() && proofs::run(asked, only),
            None => return usage(),
        },
        ["proofs-long", rest @ ..] => match asked(Size::Long, &proofs::GROUPS, rest) {
            Some((asked, only)) => built() && proofs::run(asked, only),
            None => return usage(),
        },
        ["faults", rest @ ..] => match asked(Size::Full, &faults::GROUPS, rest) {
            Some((asked, only)) => built() && faults::run(asked, only),
            None => return usage(),
        },
        ["faults-long", rest @ ..] => match asked(Size::Long, &faults::GROUPS, rest) {
            Some((asked, only)) => built() && faults::run(asked, only),
            None => return usage(),
        },
        _ => return usage(),
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Files made to harm the program, one line a figure.
fn hostile() -> bool {
    let figures = zhirong_tests::hostile::figures(&[NAIVE]);
    figure::print_all(&figures, Some(SEED))
}

fn usage() -> ExitCode {
    let names = |groups: &[Group]| -> String {
        let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
        names.join("|")
    };
    eprintln!(
        "cargo xtask cases [--dir DIR] | check | bench | hostile | openapi | fingerprint | service-config | sbom | figures | bundle [--out DIR] | \
         clients [--all] | strangers [--all] | docs [PAGE] | parity [--only CARRIER] [--scene FILE] [--answers FILE] | \
         proofs [--smoke] [--seed N] [--only {0}] | proofs-long [--seed N] [--only {0}] | \
         faults [--smoke] [--seed N] [--only {1}] | faults-long [--seed N] [--only {1}]",
        names(&proofs::GROUPS),
        names(&faults::GROUPS)
    );
    ExitCode::from(2)
}

/// Writes the description of the interface from the descriptors.
fn openapi() -> bool {
    let path = parity::openapi_path();
    match std::fs::write(&path, parity::openapi()) {
        Ok(()) => println!("{}", path.display()),
        Err(error) => eprintln!("{}: {error}", path.display()),
    }
    path.is_file()
}

/// The options of the proofs and faults; none where one is unknown.
fn asked<'a>(size: Size, groups: &[Group], words: &[&'a str]) -> Option<(Asked, Option<&'a str>)> {
    let mut asked = Asked { size, seed: SEED };
    let (mut only, mut words) = (None, words.iter());
    while let Some(word) = words.next() {
        match *word {
            "--smoke" if size == Size::Full => asked.size = Size::Smoke,
            "--seed" => asked.seed = words.next()?.parse().ok()?,
            "--only" => {
                let group = words.next()?;
                groups.iter().find(|one| one.name == *group)?;
                only = Some(*group);
            }
            _ => return None,
        }
    }
    Some((asked, only))
}

/// One group of a command and how much of it, as [`groups::run`] asks for them.
fn one(command: &str, size: &str, seed: &str, name: &str) -> Option<(Group, Asked)> {
    let groups: &[Group] = match command {
        "proofs" => &proofs::GROUPS,
        "faults" => &faults::GROUPS,
        _ => return None,
    };
    let group = groups.iter().find(|group| group.name == name)?;
    let size = Size::ALL.into_iter().find(|one| one.as_str() == size)?;
    let seed = seed.parse().ok()?;
    Some((*group, Asked { size, seed }))
}

/// Runs every case both ways: by `assess` with all steps and variants, and through the services in three orders of arrival.
fn cases(dir: PathBuf) -> bool {
    let all = all(&dir);
    let orders = [Order::InOrder, Order::Reversed, Order::Shuffled(SEED)];
    println!("seed {SEED}");
    let by_order: Vec<_> = orders.iter().map(|order| run(by_server(&all, *order))).collect();
    let mut failed = 0;
    for case in &all {
        let (runs, mut wrong) = case.assess();
        let assessed = runs - wrong.len().min(runs);
        let served = by_order
            .iter()
            .filter(|wrong| !wrong.contains_key(case.id()))
            .count();
        wrong.extend(
            by_order
                .iter()
                .filter_map(|wrong| wrong.get(case.id()))
                .flatten()
                .cloned(),
        );
        let mark = if wrong.is_empty() { "ok" } else { "FAILED" };
        println!(
            "{mark:<6} {:<10} assess {assessed}/{runs}  server {served}/{} orders  {}",
            case.id(),
            orders.len(),
            case.about.what
        );
        for problem in &wrong {
            println!("         {problem}");
        }
        failed += usize::from(!wrong.is_empty());
    }
    println!("{} passed, {failed} failed", all.len() - failed);
    failed == 0
}

/// Builds the program, the Rust sample and the search of the fuzz targets, which run as processes of their own: with the harness, so
/// that their features are those of the tests and nothing is built twice, and without the test binaries, which take longest.
fn built() -> bool {
    cargo()
        .args(["build", "--release", "--quiet", "--lib", "--bins", "--examples"])
        .args([
            "--package",
            "zhirong",
            "--package",
            "zhirong-tests",
            "--package",
            "zhirong-client",
            "--package",
            "zhirong-fuzz",
        ])
        .status()
        .is_ok_and(|status| status.success())
}

/// Format, lints and tests, in the order in which they are quickest to fail.
fn check() -> bool {
    let steps: [&[&str]; 4] = [
        &["fmt", "--all", "--check"],
        &[
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        // The tests of faults kill the real program, and a test binary cannot build it.
        &["build", "--release", "--package", "zhirong"],
        &["test", "--release", "--workspace"],
    ];
    steps.iter().all(|step| {
        eprintln!("cargo {}", step.join(" "));
        cargo().args(*step).status().is_ok_and(|status| status.success())
    })
}
