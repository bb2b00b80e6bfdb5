//! A folder of exchange files.

use std::collections::BTreeMap;
use std::path::Path;

use exchange::{File, RefusalCode};

use crate::error::CommandError;

/// What a folder holds.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// The exchange files, by the contract's order.
    pub files: BTreeMap<File, Vec<u8>>,
    /// Names that end in `.csv` and are no exchange file.
    pub unknown: Vec<String>,
    /// Spreadsheets, which are not read.
    pub spreadsheets: Vec<String>,
}

impl Folder {
    /// One sentence a file whose name is unknown.
    #[must_use]
    pub fn unknown_reasons(&self) -> Vec<String> {
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
        self.unknown.iter().map(reason).collect()
    }

    /// A note on what was passed over, if anything was.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let names = self.spreadsheets.join(", ");
        let note = || {
            format!(
                "未读取电子表格 {names}，请另存为 CSV / spreadsheets are not read, save them as CSV: {names}"
            )
        };
        (!self.spreadsheets.is_empty()).then(note)
    }
}

/// Reads the exchange files of a folder; what is neither a `.csv` nor a spreadsheet is passed over.
///
/// # Errors
/// [`CommandError::Io`], and [`CommandError::Usage`] for a folder without any exchange file.
pub fn read(dir: &Path) -> Result<Folder, CommandError> {
    let unreadable = |source| CommandError::io("读取目录", "reading the folder", dir, source);
    let mut folder = Folder::default();
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            folders.push(name);
            continue;
        }
        let lower = name.to_lowercase();
        if name.starts_with('.') || name.starts_with('~') {
            continue;
        }
        if let Some(file) = File::from_file_name(&name) {
            let bytes = std::fs::read(&path)
                .map_err(|source| CommandError::io("读取文件", "reading the file", &path, source))?;
            folder.files.insert(file, bytes);
        } else if lower.ends_with(".csv") {
            folder.unknown.push(name);
        } else if lower.ends_with(".xlsx") || lower.ends_with(".xls") {
            folder.spreadsheets.push(name);
        }
    }
    folder.unknown.sort();
    folder.spreadsheets.sort();
    folders.sort();
    // The unknown files of a folder of steps or of a batch say less than what the folder is.
    if folder.files.is_empty() && (folder.unknown.is_empty() || folders.iter().any(|name| is_better(name))) {
        return Err(nothing_in(dir, &folders));
    }
    Ok(folder)
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
        format!("{dir} 没有交换文件（如 institutions.csv、loans.csv）"),
        format!("{dir} holds no exchange file (such as institutions.csv, loans.csv)"),
    )
}
