//! stub
use std::process::ExitCode;
use crate::cli::ExportArgs;
use crate::error::CommandError;
/// stub
pub async fn run(_args: ExportArgs) -> Result<ExitCode, CommandError> { Ok(ExitCode::SUCCESS) }
