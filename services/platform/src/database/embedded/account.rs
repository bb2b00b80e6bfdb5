//! The unprivileged account the server runs as when this program is root (PostgreSQL refuses root),
//! and signals to processes. Both use the system's own programs: no unsafe code here.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;

/// An account with an entry in the user database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account for the server over `data`, or `None` when this program is not root. An existing
    /// database keeps its owner; a new one belongs to `postgres` or, failing that, `nobody`.
    pub(super) fn choose(data: &Path) -> Result<Option<Self>, Error> {
        if id(&["-u"]) != Some(0) {
            return Ok(None);
        }
        if let Ok(metadata) = std::fs::metadata(super::cluster_dir(data))
            && metadata.uid() != 0
        {
            return Ok(Some(Self {
                uid: metadata.uid(),
                gid: metadata.gid(),
            }));
        }
        let known = |name: &str| {
            Some(Self {
                uid: id(&["-u", name])?,
                gid: id(&["-g", name])?,
            })
        };
        known("postgres").or_else(|| known("nobody")).map(Some).ok_or_else(|| {
            Error::start(
                "ACCOUNT_MISSING",
                "PostgreSQL 不能以 root 运行,且本机没有 postgres 或 nobody 用户:请用普通用户运行",
                "PostgreSQL refuses to run as root and there is no user postgres or nobody: run as an ordinary user",
            )
        })
    }

    /// Makes `command` run as this account with its group only.
    pub(super) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(|error| Error::io("changing the owner of", path, error))
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(())?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The first folder on the way to `path` (included) that the account cannot enter.
pub(super) fn barrier(path: &Path, account: &Account) -> Option<PathBuf> {
    let mut folders: Vec<&Path> = path.ancestors().filter(|folder| folder.is_dir()).collect();
    folders.reverse();
    let closed = |folder: &&Path| {
        std::fs::metadata(folder).map_or(true, |metadata| {
            let mode = metadata.permissions().mode();
            let bit = if metadata.uid() == account.uid {
                0o100
            } else if metadata.gid() == account.gid {
                0o010
            } else {
                0o001
            };
            mode & bit == 0
        })
    };
    folders.into_iter().find(closed).map(Path::to_path_buf)
}

/// Sends a signal (`INT`, `QUIT`, or `0` to ask whether the process lives); true when delivered.
/// The shell's own `kill` is there even where the program is not installed.
pub(super) fn signal(pid: u32, name: &str) -> bool {
    let result = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    result.is_ok_and(|status| status.success())
}

/// True when `pid` is a PostgreSQL server over `dir`: a number in an old file may by now belong to
/// a stranger, who must not be signalled.
pub(super) fn is_server_of(pid: u32, dir: &Path) -> bool {
    let command_line = match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).replace('\0', " "),
        Err(_) => {
            let output = Command::new("ps")
                .args(["-ww", "-o", "args=", "-p", &pid.to_string()])
                .output();
            output
                .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
                .unwrap_or_default()
        }
    };
    command_line.contains("postgres") && command_line.contains(&*dir.to_string_lossy())
}
