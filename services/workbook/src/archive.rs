//! The ZIP archive behind a workbook, inflated into a counter before anything is read from it.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{WorkbookCode, WorkbookError};
use crate::lexer::{Lexer, Unsafe};
use crate::limits::Limits;

/// Bytes that are inflated at one time.
const PIECE: usize = 64 << 10;
/// Below this many inflated bytes the ratio plays no part: a small sheet of repeated rows packs very well.
const RATIO_FROM: u64 = 16 << 20;
/// What a file of the old compound form begins with: `.xls`, and `.xlsx` under a password.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// What each entry of a ZIP directory begins with.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";

/// What was seen on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Whether any sheet has merged cells.
    pub(crate) merged: bool,
}

/// Whether a part is XML by its name.
pub(crate) fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xml", ".rels", ".vml"].iter().any(|end| name.ends_with(end))
}

/// Inflates every entry into a counter.
pub(crate) fn inspect(bytes: &[u8], limits: &Limits<'_>) -> Result<Inspected, WorkbookError> {
    check_outside(bytes, limits)?;
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    if zip.has_duplicate_names() || zip.has_overlapping_files().unwrap_or(true) {
        return Err(WorkbookError::new(WorkbookCode::EntriesLie));
    }
    check_names(&zip, limits)?;
    let (mut inflated, mut merged) = (0_u64, false);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|error| unreadable(&error))?;
        if entry.encrypted() {
            return Err(WorkbookError::new(WorkbookCode::Encrypted));
        }
        let name = entry.name().map_err(|error| unreadable(&error))?.into_owned();
        let (declared, before) = (entry.size(), inflated);
        merged |= inflate(&mut entry, &name, &mut inflated, bytes.len(), limits)?;
        if inflated - before != declared {
            return Err(WorkbookError::at(WorkbookCode::EntriesLie, shown(&name)));
        }
    }
    Ok(Inspected { merged })
}

/// What the first bytes and a count tell, before the directory is read into memory.
fn check_outside(bytes: &[u8], limits: &Limits<'_>) -> Result<(), WorkbookError> {
    if bytes.len() > limits.file_bytes {
        let limit = format!("{} MiB", limits.file_bytes >> 20);
        return Err(WorkbookError::at(WorkbookCode::FileTooLarge, limit));
    }
    if bytes.starts_with(COMPOUND) {
        let marker: Vec<u8> = "EncryptedPackage".bytes().flat_map(|byte| [byte, 0]).collect();
        let encrypted = bytes.windows(marker.len()).any(|window| window == marker);
        return Err(WorkbookError::new(if encrypted {
            WorkbookCode::Encrypted
        } else {
            WorkbookCode::OldFormat
        }));
    }
    if !bytes.starts_with(b"PK") {
        return Err(WorkbookError::new(WorkbookCode::NotAWorkbook));
    }
    let entries = bytes
        .windows(DIRECTORY_ENTRY.len())
        .filter(|window| *window == DIRECTORY_ENTRY)
        .count();
    // Packed bytes may look like an entry once in a long while.
    if entries > limits.entries + 16 {
        return Err(too_many_entries(limits));
    }
    Ok(())
}

fn too_many_entries(limits: &Limits<'_>) -> WorkbookError {
    WorkbookError::at(WorkbookCode::EntriesTooMany, limits.entries.to_string())
}

