//! The files of a batch (section 4): lines, findings, settled positions and the receipt, out and in.
//!
//! These are plain text records: an exported batch must be read and checked even where it was written by another version.

use serde::{Deserialize, Serialize};

use crate::conditions::ConditionRows;
use crate::csv_out::{into_guarded, write_records};
use crate::digest::sha256_hex;
use crate::text::unguarded;

/// What can be wrong with a file of a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The bytes are not UTF-8.
    #[error("{0}: not UTF-8")]
    Encoding(&'static str),
    /// The header is not the contract's.
    #[error("{0}: the header is not the contract's")]
    Header(&'static str),
    /// A row cannot be read.
    #[error("{file}: row {row} cannot be read")]
    Row {
        /// Name of the file.
        file: &'static str,
        /// Row number; the header is row 1.
        row: usize,
    },
    /// The receipt is not the contract's JSON.
    #[error("receipt.json cannot be read")]
    Receipt(#[source] serde_json::Error),
}

/// Reads records with exactly this header.
fn read_records<const N: usize>(
    file: &'static str,
    header: [&'static str; N],
    bytes: &[u8],
) -> Result<Vec<[String; N]>, BatchError> {
    let bytes = bytes.strip_prefix(crate::csv_out::MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| BatchError::Encoding(file))?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let (mut rows, mut has_header) = (Vec::new(), false);
    for (index, record) in reader.records().enumerate() {
        let unreadable = || BatchError::Row { file, row: index + 1 };
        let record = record.map_err(|_| unreadable())?;
        if index == 0 {
            if !record.iter().eq(header) {
                return Err(BatchError::Header(file));
            }
            has_header = true;
            continue;
        }
        let cells: Vec<String> = record.iter().map(|cell| unguarded(cell).to_owned()).collect();
        rows.push(cells.try_into().map_err(|_| unreadable())?);
    }
    if has_header {
        Ok(rows)
    } else {
        Err(BatchError::Header(file))
    }
}

macro_rules! batch_rows {
    ($(#[$doc:meta])* $name:ident, $file:literal, [$($(#[$cell_doc:meta])* $cell:ident $guard:ident),+ $(,)?]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$cell_doc])* pub $cell: String),+ }

        impl $name {
            /// Name of the file.
            pub const FILE_NAME: &'static str = $file;

            /// Its columns, in the order of [`Self::cells`].
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($cell)),+];

            /// The cells as they are, without a guard.
            #[must_use]
            pub fn cells(&self) -> Vec<String> {
                vec![$(self.$cell.clone()),+]
            }

            /// Writes the file: UTF-8 with a byte order mark, CRLF, rows as they are ordered. Text that a spreadsheet might take for a
            /// formula gets an apostrophe in front.
            #[must_use]
            pub fn to_csv(rows: &[Self]) -> Vec<u8> {
                let header = vec![$(stringify!($cell).to_owned()),+];
                let records = rows.iter().map(|row| vec![$($guard(row.$cell.clone())),+]);
                write_records(std::iter::once(header).chain(records))
            }

            /// Reads the file as it was written.
            ///
            /// # Errors
            /// [`BatchError`] for another encoding or header, or a row with other cells.
            pub fn from_csv(bytes: &[u8]) -> Result<Vec<Self>, BatchError> {
                let rows = read_records($file, [$(stringify!($cell)),+], bytes)?;
                Ok(rows.into_iter().map(|[$($cell),+]| Self { $($cell),+ }).collect())
            }
        }
    };
}

/// A cell of the service's own making, amounts among them.
fn own(cell: String) -> String {
    cell
}

/// A cell with text of a reporter.
fn free(cell: String) -> String {
    into_guarded(cell)
}

batch_rows!(
    /// A line of `lines.csv`. Amounts are in yuan with two decimals; `amount` may be negative.
    LineRow,
    "lines.csv",
    [
        /// Batch number, e.g. `410500-2025-001`.
        batch_no own,
        /// Number of the line in the batch, from 1.
        line_no own,
        /// Policy year.
        policy_year own,
        /// loan_subsidy, bank_incentive or premium_subsidy.
        measure own,
        /// Credit code of the beneficiary.
        beneficiary own,
        /// Its latest name.
        beneficiary_name free,
        /// What within the beneficiary's year, e.g. `policy_no/patent_no`; often empty.
        item free,
        /// The base.
        base_amount own,
        /// What the facts earn.
        entitled own,
        /// What released batches settled.
        settled_before own,
        /// The difference.
        amount own,
        /// The limit that decided, if one did.
        limited_by own,
        /// The clause.
        clause own,
        /// Revision of the rulebook.
        rule_revision own,
    ]
);

batch_rows!(
    /// A row of `findings.csv`.
    FindingRow,
    "findings.csv",
    [
        /// Code of the finding.
        code own,
        /// hold, warn or info.
        severity own,
        /// The measure it concerns, if one.
        measure own,
        /// The beneficiary it concerns, if one.
        beneficiary free,
        /// The record it is about.
        reference free,
        /// Message in Chinese and English.
        message free,
    ]
);

batch_rows!(
    /// A row of `settled.csv`: what was settled before the batch, never zero.
    SettledRow,
    "settled.csv",
    [
        /// Policy year.
        policy_year own,
        /// The measure.
        measure own,
        /// Credit code of the beneficiary.
        beneficiary own,
        /// What within the beneficiary's year.
        item free,
        /// The amount in yuan.
        settled own,
    ]
);

batch_rows!(
    /// A line that another policy or reading would change: the output of an experiment, never part of a batch.
    ChangeRow,
    "changes.csv",
    [
        /// Policy year.
        policy_year own,
        /// The measure.
        measure own,
        /// Credit code of the beneficiary.
        beneficiary own,
        /// Its latest name.
        beneficiary_name free,
        /// What within the beneficiary's year.
        item free,
        /// What the facts earn as it is, in yuan.
        now own,
        /// What they would earn, in yuan.
        then own,
        /// `then` less `now`, signed.
        difference own,
        /// The clause as it is; empty where nothing is earned.
        clause_now own,
        /// The clause as it would be; empty where nothing would be earned.
        clause_then own,
    ]
);

/// A reading of the document that the batch used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingRow {
    /// Its name, e.g. `R1`.
    pub id: String,
    /// Its value, e.g. `DEFAULT`.
    pub value: String,
    /// Reference of its approval.
    pub approval: String,
}

/// The detached signature of a released batch over [`Receipt::signed_bytes`]. Names are texts, so that a receipt signed in a way this version
/// does not know can still be read, and refused by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptSignature {
    /// `ECDSA-P256-SHA256` or `SM2-SM3`.
    pub algorithm: String,
    /// SHA-256 of the public key (its SubjectPublicKeyInfo, DER) in lower-case hexadecimal.
    pub key_id: String,
    /// The public key: SubjectPublicKeyInfo, DER, in base64. Who it belongs to, the receipt cannot prove.
    pub public_key: String,
    /// The signer's user id that went into the digest; SM2 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// How the signature is written: `der`, or `raw` (r and s of 32 bytes each).
    pub encoding: String,
    /// The signature in base64.
    pub signature: String,
}

