//! The acceptance cases, both ways: by the pure rules over the files, and by the services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use exchange::csv_in::read_file;
use exchange::{Allow, File, Service};
use serde::Deserialize;
use zhirong::assess::{Question, assess};

use crate::answer::yuan;
use crate::batch;
use crate::import::{By, Line, everything};
use crate::sandbox::Sandbox;

/// `case.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    /// Name of the case.
    pub id: String,
    /// What it is about.
    pub what: String,
    /// The city.
    pub division: String,
    /// The policy year.
    pub year: i32,
    /// The date of the batch.
    pub as_of: String,
    /// Readings that differ from the rulebook's.
    pub set: BTreeMap<String, String>,
    /// Number of settlements.
    pub steps: usize,
    /// Other readings, and the file with the lines they yield.
    pub variants: Vec<Variant>,
    /// Everybody of this world who could be paid.
    pub beneficiaries: Vec<String>,
    /// For each step, refused rows by file.
    #[serde(default)]
    pub refused: Vec<BTreeMap<String, usize>>,
}

/// Other readings.
#[derive(Debug, Clone, Deserialize)]
pub struct Variant {
    /// The readings.
    pub set: BTreeMap<String, String>,
    /// The file with the lines.
    pub expected: String,
}

/// A case with its folder.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is.
    pub about: Description,
    dir: PathBuf,
}

/// A line's place: measure, beneficiary, item.
pub type Place = (String, String, String);

/// The folder of this repository's cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Every case of a folder, by name.
pub fn all(dir: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut cases: Vec<Case> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.json").is_file())
        .map(|dir| {
            let text = std::fs::read_to_string(dir.join("case.json")).unwrap();
            let about =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
            Case { about, dir }
        })
        .collect();
    cases.sort_by(|one, other| one.about.id.cmp(&other.about.id));
    assert!(!cases.is_empty(), "no cases in {}", dir.display());
    cases
}

impl Case {
    /// The name.
    pub fn id(&self) -> &str {
        &self.about.id
    }

    fn step_dir(&self, step: usize) -> PathBuf {
        if self.about.steps == 1 {
            self.dir.join("facts")
        } else {
            self.dir.join(step.to_string())
        }
    }

    /// The files that come in before a settlement; none after the last.
    pub fn files(&self, step: usize) -> BTreeMap<File, Vec<u8>> {
        if step > self.about.steps {
            return BTreeMap::new();
        }
        let dir = self.step_dir(step);
        let read = |file: File| Some((file, std::fs::read(dir.join(file.file_name())).ok()?));
        File::ALL.iter().copied().filter_map(read).collect()
    }

    /// The files of all steps up to one, one after the other.
    fn files_up_to(&self, step: usize) -> BTreeMap<File, Vec<u8>> {
        let mut all: BTreeMap<File, Vec<u8>> = BTreeMap::new();
        for (file, bytes) in (1..=step).flat_map(|step| self.files(step)) {
            let header = bytes
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default()
                .len()
                + 1;
            match all.get_mut(&file) {
                Some(before) => {
                    assert_eq!(
                        before.get(..header),
                        bytes.get(..header),
                        "{}: {}",
                        self.id(),
                        file.as_str()
                    );
                    before.extend_from_slice(&bytes[header..]);
                }
                None => drop(all.insert(file, bytes)),
            }
        }
        all
    }

    /// The rows of a step as they stand in the files, refused ones too, with their numbers.
    pub fn lines(&self, step: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for (file, bytes) in self.files(step) {
            let sheet = read_file(file, &bytes, &Allow::default()).unwrap();
            let good = sheet.rows.iter().map(|row| (row.number, &row.original));
            let refused = sheet.refused.iter().map(|row| (row.number, &row.original));
            let mut rows: Vec<_> = good.chain(refused).collect();
            rows.sort_by_key(|(number, _)| *number);
            for (number, original) in rows {
                let cells: Vec<(&str, &str)> = sheet
                    .header
                    .iter()
                    .map(String::as_str)
                    .zip(original.iter().map(String::as_str))
                    .collect();
                lines.push(Line {
                    row: i32::try_from(number).unwrap(),
                    ..Line::new(file, &cells)
                });
            }
        }
        lines
    }

