//! `zhirong config check`: whether `serve` would take these settings, before it is asked to.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use platform::config::Settings;

use crate::error::CommandError;
use crate::{node, output};

/// Options of `config`.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
    /// The settings to check; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// What can be done with settings.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// 检查配置 Reads a settings file with the environment as serve would, and names the first fault
    Check {
        /// 配置文件 TOML file; that of --config or ZHIRONG_CONFIG where not given
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

impl ConfigArgs {
    /// The file to check, where one is named.
    #[must_use]
    pub fn file(&self) -> Option<&PathBuf> {
        let ConfigCommand::Check { file } = &self.command;
        file.as_ref()
    }
}

/// Settings that could be read are valid by themselves; what they name must be usable too. Prints them, secrets as stars.
///
/// # Errors
/// [`CommandError`] naming the setting, or the file that it names, and what is wrong.
pub fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    node::check(settings)?;
    output::line(&format!("{settings:#?}"));
    output::note("配置有效 / the settings are valid");
    Ok(ExitCode::SUCCESS)
}
