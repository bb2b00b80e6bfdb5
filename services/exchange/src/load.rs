//! A folder of exchange files as one history: the pure world of `assess` and `verify`.

use std::collections::BTreeMap;

use crate::codes::{Refusal, RefusalCode, Warning};
use crate::csv_in::{FileRefusal, RefusedRow, SheetReader, decode};
use crate::file::File;
use crate::grid::Grid;
use crate::history::{History, Verdict};
use crate::row::{Allow, Row};

/// The refused rows of one file, with the header they came under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The header as it was.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<RefusedRow>,
}

/// What a folder of files came to.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every row that was accepted.
    pub history: History,
    /// Refused rows, of the files that have any.
    pub refused: BTreeMap<File, Rejected>,
    /// Files that were refused whole; nothing of them is in the history.
    pub file_refusals: Vec<FileRefusal>,
    /// What is stored but looks wrong.
    pub warnings: Vec<Warning>,
    /// Accepted rows by file, repeats included.
    pub stored: BTreeMap<File, u64>,
}

/// What one file came to.
struct FileLoaded {
    history: History,
    rejected: Rejected,
    warnings: Vec<Warning>,
    stored: u64,
}

/// One file as it came.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The bytes of a CSV file.
    Csv(&'a [u8]),
    /// A table, such as a sheet of a workbook.
    Grid(&'a Grid),
}

/// As [`load_sources`], of CSV files.
#[must_use]
pub fn load(files: &BTreeMap<File, Vec<u8>>, allow: &Allow) -> Loaded {
    let sources = files.iter().map(|(file, bytes)| (*file, Source::Csv(bytes)));
    load_sources(&sources.collect(), allow)
}

/// Reads the files, institutions first, so that an institution never registered is known as such; the others beside each other.
///
/// Rows of a withdrawn institution are taken: files do not say when they arrived.
#[must_use]
pub fn load_sources(files: &BTreeMap<File, Source<'_>>, allow: &Allow) -> Loaded {
    let mut loaded = Loaded::default();
    if let Some(source) = files.get(&File::Institutions) {
        let read = load_file(File::Institutions, *source, allow, &loaded.history);
        loaded.take(File::Institutions, read);
    }
    let registry = std::mem::take(&mut loaded.history);
    let reads: Vec<_> = std::thread::scope(|scope| {
        let others = files.iter().filter(|(file, _)| **file != File::Institutions);
        let running: Vec<_> = others
            .map(|(file, source)| (*file, scope.spawn(|| load_file(*file, *source, allow, &registry))))
            .collect();
        let join = |handle: std::thread::ScopedJoinHandle<'_, _>| {
            handle
                .join()
                .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        };
        running
            .into_iter()
            .map(|(file, handle)| (file, join(handle)))
            .collect()
    });
    loaded.history = registry;
    reads.into_iter().for_each(|(file, read)| loaded.take(file, read));
    loaded
}

impl Loaded {
    /// Adds what a file came to, or why it was refused whole.
    fn take(&mut self, file: File, read: Result<FileLoaded, FileRefusal>) {
        match read {
            Ok(read) => {
                self.history.adopt(file, read.history);
                self.warnings.extend(read.warnings);
                self.stored.insert(file, read.stored);
                if !read.rejected.rows.is_empty() {
                    self.refused.insert(file, read.rejected);
                }
            }
            Err(refusal) => self.file_refusals.push(refusal),
        }
    }
}

/// Reads one file into a history of its own: a file that proves to be cut off at its end leaves nothing behind.
fn load_file(
    file: File,
    source: Source<'_>,
    allow: &Allow,
    registry: &History,
) -> Result<FileLoaded, FileRefusal> {
    match source {
        Source::Csv(bytes) => load_rows(SheetReader::open(file, &decode(file, bytes)?)?, allow, registry),
        Source::Grid(grid) => load_rows(SheetReader::over(grid)?, allow, registry),
    }
}

fn load_rows(
    mut reader: SheetReader<'_>,
    allow: &Allow,
    registry: &History,
) -> Result<FileLoaded, FileRefusal> {
    let (mut history, mut warnings, mut rows, mut stored) = (History::default(), Vec::new(), Vec::new(), 0);
    while let Some(read) = reader.next_row(allow)? {
        let (row, remarks) = match read {
            Ok(read) => read,
            Err(row) => {
                rows.push(row);
                continue;
            }
        };
        match accept(&mut history, row, registry) {
            None => {
                stored += 1;
                warnings.extend(remarks);
            }
            Some(refusal) => rows.push(reader.refuse(vec![refusal])),
        }
    }
    let rejected = Rejected {
        header: reader.header().to_vec(),
        rows,
    };
    Ok(FileLoaded {
        history,
        rejected,
        warnings,
        stored,
    })
}

/// Takes a row into the history, or says why not.
fn accept(history: &mut History, row: Row, registry: &History) -> Option<Refusal> {
    let file = row.file;
    if row
        .named_institution()
        .is_some_and(|code| !registry.registered(code))
    {
        return Some(Refusal::new(
            file,
            Some("institution_code"),
            RefusalCode::InstitutionNotRegistered,
        ));
    }
    match history.insert(row) {
        Verdict::Conflict => Some(Refusal::new(
            file,
            Some("revision"),
            RefusalCode::RevisionConflict,
        )),
        Verdict::Stored | Verdict::Unchanged | Verdict::KeptAsHistory => None,
    }
}
