//! The program: hands its arguments and its environment over.

use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    zhirong::start(&std::env::args_os().collect::<Vec<_>>(), environment)
}
