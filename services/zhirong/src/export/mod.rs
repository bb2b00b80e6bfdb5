//! `zhirong export`: pulls a batch and writes its files byte for byte as they were computed.

mod fetch;
mod gather;

use std::path::Path;
use std::process::ExitCode;

use client::Client;
use exchange::archive;
use exchange::batch::Receipt;

use crate::batch_folder::{self, RECEIPT};
use crate::cli::{By, ExportArgs};
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::progress::Progress;
use crate::output::{self, Cell, Listing};
use crate::verify::{self, Files};

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the batch cannot be pulled whole; nothing is written then.
pub async fn run(args: ExportArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    let batch_no = args.batch.strip_prefix("batches/").unwrap_or(&args.batch);
    let client = client_of(&url, &identity, MAKER)?;
    let receipt = export_by(&client, batch_no, &args.out, args.by).await?;
    let Receipt {
        batch_no,
        line_count,
        line_sum,
        batch_digest,
        ..
    } = receipt;
    let mut record = Listing::new(&[
        ("batch_no", "批次号"),
        ("lines", "条数"),
        ("amount", "合计"),
        ("digest", "摘要"),
    ]);
    record.add(vec![
        Cell::text(&batch_no),
        Cell::count(line_count),
        Cell::amount(line_sum.to_string()),
        Cell::text(&batch_digest),
    ]);
    record
        .print_record(|| format!("{batch_no}: {line_count} lines 条, {line_sum} yuan 元, {batch_digest}\n"));
    output::note(&format!("已写入 / written to {}", args.out.display()));
    Ok(Exit::Done.into())
}

/// Pulls a batch as the finance maker (or by the only certificate of the folder), checks every digest and writes the folder.
///
/// # Errors
/// As [`run`].
pub async fn export(url: &str, identity: &Path, batch_no: &str, out: &Path) -> Result<Receipt, CommandError> {
    export_by(&client_of(url, identity, MAKER)?, batch_no, out, By::Stream).await
}

/// Pulls a batch the way that is asked, checks every digest and writes the folder. Where a batch is pulled as one file and `out` ends in
/// `.zip`, the file is written as it came.
///
/// # Errors
/// As [`run`].
pub async fn export_by(client: &Client, batch_no: &str, out: &Path, by: By) -> Result<Receipt, CommandError> {
    let name = format!("batches/{batch_no}");
    let _progress = Progress::start("拉取 pulling", None);
    let (receipt, files, archive) = match by {
        By::Stream => with_none(fetch::stream(client, &name).await?.into_files()?),
        By::Pages => with_none(fetch::pages(client, &name).await?.into_files()?),
        By::File => {
            let bytes = fetch::file(client, &name).await?;
            let (receipt, files) = unpack(&bytes)?;
            let is_file = out.extension().is_some_and(|extension| extension == "zip");
            (receipt, files, is_file.then_some(bytes))
        }
    };
    if let Some(difference) = verify::check_digests(&files, &receipt).first() {
        return Err(broken(
            &difference.zh,
            &format!("{}: {}", difference.file, difference.en),
        ));
    }
    match archive {
        Some(bytes) => batch_folder::write_file(out, &bytes)?,
        None => batch_folder::write(out, &files)?,
    }
    Ok(receipt)
}

fn with_none((receipt, files): (Receipt, Files)) -> (Receipt, Files, Option<Vec<u8>>) {
    (receipt, files, None)
}

/// The files of a downloaded archive, with the receipt read.
fn unpack(bytes: &[u8]) -> Result<(Receipt, Files), CommandError> {
    let contents = archive::read(bytes).map_err(|error| broken("压缩包无法读取", &error.to_string()))?;
    if let Some(at) = contents.differs_at {
        return Err(broken(
            "压缩包形式不符",
            &format!("the archive differs at byte {at}"),
        ));
    }
    let files = contents.files;
    // Paths become files on this machine, so only those of the contract are taken.
    if let Some(path) = files.keys().find(|path| !verify::is_known(path)) {
        return Err(broken("未知的文件", &format!("unknown file {path}")));
    }
    let receipt = Receipt::from_json(files.get(RECEIPT).map_or(&[][..], Vec::as_slice))
        .map_err(|error| broken("回执无法读取", &error.to_string()))?;
    Ok((receipt, files))
}

/// Pulls a batch into memory: its receipt and its files as they came, digests not held against them yet.
///
/// # Errors
/// As [`run`].
pub async fn pull_files(client: &Client, batch_no: &str) -> Result<(Receipt, Files), CommandError> {
    fetch::stream(client, &format!("batches/{batch_no}"))
        .await?
        .into_files()
}

fn broken(zh: &str, en: &str) -> CommandError {
    CommandError::usage(
        "BATCH_PULL_DIFFERS",
        format!("拉取的批次与其摘要不符，未写入：{zh}"),
        format!("what was pulled is not what its digests say, nothing is written: {en}"),
    )
}
