//! The acceptance cases computed step by step, each from the position that the step before settled: entitled, settled and to be paid must
//! be exact to the fen, and the files of the batch must say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use policy::conditions::Conditions;
use policy::date::PolicyYear;
use policy::engine::SettledBefore;
use policy::money::Money;
use policy::rulebook::{ANYANG_2018_9, Rulebook};
use serde_json::Value;

use super::cases::files_until;
use crate::batch::{FindingRow, LineRow, ReadingRow, SettledRow};
use crate::compute::{BatchQuestion, ComputedBatch, compute, readings_of, settled_from_rows};
use crate::digest::sha256_hex;
use crate::{Allow, History, load};

/// Measure, beneficiary and item.
type Place = (String, String, String);
/// Entitled, settled before and to be paid.
type Amounts = [String; 3];

fn expected(path: &Path) -> BTreeMap<Place, Amounts> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.trim_start_matches('\u{FEFF}').lines().skip(1);
    rows.filter(|line| !line.trim().is_empty())
        .map(|line| {
            let cells: Vec<String> = line.trim_end().split(',').map(str::to_owned).collect();
            let [measure, beneficiary, item, amounts @ ..] = cells.as_slice() else {
                panic!("{line}")
            };
            let place = (measure.clone(), beneficiary.clone(), item.clone());
            (place, amounts.to_vec().try_into().unwrap())
        })
        .collect()
}

fn computed(batch: &ComputedBatch) -> BTreeMap<Place, Amounts> {
    let lines = batch.outcome.lines.iter().map(|line| {
        let key = &line.key;
        let place = (
            key.measure.as_str().to_owned(),
            key.beneficiary.to_string(),
            key.item.clone(),
        );
        (
            place,
            [line.entitled, line.settled_before, line.amount].map(|money| money.to_string()),
        )
    });
    lines.collect()
}

/// What the files of a batch say must be what was computed.
fn files_say_the_same(batch: &ComputedBatch, settled: &SettledBefore, year: PolicyYear) {
    let rows = LineRow::from_csv(&batch.files["lines.csv"]).unwrap();
    assert_eq!(rows, batch.lines);
    let numbers: Vec<String> = (1..=rows.len()).map(|number| number.to_string()).collect();
    assert_eq!(
        rows.iter().map(|row| &row.line_no).collect::<Vec<_>>(),
        numbers.iter().collect::<Vec<_>>()
    );
    assert_eq!(batch.paid.len(), rows.len());
    for (row, line) in rows.iter().zip(&batch.paid) {
        assert!(!line.amount.is_zero(), "a line of nothing");
        let money = [&row.base_amount, &row.entitled, &row.settled_before, &row.amount];
        assert_eq!(
            money.map(String::clone),
            [line.base, line.entitled, line.settled_before, line.amount].map(|it| it.to_string())
        );
        assert_eq!(row.limited_by, line.limited_by.map_or("", |limit| limit.as_str()));
        assert_eq!(
            (row.clause.as_str(), row.measure.as_str()),
            (line.clause.as_str(), line.key.measure.as_str())
        );
    }
    let sum = Money::sum(batch.paid.iter().map(|line| line.amount)).unwrap();
    assert_eq!(batch.receipt.line_sum, sum.to_string());
    assert_eq!(batch.receipt.line_count, u64::try_from(rows.len()).unwrap());
    let stated = SettledRow::from_csv(&batch.files["settled.csv"]).unwrap();
    assert_eq!(&settled_from_rows(&stated, year).unwrap(), settled);
    let other = PolicyYear::new(year.number() + 1).unwrap();
    assert!(settled_from_rows(&stated, other).unwrap().is_empty());
    assert_eq!(
        FindingRow::from_csv(&batch.files["findings.csv"]).unwrap().len(),
        batch.outcome.findings.len()
    );
    for (name, digest) in [
        ("lines.csv", &batch.receipt.lines_digest),
        ("findings.csv", &batch.receipt.findings_digest),
        ("settled.csv", &batch.receipt.settled_digest),
        ("policy.toml", &batch.receipt.policy_digest),
    ] {
        assert_eq!(&sha256_hex(&batch.files[name]), digest, "{name}");
    }
    assert!(batch.receipt.is_sealed());
}

