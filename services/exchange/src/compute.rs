//! A batch as a pure function of its facts: the one computation behind the service, `assess` and `verify`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use policy::codes::Measure;
use policy::conditions::Conditions;
use policy::date::PolicyYear;
use policy::engine::{ENGINE_VERSION, EngineError, Line, LineKey, Outcome, Question, SettledBefore, settle};
use policy::ident::Uscc;
use policy::money::Money;
use policy::reading::{ReadingNotSupported, Readings};
use policy::rulebook::{Revision, Rulebook};

use crate::batch::{AuditHeadRow, BatchError, FindingRow, LineRow, ReadingRow, Receipt, SettledRow};
use crate::conditions::ConditionRows;
use crate::csv_out::write_file;
use crate::digest::{ExplanationsDigest, facts_digest, sha256_hex};
use crate::file::File;
use crate::history::History;

/// Everything a batch is computed from.
pub struct BatchQuestion<'a> {
    /// Batch number, e.g. `410500-2025-001`.
    pub batch_no: &'a str,
    /// The cut-off that closed its facts; 0 outside a service.
    pub cut_off: i64,
    /// The cut-off up to which reviewers' decisions count, where it is a later one.
    pub decided_cut_off: Option<i64>,
    /// The policy year.
    pub year: PolicyYear,
    /// The date of the exclusion test (rule 7).
    pub as_of: NaiveDate,
    /// Every revision known.
    pub history: &'a History,
    /// The rules, loaded from `policy_text`.
    pub rulebook: &'a Rulebook,
    /// The rules as text; its digest is part of the receipt.
    pub policy_text: &'a str,
    /// The readings in force.
    pub readings: &'a Readings,
    /// Every reading with its value and approval reference, for the receipt.
    pub approvals: &'a [ReadingRow],
    /// The settled position.
    pub settled: &'a SettledBefore,
    /// What else the batch is settled under: objections, recoveries, freezes and budgets.
    pub conditions: &'a Conditions,
    /// The heads of the city's audit chains when the batch was opened, for the receipt.
    pub audit_heads: &'a [AuditHeadRow],
    /// Digest of the batch released before.
    pub previous_digest: Option<String>,
}

/// A computed batch: the engine's answer, the rows of its files, and the files.
#[derive(Debug, Clone)]
pub struct ComputedBatch {
    /// The engine's answer, lines of amount zero included.
    pub outcome: Outcome,
    /// The lines with an amount, in the order of their numbers.
    pub paid: Vec<Line>,
    /// Rows of `lines.csv`.
    pub lines: Vec<LineRow>,
    /// Rows of `findings.csv`.
    pub findings: Vec<FindingRow>,
    /// The receipt, sealed with the batch's digest.
    pub receipt: Receipt,
    /// Every file of the batch by its path inside the folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Computes a batch.
///
/// # Errors
/// As [`settle`].
pub fn compute(question: &BatchQuestion<'_>) -> Result<ComputedBatch, EngineError> {
    let revision = question.rulebook.revision_of(question.year)?;
    let facts = question.history.facts();
    let outcome = settle(&Question {
        facts: &facts,
        rulebook: question.rulebook,
        readings: question.readings,
        year: question.year,
        as_of: question.as_of,
        settled: question.settled,
        conditions: question.conditions,
    })?;
    let paid: Vec<Line> = outcome
        .lines
        .iter()
        .filter(|line| !line.amount.is_zero())
        .cloned()
        .collect();
    let lines: Vec<LineRow> = (1_u64..)
        .zip(&paid)
        .map(|(number, line)| line_row(question, revision, number, line))
        .collect();
    let findings: Vec<FindingRow> = outcome.findings.iter().map(finding_row).collect();
    let mut files = fact_files(question.history);
    let fact_digest = facts_digest(&files);
    files.insert("lines.csv".to_owned(), LineRow::to_csv(&lines));
    files.insert("findings.csv".to_owned(), FindingRow::to_csv(&findings));
    files.insert(
        "settled.csv".to_owned(),
        SettledRow::to_csv(&settled_rows(question)),
    );
    files.insert("policy.toml".to_owned(), question.policy_text.as_bytes().to_vec());
    let receipt = receipt(question, revision, &paid, &files, fact_digest)?;
    files.insert("receipt.json".to_owned(), receipt.to_json());
    Ok(ComputedBatch {
        outcome,
        paid,
        lines,
        findings,
        receipt,
        files,
    })
}

/// The fact files of a history, by their path in a batch folder; files without rows are left out.
#[must_use]
pub fn fact_files(history: &History) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for file in File::ALL.iter().copied() {
        let rows = history.rows(file);
        if !rows.is_empty() {
            files.insert(format!("facts/{}", file.file_name()), write_file(file, &rows));
        }
    }
    files
}

