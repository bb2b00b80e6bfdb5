//! `fuzz list`, `fuzz TARGET [FILE..]` and `fuzz TARGET --seconds N [--seed S] [--keep DIR]`.
//!
//! Without options a target reads files, or standard input where there is none, and dies by a signal where one does harm, as AFL++
//! and honggfuzz want it. With `--seconds` it searches by itself.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use zhirong_fuzz::search::{Options, search};
use zhirong_fuzz::{ALL, Target, target};

/// The seed where none is given: the one of the repository's other figures.
const SEED: u64 = 20_180_221;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => {
            ALL.iter()
                .for_each(|target| println!("{:<10} {}", target.name, target.about));
            ExitCode::SUCCESS
        }
        [name, rest @ ..] => match target(name) {
            Some(target) => run(target, rest),
            None => usage(),
        },
        [] => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("fuzz list | fuzz TARGET [FILE..] | fuzz TARGET --seconds N [--seed S] [--keep DIR]");
    ExitCode::from(2)
}

fn run(target: &'static Target, words: &[&str]) -> ExitCode {
    if words.first().is_some_and(|word| word.starts_with("--")) {
        return match options(words) {
            Some(options) => searched(target, &options),
            None => usage(),
        };
    }
    // Tools from outside know a crash by its signal.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        std::process::abort();
    }));
    if words.is_empty() {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).unwrap();
        println!("{}", (target.run)(&bytes));
    }
    for path in words {
        let bytes = std::fs::read(Path::new(path)).unwrap();
        println!("{path}: {}", (target.run)(&bytes));
    }
    ExitCode::SUCCESS
}

fn options(words: &[&str]) -> Option<Options> {
    let mut options = Options {
        time: Duration::ZERO,
        seed: SEED,
        keep: PathBuf::from("target/fuzz"),
    };
    for pair in words.chunks(2) {
        match *pair {
            ["--seconds", seconds] => options.time = Duration::from_secs(seconds.parse().ok()?),
            ["--seed", seed] => options.seed = seed.parse().ok()?,
            ["--keep", dir] => options.keep = PathBuf::from(dir),
            _ => return None,
        }
    }
    Some(options).filter(|options| !options.time.is_zero())
}

fn searched(target: &'static Target, options: &Options) -> ExitCode {
    let found = search(target, options);
    println!("{}", found.line());
    if found.harmful.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
