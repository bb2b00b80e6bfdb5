//! The lines of a freshly migrated database, which the program holds every database in earnest against.

use std::path::{Path, PathBuf};

use platform::database::embedded::{self, Cluster};
use platform::database::{Database, Tuning};

use crate::sandbox::watch;

/// Where the program reads them from when it is built.
#[must_use]
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/fingerprint.txt")
}

/// The lines that this program's migrations make, each with its end.
pub async fn made() -> String {
    let dir = embedded::temporary_dir("zhirong-fingerprint").unwrap();
    let watchdog = watch(&dir);
    let cluster = Cluster::start(&dir, &embedded::find(None, &dir).unwrap())
        .await
        .unwrap();
    let database = Database::connect(cluster.options(), &Tuning::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let lines = database.fingerprint().await.unwrap();
    database.close().await;
    cluster.stop().await.unwrap();
    drop(watchdog);
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Writes the file; answers whether it could.
pub async fn write() -> bool {
    let path = path();
    let is_written = std::fs::write(&path, made().await).is_ok();
    println!("{}", path.display());
    is_written
}
