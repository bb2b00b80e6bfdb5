//! The inputs a search begins with: `tests/fuzz/corpus/TARGET/*`, and what earlier searches kept.

use std::path::{Path, PathBuf};

/// Where the corpora of the repository are.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a folder, in the order of their names; none where it is not there.
///
/// # Panics
/// Where a file cannot be read.
#[must_use]
pub fn inputs(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}
