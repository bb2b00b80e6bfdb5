//! The whole command line: the commands that are written down and one for every method of the API; completions and man pages of it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, ColorChoice, Command, CommandFactory};

use crate::call::nouns;
use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;

/// Name of the program.
const NAME: &str = "zhirong";

/// The command line.
///
/// # Errors
/// [`CommandError`] where the descriptors cannot be read.
pub fn command() -> Result<Command, CommandError> {
    nouns::extend(Cli::command())
}

/// Reads the arguments.
///
/// # Errors
/// What is wrong with them, or the help that was asked for.
pub fn matches(command: Command, arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
    command.color(color_of(arguments)).try_get_matches_from(arguments)
}

/// The value of `--color`, which must be known before the arguments are read: a wrong one is printed in colour or not.
fn color_of(arguments: &[OsString]) -> ColorChoice {
    let texts: Vec<&str> = arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .collect();
    let given = texts
        .iter()
        .enumerate()
        .find_map(|(place, text)| match text.strip_prefix("--color") {
            Some("") => texts.get(place + 1).copied(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        });
    match given {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The help of a command, as `--help` prints it.
#[must_use]
pub fn help_of(path: &[&str]) -> String {
    let Ok(mut command) = command() else {
        return String::new();
    };
    command.build();
    let mut at = &mut command;
    for name in path {
        match at.find_subcommand_mut(name) {
            Some(found) => at = found,
            None => return String::new(),
        }
    }
    at.render_long_help().to_string()
}

/// Prints completions of a shell.
///
/// # Errors
/// As [`command`].
pub fn completions(args: CompletionsArgs) -> Result<ExitCode, CommandError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command()?, NAME, &mut text);
    output::data(&text);
    Ok(Exit::Done.into())
}

/// Writes a man page for every command.
///
/// # Errors
/// [`CommandError::Io`].
pub fn man(args: &ManArgs) -> Result<ExitCode, CommandError> {
    let failed = |source| CommandError::io("写入手册", "writing the man pages", &args.out, source);
    std::fs::create_dir_all(&args.out).map_err(failed)?;
    // Each page must say the exit codes, and a page has only what its own command has.
    let command = command()?.disable_help_subcommand(true);
    clap_mangen::generate_to(command, &args.out).map_err(failed)?;
    output::note(&format!("已写入 / written to {}", args.out.display()));
    Ok(Exit::Done.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().unwrap().debug_assert();
    }

    #[test]
    fn every_method_is_a_command_with_help() {
        let root = command().unwrap();
        for method in crate::call::methods().unwrap().all() {
            let (noun, verb) = (nouns::noun_of(method), nouns::verb_of(method));
            let found = root
                .find_subcommand(&noun)
                .and_then(|noun| noun.find_subcommand(&verb));
            let about = found
                .and_then(Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!about.is_empty(), "zhirong {noun} {verb}");
        }
    }

    #[test]
    fn colour_is_known_before_the_arguments_are_read() {
        let of = |texts: &[&str]| color_of(&texts.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of(&["zhirong", "--color", "never", "codes"]), ColorChoice::Never);
        assert_eq!(of(&["zhirong", "codes", "--color=always"]), ColorChoice::Always);
        assert_eq!(of(&["zhirong", "codes"]), ColorChoice::Auto);
    }
}
