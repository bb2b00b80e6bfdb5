//! `zhirong mapping`: how a partner's own headers are read, saved once.

use std::path::PathBuf;
use std::process::ExitCode;

use api::files::v1 as pb;
use clap::{Args, Subcommand};
use client::request_id;
use files::mapping::{mapping_of, message_of};
use workbook::Mapping;

use super::{PartnerArgs, read};
use crate::cli::ClientArgs;
use crate::error::CommandError;
use crate::output;

/// Mappings of one page of a list.
const PAGE: i32 = 200;

/// Options of `mapping`.
#[derive(Debug, Clone, Args)]
pub struct MappingArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// A mapping and where it is.
#[derive(Debug, Clone, Args)]
pub struct Named {
    /// 名称 Name of the mapping
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Whose and where.
    #[command(flatten)]
    pub partner: PartnerArgs,
}

/// What is done with mappings.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// 保存 Saves the mapping of a TOML file; a name that is there gets another revision
    Set {
        /// 映射文件 TOML: name, file, columns (header, column, unit, date_form, values), constants
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Whose and where to.
        #[command(flatten)]
        partner: PartnerArgs,
    },
    /// 列表 Lists your mappings: name, file, revision
    List {
        /// 含已撤销 Withdrawn ones too
        #[arg(long)]
        all: bool,
        /// Whose and where.
        #[command(flatten)]
        partner: PartnerArgs,
    },
    /// 查看 Prints a mapping as TOML, to edit and set again
    Show(Named),
    /// 撤销 Withdraws a mapping
    Withdraw(Named),
}

impl MappingArgs {
    /// How to reach the services.
    pub fn client(&mut self) -> &mut ClientArgs {
        match &mut self.action {
            Action::Set { partner, .. } | Action::List { partner, .. } => &mut partner.client,
            Action::Show(named) | Action::Withdraw(named) => &mut named.partner.client,
        }
    }
}

/// The resource name of a mapping; a name that is one already stays as it is.
pub(crate) fn resource_name(name: &str) -> String {
    if name.starts_with("columnMappings/") {
        return name.to_owned();
    }
    format!("columnMappings/{}", name.replace('%', "%25").replace('/', "%2F"))
}

/// Runs the command.
///
/// # Errors
/// [`CommandError`] where the file cannot be read or a call is refused.
pub async fn run(args: MappingArgs) -> Result<ExitCode, CommandError> {
    match args.action {
        Action::Set { file, partner } => set(&file, &partner).await,
        Action::List { all, partner } => list(all, &partner).await,
        Action::Show(named) => show(&named).await,
        Action::Withdraw(named) => withdraw(&named).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

fn line(stored: &pb::StoredColumnMapping) {
    let mapping = stored.mapping.clone().unwrap_or_default();
    if stored.withdrawn {
        output::line(&format!("{} {} 已撤销 withdrawn", mapping.name, stored.revision));
    } else {
        output::line(&format!("{} {} {}", mapping.name, mapping.file, stored.revision));
    }
}

async fn set(file: &PathBuf, partner: &PartnerArgs) -> Result<(), CommandError> {
    let bytes = read(file)?;
    let malformed = |error: String| {
        let path = file.display();
        CommandError::usage(
            "MAPPING_FILE_MALFORMED",
            format!("{path} 不是列映射的 TOML 文件：{error}"),
            format!("{path} is no mapping in TOML: {error}"),
        )
    };
    let text = String::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let mapping: Mapping = toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let request = pb::SetColumnMappingRequest {
        request_id: request_id(),
        mapping: Some(message_of(&mapping)),
        etag: None,
    };
    let answer = partner.connect()?.files().set_column_mapping(request).await;
    let answer = answer
        .map_err(|status| CommandError::call("SetColumnMapping", status))?
        .into_inner();
    line(&answer.mapping.unwrap_or_default());
    Ok(())
}

async fn list(show_withdrawn: bool, partner: &PartnerArgs) -> Result<(), CommandError> {
    let mut service = partner.connect()?.files();
    let mut page_token = String::new();
    loop {
        let request = pb::ListColumnMappingsRequest {
            page_size: PAGE,
            page_token,
            show_withdrawn,
        };
        let answer = service.list_column_mappings(request).await;
        let page = answer
            .map_err(|status| CommandError::call("ListColumnMappings", status))?
            .into_inner();
        page.mappings.iter().for_each(line);
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

async fn show(named: &Named) -> Result<(), CommandError> {
    let request = pb::GetColumnMappingRequest {
        name: resource_name(&named.name),
    };
    let answer = named.partner.connect()?.files().get_column_mapping(request).await;
    let stored = answer
        .map_err(|status| CommandError::call("GetColumnMapping", status))?
        .into_inner()
        .mapping;
    let stored = stored.unwrap_or_default();
    if stored.withdrawn {
        line(&stored);
        return Ok(());
    }
    let mapping = mapping_of(&stored.mapping.unwrap_or_default());
    let text = toml::to_string_pretty(&mapping).map_err(|error| {
        let text = error.to_string();
        CommandError::usage("MAPPING_FILE_MALFORMED", text.clone(), text)
    })?;
    output::data(text.as_bytes());
    Ok(())
}

async fn withdraw(named: &Named) -> Result<(), CommandError> {
    let request = pb::WithdrawColumnMappingRequest {
        request_id: request_id(),
        name: resource_name(&named.name),
        etag: None,
    };
    let answer = named
        .partner
        .connect()?
        .files()
        .withdraw_column_mapping(request)
        .await;
    let answer = answer
        .map_err(|status| CommandError::call("WithdrawColumnMapping", status))?
        .into_inner();
    line(&answer.mapping.unwrap_or_default());
    Ok(())
}