/// The head of an audit chain, as a batch prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditHeadRow {
    /// The chain: an institution's code, `bureau` or `finance`.
    pub stream: String,
    /// Number of its last row.
    pub chain_no: i64,
    /// Hash of that row in lower-case hexadecimal.
    pub hash: String,
}

impl AuditHeadRow {
    /// Heads as the JSON list that a receipt holds.
    ///
    /// # Errors
    /// [`BatchError::Receipt`]; texts and numbers always have their JSON.
    pub fn list_to_json(rows: &[Self]) -> Result<String, BatchError> {
        serde_json::to_string(rows).map_err(BatchError::Receipt)
    }

    /// Heads from such a list.
    ///
    /// # Errors
    /// [`BatchError::Receipt`] for anything else.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, BatchError> {
        serde_json::from_str(text).map_err(BatchError::Receipt)
    }
}

/// `receipt.json`: what a batch is, and the digests that hold it together. The fields' order is part of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Batch number, e.g. `410500-2025-001`.
    pub batch_no: String,
    /// The city: the first four digits of its division codes, e.g. `4105`.
    pub city: String,
    /// Policy year.
    pub year: i32,
    /// As-of date, `YYYY-MM-DD`.
    pub as_of: String,
    /// The cut-off whose facts it counts.
    pub cut_off: i64,
    /// The cut-off up to which reviewers' decisions count, where it is a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_cut_off: Option<i64>,
    /// Revision of the rulebook.
    pub rule_revision: String,
    /// Readings with the approval of each.
    pub readings: Vec<ReadingRow>,
    /// Version of the program that computed it.
    pub engine_version: String,
    /// Number of lines.
    pub line_count: u64,
    /// Sum of the lines' amounts in yuan.
    pub line_sum: String,
    /// Digest of `facts/`, see [`crate::digest::facts_digest`].
    pub facts_digest: String,
    /// SHA-256 of `policy.toml`.
    pub policy_digest: String,
    /// SHA-256 of `settled.csv`.
    pub settled_digest: String,
    /// SHA-256 of `lines.csv`.
    pub lines_digest: String,
    /// SHA-256 of `findings.csv`.
    pub findings_digest: String,
    /// SHA-256 of the lines' explanations.
    pub explanations_digest: String,
    /// What else the batch was settled under; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<ConditionRows>,
    /// The heads of the city's audit chains when the batch was opened, ascending streams; none outside a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_heads: Vec<AuditHeadRow>,
    /// The batch digest of the city's previous batch of the year, if there is one.
    pub previous_digest: Option<String>,
    /// SHA-256 over this receipt's canonical JSON without this field and the signature.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub batch_digest: String,
    /// Signature over everything else, from the release on where the service has a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<ReceiptSignature>,
}

impl Receipt {
    /// SHA-256 over the canonical JSON (fields in their order, no white space) without batch digest and signature.
    #[must_use]
    pub fn compute_digest(&self) -> String {
        let bare = Self {
            batch_digest: String::new(),
            signature: None,
            ..self.clone()
        };
        // Strings and numbers always serialise; the empty answer of a failure would match no digest.
        serde_json::to_vec(&bare)
            .map(|bytes| sha256_hex(&bytes))
            .unwrap_or_default()
    }

    /// The bytes that a signature covers: the canonical JSON without the signature, batch digest included.
    ///
    /// # Errors
    /// [`BatchError::Receipt`]; a receipt of texts and numbers always has its bytes.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, BatchError> {
        let bare = Self {
            signature: None,
            ..self.clone()
        };
        serde_json::to_vec(&bare).map_err(BatchError::Receipt)
    }

    /// The receipt with its batch digest.
    #[must_use]
    pub fn seal(self) -> Self {
        Self {
            batch_digest: self.compute_digest(),
            ..self
        }
    }

    /// Whether the batch digest is that of the receipt.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        !self.batch_digest.is_empty() && self.batch_digest == self.compute_digest()
    }

    /// The file, indented for people.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`BatchError::Receipt`], also for a field that this version does not know.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BatchError> {
        serde_json::from_slice(bytes).map_err(BatchError::Receipt)
    }
}
