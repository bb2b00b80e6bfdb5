//! What is stored of a batch, held against the digests of its receipt before any of it is sent.
//!
//! Nothing is computed again here: a batch that an older engine made can be pulled for ever. Whether the facts really come to the lines,
//! `verify` and `replay` say.

use std::collections::BTreeMap;
use std::time::Duration;

use exchange::batch::{FindingRow, LineRow, Receipt, SettledRow};
use exchange::digest::{ExplanationsDigest, facts_digest, sha256_hex};
use exchange::{File, Row, content_digest, write_file};
use ledger::store::facts;
use policy::engine::SettledBefore;
use policy::money::Money;
use sqlx::PgConnection;

use crate::book::{not_found, readings_rows};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::batch::{self, Batch};
use crate::store::finding::{self, StoredFinding};
use crate::store::line::{self, StoredLine};
use crate::store::settled;

/// Lines and findings read from the database at a time.
pub(super) const PAGE: i64 = 1000;
/// How long reading a whole city may take.
const LIMIT: Duration = Duration::from_secs(600);

const RECEIPT: &str = "receipt.json";
const POLICY: &str = "policy.toml";

/// A batch whose stored rows have the digests of its receipt.
pub(super) struct Proven {
    /// The batch.
    pub(super) stored: Batch,
    /// Its receipt.
    pub(super) receipt: Receipt,
    /// Every file of the folder that `export` writes, by its path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Rows of `settled.csv`.
    pub(super) settled: SettledBefore,
    /// Number of findings.
    pub(super) findings: i64,
}

/// Reads a batch whole and holds it against its digests. The transaction must be a snapshot.
///
/// # Errors
/// [`Error::BatchNotComputed`], [`Error::BatchDigestMismatch`] where another digest is wanted (empty: any), and
/// [`Error::BatchFileAltered`] naming the file whose stored rows are not what was computed.
pub(super) async fn prove(tx: &mut PgConnection, number: &BatchNo, wanted: &str) -> Result<Proven, Error> {
    platform::database::extend_deadline(tx, LIMIT).await?;
    let stored = stands(tx, number, wanted).await?;
    let receipt = receipt_of(&stored, number)?;
    let before = settled::before(tx, number).await;
    let before = before.map_err(|error| unreadable(error, number, SettledRow::FILE_NAME))?;
    let mut files = fact_files(tx, number, &stored).await?;
    if facts_digest(&files) != receipt.facts_digest {
        return Err(altered(number, "facts/"));
    }
    let (lines, explanations) = lines_of(tx, number).await?;
    let (findings, findings_csv) = findings_of(tx, number).await?;
    let policy = stored.policy_text.clone().into_bytes();
    let rows = [
        (POLICY, policy, &receipt.policy_digest),
        (
            SettledRow::FILE_NAME,
            settled_csv(number, &before),
            &receipt.settled_digest,
        ),
        (LineRow::FILE_NAME, lines, &receipt.lines_digest),
        (FindingRow::FILE_NAME, findings_csv, &receipt.findings_digest),
    ];
    for (name, bytes, stated) in rows {
        if sha256_hex(&bytes) != *stated {
            return Err(altered(number, name));
        }
        files.insert(name.to_owned(), bytes);
    }
    if explanations != receipt.explanations_digest {
        return Err(altered(number, LineRow::FILE_NAME));
    }
    files.insert(RECEIPT.to_owned(), stored.receipt.clone().unwrap_or_default());
    Ok(Proven {
        stored,
        receipt,
        files,
        settled: before,
        findings,
    })
}

/// The batch, if it is computed and its digest is the one wanted.
pub(super) async fn stands(tx: &mut PgConnection, number: &BatchNo, wanted: &str) -> Result<Batch, Error> {
    let stored = batch::find(tx, number).await?.ok_or_else(|| not_found(number))?;
    let batch_no = number.to_string();
    match &stored.batch_digest {
        None => Err(Error::BatchNotComputed { batch_no }),
        Some(digest) if !wanted.is_empty() && wanted != digest => {
            Err(Error::BatchDigestMismatch { batch_no })
        }
        Some(_) => Ok(stored),
    }
}

/// What is stored under this name is not what the receipt's digest covers.
pub(super) fn altered(number: &BatchNo, file: &str) -> Error {
    Error::BatchFileAltered {
        batch_no: number.to_string(),
        file: file.to_owned(),
    }
}

/// A stored row that cannot even be read was altered; any other error stays what it is.
fn unreadable(error: Error, number: &BatchNo, file: &str) -> Error {
    match error {
        Error::Ledger(ledger::Error::StoredRowUnreadable { .. }) => altered(number, file),
        other => other,
    }
}

