//! `zhirong statement`: the monthly statement of an institution, as a file or on standard output.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::files::v1 as pb;
use clap::Args;
use client::{Client, within};
use tonic::{Response, Status, Streaming};

use super::{PartnerArgs, write};
use crate::error::CommandError;
use crate::output;

/// How long a statement may take.
const LONG: std::time::Duration = std::time::Duration::from_secs(300);

/// Options of `statement`.
#[derive(Debug, Clone, Default, Args)]
pub struct StatementArgs {
    /// 月份 Month such as 2026-03
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// 输出文件 .xlsx or .csv; CSV on standard output where not given
    #[arg(long, value_name = "FILE.xlsx|.csv")]
    pub out: Option<PathBuf>,
    /// CSV 用 GB18030 编码 CSV in GB18030 in place of UTF-8
    #[arg(long)]
    pub gb18030: bool,
    /// 机构代码 Whose statement, for the bureau, finance and the auditor; your own where not given
    #[arg(long, value_name = "CODE")]
    pub institution: Option<String>,
    /// Whose certificate and where from.
    #[command(flatten)]
    pub partner: PartnerArgs,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the call is refused or the file cannot be written.
pub async fn run(args: StatementArgs) -> Result<ExitCode, CommandError> {
    let format = format_of(args.out.as_deref(), args.gb18030)?;
    let client = args.partner.connect()?;
    let bytes = match args.institution {
        Some(institution_code) => {
            let request = pb::DownloadInstitutionStatementRequest {
                institution_code,
                month: args.month,
                format: format.into(),
            };
            let answer = client
                .statements()
                .download_institution_statement(within(request, LONG))
                .await;
            gather("DownloadInstitutionStatement", answer, |answer| answer.chunk).await?
        }
        None => own(&client, args.month, format).await?,
    };
    match args.out {
        Some(path) => {
            write(&path, &bytes)?;
            output::note(&format!("对账单 / statement: {}", path.display()));
        }
        None => output::data(&bytes),
    }
    Ok(ExitCode::SUCCESS)
}

async fn own(client: &Client, month: String, format: pb::FileFormat) -> Result<Vec<u8>, CommandError> {
    let request = pb::DownloadStatementRequest {
        month,
        format: format.into(),
    };
    let answer = client.files().download_statement(within(request, LONG)).await;
    gather("DownloadStatement", answer, |answer| answer.chunk).await
}

async fn gather<A>(
    call: &'static str,
    answer: Result<Response<Streaming<A>>, Status>,
    chunk: fn(A) -> Vec<u8>,
) -> Result<Vec<u8>, CommandError> {
    let failed = |status| CommandError::call(call, status);
    let mut answers = answer.map_err(failed)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(answer) = answers.message().await.map_err(failed)? {
        bytes.extend(chunk(answer));
    }
    Ok(bytes)
}

fn format_of(out: Option<&Path>, gb18030: bool) -> Result<pb::FileFormat, CommandError> {
    let ending = out
        .and_then(Path::extension)
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match (out, ending.as_deref(), gb18030) {
        (Some(_), Some("xlsx"), false) => Ok(pb::FileFormat::Xlsx),
        (None, _, true) | (Some(_), Some("csv"), true) => Ok(pb::FileFormat::CsvGb18030),
        (None, _, false) | (Some(_), Some("csv"), false) => Ok(pb::FileFormat::Csv),
        _ => Err(CommandError::usage(
            "FILE_FORMAT_UNKNOWN",
            "--out 应以 .xlsx 或 .csv 结尾；--gb18030 只用于 .csv",
            "--out ends in .xlsx or .csv, and --gb18030 goes with .csv",
        )),
    }
}
