//! stub
use std::process::ExitCode;
use crate::cli::SettleArgs;
use crate::error::CommandError;
/// stub
pub async fn run(_args: SettleArgs) -> Result<ExitCode, CommandError> { Ok(ExitCode::SUCCESS) }