/// The receipt, if it is sealed and the batch's own columns say the same.
fn receipt_of(stored: &Batch, number: &BatchNo) -> Result<Receipt, Error> {
    let receipt = Receipt::from_json(stored.receipt.as_deref().unwrap_or_default());
    let receipt = receipt.map_err(|_| altered(number, RECEIPT))?;
    let sum = Money::from_fen(stored.line_sum_fen.unwrap_or_default());
    let same = receipt.is_sealed()
        && stored.receipt.as_deref() == Some(&receipt.to_json()[..])
        && stored.batch_digest.as_ref() == Some(&receipt.batch_digest)
        && receipt.batch_no == number.to_string()
        && receipt.year == stored.year
        && receipt.as_of == stored.as_of.format("%Y-%m-%d").to_string()
        && receipt.cut_off == stored.cut_off
        && receipt.rule_revision == stored.rule_revision
        && receipt.readings == readings_rows(&stored.readings)
        && receipt.previous_digest == stored.previous_digest
        && i64::try_from(receipt.line_count).ok() == stored.line_count
        && receipt.line_sum == sum.to_string();
    if same {
        Ok(receipt)
    } else {
        Err(altered(number, RECEIPT))
    }
}

/// The fact files, one after the other: no more than one file's records are held beside the bytes.
async fn fact_files(
    tx: &mut PgConnection,
    number: &BatchNo,
    batch: &Batch,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    for file in File::ALL.iter().copied() {
        let path = format!("facts/{}", file.file_name());
        // Reviewers' decisions are known up to a cut-off of their own.
        let up_to = match file {
            File::Decisions => batch.decided_cut_off.unwrap_or(batch.cut_off),
            _ => batch.cut_off,
        };
        let stored = facts::file_of_city(tx, file, number.city.as_str(), up_to).await;
        let stored = stored.map_err(|error| unreadable(error.into(), number, &path))?;
        // One digest covers all files of facts; each row's own says in which of them the altered one is.
        if stored
            .iter()
            .any(|it| it.content_digest != content_digest(&it.row))
        {
            return Err(altered(number, &path));
        }
        if !stored.is_empty() {
            let rows: Vec<Row> = stored.into_iter().map(|it| it.row).collect();
            files.insert(path, write_file(file, &rows));
        }
    }
    Ok(files)
}

/// `lines.csv` and the digest of the explanations.
async fn lines_of(tx: &mut PgConnection, number: &BatchNo) -> Result<(Vec<u8>, String), Error> {
    let (mut bytes, mut digest) = (LineRow::to_csv(&[]), ExplanationsDigest::default());
    let mut after = 0;
    loop {
        let rows = line::page(tx, number, after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok((bytes, digest.finish()));
        };
        after = last.line_no;
        bytes.extend_from_slice(&lines_csv(number, &rows));
        rows.iter().for_each(|row| digest.add(&row.explanation));
    }
}

/// How many findings there are, and `findings.csv`.
async fn findings_of(tx: &mut PgConnection, number: &BatchNo) -> Result<(i64, Vec<u8>), Error> {
    let (mut count, mut bytes) = (0, FindingRow::to_csv(&[]));
    let mut after = 0;
    loop {
        let rows = finding::page(tx, number, after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok((count, bytes));
        };
        after = last.finding_no;
        count += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        bytes.extend_from_slice(&findings_csv(&rows));
    }
}

/// The rows of lines without mark and header.
pub(super) fn lines_csv(number: &BatchNo, rows: &[StoredLine]) -> Vec<u8> {
    let yuan = |fen| Money::from_fen(fen).to_string();
    let row = |line: &StoredLine| LineRow {
        batch_no: number.to_string(),
        line_no: line.line_no.to_string(),
        policy_year: line.policy_year.to_string(),
        measure: line.measure.clone(),
        beneficiary: line.beneficiary.clone(),
        beneficiary_name: line.beneficiary_name.clone(),
        item: line.item.clone(),
        base_amount: yuan(line.base_fen),
        entitled: yuan(line.entitled_fen),
        settled_before: yuan(line.settled_before_fen),
        amount: yuan(line.amount_fen),
        limited_by: line.limited_by.clone().unwrap_or_default(),
        clause: line.clause.clone(),
        rule_revision: line.rule_revision.clone(),
    };
    body(
        LineRow::to_csv(&rows.iter().map(row).collect::<Vec<_>>()),
        &LineRow::to_csv(&[]),
    )
}

/// The rows of findings without mark and header.
pub(super) fn findings_csv(rows: &[StoredFinding]) -> Vec<u8> {
    let row = |finding: &StoredFinding| FindingRow {
        code: finding.code.clone(),
        severity: finding.severity.clone(),
        measure: finding.measure.clone(),
        beneficiary: finding.beneficiary.clone(),
        reference: finding.reference.clone(),
        message: format!("{} / {}", finding.message_zh, finding.message_en),
    };
    body(
        FindingRow::to_csv(&rows.iter().map(row).collect::<Vec<_>>()),
        &FindingRow::to_csv(&[]),
    )
}

fn settled_csv(number: &BatchNo, before: &SettledBefore) -> Vec<u8> {
    let rows = before.iter().map(|(key, amount)| SettledRow {
        policy_year: number.year.to_string(),
        measure: key.measure.as_str().to_owned(),
        beneficiary: key.beneficiary.to_string(),
        item: key.item.clone(),
        settled: amount.to_string(),
    });
    SettledRow::to_csv(&rows.collect::<Vec<_>>())
}

/// A file without its first line.
fn body(mut file: Vec<u8>, header: &[u8]) -> Vec<u8> {
    file.drain(..header.len().min(file.len()));
    file
}
