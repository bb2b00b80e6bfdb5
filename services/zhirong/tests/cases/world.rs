//! The case folders: `case.json` and the exchange files of each step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use exchange::File;
use serde::Deserialize;
use zhirong::CommandError;
use zhirong::assess::{Assessment, Question, as_of, assess};

#[derive(Deserialize)]
struct Description {
    id: String,
    division: String,
    year: i32,
    as_of: String,
    #[serde(default)]
    set: BTreeMap<String, String>,
    #[serde(default = "one")]
    steps: usize,
    #[serde(default)]
    variants: Vec<VariantDescription>,
    beneficiaries: BTreeSet<String>,
    #[serde(default)]
    refused: Vec<BTreeMap<String, usize>>,
}

#[derive(Deserialize)]
struct VariantDescription {
    set: BTreeMap<String, String>,
    #[serde(alias = "file")]
    expected: String,
}

fn one() -> usize {
    1
}

/// Other readings and the file with what they yield.
pub(crate) struct Variant {
    /// Each `R1=LOW`.
    pub(crate) set: Vec<String>,
    /// Name of the file.
    pub(crate) file: String,
}

/// One case.
pub(crate) struct Case {
    /// Its name.
    pub(crate) id: String,
    /// Its folder.
    pub(crate) dir: PathBuf,
    /// Number of settlements.
    pub(crate) steps: usize,
    /// Readings that differ from DEFAULT.
    pub(crate) set: Vec<String>,
    /// The variants.
    pub(crate) variants: Vec<Variant>,
    /// Everybody of this world.
    pub(crate) beneficiaries: BTreeSet<String>,
    refused: Vec<BTreeMap<String, usize>>,
    division: String,
    year: i32,
    as_of: String,
}

fn readings(set: BTreeMap<String, String>) -> Vec<String> {
    set.into_iter()
        .map(|(id, value)| format!("{id}={value}"))
        .collect()
}

impl Case {
    /// The folder of all cases.
    pub(crate) fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
    }

    /// Every case, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folders = std::fs::read_dir(Self::root())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut folders: Vec<PathBuf> = folders.filter(|path| path.join("case.json").is_file()).collect();
        folders.sort();
        folders.into_iter().map(Self::open).collect()
    }

    /// The case of a name.
    pub(crate) fn named(id: &str) -> Self {
        Self::open(Self::root().join(id))
    }

    fn open(dir: PathBuf) -> Self {
        let text = std::fs::read(dir.join("case.json")).unwrap();
        let it: Description =
            serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let variant = |it: VariantDescription| Variant {
            set: readings(it.set),
            file: it.expected,
        };
        Self {
            id: it.id,
            dir,
            steps: it.steps,
            set: readings(it.set),
            variants: it.variants.into_iter().map(variant).collect(),
            beneficiaries: it.beneficiaries,
            refused: it.refused,
            division: it.division,
            year: it.year,
            as_of: it.as_of,
        }
    }

    /// The number of rows by file that must be refused up to a step.
    pub(crate) fn refused_until(&self, step: usize) -> BTreeMap<String, usize> {
        let mut sums = BTreeMap::new();
        for (file, count) in self.refused.iter().take(step).flatten() {
            *sums.entry(file.clone()).or_default() += count;
        }
        sums
    }

    /// The rows of the folders up to a step, one after the other.
    pub(crate) fn files(&self, step: usize) -> BTreeMap<File, Vec<u8>> {
        if self.steps == 1 {
            return zhirong::folder::read(&self.dir.join("facts")).unwrap().files;
        }
        let mut files: BTreeMap<File, Vec<u8>> = BTreeMap::new();
        for number in 1..=step {
            let folder = zhirong::folder::read(&self.dir.join(number.to_string())).unwrap();
            assert!(folder.unknown.is_empty(), "{:?}", folder.unknown);
            for (file, bytes) in folder.files {
                append(files.entry(file).or_default(), &bytes);
            }
        }
        files
    }

    /// Assesses the case after a step.
    pub(crate) fn assess(&self, step: usize, set: &[String]) -> Result<Assessment, CommandError> {
        let question = Question {
            division: self.division.clone(),
            year: self.year,
            as_of: as_of(Some(&self.as_of))?,
            policy: None,
            set: set.to_vec(),
        };
        assess(&self.files(step), &question)
    }
}

/// Appends the rows of a file with the same header.
fn append(to: &mut Vec<u8>, bytes: &[u8]) {
    if to.is_empty() {
        to.extend_from_slice(bytes);
        return;
    }
    let end = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(to[..end(to)], bytes[..end(bytes)], "the steps have one header");
    if !to.ends_with(b"\n") {
        to.push(b'\n');
    }
    to.extend_from_slice(&bytes[end(bytes)..]);
}
