//! `zhirong replay`: computes batches that were made once again and compares their digests.

use std::path::Path;
use std::process::ExitCode;

use api::settlement::v1::{Batch, ListBatchesRequest};
use client::Client;
use exchange::batch::Receipt;
use exchange::digest::{facts_digest, sha256_hex};

use crate::batch_folder::{POLICY, RECEIPT};
use crate::cli::ReplayArgs;
use crate::connection::{MAKER, client_of, target};
use crate::error::{CommandError, reason_of};
use crate::exit::Exit;
use crate::inputs::Inputs;
use crate::measures::Tally;
use crate::output::progress::Progress;
use crate::output::{Cell, Listing};
use crate::verify::{self, Files};
use crate::{export, output, settle};

/// A digest of a batch that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Its name in the receipt, such as `lines_digest`; `receipt` or `facts` where nothing could be computed.
    pub digest: &'static str,
    /// By the receipt.
    pub stated: String,
    /// By the files, or by the computation.
    pub found: String,
}

/// The digests of a receipt by name.
fn digests(receipt: &Receipt) -> [(&'static str, &str); 7] {
    [
        ("facts_digest", &receipt.facts_digest),
        ("policy_digest", &receipt.policy_digest),
        ("settled_digest", &receipt.settled_digest),
        ("lines_digest", &receipt.lines_digest),
        ("findings_digest", &receipt.findings_digest),
        ("explanations_digest", &receipt.explanations_digest),
        ("batch_digest", &receipt.batch_digest),
    ]
}

/// The digest of what the files hold, where a digest is of files.
fn digest_of_files(files: &Files, name: &str) -> Option<String> {
    let of = |file: &str| Some(sha256_hex(files.get(file).map_or(&[][..], Vec::as_slice)));
    match name {
        "facts_digest" => {
            let facts = files.iter().filter(|(path, _)| path.starts_with("facts/"));
            Some(facts_digest(
                &facts.map(|(path, bytes)| (path.clone(), bytes)).collect(),
            ))
        }
        "policy_digest" => of(POLICY),
        "settled_digest" => of("settled.csv"),
        "lines_digest" => of("lines.csv"),
        "findings_digest" => of("findings.csv"),
        _ => None,
    }
}

/// Computes a batch again from its files and names every digest that differs; none means the batch replays.
#[must_use]
pub fn replay(files: &Files) -> (Option<Receipt>, Vec<Mismatch>) {
    let unreadable = |digest, found| Mismatch {
        digest,
        stated: String::new(),
        found,
    };
    let receipt = match Receipt::from_json(files.get(RECEIPT).map_or(&[][..], Vec::as_slice)) {
        Ok(receipt) => receipt,
        Err(error) => return (None, vec![unreadable("receipt", error.to_string())]),
    };
    let mut found: Vec<Mismatch> = Vec::new();
    for (digest, stated) in digests(&receipt) {
        if let Some(of_files) = digest_of_files(files, digest).filter(|of_files| of_files != stated) {
            found.push(Mismatch {
                digest,
                stated: stated.to_owned(),
                found: of_files,
            });
        }
    }
    let inputs = Inputs::open(files, &receipt).map_err(|differences| {
        let first = differences.into_iter().next();
        first.map_or_else(String::new, |it| format!("{}: {}", it.file, it.en))
    });
    match inputs.and_then(|inputs| inputs.compute().map_err(|error| error.to_string())) {
        Err(error) => found.push(unreadable("facts", error)),
        Ok(batch) => {
            for ((digest, stated), (_, computed)) in
                digests(&receipt).into_iter().zip(digests(&batch.receipt))
            {
                let known = found.iter().any(|it| it.digest == digest);
                if stated != computed && !known {
                    found.push(Mismatch {
                        digest,
                        stated: stated.to_owned(),
                        found: computed.to_owned(),
                    });
                }
            }
        }
    }
    (Some(receipt), found)
}

/// One batch's line, and whether it replays. What differs goes to standard error.
fn report(
    listing: &mut Listing,
    (name, state): (&str, &str),
    receipt: Option<&Receipt>,
    found: &[Mismatch],
) -> bool {
    let names: Vec<&str> = found.iter().map(|it| it.digest).collect();
    let digest = receipt.map_or("", |receipt| receipt.batch_digest.as_str());
    let (result, word, what) = match found {
        [] => ("same", "一致", digest.to_owned()),
        _ => ("differs", "不一致", names.join(" ")),
    };
    let row = [name, state, result, digest, &names.join(";")].map(Cell::text);
    listing.push(row.to_vec(), || {
        format!("{name} {state} {result} {word} {what}\n")
    });
    if found.is_empty() {
        return true;
    }
    for it in found {
        output::note(&format!(
            "{name} {}: 回执为 {1}，重算或文件为 {2} / the receipt has {1}, found is {2}",
            it.digest, it.stated, it.found
        ));
    }
    false
}

fn new_listing() -> Listing {
    Listing::new(&[
        ("batch", "批次"),
        ("state", "状态"),
        ("result", "结果"),
        ("digest", "摘要"),
        ("mismatches", "不符之处"),
    ])
}

fn exit(listing: &Listing, tally: Tally) -> ExitCode {
    listing.finish();
    Exit::done_if(tally.is_good()).into()
}

/// Whether every batch asked for is a folder, so that no server is needed.
#[must_use]
pub fn is_local(args: &ReplayArgs) -> bool {
    !args.batches.is_empty() && args.batches.iter().all(|name| Path::new(name).is_dir())
}

/// Replays folders: exit 0 all the same, 1 a mismatch.
///
/// # Errors
/// [`CommandError`] where a folder is no batch.
pub fn run_local(args: &ReplayArgs) -> Result<ExitCode, CommandError> {
    let (mut listing, mut tally) = (new_listing(), Tally::default());
    for dir in &args.batches {
        tally.add(replay_folder(&mut listing, dir)?);
    }
    Ok(exit(&listing, tally))
}

fn replay_folder(listing: &mut Listing, dir: &str) -> Result<bool, CommandError> {
    let (files, _) = verify::read(Path::new(dir))?;
    let (receipt, found) = replay(&files);
    let name = receipt.as_ref().map_or(dir, |receipt| receipt.batch_no.as_str());
    Ok(report(listing, (name, dir), receipt.as_ref(), &found))
}

/// Replays batches of the server, or folders among them: exit 0 all the same, 1 a mismatch.
///
/// # Errors
/// [`CommandError`] where the server cannot be asked or a batch is unknown.
pub async fn run(args: ReplayArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    let client = client_of(&url, &identity, MAKER)?;
    let made = all_batches(&client).await?;
    let (mut listing, mut tally) = (new_listing(), Tally::default());
    let count = if args.batches.is_empty() {
        made.len()
    } else {
        args.batches.len()
    };
    let progress = Progress::start("重放 replaying", u64::try_from(count).ok());
    for name in &args.batches {
        progress.advance(1);
        if Path::new(name).is_dir() {
            tally.add(replay_folder(&mut listing, name)?);
            continue;
        }
        let wanted = name.strip_prefix("batches/").unwrap_or(name);
        let Some(batch) = made.iter().find(|batch| batch.batch_no == wanted) else {
            return Err(CommandError::usage(
                "NOT_FOUND",
                format!("没有批次 {wanted}"),
                format!("there is no batch {wanted}"),
            ));
        };
        tally.add(replay_pulled(&mut listing, &client, batch).await?);
    }
    if args.batches.is_empty() {
        for batch in &made {
            progress.advance(1);
            if batch.digests.is_none() {
                output::note(&format!("{0}: 从未计算 / {0}: never computed", batch.batch_no));
                continue;
            }
            tally.add(replay_pulled(&mut listing, &client, batch).await?);
        }
        let replayed = tally.total();
        output::note(&format!("重放 {replayed} 个批次 / {replayed} batches replayed"));
        // Only a replay of everything says that everything replays.
        tally.show_replay();
    }
    drop(progress);
    Ok(exit(&listing, tally))
}

/// Every batch, ascending numbers.
///
/// # Errors
/// [`CommandError::Call`].
pub async fn all_batches(client: &Client) -> Result<Vec<Batch>, CommandError> {
    let mut batches = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListBatchesRequest {
            year: 0,
            page_size: 1000,
            page_token,
        };
        let answer = client.settlement().list_batches(request).await;
        let answer = answer
            .map_err(|status| CommandError::call("ListBatches", status))?
            .into_inner();
        batches.extend(answer.batches);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(batches);
        }
    }
}