/// The readings of a revision with overrides, and every reading's value and approval reference.
///
/// # Errors
/// [`ReadingNotSupported`] for an override the engine does not support.
pub fn readings_of(
    revision: &Revision,
    overrides: &[ReadingRow],
) -> Result<(Readings, Vec<ReadingRow>), ReadingNotSupported> {
    let mut readings = revision.readings;
    for row in overrides {
        readings.set(&row.id, &row.value)?;
    }
    let rows = readings
        .list()
        .into_iter()
        .map(|(id, value)| {
            let given = overrides
                .iter()
                .find(|row| row.id == id)
                .map(|row| row.approval.clone());
            let own = revision
                .approvals
                .iter()
                .find(|row| row.id == id)
                .map(|row| row.reference.clone());
            ReadingRow {
                id: id.to_owned(),
                value: value.to_owned(),
                approval: given.or(own).unwrap_or_default(),
            }
        })
        .collect();
    Ok((readings, rows))
}

/// The settled position that the rows of `settled.csv` state for a year.
///
/// # Errors
/// [`BatchError`] for a measure, code or amount that cannot be read.
pub fn settled_from_rows(rows: &[SettledRow], year: PolicyYear) -> Result<SettledBefore, BatchError> {
    let mut settled = SettledBefore::new();
    for (place, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.policy_year == year.to_string())
    {
        // The header is row 1.
        let wrong = || BatchError::Row {
            file: "settled.csv",
            row: place + 2,
        };
        let key = LineKey {
            measure: Measure::parse(&row.measure).ok_or_else(wrong)?,
            beneficiary: Uscc::from_canonical(&row.beneficiary).map_err(|_| wrong())?,
            item: row.item.clone(),
        };
        let amount = Money::parse_yuan(&row.settled).map_err(|_| wrong())?;
        settled.insert(key, amount);
    }
    Ok(settled)
}

fn line_row(question: &BatchQuestion<'_>, revision: &Revision, number: u64, line: &Line) -> LineRow {
    LineRow {
        batch_no: question.batch_no.to_owned(),
        line_no: number.to_string(),
        policy_year: line.policy_year.to_string(),
        measure: line.key.measure.as_str().to_owned(),
        beneficiary: line.key.beneficiary.to_string(),
        beneficiary_name: line.beneficiary_name.clone(),
        item: line.key.item.clone(),
        base_amount: line.base.to_string(),
        entitled: line.entitled.to_string(),
        settled_before: line.settled_before.to_string(),
        amount: line.amount.to_string(),
        limited_by: line
            .limited_by
            .map(|limit| limit.as_str().to_owned())
            .unwrap_or_default(),
        clause: line.clause.as_str().to_owned(),
        rule_revision: revision.id.clone(),
    }
}

fn finding_row(finding: &policy::engine::Finding) -> FindingRow {
    FindingRow {
        code: finding.code.as_str().to_owned(),
        severity: finding.severity().as_str().to_owned(),
        measure: finding.measure.as_str().to_owned(),
        beneficiary: finding.beneficiary.clone(),
        reference: finding.reference.clone(),
        message: format!("{} / {}", finding.zh(), finding.en()),
    }
}

/// The rows of `settled.csv`: the position before the batch, where it is not zero.
fn settled_rows(question: &BatchQuestion<'_>) -> Vec<SettledRow> {
    let rows = question.settled.iter().filter(|(_, amount)| !amount.is_zero());
    rows.map(|(key, amount)| SettledRow {
        policy_year: question.year.to_string(),
        measure: key.measure.as_str().to_owned(),
        beneficiary: key.beneficiary.to_string(),
        item: key.item.clone(),
        settled: amount.to_string(),
    })
    .collect()
}

fn receipt(
    question: &BatchQuestion<'_>,
    revision: &Revision,
    paid: &[Line],
    files: &BTreeMap<String, Vec<u8>>,
    fact_digest: String,
) -> Result<Receipt, EngineError> {
    let of = |name: &str| sha256_hex(files.get(name).map_or(&[][..], Vec::as_slice));
    let sum = Money::sum(paid.iter().map(|line| line.amount))?;
    let receipt = Receipt {
        batch_no: question.batch_no.to_owned(),
        city: question.rulebook.city.to_string(),
        year: question.year.number(),
        as_of: question.as_of.format("%Y-%m-%d").to_string(),
        cut_off: question.cut_off,
        decided_cut_off: question.decided_cut_off,
        rule_revision: revision.id.clone(),
        readings: question.approvals.to_vec(),
        engine_version: ENGINE_VERSION.to_owned(),
        line_count: u64::try_from(paid.len()).unwrap_or(u64::MAX),
        line_sum: sum.to_string(),
        facts_digest: fact_digest,
        policy_digest: of("policy.toml"),
        settled_digest: of("settled.csv"),
        lines_digest: of("lines.csv"),
        findings_digest: of("findings.csv"),
        explanations_digest: explanations_digest(paid),
        conditions: ConditionRows::of(question.conditions),
        audit_heads: question.audit_heads.to_vec(),
        previous_digest: question.previous_digest.clone(),
        batch_digest: String::new(),
        signature: None,
    };
    Ok(receipt.seal())
}

/// The digest of every line's explanation, in line order.
fn explanations_digest(paid: &[Line]) -> String {
    let mut digest = ExplanationsDigest::default();
    paid.iter()
        .for_each(|line| digest.add(&line.explanation.encode()));
    digest.finish()
}
