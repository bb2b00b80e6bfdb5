//! A real PostgreSQL server that this program starts for itself over a private folder:
//!
//! ```text
//! <data>/zhirong.lock   held while a server of ours runs, so that two never share a folder
//! <data>/pg.password    the random password of the superuser, mode 0600
//! <data>/pg.log         the server's log
//! <data>/pg.tmp, pg     the cluster while it is made, and once it is whole
//! <data>/sock           its socket, mode 0700 (in the temporary folder when the path is too long)
//! ```

mod account;
mod backup;
mod initialise;
mod programs;
mod stale;

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor};

use account::Account;
pub use backup::{Source, dump};
use initialise::{initialise, password};
pub use programs::{Programs, find, find_installed};

use crate::error::Error;
use crate::ids;

/// Name of the database and of its superuser.
const NAME: &str = "zhirong";
/// The port only names the socket file: nothing listens on the network.
const PORT: u16 = 5432;
/// Longest folder for which `<folder>/.s.PGSQL.5432` fits a socket address (macOS: 103 bytes).
const SOCKET_DIR_BYTES_MAX: usize = 103 - "/.s.PGSQL.5432".len();
/// Longest wait for a server that lives: recovery after a crash may take its time.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a server that ends at once is started again.
const RESTART_LIMIT: Duration = Duration::from_secs(3);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// Never less durable than the defaults, and no value of a row in its log, whatever the folder's own configuration says.
const SERVER_SETTINGS: [&str; 13] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_destination=stderr",
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
];

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    socket_dir: PathBuf,
    password: String,
    // Released by the system even when this process is killed.
    _lock: File,
}

impl Cluster {
    /// Starts a server over `data`, making the folder and the cluster when they are missing, and
    /// ending a server that an earlier, killed process of ours left running.
    ///
    /// # Errors
    /// [`Error::Start`] when the folder is in use, of another version or closed to the account the
    /// server runs as, or when the server does not come up; [`Error::Io`] for files.
    pub async fn start(data: &Path, programs: &Programs) -> Result<Self, Error> {
        let (data, programs) = (data.to_path_buf(), programs.clone());
        let cluster = tokio::task::spawn_blocking(move || Self::start_blocking(&data, &programs)).await??;
        let mut connection = cluster.options().database("postgres").connect().await?;
        let exists: bool = sqlx::query_scalar(
            "select exists (select from pg_catalog.pg_database where datname = 'zhirong')",
        )
        .fetch_one(&mut connection)
        .await?;
        if !exists {
            connection.execute("create database zhirong").await?;
        }
        connection.close().await?;
        Ok(cluster)
    }

    /// How to connect: database and superuser `zhirong`, over the private socket.
    pub fn options(&self) -> PgConnectOptions {
        options_of(&self.socket_dir, &self.password)
    }

    /// Process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server: open transactions are rolled back, everything committed is on disk.
    ///
    /// # Errors
    /// [`Error::Task`] when the runtime is shutting down; the server is stopped all the same.
    pub async fn stop(self) -> Result<(), Error> {
        Ok(tokio::task::spawn_blocking(move || drop(self)).await?)
    }