    /// The lines expected after a settlement: place to entitled and amount.
    fn expected(&self, name: &str) -> BTreeMap<Place, (String, String)> {
        let text = std::fs::read_to_string(self.dir.join(name)).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.trim_end().split(',').collect();
            let [measure, beneficiary, item, entitled, _, amount] = cells[..] else {
                panic!("{name}: {line}")
            };
            let place = (measure.to_owned(), beneficiary.to_owned(), item.to_owned());
            (place, (entitled.to_owned(), amount.to_owned()))
        };
        text.trim_start_matches('\u{feff}')
            .lines()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .map(row)
            .collect()
    }

    fn expected_name(&self, step: usize) -> String {
        if self.about.steps == 1 {
            "expected.csv".to_owned()
        } else {
            format!("expected.{step}.csv")
        }
    }

    fn refused_of(&self, step: usize) -> BTreeMap<String, usize> {
        self.about.refused.get(step - 1).cloned().unwrap_or_default()
    }

    /// Runs the case by the pure rules: every step and every variant. Answers how many runs there were and what was wrong.
    pub fn assess(&self) -> (usize, Vec<String>) {
        let last = self.about.steps;
        let mut runs: Vec<(usize, String, BTreeMap<String, String>)> = (1..=last)
            .map(|step| (step, self.expected_name(step), self.about.set.clone()))
            .collect();
        for variant in &self.about.variants {
            let mut set = self.about.set.clone();
            set.extend(variant.set.clone());
            runs.push((last, variant.expected.clone(), set));
        }
        let mut wrong = Vec::new();
        for (step, expected, set) in &runs {
            for problem in self.assess_one(*step, expected, set) {
                wrong.push(format!("assess {expected}: {problem}"));
            }
        }
        (runs.len(), wrong)
    }

    fn assess_one(&self, step: usize, expected: &str, set: &BTreeMap<String, String>) -> Vec<String> {
        let question = Question {
            division: self.about.division.clone(),
            year: self.about.year,
            as_of: self.about.as_of.parse().unwrap(),
            policy: None,
            set: set
                .iter()
                .map(|(reading, value)| format!("{reading}={value}"))
                .collect(),
        };
        let answer = match assess(&self.files_up_to(step), &question) {
            Ok(answer) => answer,
            Err(error) => return vec![error.report()],
        };
        let actual = answer
            .batch
            .lines
            .iter()
            .map(|line| {
                (
                    (line.measure.clone(), line.beneficiary.clone(), line.item.clone()),
                    line.entitled.clone(),
                )
            })
            .collect();
        let entitled = self
            .expected(expected)
            .into_iter()
            .map(|(place, (entitled, _))| (place, entitled))
            .collect();
        let mut wrong = differences(&entitled, &actual);
        let refused: BTreeMap<String, usize> = answer
            .refused
            .iter()
            .map(|(file, rejected)| (file.as_str().to_owned(), rejected.rows.len()))
            .collect();
        let mut should = BTreeMap::new();
        for (file, count) in (1..=step).flat_map(|step| self.refused_of(step)) {
            *should.entry(file).or_insert(0) += count;
        }
        if refused != should {
            wrong.push(format!("refused {refused:?}, expected {should:?}"));
        }
        wrong
    }
}

/// What differs between two sets of lines; a line missing on one side is 0.00 there.
fn differences(expected: &BTreeMap<Place, String>, actual: &BTreeMap<Place, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let places: std::collections::BTreeSet<&Place> = expected.keys().chain(actual.keys()).collect();
    for place in places {
        let [should, is] = [expected, actual].map(|side| side.get(place).map_or("0.00", String::as_str));
        if should != is {
            wrong.push(format!(
                "{} {} {}: {is}, expected {should}",
                place.0, place.1, place.2
            ));
        }
    }
    wrong
}

