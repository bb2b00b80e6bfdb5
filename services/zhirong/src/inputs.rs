//! A batch's folder read back into the question it answers: what `verify`, `explain`, `replay` and `experiment` compute from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use exchange::batch::{ReadingRow, Receipt, SettledRow};
use exchange::compute::{BatchQuestion, ComputedBatch, compute, readings_of, settled_from_rows};
use exchange::conditions::ConditionRows;
use exchange::{Allow, File, History};
use policy::conditions::Conditions;
use policy::date::PolicyYear;
use policy::engine::{EngineError, SettledBefore};
use policy::reading::Readings;
use policy::rulebook::Rulebook;

use crate::batch_folder::{POLICY, RECEIPT, fact_path};
use crate::verify::{Difference, Files};

/// Everything a batch was computed from.
#[derive(Debug)]
pub struct Inputs {
    /// The receipt.
    pub receipt: Receipt,
    /// Every revision of every fact.
    pub history: History,
    /// The rules.
    pub rulebook: Rulebook,
    /// The rules' text.
    pub policy_text: String,
    /// The readings in force.
    pub readings: Readings,
    /// Each reading with its approval.
    pub approvals: Vec<ReadingRow>,
    /// The settled position before the batch.
    pub settled: SettledBefore,
    /// What else the batch was settled under.
    pub conditions: Conditions,
    /// The policy year.
    pub year: PolicyYear,
    /// The day of the exclusion test.
    pub as_of: NaiveDate,
}

impl Inputs {
    /// Reads the files of a batch.
    ///
    /// # Errors
    /// What cannot be read, by file.
    pub fn open(files: &Files, receipt: &Receipt) -> Result<Self, Vec<Difference>> {
        let bytes = |name: &str| files.get(name).map_or(&[][..], Vec::as_slice);
        let policy_text = std::str::from_utf8(bytes(POLICY))
            .map_err(|error| unusable(POLICY, "不是 UTF-8", error.to_string()))?;
        let rulebook =
            Rulebook::load(policy_text).map_err(|error| unusable(POLICY, "无法载入", error.to_string()))?;
        let year = PolicyYear::new(receipt.year)
            .ok_or_else(|| unusable(RECEIPT, "年度无效", format!("year {}", receipt.year)))?;
        let as_of = NaiveDate::parse_from_str(&receipt.as_of, "%Y-%m-%d")
            .map_err(|_| unusable(RECEIPT, "截至日无效", format!("as_of {}", receipt.as_of)))?;
        let revision = rulebook
            .revision_of(year)
            .map_err(|error| unusable(POLICY, "年度不适用", error.to_string()))?;
        let (readings, approvals) = readings_of(revision, &receipt.readings)
            .map_err(|error| unusable(RECEIPT, "解释口径不支持", error.to_string()))?;
        let settled = SettledRow::from_csv(bytes("settled.csv"))
            .and_then(|rows| settled_from_rows(&rows, year))
            .map_err(|error| unusable("settled.csv", "无法读取", error.to_string()))?;
        let conditions = receipt
            .conditions
            .as_ref()
            .map_or(Ok(Conditions::NONE), ConditionRows::read)
            .map_err(|error| unusable(RECEIPT, "条件无法读取", error.to_string()))?;
        Ok(Self {
            receipt: receipt.clone(),
            history: history(files)?,
            policy_text: policy_text.to_owned(),
            rulebook,
            readings,
            approvals,
            settled,
            conditions,
            year,
            as_of,
        })
    }

    /// Computes the batch again.
    ///
    /// # Errors
    /// As [`compute`].
    pub fn compute(&self) -> Result<ComputedBatch, EngineError> {
        compute(&BatchQuestion {
            batch_no: &self.receipt.batch_no,
            cut_off: self.receipt.cut_off,
            decided_cut_off: self.receipt.decided_cut_off,
            year: self.year,
            as_of: self.as_of,
            history: &self.history,
            rulebook: &self.rulebook,
            policy_text: &self.policy_text,
            readings: &self.readings,
            approvals: &self.approvals,
            settled: &self.settled,
            conditions: &self.conditions,
            audit_heads: &self.receipt.audit_heads,
            previous_digest: self.receipt.previous_digest.clone(),
        })
    }
}

fn unusable(file: &str, zh: &str, error: String) -> Vec<Difference> {
    vec![Difference::new(file, format!("{zh}：{error}"), error)]
}

/// The facts of a batch; a row that is refused spoils them, since the batch counted every row it holds.
fn history(files: &Files) -> Result<History, Vec<Difference>> {
    let bytes = |file: &File| Some((*file, files.get(&fact_path(*file))?.clone()));
    let facts: BTreeMap<File, Vec<u8>> = File::ALL.iter().filter_map(bytes).collect();
    let loaded = exchange::load(&facts, &Allow::stored());
    let mut refused: Vec<Difference> = Vec::new();
    for refusal in loaded.file_refusals.iter().flat_map(|file| &file.refusals) {
        refused.extend(unusable(
            &fact_path(refusal.file),
            "无法读取",
            refusal.to_string(),
        ));
    }
    for row in loaded.refused.values().flat_map(|rejected| &rejected.rows) {
        let of_row = row.refusals.iter();
        refused.extend(of_row.flat_map(|it| unusable(&fact_path(it.file), "有行无法读取", it.to_string())));
    }
    if refused.is_empty() {
        Ok(loaded.history)
    } else {
        Err(refused)
    }
}
