//! The files of a batch as one file: a ZIP archive whose bytes follow from the files alone.
//!
//! Entries are stored, not compressed, in the order of their paths, all dated 1980-01-01 and without anything of the machine that wrote
//! them. The format is written out here and not left to a library: what a compressor or a writer makes of the same files may change with
//! its version, and a batch pulled again must be the same bytes for ever. Reading takes this form only and names what is not of it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::digest::hex;

/// Begins a local file header, APPNOTE 4.3.7.
const LOCAL: u32 = 0x0403_4b50;
/// Begins an entry of the central directory, APPNOTE 4.3.12.
const CENTRAL: u32 = 0x0201_4b50;
/// Begins the end of the central directory, APPNOTE 4.3.16.
const END: u32 = 0x0605_4b50;
/// Version needed to extract: 1.0, stored entries.
const VERSION: u16 = 10;
/// Version made by: 3.0 on a system with Unix permissions.
const MADE_BY: u16 = 3 << 8 | 30;
/// 1980-01-01, the first day of the format.
const DATE: u16 = 1 << 5 | 1;
/// A regular file that its owner may write and everybody may read.
const MODE: u32 = 0o100_644 << 16;
/// Length of a local file header without the name.
const LOCAL_LENGTH: usize = 30;

/// Why there is no archive, or a file is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The files, or the archive, would take more than the format's 4 GiB, or there are more than 65,535 of them.
    #[error("the files are too large for one archive")]
    TooLarge,
    /// The bytes are no archive of the form written here.
    #[error("no archive of a batch: unreadable at byte {0}")]
    Unreadable(usize),
}

/// An archive of files, in parts: the files' bytes are taken over and not copied.
#[derive(Debug, Clone)]
pub struct Archive {
    parts: Vec<Vec<u8>>,
    size: u64,
    sha256: String,
}

impl Archive {
    /// The archive of these files by their paths.
    ///
    /// # Errors
    /// [`ArchiveError::TooLarge`].
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Result<Self, ArchiveError> {
        let count = u16::try_from(files.len()).map_err(|_| ArchiveError::TooLarge)?;
        let (mut parts, mut directory, mut offset) = (Vec::new(), Vec::new(), 0_u32);
        for (path, bytes) in files {
            let entry = Entry::of(&path, &bytes, offset)?;
            let local = entry.local();
            for length in [local.len(), bytes.len()] {
                let length = u32::try_from(length).map_err(|_| ArchiveError::TooLarge)?;
                offset = offset.checked_add(length).ok_or(ArchiveError::TooLarge)?;
            }
            directory.extend_from_slice(&entry.central());
            parts.push(local);
            parts.push(bytes);
        }
        let length = u32::try_from(directory.len()).map_err(|_| ArchiveError::TooLarge)?;
        let mut end = Writer::default();
        end.u32(END).u16(0).u16(0).u16(count).u16(count);
        end.u32(length).u32(offset).u16(0);
        directory.extend_from_slice(&end.0);
        parts.push(directory);
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        let size = parts
            .iter()
            .map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX));
        Ok(Self {
            size: size.sum(),
            sha256: hex(&hasher.finalize()),
            parts,
        })
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of its bytes.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its bytes from an offset on, in pieces of at most `most` bytes.
    pub fn chunks(&self, offset: u64, most: usize) -> impl Iterator<Item = &[u8]> {
        let mut skip = usize::try_from(offset).unwrap_or(usize::MAX);
        self.parts.iter().flat_map(move |part| {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            rest.chunks(most.max(1))
        })
    }
}

/// What the two headers of a file say.
struct Entry<'a> {
    path: &'a str,
    name_length: u16,
    crc: u32,
    size: u32,
    offset: u32,
}

impl<'a> Entry<'a> {
    fn of(path: &'a str, bytes: &[u8], offset: u32) -> Result<Self, ArchiveError> {
        Ok(Self {
            path,
            name_length: u16::try_from(path.len()).map_err(|_| ArchiveError::TooLarge)?,
            crc: crc32(bytes),
            size: u32::try_from(bytes.len()).map_err(|_| ArchiveError::TooLarge)?,
            offset,
        })
    }

