//! `zhirong audit verify`: every row of the audit trail hashed again, held against the heads that are known from elsewhere.

mod known;

use std::path::PathBuf;
use std::process::ExitCode;

use api::ledger::v1::{ListAuditHeadsRequest, ListAuditRowsRequest};
use clap::{Args, Subcommand};
use client::Client;
use ledger::audit_chain::{Break, ChainCheck, row_from_wire};

use crate::cli::ClientArgs;
use crate::connection::{AUDITOR, client_of, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{self, Cell, Listing};
use crate::verify::Difference;

use self::known::Known;

/// Rows pulled at a time.
const PAGE: i32 = 1000;

/// What `audit` can do.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// 核验审计链 Computes every hash again and holds the chains against their heads and those printed in batches (exit 1: broken)
    Verify(AuditVerifyArgs),
}

/// Options of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

impl AuditArgs {
    /// Where the settings go.
    pub const fn client(&mut self) -> &mut ClientArgs {
        match &mut self.command {
            AuditCommand::Verify(args) => &mut args.client,
        }
    }
}

/// Options of `audit verify`.
#[derive(Debug, Clone, Default, Args)]
pub struct AuditVerifyArgs {
    /// 批次目录 Folder of an exported batch whose printed heads must stand in the chains; may be repeated
    #[arg(long, value_name = "DIR")]
    pub batch: Vec<PathBuf>,
    /// 公钥文件 The signer's public key (PEM): the batches must be signed by it
    #[arg(long, value_name = "FILE", requires = "batch")]
    pub key: Option<PathBuf>,
    /// Where from.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A chain as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its stream.
    pub stream: String,
    /// Rows that came.
    pub rows: u64,
    /// Number and hash of the last one.
    pub head: (i64, String),
    /// What is wrong with it.
    pub breaks: Vec<Break>,
}

/// What a check of the trail found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Every chain, ascending streams.
    pub chains: Vec<Chain>,
    /// What is wrong with the batches that were to be held against them.
    pub batches: Vec<Difference>,
    /// Heads that the chains were held against, from batches.
    pub printed: usize,
}

impl Found {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.batches.is_empty() && self.chains.iter().all(|chain| chain.breaks.is_empty())
    }
}

/// Checks every chain that the client may see. What is known from elsewhere is read before the rows: whatever was committed by then is
/// among them.
///
/// # Errors
/// [`CommandError`] where the server cannot be asked or a folder is no batch.
pub async fn check(client: &Client, args: &AuditVerifyArgs) -> Result<Found, CommandError> {
    let mut known = Known::default();
    for dir in &args.batch {
        known.add_folder(dir, args.key.as_deref())?;
    }
    known.add_batches_of(client).await?;
    let answer = client.audit().list_audit_heads(ListAuditHeadsRequest {}).await;
    let answer = answer
        .map_err(|status| CommandError::call("ListAuditHeads", status))?
        .into_inner();
    known.add_heads(&answer.heads, "链头 / the head");
    known.add_heads(&answer.answered_heads, "应答 / an answer");
    let mut chains = Vec::new();
    for stream in known.streams() {
        let check = ChainCheck::new(known.pins(stream));
        chains.extend(pull(client, stream, check).await?);
    }
    Ok(Found {
        chains,
        printed: known.printed(),
        batches: known.into_differences(),
    })
}

/// Pulls and checks a chain; none where it is not the caller's to see: an institution sees its own alone, and a batch prints them all.
async fn pull(client: &Client, stream: &str, mut check: ChainCheck) -> Result<Option<Chain>, CommandError> {
    loop {
        let request = ListAuditRowsRequest {
            stream: stream.to_owned(),
            after_chain_no: check.last().0,
            page_size: PAGE,
        };
        let rows = match client.audit().list_audit_rows(request).await {
            Ok(page) => page.into_inner().rows,
            Err(status) if status.code() == tonic::Code::NotFound => return Ok(None),
            Err(status) => return Err(CommandError::call("ListAuditRows", status)),
        };
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            check.push(&row_from_wire(row)?);
        }
    }
    Ok(Some(Chain {
        stream: stream.to_owned(),
        rows: check.rows(),
        head: check.last(),
        breaks: check.finish(),
    }))
}

/// Runs the command: exit 0 whole, 1 broken.
///
/// # Errors
/// As [`check`].
pub async fn run(args: AuditArgs) -> Result<ExitCode, CommandError> {
    let AuditCommand::Verify(args) = args.command;
    let (url, identity) = target(&args.client)?;
    let found = check(&client_of(&url, &identity, AUDITOR)?, &args).await?;
    let mut listing = Listing::new(&[
        ("stream", "日志流"),
        ("result", "结果"),
        ("rows", "行数"),
        ("head", "链头"),
        ("hash", "散列"),
    ]);
    for chain in &found.chains {
        let (chain_no, hash) = &chain.head;
        let (zh, en) = if chain.breaks.is_empty() {
            ("完整", "whole")
        } else {
            ("已损", "broken")
        };
        let row = vec![
            Cell::text(&chain.stream),
            Cell::text(en),
            Cell::count(chain.rows),
            Cell::count(*chain_no),
            Cell::text(hash),
        ];
        listing.push(row, || {
            let (stream, rows) = (&chain.stream, chain.rows);
            format!("{stream} {en} {zh} {rows} rows, head {chain_no} {hash}\n")
        });
        for it in &chain.breaks {
            let (place, code) = (format!("{} {}", chain.stream, it.chain_no()), it.code());
            output::note(&format!(
                "{place}: {code} {} / {place}: {code} {}",
                it.zh(),
                it.en()
            ));
        }
    }
    listing.finish();
    for difference in &found.batches {
        output::note(&difference.line());
    }
    let (chains, printed) = (found.chains.len(), found.printed);
    output::note(&format!(
        "核对 {chains} 条链、批次所载链头 {printed} 个 / {chains} chains, held against {printed} heads printed in batches"
    ));
    Ok(Exit::done_if(found.is_whole()).into())
}
