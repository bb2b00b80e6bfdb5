//! `zhirong verify`: an exported batch checked by its digests and computed again from its facts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use exchange::batch::{LineRow, Receipt};
use exchange::compute::ComputedBatch;
use exchange::digest::{facts_digest, sha256_hex};
use exchange::{File, archive};
use policy::engine::ENGINE_VERSION;
use policy::explanation;

use crate::batch_folder::{FILES, POLICY, RECEIPT, fact_path};
use crate::cli::VerifyArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::inputs::Inputs;
use crate::output::{Cell, Listing};
use crate::{output, signature};

/// Something of a batch that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path of the file inside the batch.
    pub file: String,
    /// Its name, where it has one: those of [`crate::signature`].
    pub code: Option<&'static str>,
    /// What differs, in Chinese.
    pub zh: String,
    /// What differs, in English.
    pub en: String,
}

impl Difference {
    /// A difference of a file, in both languages.
    pub(crate) fn new(file: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            code: None,
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// What is printed: the file, then name and both languages.
    #[must_use]
    pub fn line(&self) -> String {
        let code = self.code.map(|code| format!("{code} ")).unwrap_or_default();
        format!("{0}: {code}{1} / {0}: {code}{2}", self.file, self.zh, self.en)
    }
}

/// The files of a batch by their path in its folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Runs the command: exit 0 verified, 1 a difference.
///
/// # Errors
/// [`CommandError`] where files of the batch are missing or unreadable.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, CommandError> {
    let (files, extra) = read(&args.dir)?;
    let trusted = args.key.as_deref().map(signature::read_key).transpose()?;
    let (receipt, mut differences) = verify(&files);
    if let (Some(receipt), Some(trusted)) = (&receipt, &trusted) {
        differences.extend(signature::check_key(receipt, trusted));
    }
    if let (Some(receipt), Some(digest)) = (&receipt, &args.digest) {
        differences.extend(signature::check_digest(receipt, digest));
    }
    let unknown = extra
        .iter()
        .map(|name| Difference::new(name, "不是批次的文件", "no file of the batch"));
    differences.extend(unknown);
    if args.dir.is_file() {
        differences.extend(archive_form(&args.dir)?);
    }
    for difference in &differences {
        output::note(&difference.line());
    }
    match receipt {
        Some(receipt) if differences.is_empty() => {
            let signed = signature::told(&receipt, trusted.is_some());
            let Receipt {
                batch_no,
                line_count,
                line_sum,
                batch_digest,
                ..
            } = receipt;
            let mut record = Listing::new(&[
                ("verified", "核验"),
                ("batch_no", "批次号"),
                ("lines", "条数"),
                ("amount", "合计"),
                ("digest", "摘要"),
                ("signature", "签名"),
            ]);
            record.add(vec![
                Cell::Flag(true),
                Cell::text(&batch_no),
                Cell::count(line_count),
                Cell::amount(line_sum.to_string()),
                Cell::text(&batch_digest),
                Cell::text(signed.join("; ")),
            ]);
            record.print_record(|| {
                let head =
                    format!("verified {batch_no}: {line_count} lines, {line_sum} yuan, {batch_digest}");
                let lines = std::iter::once(&head).chain(&signed);
                lines.map(|line| format!("{line}\n")).collect()
            });
            Ok(Exit::Done.into())
        }
        _ => {
            output::note("核验不通过 / not verified");
            Ok(Exit::Differs.into())
        }
    }
}

/// Whether a path is that of a file of a batch.
#[must_use]
pub fn is_known(path: &str) -> bool {
    FILES.contains(&path) || File::ALL.iter().any(|file| fact_path(*file) == path)
}

fn contents_of(path: &Path) -> Result<archive::Contents, CommandError> {
    let bytes = std::fs::read(path)
        .map_err(|source| CommandError::io("读取文件", "reading the file", path, source))?;
    archive::read(&bytes).map_err(|error| {
        let path = path.display();
        CommandError::usage(
            "BATCH_UNREADABLE",
            format!("{path} 不是本系统给出的批次压缩包；如系他人重新压缩，请解压后核验目录：{error}"),
            format!("{path} is no archive as this system writes it; if packed again, unpack it and verify the folder: {error}"),
        )
    })
}

