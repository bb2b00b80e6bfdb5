//! Makes a new cluster: its password, `initdb`, and the rename that declares it whole.

use std::fs::File;
use std::path::Path;

use super::account::Account;
use super::{NAME, Programs, cluster_dir, make_private_dir, remove_dir, server_command};
use crate::error::Error;
use crate::files::{read_if_there, write_whole};
use crate::ids;

/// Reads the password or makes one. A cluster without its password cannot be opened any more.
pub(super) fn password(data: &Path) -> Result<String, Error> {
    let path = data.join("pg.password");
    let known = read_if_there(&path)?
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    if let Some(known) = known {
        return Ok(known);
    }
    if cluster_dir(data).is_dir() {
        return Err(Error::start(
            "PASSWORD_MISSING",
            format!("缺少 {},无法打开已有的数据库", path.display()),
            format!(
                "{} is missing, the existing database cannot be opened",
                path.display()
            ),
        ));
    }
    let password = ids::random_token();
    write_whole(&path, &password, 0o600)?;
    Ok(password)
}

/// Makes the cluster beside its place and renames it, so that a killed try leaves nothing behind
/// that could be taken for a database.
pub(super) fn initialise(
    data: &Path,
    programs: &Programs,
    account: Option<&Account>,
    password: &str,
) -> Result<(), Error> {
    let (partial, password_file) = (data.join("pg.tmp"), data.join("pg.tmp.password"));
    remove_dir(&partial)?;
    make_private_dir(&partial, account)?;
    write_whole(&password_file, password, 0o600)?;
    if let Some(account) = account {
        account.own(&password_file)?;
    }
    let mut command = server_command(&programs.bin.join("initdb"), data, account);
    command.args([
        "-E",
        "UTF8",
        "--locale=C",
        "-A",
        "scram-sha-256",
        "-U",
        NAME,
        "--no-instructions",
    ]);
    command
        .arg("--pwfile")
        .arg(&password_file)
        .arg("-D")
        .arg(&partial);
    let output = command.output();
    let removed = std::fs::remove_file(&password_file);
    let output = output.map_err(|error| Error::io("running", &programs.bin.join("initdb"), error))?;
    removed.map_err(|error| Error::io("removing", &password_file, error))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Error::start(
            "INITDB_FAILED",
            format!("initdb 失败:{}", text.trim()),
            format!("initdb failed: {}", text.trim()),
        ));
    }
    let target = cluster_dir(data);
    std::fs::rename(&partial, &target).map_err(|error| Error::io("renaming to", &target, error))?;
    File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::io("syncing", data, error))
}
