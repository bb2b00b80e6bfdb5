//! `zhirong upload`: one file to the services, the marked copy back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use api::common::v1::ImportSummary;
use api::files::v1 as pb;
use api::files::v1::upload_file_request::Message as Sent;
use api::files::v1::upload_file_response::Message as Got;
use clap::Args;
use client::{Client, request_id, within};

use super::{PartnerArgs, read, write};
use crate::error::CommandError;
use crate::output;

/// Bytes of one message.
const CHUNK_BYTES: usize = 64 * 1024;
/// How long an upload may take.
const LONG: Duration = Duration::from_secs(1200);
/// Refused rows that are printed in full.
const REFUSED_SHOWN: usize = 20;
/// Exit code where rows were refused.
const SOME_REFUSED: u8 = 3;

/// Options of `upload`.
#[derive(Debug, Clone, Default, Args)]
pub struct UploadArgs {
    /// 文件 Workbook (.xlsx) or table (.csv, UTF-8 or GB18030)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// 列映射 Name of the saved mapping by which the file is read
    #[arg(long, value_name = "NAME")]
    pub mapping: Option<String>,
    /// 交换文件 Which exchange file a table is, where its name does not say it: loans, premium_events ...
    #[arg(long = "file", value_name = "NAME", id = "exchange_file")]
    pub exchange_file: Option<String>,
    /// 试传 Stores nothing; says what would be stored and refused
    #[arg(long)]
    pub check: bool,
    /// 标注副本 Where the copy with marked cells is written; FILE-marked.xlsx where not given
    #[arg(long, value_name = "MARKED.xlsx")]
    pub out: Option<PathBuf>,
    /// 请求号 UUID of an upload that is sent again; a new one where not given
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
    /// Whose and where to.
    #[command(flatten)]
    pub partner: PartnerArgs,
}

/// What the services answered.
#[derive(Debug, Clone, Default)]
pub struct Uploaded {
    /// The counts.
    pub summary: pb::UploadSummary,
    /// Refused rows, the first 10000.
    pub refused: Vec<pb::RefusedRow>,
    /// The marked copy; empty where nothing was refused.
    pub marked_copy: Vec<u8>,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the file is refused as a whole or the services cannot be reached.
pub async fn run(args: UploadArgs) -> Result<ExitCode, CommandError> {
    let client = args.partner.connect()?;
    let bytes = read(&args.file)?;
    let declaration = declaration(&args, &bytes)?;
    let uploaded = send(&client, declaration, &bytes).await?;
    report(&uploaded);
    if uploaded.refused.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = args.file.parent().unwrap_or_else(|| Path::new(""));
    let out = args
        .out
        .unwrap_or_else(|| folder.join(&uploaded.summary.marked_copy_name));
    write(&out, &uploaded.marked_copy)?;
    output::note(&format!(
        "标注副本 {0}：改好后再传 / the marked copy is {0}: correct it there and upload it again",
        out.display()
    ));
    Ok(ExitCode::from(SOME_REFUSED))
}

fn declaration(args: &UploadArgs, bytes: &[u8]) -> Result<pb::UploadDeclaration, CommandError> {
    let name = args
        .file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let mapping = args.mapping.as_deref().map(super::mapping::resource_name);
    Ok(pb::UploadDeclaration {
        request_id: args.request_id.clone().unwrap_or_else(request_id),
        file_name: name.unwrap_or_default(),
        size_bytes: size,
        sha256: exchange::digest::hex(&exchange::digest::sha256(bytes)),
        mapping: mapping.unwrap_or_default(),
        file: args.exchange_file.clone().unwrap_or_default(),
        check_only: args.check,
    })
}

/// Sends a declared file and gathers the answer.
///
/// # Errors
/// [`CommandError::Call`].
pub async fn send(
    client: &Client,
    declaration: pb::UploadDeclaration,
    bytes: &[u8],
) -> Result<Uploaded, CommandError> {
    let failed = |status| CommandError::call("UploadFile", status);
    let chunks = bytes.chunks(CHUNK_BYTES).map(|chunk| Sent::Chunk(chunk.to_vec()));
    let messages: Vec<pb::UploadFileRequest> = std::iter::once(Sent::Declaration(declaration))
        .chain(chunks)
        .map(|message| pb::UploadFileRequest {
            message: Some(message),
        })
        .collect();
    let request = within(tokio_stream::iter(messages), LONG);
    let mut answers = client
        .files()
        .upload_file(request)
        .await
        .map_err(failed)?
        .into_inner();
    let mut uploaded = Uploaded::default();
    while let Some(answer) = answers.message().await.map_err(failed)? {
        match answer.message {
            Some(Got::Summary(summary)) => uploaded.summary = summary,
            Some(Got::RefusedRows(rows)) => uploaded.refused.extend(rows.rows),
            Some(Got::MarkedCopyChunk(chunk)) => uploaded.marked_copy.extend(chunk),
            None => {}
        }
    }
    Ok(uploaded)
}

fn report(uploaded: &Uploaded) {
    let summary = &uploaded.summary;
    for file in &summary.files {
        let counts = file.counts.unwrap_or_default();
        let ImportSummary {
            stored,
            unchanged,
            kept_as_history,
            refused,
            ..
        } = counts;
        output::line(&format!(
            "{} {stored} {unchanged} {kept_as_history} {refused}",
            file.file
        ));
    }
    let total = summary.total.unwrap_or_default();
    let (zh, en) = if summary.check_only {
        ("试传，未保存：", "checked only, nothing stored: ")
    } else {
        ("", "")
    };
    output::note(&format!(
        "{zh}已存 {0} 行，未变 {1}，存为历史 {2}，拒收 {3}，提示 {4} / {en}{0} rows stored, {1} unchanged, {2} kept as history, {3} refused, \
         {4} with warnings",
        total.stored, total.unchanged, total.kept_as_history, total.refused, total.warned
    ));
    for row in uploaded.refused.iter().take(REFUSED_SHOWN) {
        for cell in &row.refusals {
            let refusal = cell.refusal.clone().unwrap_or_default();
            let hint = cell.hint.clone().unwrap_or_default();
            output::note(&format!(
                "  {} 第 {} 行 row {} {} {}：{}（{}） / {} ({})",
                row.file,
                row.row,
                row.row,
                cell.header,
                refusal.code,
                refusal.zh,
                hint.zh,
                refusal.en,
                hint.en
            ));
        }
    }
    let more = total
        .refused
        .saturating_sub(i64::try_from(REFUSED_SHOWN).unwrap_or_default());
    if more > 0 {
        output::note(&format!(
            "  …… 另有 {more} 行，见标注副本 / and {more} more rows, see the marked copy"
        ));
    }
}
