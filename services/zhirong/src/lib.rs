//! The one program: the services in one process, and the commands that work on exchange files and batches.
//!
//! Data goes to standard output, everything else to standard error. Commands return an exit code or a [`CommandError`], whose
//! text is in Chinese and English and says what to do.

pub mod assess;
pub mod audit;
pub mod batch_folder;
pub mod cli;
pub mod codes;
pub mod config_check;
pub mod connection;
pub mod demo;
pub mod error;
pub mod experiment;
pub mod explain;
pub mod export;
pub mod folder;
pub mod health;
pub mod import;
pub mod inputs;
mod measures;
pub mod migrate;
pub mod node;
pub mod officer;
pub mod output;
pub mod partner;
pub mod replay;
pub mod sample;
pub mod serve;
pub mod settle;
pub mod signature;
pub mod template;
pub mod verify;
pub mod walk;
pub mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use platform::config::Settings;

use crate::cli::{Cli, Command};
pub use crate::error::CommandError;

/// Runs the command and prints what went wrong, if anything did.
///
/// `environment` is the process's, read once: settings come from nowhere else.
#[must_use]
pub fn start(cli: Cli, environment: Vec<(String, String)>) -> ExitCode {
    dispatch(cli, environment).unwrap_or_else(|error| {
        output::note(&error.report());
        ExitCode::from(error.exit_code())
    })
}

fn dispatch(mut cli: Cli, environment: Vec<(String, String)>) -> Result<ExitCode, CommandError> {
    match &cli.command {
        // These need no server, no database and no settings.
        Command::Explain(args) if explain::is_local(args) => return explain::run_local(args),
        Command::Replay(args) if replay::is_local(args) => return replay::run_local(args),
        Command::Experiment(args) if experiment::is_local(args) => return experiment::run_local(args),
        Command::Assess(args) => return assess::run(args),
        Command::Verify(args) => return verify::run(args),
        Command::Codes => return codes::run(),
        Command::Template(args) => return template::run(args),
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Migrate(_)
        | Command::Import(_)
        | Command::Upload(_)
        | Command::Mapping(_)
        | Command::Statement(_)
        | Command::Settle(_)
        | Command::Export(_)
        | Command::Explain(_)
        | Command::Replay(_)
        | Command::Experiment(_)
        | Command::Audit(_)
        | Command::Batch(_)
        | Command::Health(_)
        | Command::Webhook(_)
        | Command::Config(_) => {}
    }
    let named = match &cli.command {
        Command::Config(args) => args.file(),
        _ => None,
    };
    let file = named.or(cli.global.config.as_ref());
    let settings = Settings::load(file.map(PathBuf::as_path), environment, cli.overlay())?;
    if matches!(cli.command, Command::Config(_)) {
        return config_check::run(&settings);
    }
    cli.command.set_settings(&settings);
    platform::serve::install_crypto_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::io("启动运行时", "starting the runtime", "tokio", source))?;
    runtime.block_on(async {
        // Dropped last, so that the last spans are sent.
        let _telemetry = platform::telemetry::init(&settings)?;
        match cli.command {
            Command::Serve(args) => serve::run(args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Import(args) => import::run(args).await,
            Command::Upload(args) => partner::upload::run(args).await,
            Command::Mapping(args) => partner::mapping::run(args).await,
            Command::Statement(args) => partner::statement::run(args).await,
            Command::Settle(args) => settle::run(args).await,
            Command::Export(args) => export::run(args).await,
            Command::Explain(args) => explain::run(args).await,
            Command::Replay(args) => replay::run(args).await,
            Command::Experiment(args) => experiment::run(args).await,
            Command::Audit(args) => audit::run(args).await,
            Command::Batch(args) => officer::run(args).await,
            Command::Webhook(args) => webhook::run(args).await,
            Command::Assess(args) => assess::run(&args),
            Command::Verify(args) => verify::run(&args),
            Command::Codes => codes::run(),
            Command::Health(args) => health::run(args).await,
            Command::Config(_) => config_check::run(&settings),
            Command::Template(args) => template::run(&args),
        }
    })
}
