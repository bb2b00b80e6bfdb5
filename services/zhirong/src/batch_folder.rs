//! The folder of a batch on disk: written so that a folder with a receipt is always whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use exchange::batch::{FindingRow, LineRow, SettledRow};
use exchange::{File, Rejected, write_rejected};

use crate::error::CommandError;

/// Name of the receipt, which is written last.
pub const RECEIPT: &str = "receipt.json";
/// Name of the rules.
pub const POLICY: &str = "policy.toml";
/// The files of a batch beside `facts/`.
pub const FILES: [&str; 5] = [
    LineRow::FILE_NAME,
    FindingRow::FILE_NAME,
    SettledRow::FILE_NAME,
    POLICY,
    RECEIPT,
];

/// Path of an exchange file inside a batch.
#[must_use]
pub fn fact_path(file: File) -> String {
    format!("facts/{}", file.file_name())
}

/// The files with the refused rows, by their path in the folder.
#[must_use]
pub fn rejected_files(refused: &BTreeMap<File, Rejected>) -> BTreeMap<String, Vec<u8>> {
    let bytes = |file: File, rejected: &Rejected| write_rejected(file, &rejected.header, &rejected.rows);
    refused
        .iter()
        .map(|(file, rejected)| (format!("rejected/{}", file.file_name()), bytes(*file, rejected)))
        .collect()
}

/// Writes the files of a batch by their path in the folder; those of a batch that was there before are replaced or removed,
/// anything else in the folder is left alone.
///
/// # Errors
/// [`CommandError::Io`].
pub fn write(dir: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), CommandError> {
    create(dir)?;
    // Without its receipt a folder is no batch: it goes first and comes last.
    remove(&dir.join(RECEIPT))?;
    let kept: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    for path in known_paths().iter().filter(|path| !kept.contains(path.as_str())) {
        remove(&dir.join(path))?;
    }
    for (path, bytes) in files.iter().filter(|(path, _)| path.as_str() != RECEIPT) {
        write_file(&dir.join(path), bytes)?;
    }
    files
        .get(RECEIPT)
        .map_or(Ok(()), |bytes| write_file(&dir.join(RECEIPT), bytes))
}

/// Writes `<file>.csv` of refused rows into a folder and removes what an earlier run left there.
///
/// # Errors
/// [`CommandError::Io`].
pub fn write_refused(dir: &Path, refused: &BTreeMap<File, Rejected>) -> Result<(), CommandError> {
    for file in File::ALL {
        let path = dir.join(file.file_name());
        match refused.get(file) {
            Some(rejected) => {
                create(dir)?;
                write_file(&path, &write_rejected(*file, &rejected.header, &rejected.rows))?;
            }
            None => remove(&path)?,
        }
    }
    Ok(())
}

/// Writes marked copies of workbooks into a folder by their name; where a workbook has none, that of an earlier run is removed.
///
/// # Errors
/// [`CommandError::Io`].
pub fn write_copies(dir: &Path, copies: &BTreeMap<String, Option<Vec<u8>>>) -> Result<(), CommandError> {
    for (name, bytes) in copies {
        let path = dir.join(name);
        match bytes {
            Some(bytes) => write_file(&path, bytes)?,
            None => remove(&path)?,
        }
    }
    Ok(())
}

fn known_paths() -> Vec<String> {
    let facts = File::ALL.iter().map(|file| fact_path(*file));
    let rejected = File::ALL
        .iter()
        .map(|file| format!("rejected/{}", file.file_name()));
    FILES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(facts)
        .chain(rejected)
        .collect()
}

fn create(dir: &Path) -> Result<(), CommandError> {
    std::fs::create_dir_all(dir)
        .map_err(|source| CommandError::io("创建目录", "creating the folder", dir, source))
}

fn remove(path: &Path) -> Result<(), CommandError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(CommandError::io("删除文件", "removing the file", path, source))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`CommandError::Io`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let failed = |source| CommandError::io("写入文件", "writing the file", path, source);
    if let Some(parent) = path.parent() {
        create(parent)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    std::fs::write(&part, bytes).map_err(failed)?;
    std::fs::rename(&part, path).map_err(failed)
}