/// What of an archive is not as it is written for its files.
fn archive_form(path: &Path) -> Result<Option<Difference>, CommandError> {
    Ok(contents_of(path)?.differs_at.map(|at| {
        let zh = format!("压缩包自第 {at} 字节起与其文件不符");
        let en = format!("from byte {at} on the archive is not that of its files");
        Difference::new(path.display().to_string(), zh, en)
    }))
}

/// The files of a batch and the names of what does not belong to it, out of its archive.
fn read_archive(path: &Path) -> Result<(Files, Vec<String>), CommandError> {
    let (files, others): (Files, Files) = contents_of(path)?
        .files
        .into_iter()
        .partition(|(name, _)| is_known(name));
    let missing = FILES.iter().filter(|name| !files.contains_key(**name));
    missing_none(path, missing.map(|name| (*name).to_owned()).collect())?;
    Ok((files, others.into_keys().collect()))
}

/// Reads the folder of a batch or its archive, and names what does not belong to it.
///
/// # Errors
/// [`CommandError`] where files of the batch are missing or unreadable.
pub fn read(dir: &Path) -> Result<(Files, Vec<String>), CommandError> {
    if dir.is_file() {
        return read_archive(dir);
    }
    let mut files = Files::new();
    let mut missing = Vec::new();
    let facts = File::ALL.iter().map(|file| fact_path(*file));
    for path in FILES.iter().map(|name| (*name).to_owned()).chain(facts) {
        match std::fs::read(dir.join(&path)) {
            Ok(bytes) => drop(files.insert(path, bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !path.starts_with("facts/") {
                    missing.push(path);
                }
            }
            Err(source) => {
                return Err(CommandError::io(
                    "读取文件",
                    "reading the file",
                    dir.join(&path),
                    source,
                ));
            }
        }
    }
    missing_none(dir, missing)?;
    let mut extra = others(dir, "", &files)?;
    extra.extend(others(&dir.join("facts"), "facts/", &files)?);
    Ok((files, extra))
}

fn missing_none(dir: &Path, missing: Vec<String>) -> Result<(), CommandError> {
    if missing.is_empty() {
        return Ok(());
    }
    let (dir, names) = (dir.display(), missing.join(", "));
    Err(CommandError::usage(
        "BATCH_FILES_MISSING",
        format!("{dir} 缺少批次文件 {names}"),
        format!("{dir} lacks files of the batch: {names}"),
    ))
}

/// Files in one folder of the batch that are none of its own. Hidden ones and folders are passed over.
fn others(dir: &Path, prefix: &str, files: &Files) -> Result<Vec<String>, CommandError> {
    let unreadable = |source| CommandError::io("读取目录", "reading the folder", dir, source);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && !entry.path().is_dir() && !files.contains_key(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Checks the files of a batch; no difference means that digests and recomputation agree byte for byte.
#[must_use]
pub fn verify(files: &Files) -> (Option<Receipt>, Vec<Difference>) {
    let receipt = match Receipt::from_json(bytes_of(files, RECEIPT)) {
        Ok(receipt) => receipt,
        Err(error) => {
            let detail = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            let en = format!("cannot be read: {detail}");
            return (
                None,
                vec![Difference::new(RECEIPT, format!("无法读取：{detail}"), en)],
            );
        }
    };
    let mut differences = check_digests(files, &receipt);
    match recompute(files, &receipt) {
        Ok(mut batch) => {
            // Only the signer can sign; everything else of the receipt, white space included, must be what is computed.
            batch.receipt.signature.clone_from(&receipt.signature);
            batch.files.insert(RECEIPT.to_owned(), batch.receipt.to_json());
            differences.extend(compare(files, &batch));
            differences.extend(check_steps(&batch));
        }
        Err(found) => differences.extend(found),
    }
    (Some(receipt), differences)
}

fn bytes_of<'a>(files: &'a Files, name: &str) -> &'a [u8] {
    files.get(name).map_or(&[], Vec::as_slice)
}

/// Holds every digest of the receipt against its file, and its signature, if it has one, against its key.
#[must_use]
pub fn check_digests(files: &Files, receipt: &Receipt) -> Vec<Difference> {
    let mut differences = Vec::new();
    if !receipt.is_sealed() {
        let zh = "批次摘要与回执内容不符";
        differences.push(Difference::new(
            RECEIPT,
            zh,
            "the batch digest is not that of the receipt",
        ));
    }
    differences.extend(signature::check(receipt));
    let facts: BTreeMap<String, &[u8]> = files
        .iter()
        .filter(|(path, _)| path.starts_with("facts/"))
        .map(|(path, bytes)| (path.clone(), bytes.as_slice()))
        .collect();
    if facts_digest(&facts) != receipt.facts_digest {
        let names: Vec<&str> = facts.keys().map(String::as_str).collect();
        let names = names.join(", ");
        let zh =
            format!("摘要与回执不符；回执对全部事实文件只有一个摘要，改动、缺少或多出的是其中之一：{names}");
        let en = format!(
            "digest is not the receipt's, which has one for all of them; changed, missing or added is one of: {names}"
        );
        differences.push(Difference::new("facts/", zh, en));
    }
    let digests = [
        (POLICY, &receipt.policy_digest),
        ("settled.csv", &receipt.settled_digest),
        ("lines.csv", &receipt.lines_digest),
        ("findings.csv", &receipt.findings_digest),
    ];
    for (name, stated) in digests {
        if sha256_hex(bytes_of(files, name)) != *stated {
            differences.push(Difference::new(
                name,
                "摘要与回执不符",
                "digest is not the receipt's",
            ));
        }
    }
    differences
}

/// Computes the batch again from its facts, settled position, rules and receipt.
fn recompute(files: &Files, receipt: &Receipt) -> Result<ComputedBatch, Vec<Difference>> {
    let computed = Inputs::open(files, receipt)?.compute();
    computed.map_err(|error| {
        let error = error.to_string();
        vec![Difference::new("facts/", format!("无法重算：{error}"), error)]
    })
}

/// The lines whose own steps do not come to their amounts.
fn check_steps(batch: &ComputedBatch) -> Vec<Difference> {
    let wrong = (1_u64..).zip(&batch.paid).filter_map(|(number, line)| {
        let error = explanation::check(line).err()?;
        let zh = format!("第 {number} 条明细与其说明的各步不符：{error}");
        Some(Difference::new(
            LineRow::FILE_NAME,
            zh,
            format!("line number {number} does not follow from its explanation: {error}"),
        ))
    });
    wrong.collect()
}

/// Compares every file with its recomputation, byte for byte, and names the first line that differs.
fn compare(files: &Files, batch: &ComputedBatch) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut names: Vec<&String> = files.keys().chain(batch.files.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (stored, computed) = (files.get(name), batch.files.get(name));
        match (stored, computed) {
            (Some(stored), Some(computed)) if stored != computed => {
                differences.push(first_line(name, stored, computed));
            }
            (Some(_), None) => {
                let zh = "重算没有这个文件";
                differences.push(Difference::new(name, zh, "the recomputation has no such file"));
            }
            (None, Some(_)) => differences.push(Difference::new(name, "缺少文件", "the file is missing")),
            _ => {}
        }
    }
    differences
}

fn first_line(name: &str, stored: &[u8], computed: &[u8]) -> Difference {
    if name == RECEIPT && !String::from_utf8_lossy(stored).contains(ENGINE_VERSION) {
        let zh = format!("由另一版本的引擎算出，本程序是 {ENGINE_VERSION}");
        return Difference::new(
            name,
            zh,
            format!("computed by another engine than {ENGINE_VERSION}"),
        );
    }
    let lines = |bytes: &[u8]| -> Vec<String> {
        bytes
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect()
    };
    let (stored, computed) = (lines(stored), lines(computed));
    let differs = |place: &usize| stored.get(*place) != computed.get(*place);
    let place = (0..stored.len().max(computed.len())).find(differs);
    let Some(place) = place else {
        return Difference::new(name, "行尾与重算不同", "line ends differ from the recomputation");
    };
    let at = |lines: &[String]| lines.get(place).cloned().unwrap_or_else(|| "-".to_owned());
    let (number, stored, computed) = (place + 1, at(&stored), at(&computed));
    Difference::new(
        name,
        format!("第 {number} 行与重算不同：文件为 {stored}，重算为 {computed}"),
        format!(
            "line {number} differs from the recomputation: the file has {stored}, computed is {computed}"
        ),
    )
}
