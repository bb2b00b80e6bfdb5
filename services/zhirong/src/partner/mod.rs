//! Commands of a partner who works with files: `upload`, `mapping`, `statement`.

pub mod mapping;
pub mod statement;
pub mod upload;

use std::path::{Path, PathBuf};

use clap::Args;
use client::Client;

use crate::cli::ClientArgs;
use crate::connection::{certificates, client, target};
use crate::error::CommandError;

/// Whose certificate a command uses, and where the services are.
#[derive(Debug, Clone, Default, Args)]
pub struct PartnerArgs {
    /// 证书名 Name of the certificate, such as an institution's code; the only one in the folder where not given
    #[arg(long = "as", value_name = "NAME")]
    pub holder: Option<String>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl PartnerArgs {
    /// A client known by that certificate.
    ///
    /// # Errors
    /// [`CommandError`] where the services are unknown or the certificate is missing.
    pub fn connect(&self) -> Result<Client, CommandError> {
        let (url, identity) = target(&self.client)?;
        if let Some(holder) = &self.holder {
            return client(&url, &identity, holder);
        }
        let names = certificates(&identity)?;
        let mut own = names.iter().filter(|name| name.as_str() != "server");
        match (own.next(), own.next()) {
            (Some(only), None) => client(&url, &identity, only),
            _ => {
                let dir = identity.display();
                Err(CommandError::usage(
                    "IDENTITY_MISSING",
                    format!("{dir} 中的证书不止一个或没有，请用 --as 指明证书名（如机构代码）"),
                    format!(
                        "{dir} holds no certificate or several: name yours with --as, such as your institution's code"
                    ),
                ))
            }
        }
    }
}

/// Writes a file that the command was asked for.
///
/// # Errors
/// [`CommandError::Io`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, bytes).map_err(|source| CommandError::io("写入", "writing", path, source))
}

/// Reads a file that the command was given.
///
/// # Errors
/// [`CommandError::Io`].
pub(crate) fn read(path: &PathBuf) -> Result<Vec<u8>, CommandError> {
    std::fs::read(path).map_err(|source| CommandError::io("读取", "reading", path, source))
}