/// Pulls a batch and replays it: every digest that differs.
///
/// # Errors
/// [`CommandError::Call`].
pub(crate) async fn replay_stored(client: &Client, batch: &Batch) -> Result<Vec<Mismatch>, CommandError> {
    Ok(pulled(client, batch).await?.1)
}

/// Pulls a batch, replays it and reports on it.
async fn replay_pulled(listing: &mut Listing, client: &Client, batch: &Batch) -> Result<bool, CommandError> {
    let (receipt, found) = pulled(client, batch).await?;
    let state = settle::state_name(batch.state());
    Ok(report(
        listing,
        (&batch.batch_no, state),
        receipt.as_ref(),
        &found,
    ))
}

/// Pulls a batch and replays it; the digest that the list of batches states must be that of the receipt too.
async fn pulled(client: &Client, batch: &Batch) -> Result<(Option<Receipt>, Vec<Mismatch>), CommandError> {
    let listed = batch
        .digests
        .as_ref()
        .map_or("", |digests| digests.batch.as_str());
    let mismatch = |found: String| Mismatch {
        digest: "batch_digest",
        stated: listed.to_owned(),
        found,
    };
    let pulled = match export::pull_files(client, &batch.batch_no).await {
        Ok(pulled) => pulled,
        // The service holds what is stored against the receipt before it sends it, and says so where a row was altered.
        Err(CommandError::Call { status, .. })
            if ["BATCH_DIGEST_MISMATCH", "BATCH_FILE_ALTERED"].contains(&reason_of(&status).as_str()) =>
        {
            return Ok((None, vec![mismatch(reason_of(&status))]));
        }
        Err(error) => return Err(error),
    };
    let (receipt, mut found) = replay(&pulled.1);
    if pulled.0.batch_digest != listed {
        found.push(mismatch(pulled.0.batch_digest));
    }
    Ok((receipt, found))
}