/// In which order facts arrive at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Cases and files in order, each institution with its own certificate.
    InOrder,
    /// Cases and services in reverse, by the bureau on behalf.
    Reversed,
    /// All rows of a service shuffled, by the bureau on behalf.
    Shuffled(u64),
}

impl Order {
    fn by(self) -> By {
        if self == Self::InOrder {
            By::Institutions
        } else {
            By::Bureau
        }
    }

    fn services(self) -> [Service; 3] {
        match self {
            Self::InOrder => [Service::Registry, Service::Pledge, Service::Insurance],
            Self::Reversed => [Service::Insurance, Service::Pledge, Service::Registry],
            Self::Shuffled(_) => [Service::Pledge, Service::Registry, Service::Insurance],
        }
    }

    fn arrange<T>(self, items: &mut [T]) {
        match self {
            Self::InOrder => {}
            Self::Reversed => items.reverse(),
            Self::Shuffled(seed) => fastrand::Rng::with_seed(seed).shuffle(items),
        }
    }
}

/// Runs all cases in one fresh city by the services, in one order of arrival. Answers what was wrong, by case.
pub async fn by_server(cases: &[Case], order: Order) -> BTreeMap<String, Vec<String>> {
    let sandbox = Sandbox::start().await;
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut years: Vec<i32> = cases.iter().map(|case| case.about.year).collect();
    years.sort_unstable();
    years.dedup();
    let steps = cases.iter().map(|case| case.about.steps).max().unwrap_or(1);
    let as_of = cases
        .first()
        .map(|case| case.about.as_of.clone())
        .unwrap_or_default();
    for step in 1..=steps {
        let mut rows: Vec<(usize, Line)> = Vec::new();
        for (place, case) in cases.iter().enumerate() {
            rows.extend(case.lines(step).into_iter().map(|line| (place, line)));
        }
        order.arrange(&mut rows);
        let lines: Vec<Line> = rows.iter().map(|(_, line)| line.clone()).collect();
        let verdicts = everything(&sandbox, &lines, order.by(), &order.services()).await;
        for (place, case) in cases.iter().enumerate() {
            let mut refused: BTreeMap<String, usize> = BTreeMap::new();
            for ((of, line), verdict) in rows.iter().zip(&verdicts) {
                assert_eq!(verdict.row, line.row);
                if *of == place && verdict.verdict() == api::common::v1::Verdict::Refused {
                    *refused.entry(line.file.as_str().to_owned()).or_insert(0) += 1;
                }
            }
            let should = case.refused_of(step);
            if refused != should {
                let text = format!("{order:?} step {step}: refused {refused:?}, expected {should:?}");
                wrong.entry(case.id().to_owned()).or_default().push(text);
            }
        }
        for year in &years {
            let batch = batch::settle(&sandbox, *year, &as_of).await;
            let lines = batch::lines(&sandbox, &batch.name).await;
            for case in cases.iter().filter(|case| case.about.year == *year) {
                for problem in compare(case, step, &lines) {
                    wrong
                        .entry(case.id().to_owned())
                        .or_default()
                        .push(format!("{order:?} step {step}: {problem}"));
                }
            }
        }
    }
    sandbox.stop().await;
    wrong
}

fn compare(case: &Case, step: usize, lines: &[api::settlement::v1::Line]) -> Vec<String> {
    let actual = lines
        .iter()
        .filter(|line| case.about.beneficiaries.contains(&line.beneficiary))
        .map(|line| {
            let place = (
                batch::measure_of(line).to_owned(),
                line.beneficiary.clone(),
                line.item.clone(),
            );
            (place, yuan(&line.amount).to_owned())
        })
        .collect();
    let amounts = if step > case.about.steps {
        BTreeMap::new()
    } else {
        let expected = case.expected(&case.expected_name(step));
        expected
            .into_iter()
            .map(|(place, (_, amount))| (place, amount))
            .collect()
    };
    differences(&amounts, &actual)
}
