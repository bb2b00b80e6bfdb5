//! A folder of exchange files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Read;
use std::path::{Path, PathBuf};

use exchange::{File, Grid, RefusalCode, Rejected, Source, Warning};
use workbook::{Limits, Marks, WorkbookCode};

use crate::batch_folder;
use crate::error::CommandError;

/// Largest CSV file that is taken from a folder, in bytes: some 400,000 loans.
pub const CSV_BYTES_MAX: u64 = 64 << 20;

/// A workbook of a folder.
#[derive(Debug, Clone)]
pub struct Workbook {
    /// Its name on disk.
    pub name: String,
    /// The files that are sheets of it.
    pub files: Vec<File>,
}

/// What a folder holds.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// The exchange files that are CSV, by the contract's order.
    pub files: BTreeMap<File, Vec<u8>>,
    /// The exchange files that are sheets of workbooks.
    pub sheets: BTreeMap<File, Grid>,
    /// The workbooks that hold them.
    pub workbooks: Vec<Workbook>,
    /// Names that end in `.csv` and are no exchange file.
    pub unknown: Vec<String>,
    /// One sentence a file that is refused whole: too large, no workbook, or there already.
    pub refused: Vec<String>,
}

impl Folder {
    /// Every file that can be read, whatever its form.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<File, Source<'_>> {
        let csv = self.files.iter().map(|(file, bytes)| (*file, Source::Csv(bytes)));
        let sheets = self.sheets.iter().map(|(file, grid)| (*file, Source::Grid(grid)));
        csv.chain(sheets).collect()
    }

    /// One sentence a file that is refused whole, or whose name is unknown.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let code = RefusalCode::FileUnknown;
        let known: Vec<String> = File::ALL.iter().map(|file| file.file_name()).collect();
        let known = known.join(", ");
        let reason = |name: &String| {
            format!(
                "{name} {}: {} / {} ({known})",
                code.as_str(),
                code.zh(),
                code.en()
            )
        };
        self.unknown
            .iter()
            .map(reason)
            .chain(self.refused.iter().cloned())
            .collect()
    }

    /// The copies to send back: each workbook with a refused row, by the name `<workbook>.xlsx`; the name alone where nothing in it was
    /// refused, so that an earlier copy can be taken away.
    ///
    /// # Errors
    /// [`CommandError::Usage`] where a copy cannot be written as a workbook.
    pub fn marked_copies(
        &self,
        refused: &BTreeMap<File, Rejected>,
        warnings: &[Warning],
    ) -> Result<BTreeMap<String, Option<Vec<u8>>>, CommandError> {
        let mut copies = BTreeMap::new();
        for workbook in &self.workbooks {
            let stem = Path::new(&workbook.name).file_stem().unwrap_or_default();
            let name = format!("{}.xlsx", stem.to_string_lossy());
            let of_book = workbook.files.iter().filter_map(|file| refused.get(file));
            let refusals: Vec<_> = of_book
                .flat_map(|rejected| &rejected.rows)
                .flat_map(|row| row.refusals.clone())
                .collect();
            if refusals.is_empty() {
                copies.insert(name, None);
                continue;
            }
            let marks = Marks {
                refusals: &refusals,
                warnings,
                verdicts: None,
            };
            let grids = workbook.files.iter().filter_map(|file| self.sheets.get(file));
            let bytes = workbook::marked(grids, &marks).map_err(|error| unwritten(&error))?;
            copies.insert(name, Some(bytes));
        }
        Ok(copies)
    }

    /// Writes refused rows into a folder: `<file>.csv`, and a marked copy of each workbook that has any.
    ///
    /// # Errors
    /// As [`Self::marked_copies`], and [`CommandError::Io`].
    pub fn write_refused(&self, dir: &Path, refused: &BTreeMap<File, Rejected>) -> Result<(), CommandError> {
        batch_folder::write_refused(dir, refused)?;
        batch_folder::write_copies(dir, &self.marked_copies(refused, &[])?)
    }

    fn take_workbook(&mut self, name: &str, bytes: &[u8]) {
        let grids = match workbook::read(bytes, &Limits::default()) {
            Ok(grids) => grids,
            Err(error) => return self.refused.push(format!("{name} {error}")),
        };
        let mut files = Vec::new();
        for grid in grids {
            match self.sheets.entry(grid.file) {
                Entry::Occupied(_) => self.refuse_second(&format!("{name} {}", grid.title), grid.file),
                Entry::Vacant(place) => {
                    files.push(grid.file);
                    place.insert(grid);
                }
            }
        }
        self.workbooks.push(Workbook {
            name: name.to_owned(),
            files,
        });
    }

    /// The same file cannot come twice: which revision is the first would depend on the order of reading.
    fn refuse_second(&mut self, name: &str, file: File) {
        let code = WorkbookCode::SheetTwice;
        self.refused.push(format!(
            "{name} {}: {} / {}: {}",
            code.as_str(),
            code.zh(),
            code.en(),
            file.file_name()
        ));
    }

    fn take(&mut self, path: &Path, name: &str) -> Result<(), CommandError> {
        let lower = name.to_lowercase();
        let is_workbook = [".xlsx", ".xls", ".xlsm", ".xlsb", ".et", ".ods"]
            .iter()
            .any(|end| lower.ends_with(end));
        let file = File::from_file_name(name);
        if file.is_none() && !is_workbook {
            if lower.ends_with(".csv") {
                self.unknown.push(name.to_owned());
            }
            return Ok(());
        }
        let limit = if is_workbook {
            WORKBOOK_BYTES_MAX
        } else {
            CSV_BYTES_MAX
        };
        match (read_at_most(path, limit)?, file) {
            (None, _) => {
                let code = RefusalCode::FileTooLarge;
                let limit = limit >> 20;
                self.refused.push(format!(
                    "{name} {}: {}，每个不超过 {limit} MiB，分几次导入 / {}: at most {limit} MiB each, imported one after the other",
                    code.as_str(),
                    code.zh(),
                    code.en()
                ));
            }
            (Some(bytes), Some(file)) => {
                self.files.insert(file, bytes);
            }
            (Some(bytes), None) => self.take_workbook(name, &bytes),
        }
        Ok(())
    }
}