    /// Version, no flags, stored, midnight of the format's first day, CRC, sizes, length of the name, no extra field.
    fn common(&self, header: &mut Writer) {
        header.u16(VERSION).u16(0).u16(0).u16(0).u16(DATE);
        header.u32(self.crc).u32(self.size).u32(self.size);
        header.u16(self.name_length).u16(0);
    }

    fn local(&self) -> Vec<u8> {
        let mut header = Writer::default();
        header.u32(LOCAL);
        self.common(&mut header);
        header.0.extend_from_slice(self.path.as_bytes());
        header.0
    }

    fn central(&self) -> Vec<u8> {
        let mut header = Writer::default();
        header.u32(CENTRAL).u16(MADE_BY);
        self.common(&mut header);
        header.u16(0).u16(0).u16(0).u32(MODE).u32(self.offset);
        header.0.extend_from_slice(self.path.as_bytes());
        header.0
    }
}

/// Little-endian numbers one after the other.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u16(&mut self, number: u16) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }
}

/// The CRC-32 of ZIP (polynomial 0xEDB88320, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (crc >> 8)
    };
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let (mut place, mut start) = (0, 0_u32);
    while place < 256 {
        let (mut value, mut bit) = (start, 0);
        while bit < 8 {
            let low = value & 1;
            value >>= 1;
            if low == 1 {
                value ^= 0xEDB8_8320;
            }
            bit += 1;
        }
        table[place] = value;
        place += 1;
        start += 1;
    }
    table
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The files by their paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The first byte that is not what an archive of these files has there.
    pub differs_at: Option<usize>,
}

/// Reads an archive as [`Archive`] writes it. Headers are held against the files, byte by byte; the files themselves have digests of their
/// own and come as they are.
///
/// # Errors
/// [`ArchiveError::Unreadable`] where the bytes are no such archive, or hold a path twice.
pub fn read(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    let (mut files, mut at) = (BTreeMap::new(), 0);
    while number(bytes, at, 4) == Some(u64::from(LOCAL)) {
        let (path, content, next) = entry_at(bytes, at).ok_or(ArchiveError::Unreadable(at))?;
        if files.insert(path, content).is_some() {
            return Err(ArchiveError::Unreadable(at));
        }
        at = next;
    }
    if files.is_empty()
        || ![CENTRAL, END]
            .map(u64::from)
            .contains(&number(bytes, at, 4).unwrap_or(0))
    {
        return Err(ArchiveError::Unreadable(at));
    }
    let written: Vec<u8> = Archive::of(files.clone())?
        .chunks(0, usize::MAX)
        .flatten()
        .copied()
        .collect();
    let common = bytes
        .iter()
        .zip(&written)
        .take_while(|(one, other)| one == other)
        .count();
    Ok(Contents {
        files,
        differs_at: (bytes != written).then_some(common),
    })
}

/// A little-endian number of `width` bytes.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let own = bytes.get(at..at.checked_add(width)?)?;
    Some(own.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// The path and content of the entry whose local header begins here, and where it ends.
fn entry_at(bytes: &[u8], at: usize) -> Option<(String, Vec<u8>, usize)> {
    let field = |place: usize, width: usize| {
        number(bytes, at.checked_add(place)?, width).and_then(|value| usize::try_from(value).ok())
    };
    // Compressed, encrypted or with an extra field: not of our making.
    if [field(6, 2)?, field(8, 2)?, field(28, 2)?] != [0, 0, 0] {
        return None;
    }
    let (size, name_length) = (field(22, 4)?, field(26, 2)?);
    let name = at.checked_add(LOCAL_LENGTH)?;
    let content = name.checked_add(name_length)?;
    let end = content.checked_add(size)?;
    let path = std::str::from_utf8(bytes.get(name..content)?).ok()?;
    Some((path.to_owned(), bytes.get(content..end)?.to_vec(), end))
}
