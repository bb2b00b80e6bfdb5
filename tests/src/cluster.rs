//! PostgreSQL clusters of the tests' own: made by `initdb` in temporary folders, killed, copied to standbys and promoted.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use platform::database::embedded::{self, Programs, find, temporary_dir};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::process::program;
use crate::sandbox::{Watchdog, options_of, socket_of, watch};

/// A cluster that listens on a socket in its folder alone; a [`Proxy`](crate::fault_proxy::Proxy) brings it to the network.
pub struct Cluster {
    dir: PathBuf,
    programs: Programs,
    server: Option<embedded::Cluster>,
    _watchdog: Watchdog,
}

impl Cluster {
    /// Makes one in a fresh temporary folder, with an empty database, and starts it.
    pub async fn start() -> Self {
        let dir = temporary_dir("zhirong-cluster").unwrap();
        let mut cluster = Self {
            _watchdog: watch(&dir),
            programs: find(None, &dir).unwrap(),
            dir,
            server: None,
        };
        cluster.open().await;
        cluster
    }

    /// Its folder, which goes with it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The socket that it listens on now.
    pub fn socket(&self) -> PathBuf {
        Path::new(&socket_of(&self.dir)).join(".s.PGSQL.5432")
    }

    /// How the program is told to reach it through a port of this machine.
    pub fn url(&self, port: u16) -> String {
        format!(
            "postgres://zhirong:{}@127.0.0.1:{port}/zhirong?sslmode=disable",
            self.password()
        )
    }

    /// Brings the schema up to date as an operator does.
    pub fn migrate(&self) {
        let url = format!(
            "postgres://zhirong:{}@localhost/zhirong?host={}",
            self.password(),
            socket_of(&self.dir)
        );
        let done = Command::new(program())
            .arg("migrate")
            .env("ZHIRONG_DATABASE_URL", url)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// A connection as the owner, past row-level security.
    pub async fn connect(&self) -> PgConnection {
        options_of(&self.dir).connect().await.unwrap()
    }

    /// Runs statements as the owner, each in a transaction of its own.
    pub async fn execute(&self, statements: &[&str]) {
        let mut connection = self.connect().await;
        for sql in statements {
            connection
                .execute(AssertSqlSafe((*sql).to_owned()))
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    }

    /// Kills every process of it (SIGKILL).
    pub fn kill(&mut self) {
        kill_processes(&self.dir);
        drop(self.server.take());
    }

    /// Starts it over its folder; one that was killed recovers first.
    pub async fn open(&mut self) {
        let started = embedded::Cluster::start(&self.dir, &self.programs).await;
        self.server = Some(started.unwrap());
    }

    /// A standby that is copied from it and follows it through a port of this machine.
    pub async fn standby(&self, port: u16) -> Self {
        let dir = temporary_dir("zhirong-cluster").unwrap();
        let watchdog = watch(&dir);
        std::fs::copy(self.dir.join("pg.password"), dir.join("pg.password")).unwrap();
        let from = format!(
            "host=127.0.0.1 port={port} user=zhirong password={} sslmode=disable",
            self.password()
        );
        let program = self.program("pg_basebackup");
        let target = dir.join("pg");
        let made = tokio::task::spawn_blocking(move || {
            Command::new(program)
                .args([
                    "--write-recovery-conf",
                    "--wal-method=stream",
                    "--checkpoint=fast",
                ])
                .args(["--no-sync", "--dbname", &from, "--pgdata"])
                .arg(target)
                .output()
                .unwrap()
        });
        let made = made.await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let owner = std::fs::metadata(self.dir.join("pg")).unwrap();
        let owned = Command::new("chown")
            .args(["-R", &format!("{}:{}", owner.uid(), owner.gid())])
            .arg(dir.join("pg"))
            .status()
            .unwrap();
        assert!(owned.success());
        let mut standby = Self {
            _watchdog: watchdog,
            programs: self.programs.clone(),
            dir,
            server: None,
        };
        standby.open().await;
        standby
    }

    /// Makes a standby the primary and waits until it takes writes.
    pub async fn promote(&self) {
        self.execute(&["select pg_promote(true, 60)"]).await;
    }

    /// A program of its version: beside the server's own, or where Debian puts them all.
    fn program(&self, name: &str) -> PathBuf {
        let debian = format!("/usr/lib/postgresql/{}/bin", self.programs.major);
        let folders = [self.programs.bin.clone(), debian.into()];
        let found = folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.is_file());
        found.unwrap_or_else(|| panic!("{name} is not there: install the server programs of PostgreSQL"))
    }

    fn password(&self) -> String {
        let text = std::fs::read_to_string(self.dir.join("pg.password")).unwrap();
        text.trim().to_owned()
    }
}

/// Kills every process of the database of a folder (SIGKILL), as a loss of power would.
pub fn kill_processes(dir: &Path) {
    let text = std::fs::read_to_string(dir.join("pg/postmaster.pid")).unwrap();
    let postmaster = text.lines().next().unwrap().to_owned();
    let listed = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &postmaster])
        .output()
        .unwrap();
    let children = String::from_utf8(listed.stdout).unwrap();
    let all = std::iter::once(postmaster.as_str()).chain(children.split_whitespace());
    let _gone = Command::new("kill").arg("-9").args(all).status().unwrap();
}