/// What the names tell: parts that lead outside, macros, other kinds of workbooks.
fn check_names(zip: &ZipArchive<Cursor<&[u8]>>, limits: &Limits<'_>) -> Result<(), WorkbookError> {
    if zip.len() > limits.entries {
        return Err(too_many_entries(limits));
    }
    let (mut has_types, mut is_binary) = (false, false);
    for name in zip.file_names() {
        let name = name.map_err(|error| unreadable(&error))?;
        let lower = name.to_ascii_lowercase();
        let leaves = lower.starts_with('/')
            || lower.contains(['\\', ':', '\0'])
            || lower.split('/').any(|part| part == "..");
        if leaves {
            return Err(WorkbookError::at(WorkbookCode::EntryNameUnsafe, shown(&name)));
        }
        if lower.ends_with("vbaproject.bin") || lower.contains("/macrosheets/") {
            return Err(WorkbookError::new(WorkbookCode::Macros));
        }
        has_types |= lower == "[content_types].xml";
        is_binary |= lower.ends_with("workbook.bin");
    }
    if is_binary {
        return Err(WorkbookError::new(WorkbookCode::OldFormat));
    }
    if has_types {
        Ok(())
    } else {
        Err(WorkbookError::new(WorkbookCode::NotAWorkbook))
    }
}

/// Inflates one entry; whether it has merged cells.
fn inflate(
    entry: &mut impl Read,
    name: &str,
    inflated: &mut u64,
    file_bytes: usize,
    limits: &Limits<'_>,
) -> Result<bool, WorkbookError> {
    let lower = name.to_ascii_lowercase();
    let is_sheet = lower.contains("/worksheets/") && !lower.ends_with("sharedstrings.xml");
    let part_most = if is_sheet {
        limits.inflated_bytes
    } else {
        limits.part_bytes
    };
    let file_bytes = u64::try_from(file_bytes).unwrap_or(u64::MAX);
    let ratio_most = file_bytes.saturating_mul(limits.ratio).max(RATIO_FROM);
    let mut lexer = is_xml(&lower).then(|| Lexer::new(limits.strings));
    let (mut part, mut piece) = (0_u64, vec![0_u8; PIECE]);
    loop {
        let count = entry.read(&mut piece).map_err(|error| spoilt(&error, name))?;
        if count == 0 {
            return Ok(lexer.is_some_and(|lexer| lexer.has_merged_cells()));
        }
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        part = part.saturating_add(bytes);
        *inflated = inflated.saturating_add(bytes);
        if part > part_most || *inflated > limits.inflated_bytes.min(ratio_most) {
            return Err(WorkbookError::at(WorkbookCode::InflatesTooFar, shown(name)));
        }
        if (limits.is_late)() {
            return Err(WorkbookError::new(WorkbookCode::TooSlow));
        }
        if let (Some(lexer), Some(bytes)) = (&mut lexer, piece.get(..count)) {
            lexer.feed(bytes).map_err(|wrong| harmful(wrong, name, limits))?;
        }
    }
}

/// Why an entry cannot be inflated. The library ends the reading where more comes than the directory states, and says so in words only;
/// a test holds them.
fn spoilt(error: &std::io::Error, name: &str) -> WorkbookError {
    let lies = error.to_string().contains("declared uncompressed size");
    let code = if lies {
        WorkbookCode::EntriesLie
    } else {
        WorkbookCode::Broken
    };
    WorkbookError::at(code, shown(name))
}

fn harmful(wrong: Unsafe, name: &str, limits: &Limits<'_>) -> WorkbookError {
    match wrong {
        Unsafe::NotPlain => WorkbookError::at(WorkbookCode::XmlNotPlain, shown(name)),
        Unsafe::Strings => WorkbookError::at(
            WorkbookCode::CellsTooMany,
            format!("{} ({})", shown(name), limits.strings),
        ),
        Unsafe::Reference => WorkbookError::at(WorkbookCode::Broken, shown(name)),
        Unsafe::Dates1904 => WorkbookError::new(WorkbookCode::Dates1904),
    }
}

/// A part's name for a message: as much of it as can be read.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|symbol| !symbol.is_control())
        .take(80)
        .collect()
}

fn unreadable(error: &ZipError) -> WorkbookError {
    WorkbookError::new(match error {
        ZipError::UnsupportedArchive(text) if *text == ZipError::PASSWORD_REQUIRED => WorkbookCode::Encrypted,
        _ => WorkbookCode::Broken,
    })
}
