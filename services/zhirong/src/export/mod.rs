//! `zhirong export`: pulls a batch and writes its files byte for byte as they were computed.

use std::path::Path;
use std::process::ExitCode;

use client::{Client, PullError, PulledBatch, Way};
use exchange::archive;
use exchange::batch::{BatchError, FindingRow, LineRow, Receipt};
use tonic::Status;

use crate::batch_folder::{self, RECEIPT};
use crate::cli::{By, ExportArgs};
use crate::connection::{MAKER, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::folder;
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
/// `.zip`, the file is written as it came; where `out` ends in `.xlsx`, lines and findings are written as a workbook.
///
/// # Errors
/// As [`run`].
pub async fn export_by(client: &Client, batch_no: &str, out: &Path, by: By) -> Result<Receipt, CommandError> {
    let _progress = Progress::start("拉取 pulling", None);
    let (receipt, files, archive) = match by {
        By::Stream => with_none(pull(client, batch_no, Way::Stream).await?),
        By::Pages => with_none(pull(client, batch_no, Way::Pages).await?),
        By::File => {
            let download = client.download(batch_no).on_break(tell_break);
            let bytes = download.into_bytes().await?;
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
    if out.extension().is_some_and(|extension| extension == "xlsx") {
        batch_folder::write_file(out, &book(&receipt, &files)?)?;
        return Ok(receipt);
    }
    match archive {
        Some(bytes) => batch_folder::write_file(out, &bytes)?,
        None => batch_folder::write(out, &files)?,
    }
    Ok(receipt)
}

/// The batch as a workbook to look at; what is verified stays the folder or the archive.
fn book(receipt: &Receipt, files: &Files) -> Result<Vec<u8>, CommandError> {
    let bytes = |name: &str| files.get(name).map_or(&[][..], Vec::as_slice);
    let unreadable = |error: BatchError| broken("文件无法读取", &error.to_string());
    let lines = LineRow::from_csv(bytes(LineRow::FILE_NAME)).map_err(unreadable)?;
    let findings = FindingRow::from_csv(bytes(FindingRow::FILE_NAME)).map_err(unreadable)?;
    workbook::batch_book(receipt, &lines, &findings).map_err(|error| folder::unwritten(&error))
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

/// Pulls a batch into memory as one stream: its receipt and its files, whose bytes have the receipt's digests.
///
/// # Errors
/// As [`run`].
pub async fn pull_files(client: &Client, batch_no: &str) -> Result<(Receipt, Files), CommandError> {
    pull(client, batch_no, Way::Stream).await
}

async fn pull(client: &Client, batch_no: &str, way: Way) -> Result<(Receipt, Files), CommandError> {
    let pull = client.pull(batch_no).by(way).on_break(tell_break);
    let PulledBatch { receipt, files } = pull.into_batch().await?;
    Ok((receipt, files))
}

fn tell_break(reached: u64, _status: &Status) {
    output::note(&format!(
        "连接中断，从第 {reached} 处继续 / the connection broke, going on after {reached}"
    ));
}

impl From<PullError> for CommandError {
    fn from(error: PullError) -> Self {
        match error {
            PullError::Call { call, status } => Self::call(call, *status),
            PullError::Differs { zh, en } => broken(&zh, &en),
        }
    }
}

fn broken(zh: &str, en: &str) -> CommandError {
    CommandError::usage(
        "BATCH_PULL_DIFFERS",
        format!("拉取的批次与其摘要不符，未写入：{zh}"),
        format!("what was pulled is not what its digests say, nothing is written: {en}"),
    )
}