struct Case {
    folder: PathBuf,
    about: Value,
    rulebook: Rulebook,
}

impl Case {
    fn year(&self) -> PolicyYear {
        PolicyYear::new(i32::try_from(self.about["year"].as_i64().unwrap()).unwrap()).unwrap()
    }

    fn compute(&self, history: &History, sets: &[&Value], settled: &SettledBefore) -> ComputedBatch {
        let mut readings: BTreeMap<&str, &str> = BTreeMap::new();
        for set in sets {
            readings.extend(
                set.as_object()
                    .unwrap()
                    .iter()
                    .map(|(id, value)| (id.as_str(), value.as_str().unwrap())),
            );
        }
        let rows: Vec<ReadingRow> = readings
            .into_iter()
            .map(|(id, value)| ReadingRow {
                id: id.to_owned(),
                value: value.to_owned(),
                approval: "示例 / of the case".to_owned(),
            })
            .collect();
        let revision = self.rulebook.revision_of(self.year()).unwrap();
        let (readings, approvals) = readings_of(revision, &rows).unwrap();
        for row in &rows {
            let told = approvals.iter().find(|it| it.id == row.id).unwrap();
            assert_eq!((&told.value, &told.approval), (&row.value, &row.approval));
        }
        compute(&BatchQuestion {
            batch_no: "410500-2025-001",
            cut_off: 7,
            decided_cut_off: Some(9),
            year: self.year(),
            as_of: self.about["as_of"].as_str().unwrap().parse().unwrap(),
            history,
            rulebook: &self.rulebook,
            policy_text: ANYANG_2018_9,
            readings: &readings,
            approvals: &approvals,
            settled,
            conditions: &Conditions::NONE,
            audit_heads: &[],
            previous_digest: None,
        })
        .unwrap()
    }

    fn compare(&self, name: &str, batch: &ComputedBatch, with_settled: bool) {
        let (found, wanted) = (computed(batch), expected(&self.folder.join(name)));
        let nothing = ["0.00", "0.00", "0.00"].map(str::to_owned);
        let places: BTreeSet<&Place> = found.keys().chain(wanted.keys()).collect();
        for place in places {
            let [found, wanted] = [&found, &wanted].map(|side| side.get(place).unwrap_or(&nothing));
            let compared = if with_settled { 3 } else { 1 };
            assert_eq!(
                found[..compared],
                wanted[..compared],
                "{} {name} {place:?}",
                self.folder.display()
            );
        }
    }

    fn check(&self) -> usize {
        let steps = self.about["steps"].as_u64().unwrap();
        let (own, mut settled, mut runs) = (&self.about["set"], SettledBefore::new(), 0);
        for step in 1..=steps {
            let history = load(&files_until(&self.folder, &self.about, step), &Allow::default()).history;
            let batch = self.compute(&history, &[own], &settled);
            let name = if steps == 1 {
                "expected.csv".to_owned()
            } else {
                format!("expected.{step}.csv")
            };
            self.compare(&name, &batch, true);
            files_say_the_same(&batch, &settled, self.year());
            let lines = batch.outcome.lines.iter().filter(|line| !line.entitled.is_zero());
            settled = lines.map(|line| (line.key.clone(), line.entitled)).collect();
            runs += 1;
        }
        let history = load(&files_until(&self.folder, &self.about, steps), &Allow::default()).history;
        for variant in self.about["variants"].as_array().unwrap() {
            let batch = self.compute(&history, &[own, &variant["set"]], &SettledBefore::new());
            self.compare(variant["expected"].as_str().unwrap(), &batch, false);
            runs += 1;
        }
        runs
    }
}

#[test]
fn every_case_step_and_variant_is_exact_to_the_fen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut runs = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("case.json").exists() {
            continue;
        }
        let about = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
        let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
        runs += Case {
            folder,
            about,
            rulebook,
        }
        .check();
    }
    assert!(runs >= 100, "{runs} computations");
}