    fn start_blocking(data: &Path, programs: &Programs) -> Result<Self, Error> {
        let existed = data.is_dir();
        std::fs::create_dir_all(data).map_err(|error| Error::io("creating", data, error))?;
        let data = &std::fs::canonicalize(data).map_err(|error| Error::io("opening", data, error))?;
        let lock = lock(data)?;
        let account = Account::choose(data)?;
        if let Some(account) = &account {
            if !existed {
                set_mode(data, 0o711)?;
            }
            if let Some(folder) = account::barrier(data, account) {
                return Err(closed_folder(data, &folder));
            }
        }
        check_major(data, programs)?;
        let password = password(data)?;
        stale::end_left_over(data)?;
        if !cluster_dir(data).is_dir() {
            initialise(data, programs, account.as_ref(), &password)?;
        }
        let socket_dir = socket_dir(data, account.as_ref())?;
        let child = launch(data, programs, account.as_ref(), &socket_dir)?;
        Ok(Self {
            child,
            socket_dir,
            password,
            _lock: lock,
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // INT is PostgreSQL's "fast" shutdown, QUIT its "immediate" one.
        for name in ["INT", "QUIT"] {
            account::signal(self.child.id(), name);
            let deadline = Instant::now() + STOP_LIMIT;
            while Instant::now() < deadline {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    stale::remove_socket_dir(&self.socket_dir);
                    return;
                }
                std::thread::sleep(POLL);
            }
        }
        tracing::error!(pid = self.child.id(), "the database server does not stop");
    }
}

/// Makes a folder under the system's temporary one that the server's account can pass through
/// (mode 0711), also when this program is root. The caller removes it.
///
/// # Errors
/// [`Error::Io`] when it cannot be made.
pub fn temporary_dir(prefix: &str) -> Result<PathBuf, Error> {
    let path = std::env::temp_dir().join(format!("{prefix}-{}", ids::new_v4().simple()));
    std::fs::create_dir(&path).map_err(|error| Error::io("creating", &path, error))?;
    set_mode(&path, 0o711)?;
    Ok(path)
}

/// How to connect to the server that another process of ours runs over `data`; `None` where none runs.
///
/// # Errors
/// [`Error::Io`] where its password cannot be read.
pub fn running(data: &Path) -> Result<Option<PgConnectOptions>, Error> {
    // The fifth line of the file names the folder of the socket.
    let pid_file = std::fs::read_to_string(cluster_dir(data).join("postmaster.pid"));
    let Some(socket_dir) = pid_file
        .ok()
        .and_then(|text| text.lines().nth(4).map(str::to_owned))
    else {
        return Ok(None);
    };
    Ok(Some(options_of(Path::new(&socket_dir), &password(data)?)))
}

fn options_of(socket_dir: &Path, password: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(PORT)
        .username(NAME)
        .password(password)
        .database(NAME)
        .ssl_mode(PgSslMode::Disable)
}

fn cluster_dir(data: &Path) -> PathBuf {
    data.join("pg")
}

/// Major version of the cluster in `data`, if there is one.
fn data_major(data: &Path) -> Option<u32> {
    std::fs::read_to_string(cluster_dir(data).join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn check_major(data: &Path, programs: &Programs) -> Result<(), Error> {
    match data_major(data) {
        Some(major) if major != programs.major => Err(Error::start(
            "DATABASE_VERSION",
            format!(
                "{} 由 PostgreSQL {major} 建立,不能用 {} 打开",
                data.display(),
                programs.major
            ),
            format!(
                "{} was made by PostgreSQL {major} and cannot be opened by {}",
                data.display(),
                programs.major
            ),
        )),
        _ => Ok(()),
    }
}

fn lock(data: &Path) -> Result<File, Error> {
    let path = data.join("zhirong.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Error::io("opening", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::start(
            "DATA_IN_USE",
            format!("{} 正被另一个进程使用", data.display()),
            format!("{} is in use by another process", data.display()),
        )),
        Err(TryLockError::Error(error)) => Err(Error::io("locking", &path, error)),
    }
}

fn closed_folder(data: &Path, folder: &Path) -> Error {
    let (data, folder) = (data.display(), folder.display());
    Error::start(
        "DATA_CLOSED",
        format!("以 root 运行时数据库换用普通用户,而该用户不能进入 {folder}:请把 {data} 换到别处"),
        format!(
            "as root the database runs as an ordinary user, who cannot enter {folder}: choose another place than {data}"
        ),
    )
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| Error::io("changing the mode of", path, error))
}

fn make_private_dir(path: &Path, account: Option<&Account>) -> Result<(), Error> {
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::io("creating", path, error))?;
    account.map_or(Ok(()), |account| account.own(path))
}

fn remove_dir(path: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removing", path, error)),
        _ => Ok(()),
    }
}

/// A fresh private folder for the socket: always ours, never one that somebody else prepared.
fn socket_dir(data: &Path, account: Option<&Account>) -> Result<PathBuf, Error> {
    let mut path = data.join("sock");
    if path.as_os_str().len() > SOCKET_DIR_BYTES_MAX {
        path = Path::new("/tmp").join(format!("{}{}", stale::SOCKET_DIR_PREFIX, ids::new_v4().simple()));
    }
    remove_dir(&path)?;
    make_private_dir(&path, account)?;
    Ok(path)
}

/// A command without this process's `PG*` variables, in the data folder, as the given account.
fn server_command(program: &Path, data: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    let foreign = |name: &OsString| name.to_string_lossy().starts_with("PG");
    for (name, _) in std::env::vars_os().filter(|(name, _)| foreign(name)) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").current_dir(data).stdin(Stdio::null());
    // Ctrl-C in a terminal goes to the whole group; the database must outlive the requests.
    command.process_group(0);
    if let Some(account) = account {
        account.apply(&mut command);
    }
    command
}

/// Starts the server and waits until it takes connections. A server that was killed may leave
/// workers that hold its memory for a moment longer, so an early end is tried again for a while.
fn launch(
    data: &Path,
    programs: &Programs,
    account: Option<&Account>,
    socket_dir: &Path,
) -> Result<Child, Error> {
    let program = programs.bin.join("postgres");
    let log_path = data.join("pg.log");
    let begun = Instant::now();
    loop {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&log_path);
        let log = log.map_err(|error| Error::io("opening", &log_path, error))?;
        let copy = log
            .try_clone()
            .map_err(|error| Error::io("opening", &log_path, error))?;
        let mut command = server_command(&program, data, account);
        command
            .arg("-D")
            .arg(cluster_dir(data))
            .arg("-p")
            .arg(PORT.to_string())
            .arg("-k")
            .arg(socket_dir);
        for setting in SERVER_SETTINGS {
            command.args(["-c", setting]);
        }
        let mut child = command
            .stdout(log)
            .stderr(copy)
            .spawn()
            .map_err(|error| Error::io("running", &program, error))?;
        while matches!(child.try_wait(), Ok(None)) {
            if stale::is_ready(data, child.id()) {
                return Ok(child);
            }
            if begun.elapsed() > START_LIMIT {
                account::signal(child.id(), "QUIT");
                break;
            }
            std::thread::sleep(POLL);
        }
        if begun.elapsed() > RESTART_LIMIT {
            return Err(stale::not_started(&log_path));
        }
        std::thread::sleep(POLL * 20);
    }
}
