//! stub
/// stub
pub fn run() -> Result<std::process::ExitCode, crate::CommandError> { Ok(std::process::ExitCode::SUCCESS) }
