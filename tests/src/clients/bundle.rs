//! `cargo xtask bundle`: what a partner takes away, in one folder: protos and their image, the policy of retries, stubs as packages,
//! samples and pages.
//!
//! The same sources and tools make the same bytes: entries are sorted and dated alike, and nothing of the machine is written.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use exchange::digest::sha256_hex;

use super::stubs::{Files, VERSION, jars, read_tree, wheel, wheel_name};
use super::tools::{Java, Python, root, target};
use crate::service_config;

/// The date of every file: that of the document, 2018-02-21.
const DATED: Duration = Duration::from_secs(1_519_171_200);
/// Digests of all files, in the form of `sha256sum`.
const SUMS: &str = "SHA256SUMS";

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Name of the jar.
#[must_use]
pub fn jar_name() -> String {
    format!("zhirong-client-{VERSION}.jar")
}

fn sources_name() -> String {
    format!("zhirong-client-{VERSION}-sources.jar")
}

/// Jar and wheel of these protos, made once and kept below `target/`.
pub struct Packages {
    /// Where they are.
    pub folder: PathBuf,
}

impl Packages {
    /// Makes what is not there yet, by the tools that are there.
    ///
    /// # Errors
    /// What a tool said.
    pub async fn make(java: Option<&Java>, python: Option<&Python>) -> Result<Self, String> {
        let mut sources = read_tree(&root().join("proto"))?;
        sources.insert("config".to_owned(), service_config::text().into_bytes());
        let tools = format!("{java:?} {python:?} {VERSION}");
        sources.insert("tools".to_owned(), tools.into_bytes());
        let key = sha256_hex(sums(&sources).as_bytes());
        let short: String = key.chars().take(16).collect();
        let packages = Self {
            folder: target().join(format!("packages-{short}")),
        };
        packages.fill(java, python).await?;
        Ok(packages)
    }

    /// Makes all anew in a folder, whatever is kept.
    ///
    /// # Errors
    /// What a tool said.
    pub async fn anew(folder: PathBuf, java: Option<&Java>, python: Option<&Python>) -> Result<Self, String> {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(text)?;
        }
        let packages = Self { folder };
        packages.fill(java, python).await?;
        Ok(packages)
    }

    async fn fill(&self, java: Option<&Java>, python: Option<&Python>) -> Result<(), String> {
        std::fs::create_dir_all(&self.folder).map_err(text)?;
        let jar = self.folder.join(jar_name());
        if let Some(java) = java
            && !jar.exists()
        {
            let (classes, sources) = jars(java, &self.folder.join("work")).await?;
            std::fs::write(self.folder.join(sources_name()), sources).map_err(text)?;
            std::fs::write(jar, classes).map_err(text)?;
        }
        let whl = self.folder.join(wheel_name());
        if let Some(python) = python
            && !whl.exists()
        {
            std::fs::write(whl, wheel(python, &self.folder.join("work")).await?).map_err(text)?;
        }
        Ok(())
    }
}

/// The lines of `sha256sum` for files.
#[must_use]
pub fn sums(files: &Files) -> String {
    let mut sums = String::new();
    for (path, bytes) in files {
        // Writing to a text cannot fail.
        let _written = writeln!(sums, "{}  {path}", sha256_hex(bytes));
    }
    sums
}

/// Adds the files of a folder of the repository under a path of the bundle; none where there is no such folder.
fn add(files: &mut Files, folder: &Path, under: &str) -> Result<(), String> {
    if folder.is_dir() {
        let found = read_tree(folder)?.into_iter();
        let wanted = found.filter(|(path, _)| !path.contains("__pycache__"));
        files.extend(wanted.map(|(path, bytes)| (format!("{under}/{path}"), bytes)));
    }
    Ok(())
}

/// The files of the bundle by their path, and what is missing of it for want of a tool.
///
/// # Errors
/// Where a file of the repository cannot be read.
pub fn files(packages: &Packages) -> Result<(Files, Vec<String>), String> {
    let (mut files, mut missing) = (Files::new(), Vec::new());
    add(&mut files, &root().join("proto"), "proto")?;
    add(&mut files, &root().join("tests/clients"), "samples")?;
    add(&mut files, &root().join("docs"), "docs")?;
    files.insert("zhirong.binpb".to_owned(), api::FILE_DESCRIPTOR_SET.to_vec());
    let template = workbook::template(&[]).map_err(|error| format!("{error:?}"))?;
    files.insert("templates/报送模板.xlsx".to_owned(), template);
    // These two are looked for by name, so they also stand beside the protos' folder.
    for name in ["service_config.json", "openapi.json"] {
        if let Some(bytes) = files.get(&format!("proto/{name}")).cloned() {
            files.insert(name.to_owned(), bytes);
        }
    }
    let made = [
        (jar_name(), "java"),
        (sources_name(), "java"),
        (wheel_name(), "python"),
    ];
    for (name, folder) in made {
        match std::fs::read(packages.folder.join(&name)) {
            Ok(bytes) => drop(files.insert(format!("{folder}/{name}"), bytes)),
            Err(_) => missing.push(name),
        }
    }
    let digests = sums(&files);
    files.insert(SUMS.to_owned(), digests.into_bytes());
    Ok((files, missing))
}

/// Writes the bundle into a folder `zhirong-VERSION` of `out`, in place of one that is there; answers the folder.
///
/// # Errors
/// Where it cannot be written.
pub fn write(files: &Files, out: &Path) -> Result<PathBuf, String> {
    let folder = out.join(format!("zhirong-{VERSION}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(text)?;
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(text)?;
        }
        std::fs::write(&path, bytes).map_err(text)?;
        let file = std::fs::File::options().write(true).open(&path).map_err(text)?;
        file.set_modified(UNIX_EPOCH + DATED).map_err(text)?;
    }
    Ok(folder)
}
