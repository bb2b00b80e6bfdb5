//! Files that must be whole or absent.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::Error;
use crate::ids;

/// Writes a file of the given mode beside its place, syncs it and renames it.
pub(crate) fn write_whole(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let partial = path.with_extension(format!("{}.part", ids::new_v4().simple()));
    let write = || {
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(mode)
            .open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(|error| Error::io("writing", path, error))
}

/// The text of a file, or `None` when it does not exist.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("reading", path, error)),
    }
}
