//! How a client command reaches the services: an address and a certificate, by default those of the sandbox on this machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use client::Client;
use platform::identity::load_identity;

use crate::cli::ClientArgs;
use crate::error::CommandError;
use crate::node::{PROBE, SIGNING_KEY};
use crate::serve::ADDRESS_FILE;

/// Name of the bureau's certificate.
pub const BUREAU: &str = "bureau";
/// Name of the certificate of the officer who opens batches.
pub const MAKER: &str = "finance-maker";
/// Name of the certificate of the officer who checks and approves them.
pub const CHECKER: &str = "finance-checker";
/// Name of the certificate of the officer who releases them.
pub const RELEASER: &str = "finance-releaser";

/// Name of the auditor's certificate.
pub const AUDITOR: &str = "auditor";

/// The address and the folder of certificates that the options name.
///
/// # Errors
/// [`CommandError::Usage`] where no address is given and no sandbox runs here.
pub fn target(args: &ClientArgs) -> Result<(String, PathBuf), CommandError> {
    let data = &args.settings.data;
    let url = match &args.server {
        Some(url) => url.clone(),
        None => std::fs::read_to_string(data.join(ADDRESS_FILE))
            .map_err(|_| no_sandbox(data))?
            .trim()
            .to_owned(),
    };
    let identity = args.identity.clone().unwrap_or_else(|| data.join("identity"));
    if !identity.is_dir() {
        let dir = identity.display();
        return Err(CommandError::usage(
            "IDENTITY_MISSING",
            format!("没有证书目录 {dir}，请用 --identity 指明（内含 ca.pem 与本人的 .pem、.key）"),
            format!(
                "there is no folder {dir} of certificates; name it with --identity (it holds ca.pem and your .pem and .key)"
            ),
        ));
    }
    Ok((url, identity))
}

fn no_sandbox(data: &Path) -> CommandError {
    let data = data.display();
    CommandError::usage(
        "SERVER_UNKNOWN",
        format!(
            "本机没有运行试用环境（{data}）：先运行 zhirong serve --sandbox，或用 --server 和 --identity 指明"
        ),
        format!(
            "no sandbox runs on this machine ({data}): start zhirong serve --sandbox, or give --server and --identity"
        ),
    )
}

/// A client known by the certificate of this name in the folder.
///
/// # Errors
/// [`CommandError`] where the certificate is missing or cannot be used.
pub fn client(url: &str, identity: &Path, name: &str) -> Result<Client, CommandError> {
    let own = load_identity(identity, name)?;
    Ok(Client::connect(
        url,
        &own.ca_pem,
        &own.certificate_pem,
        &own.key_pem,
    )?)
}

/// A client for an office: by its own certificate, or by the only one in the folder.
///
/// # Errors
/// [`CommandError::Usage`] where the folder holds neither.
pub fn client_of(url: &str, identity: &Path, office: &str) -> Result<Client, CommandError> {
    let names = certificates(identity)?;
    let mut others = names
        .iter()
        .filter(|name| !matches!(name.as_str(), "ca" | "server"));
    let name = match (names.contains(office), others.next(), others.next()) {
        (true, _, _) => office,
        (false, Some(only), None) => only,
        _ => {
            let dir = identity.display();
            return Err(CommandError::usage(
                "IDENTITY_MISSING",
                format!("{dir} 中没有 {office} 的证书"),
                format!("{dir} holds no certificate of {office}"),
            ));
        }
    };
    client(url, identity, name)
}

/// Names of the certificates in a folder that have their key beside them; the authority, the probe's and the key
/// that signs batches aside.
///
/// # Errors
/// [`CommandError::Io`].
pub fn certificates(identity: &Path) -> Result<BTreeSet<String>, CommandError> {
    let failed = |source| {
        CommandError::io(
            "读取证书目录",
            "reading the folder of certificates",
            identity,
            source,
        )
    };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(identity).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".pem")
            && name != "ca"
            && name != SIGNING_KEY
            && name != PROBE
            && identity.join(format!("{name}.key")).is_file()
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Whether a certificate may be an institution's: its name is not that of an office.
#[must_use]
pub fn is_institution(name: &str) -> bool {
    !registry::OFFICES.contains(&name)
}
