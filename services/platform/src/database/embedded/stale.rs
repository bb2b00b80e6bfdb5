//! What the server's own `postmaster.pid` tells, and what an earlier process of ours left behind.
//! Its lines: process id, data folder, start time, port, socket folder, address, memory, status.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{POLL, STOP_LIMIT, account, cluster_dir};
use crate::error::Error;

/// Begin of the names of socket folders outside the data folder.
pub(super) const SOCKET_DIR_PREFIX: &str = "zhirong-sock-";

struct PidFile {
    pid: u32,
    socket_dir: Option<PathBuf>,
    ready: bool,
}

fn read(data: &Path) -> Option<PidFile> {
    let text = std::fs::read_to_string(cluster_dir(data).join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    Some(PidFile {
        pid: lines.first()?.trim().parse().ok()?,
        socket_dir: lines.get(4).filter(|line| !line.is_empty()).map(PathBuf::from),
        ready: lines.get(7).is_some_and(|status| status.trim() == "ready"),
    })
}

/// True when server `pid` takes connections.
pub(super) fn is_ready(data: &Path, pid: u32) -> bool {
    read(data).is_some_and(|file| file.pid == pid && file.ready)
}

/// Stops a server over `data` whose owner was killed. The caller holds the lock of the folder, so
/// nobody else can want it. A pid file of a dead server is left to PostgreSQL, which checks it.
pub(super) fn end_left_over(data: &Path) -> Result<(), Error> {
    let Some(file) = read(data) else { return Ok(()) };
    let dir = cluster_dir(data);
    let lives = || account::signal(file.pid, "0") && account::is_server_of(file.pid, &dir);
    if lives() {
        tracing::warn!(
            pid = file.pid,
            "stopping a database server that an earlier process left running"
        );
    }
    for name in ["INT", "QUIT"] {
        let begun = Instant::now();
        if lives() {
            account::signal(file.pid, name);
        }
        while lives() && begun.elapsed() < STOP_LIMIT {
            std::thread::sleep(POLL);
        }
    }
    if lives() {
        return Err(Error::start(
            "DATA_IN_USE",
            format!("数据库进程 {} 仍在使用 {},无法停止", file.pid, data.display()),
            format!(
                "database process {} still uses {} and does not stop",
                file.pid,
                data.display()
            ),
        ));
    }
    if let Some(dir) = &file.socket_dir {
        remove_socket_dir(dir);
    }
    Ok(())
}

/// Removes a socket folder that was made for one run.
pub(super) fn remove_socket_dir(dir: &Path) {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(SOCKET_DIR_PREFIX)
        && let Err(error) = std::fs::remove_dir_all(dir)
    {
        tracing::debug!(%error, "socket folder stays");
    }
}

/// The last lines of the server's log as an error.
pub(super) fn not_started(log: &Path) -> Error {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(4).collect();
    let tail = lines.into_iter().rev().collect::<Vec<_>>().join(" | ");
    Error::start(
        "DATABASE_NOT_STARTED",
        format!("数据库没有启动,见 {}:{tail}", log.display()),
        format!("the database did not start, see {}: {tail}", log.display()),
    )
}
