//! The one program: the services in one process, and the commands that work on exchange files and batches.
//!
//! Data goes to standard output, everything else to standard error. Commands return an exit code or a [`CommandError`], whose
//! text is in Chinese and English and says what to do.

pub mod assess;
pub mod audit;
pub mod batch_folder;
pub mod call;
pub mod cli;
pub mod codes;
pub mod commands;
pub mod config_check;
pub mod connection;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod error;
pub mod example_partner;
pub mod exit;
pub mod experiment;
pub mod explain;
pub mod export;
pub mod folder;
pub mod health;
pub mod hint;
pub mod import;
pub mod inputs;
mod measures;
pub mod migrate;
pub mod node;
pub mod officer;
pub mod output;
mod panics;
pub mod partner;
pub mod replay;
pub mod safety;
pub mod sample;
pub mod sandbox;
pub mod serve;
pub mod settle;
pub mod signature;
pub mod template;
pub mod verify;
pub mod walk;
pub mod webhook;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};
use platform::config::{Overlay, Settings};

use crate::cli::{Cli, ClientArgs, Command, GlobalArgs};
pub use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::Form;

/// Runs the command and prints what went wrong, if anything did.
///
/// `arguments` begin with the program's name; `environment` is the process's, read once: settings come from nowhere else.
#[must_use]
pub fn start(arguments: &[OsString], environment: Vec<(String, String)>) -> ExitCode {
    panics::withhold();
    let matches = match commands::command() {
        Ok(command) => commands::matches(command, arguments),
        Err(error) => return stopped(&error),
    };
    let parsed = matches.and_then(|matches| {
        let global = GlobalArgs::from_arg_matches(&matches)?;
        Ok((matches, global))
    });
    let (matches, global) = match parsed {
        Ok(parsed) => parsed,
        Err(told) => {
            // Help goes to standard output and is no failure; a reader that went away is none of ours.
            let _gone = told.print();
            return if told.use_stderr() {
                Exit::Stopped
            } else {
                Exit::Done
            }
            .into();
        }
    };
    let is_set = |(name, value): &(String, String)| name == "NO_COLOR" && !value.is_empty();
    output::decide(global.output, global.color, environment.iter().any(is_set));
    dispatch(&matches, &global, environment).unwrap_or_else(|error| stopped(&error))
}

/// Prints an error: for people, or as JSON where that is the form of the data.
fn stopped(error: &CommandError) -> ExitCode {
    if output::asked() == Some(Form::Json) {
        output::note(&error.json().to_string());
    } else {
        output::failure(&error.report(), &error.reason());
    }
    Exit::Stopped.into()
}

fn dispatch(
    matches: &ArgMatches,
    global: &GlobalArgs,
    environment: Vec<(String, String)>,
) -> Result<ExitCode, CommandError> {
    if let Some((method, options)) = call::nouns::named(matches) {
        let mut overlay = Overlay::default();
        global.lay_over(&mut overlay);
        let settings = Settings::load(global.config.as_deref(), environment, overlay)?;
        let client = ClientArgs::from_arg_matches(options).unwrap_or_default();
        let client = ClientArgs {
            settings: settings.clone(),
            ..client
        };
        return runtime(&settings, call::nouns::run(method, options, &client));
    }
    // The arguments were read by the same definition, so this does not fail; where it did, it would say why.
    let mut cli = Cli::from_arg_matches(matches)
        .map_err(|error| CommandError::usage("COMMAND_UNREADABLE", error.to_string(), error.to_string()))?;
    if let Some(done) = without_settings(&cli.command) {
        return done;
    }
    let named = match &cli.command {
        Command::Config(args) => args.file(),
        _ => None,
    };
    let file = named.or(cli.global.config.as_ref()).map(PathBuf::as_path);
    let settings = Settings::load(file, environment, cli.overlay());
    // Settings that cannot be read are what a doctor is asked about.
    if let (Command::Doctor(args), Err(_)) = (&cli.command, &settings) {
        return runtime(&Settings::default(), doctor::run(args.clone(), settings));
    }
    let settings = settings?;
    cli.command.set_settings(&settings);
    runtime(&settings, with_settings(cli.command))
}

/// Commands that need no server, no database and no settings; none for the others.
fn without_settings(command: &Command) -> Option<Result<ExitCode, CommandError>> {
    Some(match command {
        Command::Explain(args) if explain::is_local(args) => explain::run_local(args),
        Command::Replay(args) if replay::is_local(args) => replay::run_local(args),
        Command::Experiment(args) if experiment::is_local(args) => experiment::run_local(args),
        Command::Call(args) if call::is_local(args) => call::run_local(args),
        Command::Assess(args) => assess::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Codes => codes::run(),
        Command::Template(args) => template::run(args),
        Command::Completions(args) => commands::completions(*args),
        Command::Man(args) => commands::man(args),
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Migrate(_)
        | Command::Drill(_)
        | Command::Import(_)
        | Command::Settle(_)
        | Command::Export(_)
        | Command::Explain(_)
        | Command::Replay(_)
        | Command::Experiment(_)
        | Command::Audit(_)
        | Command::Batch(_)
        | Command::Upload(_)
        | Command::Mapping(_)
        | Command::Statement(_)
        | Command::Health(_)
        | Command::Webhook(_)
        | Command::Config(_)
        | Command::Call(_)
        | Command::Sandbox(_)
        | Command::Partner(_)
        | Command::Doctor(_) => return None,
    })
}

async fn with_settings(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Drill(args) => drill::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Settle(args) => settle::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Experiment(args) => experiment::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Batch(args) => officer::run(args).await,
        Command::Upload(args) => partner::upload::run(args).await,
        Command::Mapping(args) => partner::mapping::run(args).await,
        Command::Statement(args) => partner::statement::run(args).await,
        Command::Webhook(args) => webhook::run(args).await,
        Command::Health(args) => health::run(args).await,
        Command::Call(args) => call::run(args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Assess(args) => assess::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Codes => codes::run(),
        Command::Partner(args) => example_partner::run(args).await,
        Command::Doctor(args) => {
            let settings = args.client.settings.clone();
            doctor::run(args, Ok(settings)).await
        }
        Command::Template(args) => template::run(&args),
        Command::Config(args) => config_check::run(&args.settings),
        Command::Completions(args) => commands::completions(args),
        Command::Man(args) => commands::man(&args),
    }
}

/// Runs a command that waits for others, with its logs and traces.
fn runtime(
    settings: &Settings,
    command: impl Future<Output = Result<ExitCode, CommandError>>,
) -> Result<ExitCode, CommandError> {
    platform::serve::install_crypto_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::io("启动运行时", "starting the runtime", "tokio", source))?;
    runtime.block_on(async {
        // Dropped last, so that the last spans are sent.
        let _telemetry = platform::telemetry::init(settings)?;
        command.await
    })
}
