//! A sample client of Zhirong in Rust: what a bank's developer copies and changes.
//!
//! It reports a loan, repeats the report, corrects it, reads the figures of the answer, has the sandbox settle, pulls the batch with a
//! cut in the middle and a resume, has it verified, and withdraws its report. Identity is the client certificate: no message names
//! the institution. Amounts are decimal text.
//!
//! ```sh
//! cargo run --release -p zhirong-client --example zhirong-sample -- IDENTITY_DIR localhost:7443 zhirong
//! ```

mod bank;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use tonic::Status;
use zhirong_client::{Client, PullError};

/// A client known by the certificate of one holder: `HOLDER.pem` and `HOLDER.key` beside `ca.pem`.
fn connect(identity: &Path, holder: &str, server: &str) -> Result<Client, Box<dyn Error>> {
    let pem = |name: String| std::fs::read_to_string(identity.join(name));
    let url = format!("https://{server}");
    let certificate = pem(format!("{holder}.pem"))?;
    let client = Client::connect(
        &url,
        &pem("ca.pem".into())?,
        &certificate,
        &pem(format!("{holder}.key"))?,
    )?;
    Ok(client)
}

/// Runs the program and answers what it printed.
fn run(program: &str, words: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).args(words).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// Pulls a batch, leaves the stream after three messages and goes on behind the third; answers what came before and after the cut,
/// and the digest of the batch. Counts, sum and digests of what came are checked by the client itself before the last message.
async fn pull(finance: &Client, batch_no: &str) -> Result<(String, String), PullError> {
    let mut pull = finance.pull(batch_no);
    let (mut pieces, mut begun, mut last) = (Vec::new(), 1, 0);
    while let Some(message) = pull.next().await? {
        last = message.sequence;
        if last == 3 {
            pull.disconnect();
            pieces.push(format!("{begun}-{last}"));
            begun = last + 1;
        }
    }
    pieces.push(format!("{begun}-{last}"));
    let digest = pull.receipt().map(|receipt| receipt.batch_digest.clone());
    Ok((pieces.join(" "), digest.unwrap_or_default()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = play().await else {
        return ExitCode::SUCCESS;
    };
    match error.downcast_ref::<Status>() {
        Some(status) => eprintln!("{}", bank::refusal(status)),
        None => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

/// All steps, one after the other.
async fn play() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    let [_, identity, server, program] = words.as_slice() else {
        return Err("zhirong-sample IDENTITY_DIR HOST:PORT PATH/zhirong".into());
    };
    let lender = bank::Bank::new(connect(Path::new(identity), bank::BANK, server)?);
    lender.report_and_correct().await?;

    let url = format!("https://{server}");
    let target = ["--server", url.as_str(), "--identity", identity.as_str()];
    let settle = [
        "settle",
        "--division",
        "410500",
        "--year",
        "2025",
        "--until",
        "released",
    ];
    let settled = run(program, &[&settle[..], &target[..]].concat())?;
    let batch_no = settled
        .lines()
        .find_map(|line| line.strip_prefix("batch_no "))
        .ok_or("no batch")?;
    println!("ok settle: {batch_no}");

    let finance = connect(Path::new(identity), "finance-maker", server)?;
    let (pieces, digest) = pull(&finance, batch_no).await?;
    println!("ok pull: {pieces}");
    println!("ok digests: {digest}");

    let out = std::env::temp_dir().join(format!("zhirong-sample-{}", zhirong_client::request_id()));
    let folder = out.to_string_lossy().into_owned();
    run(
        program,
        &[&["export", batch_no, "--out", folder.as_str()][..], &target[..]].concat(),
    )?;
    let verified = run(program, &["verify", folder.as_str()])?;
    std::fs::remove_dir_all(&out)?;
    if !verified.contains(&digest) {
        return Err(format!("verify says another digest: {verified}").into());
    }
    println!("ok verify: {}", verified.lines().next().unwrap_or_default());
    lender.withdraw().await
}
