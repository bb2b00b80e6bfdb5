//! Folders, servers and pools that clean up after themselves.

use std::path::{Path, PathBuf};

use sqlx::Executor;
use zhirong_platform::database::embedded::{self, Cluster};
use zhirong_platform::database::{Database, Tuning};

/// A folder that is removed with everything in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(embedded::temporary_dir("platform-test").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn start(data: &Path) -> Cluster {
    // Set to test another major version than the machine's own.
    let chosen = std::env::var_os("PLATFORM_TEST_PG_BIN").map(PathBuf::from);
    let programs = embedded::find(chosen.as_deref(), data).unwrap();
    Cluster::start(data, &programs).await.unwrap()
}

pub(crate) async fn connect(cluster: &Cluster) -> Database {
    Database::connect(cluster.options(), &Tuning::default())
        .await
        .unwrap()
}

/// A server with one database, a pool over it and the given statements run. Drop order matters:
/// the server ends before its folder is removed.
pub(crate) struct Bench {
    pub(crate) database: Database,
    pub(crate) cluster: Cluster,
    pub(crate) folder: Folder,
}

impl Bench {
    pub(crate) async fn new(statements: &'static str) -> Self {
        let folder = Folder::new();
        let cluster = start(folder.path()).await;
        let database = connect(&cluster).await;
        database.pool().execute(statements).await.unwrap();
        Self {
            database,
            cluster,
            folder,
        }
    }
}
