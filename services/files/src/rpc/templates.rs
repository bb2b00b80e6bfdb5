//! Empty files to fill in.

use api::files::v1 as pb;
use exchange::{File, Owner};
use ledger::{Caller, Role};

use crate::error::Error;

/// Files that the caller may send.
pub(crate) fn files_of(caller: &Caller) -> Vec<File> {
    let is_bureau = caller.role == Role::Bureau;
    let may_send = |file: &File| is_bureau || file.owner() == Owner::Institution;
    File::ALL.iter().copied().filter(may_send).collect()
}

/// Answers the templates asked for.
pub(super) async fn answer(
    caller: &Caller,
    asked: &pb::GetTemplateRequest,
) -> Result<pb::GetTemplateResponse, Error> {
    let format = super::format_of(asked.format)?;
    let files = wanted(&files_of(caller), &asked.files)?;
    let task = tokio::task::spawn_blocking(move || match format {
        pb::FileFormat::Xlsx | pb::FileFormat::Unspecified => book(&files),
        pb::FileFormat::Csv => Ok(files.iter().map(|file| header(*file)).collect()),
        pb::FileFormat::CsvGb18030 => Ok(files.iter().map(|file| in_gb18030(header(*file))).collect()),
    });
    let files = task.await.map_err(platform::Error::Task)??;
    Ok(pb::GetTemplateResponse { files })
}

/// The files named, once each, in the contract's order; every unknown or foreign one is named.
fn wanted(own: &[File], names: &[String]) -> Result<Vec<File>, Error> {
    if names.is_empty() {
        return Ok(own.to_vec());
    }
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for (place, name) in names.iter().enumerate() {
        match File::parse(name).filter(|file| own.contains(file)) {
            Some(file) => files.push(file),
            None => {
                let names: Vec<&str> = own.iter().map(|file| file.as_str()).collect();
                wrong.push(platform::error::FieldViolation {
                    field: format!("files[{place}]"),
                    code: "FILE_UNKNOWN",
                    zh: format!("不是您报送的文件：{name}；可用：{}", names.join("、")),
                    en: format!(
                        "{name} is not a file that you send; there are {}",
                        names.join(", ")
                    ),
                });
            }
        }
    }
    if wrong.is_empty() {
        files.sort_unstable();
        files.dedup();
        Ok(files)
    } else {
        Err(ledger::Error::Invalid(wrong).into())
    }
}

fn book(files: &[File]) -> Result<Vec<pb::NamedFile>, Error> {
    let file_name = match files {
        [only] => format!("{}.xlsx", only.as_str()),
        _ => "template.xlsx".to_owned(),
    };
    let content = workbook::template(files)?;
    Ok(vec![pb::NamedFile { file_name, content }])
}

/// A table without rows: UTF-8 with a byte order mark, headers in Chinese.
fn header(file: File) -> pb::NamedFile {
    let columns: Vec<&str> = file.columns().iter().map(|column| column.zh).collect();
    pb::NamedFile {
        file_name: file.file_name(),
        content: exchange::csv_out::write_table(&columns, &[]),
    }
}

fn in_gb18030(file: pb::NamedFile) -> pb::NamedFile {
    pb::NamedFile {
        content: crate::text::gb18030(&file.content),
        ..file
    }
}