/// Largest workbook that is read, in bytes; that of [`Limits`].
const WORKBOOK_BYTES_MAX: u64 = 20 << 20;

/// Where refused rows are written if nobody says where: in the folder that was read, or beside the file.
#[must_use]
pub fn rejected_beside(dir: &Path) -> PathBuf {
    let folder = if dir.is_file() {
        dir.parent().unwrap_or(dir)
    } else {
        dir
    };
    folder.join("rejected")
}

/// A workbook that cannot be written.
pub(crate) fn unwritten(error: &workbook::WorkbookError) -> CommandError {
    CommandError::usage(error.code.as_str(), error.zh(), error.en())
}

/// The bytes of a file; none where it has more. It is read no further than that, whatever its size is said to be.
fn read_at_most(path: &Path, most: u64) -> Result<Option<Vec<u8>>, CommandError> {
    let failed = |source| CommandError::io("读取文件", "reading the file", path, source);
    let file = std::fs::File::open(path).map_err(failed)?;
    let said = file.metadata().map_err(failed)?.len();
    if said > most {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(said).unwrap_or(0));
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= most);
    Ok(fits.then_some(bytes))
}

/// Reads the exchange files of a folder, CSV and workbooks, or one such file; what is neither is passed over.
///
/// # Errors
/// [`CommandError::Io`], and [`CommandError::Usage`] for a folder without any exchange file.
pub fn read(dir: &Path) -> Result<Folder, CommandError> {
    let mut folder = Folder::default();
    let mut folders = Vec::new();
    if dir.is_file() {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folder.take(dir, &name)?;
    } else {
        for (name, path) in entries(dir)? {
            if path.is_dir() {
                folders.push(name);
            } else if !name.starts_with(['.', '~']) {
                folder.take(&path, &name)?;
            }
        }
    }
    let twice: Vec<File> = folder
        .sheets
        .keys()
        .filter(|file| folder.files.contains_key(file))
        .copied()
        .collect();
    for file in twice {
        folder.refuse_second(&file.file_name(), file);
    }
    // The unknown files of a folder of steps or of a batch say less than what the folder is.
    let has_files = !folder.files.is_empty() || !folder.workbooks.is_empty() || !folder.refused.is_empty();
    if !has_files && (folder.unknown.is_empty() || folders.iter().any(|name| is_better(name))) {
        return Err(nothing_in(dir, &folders));
    }
    Ok(folder)
}

/// The names and paths in a folder, sorted.
fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>, CommandError> {
    let unreadable = |source| CommandError::io("读取目录", "reading the folder", dir, source);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

/// Whether a folder inside is where exchange files are expected.
fn is_better(name: &str) -> bool {
    name == "facts" || is_step(name)
}

fn is_step(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn nothing_in(dir: &Path, folders: &[String]) -> CommandError {
    let dir = dir.display();
    let steps: Vec<&str> = folders
        .iter()
        .map(String::as_str)
        .filter(|name| is_step(name))
        .collect();
    if !steps.is_empty() {
        let steps = steps.join(", ");
        return CommandError::usage(
            "FOLDER_OF_STEPS",
            format!("{dir} 只有分步目录 {steps}：请指明其中一个；第 k 步须将 1 至 k 的数据行依次合并"),
            format!(
                "{dir} holds only the steps {steps}: name one of them; for step k put the rows of 1 to k one after the other"
            ),
        );
    }
    if folders.iter().any(|name| name == "facts") {
        return CommandError::usage(
            "FOLDER_WITHOUT_FILES",
            format!("{dir} 没有交换文件，请用 {dir}/facts"),
            format!("{dir} holds no exchange file; name {dir}/facts"),
        );
    }
    CommandError::usage(
        "FOLDER_WITHOUT_FILES",
        format!("{dir} 没有交换文件（如 institutions.csv、loans.csv 或 .xlsx 工作簿）"),
        format!("{dir} holds no exchange file (such as institutions.csv, loans.csv, or an .xlsx workbook)"),
    )
}
