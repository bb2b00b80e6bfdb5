//! `zhirong template`: an empty workbook to fill in and import.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use exchange::File;

use crate::error::CommandError;
use crate::folder::unwritten;
use crate::{batch_folder, output};

/// Options of `template`.
#[derive(Debug, Clone, Default, Args)]
pub struct TemplateArgs {
    /// 文件名 Exchange files by English or Chinese name, such as loans or 贷款合同; all where not given
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// 输出文件 Where the workbook is written
    #[arg(long, value_name = "X.xlsx")]
    pub out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Usage`] for a name that is no exchange file, [`CommandError::Io`].
pub fn run(args: &TemplateArgs) -> Result<ExitCode, CommandError> {
    let files = args
        .files
        .iter()
        .map(|name| file_of(name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut once: Vec<File> = Vec::new();
    for file in files {
        if !once.contains(&file) {
            once.push(file);
        }
    }
    let bytes = workbook::template(&once).map_err(|error| unwritten(&error))?;
    batch_folder::write_file(&args.out, &bytes)?;
    let out = args.out.display();
    output::note(&format!(
        "已写入 {out}；填好后用 zhirong import {out} 导入 / written to {out}; fill it in, then zhirong import {out}"
    ));
    Ok(ExitCode::SUCCESS)
}

fn file_of(name: &str) -> Result<File, CommandError> {
    let stem = name.strip_suffix(".csv").unwrap_or(name);
    let in_chinese = || File::ALL.iter().copied().find(|file| file.zh() == stem);
    File::parse(stem).or_else(in_chinese).ok_or_else(|| {
        let known: Vec<String> = File::ALL
            .iter()
            .map(|file| format!("{} {}", file.as_str(), file.zh()))
            .collect();
        let known = known.join(", ");
        CommandError::usage(
            "FILE_UNKNOWN",
            format!("{name} 不是规定的文件，可用：{known}"),
            format!("{name} is no file of the contract; there are {known}"),
        )
    })
}
