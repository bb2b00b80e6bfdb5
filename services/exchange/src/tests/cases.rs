//! The acceptance cases of the repository load with exactly the refusals that they state.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Allow, File, load};

/// Appends a later step's rows to the file that the earlier steps made.
fn append(files: &mut BTreeMap<File, Vec<u8>>, file: File, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{FEFF}');
    let (header, rows) = text.split_once('\n').unwrap_or((text, ""));
    let known = files.entry(file).or_default();
    if known.is_empty() {
        known.extend_from_slice(format!("{}\n", header.trim_end()).as_bytes());
    } else {
        assert!(known.starts_with(header.trim_end().as_bytes()));
    }
    known.extend_from_slice(rows.as_bytes());
    if !known.ends_with(b"\n") {
        known.push(b'\n');
    }
}

/// The files of a case up to one of its steps, one after the other.
pub(super) fn files_until(folder: &Path, case: &serde_json::Value, last: u64) -> BTreeMap<File, Vec<u8>> {
    let mut files = BTreeMap::new();
    for step in 1..=last {
        let facts = if case["steps"] == 1 {
            folder.join("facts")
        } else {
            folder.join(step.to_string())
        };
        for entry in fs::read_dir(facts).unwrap() {
            let entry = entry.unwrap();
            let file = File::from_file_name(entry.file_name().to_str().unwrap()).unwrap();
            append(&mut files, file, &fs::read(entry.path()).unwrap());
        }
    }
    files
}

fn load_case(folder: &Path) {
    let case: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    let steps = case["steps"].as_u64().unwrap();
    let (files, mut expected) = (files_until(folder, &case, steps), BTreeMap::new());
    for step in 1..=steps {
        let refused = case["refused"]
            .as_array()
            .and_then(|refused| refused.get(usize::try_from(step).unwrap() - 1));
        for (name, count) in refused
            .and_then(|refused| refused.as_object())
            .into_iter()
            .flatten()
        {
            *expected.entry(File::parse(name).unwrap()).or_insert(0) += count.as_u64().unwrap();
        }
    }
    let loaded = load(&files, &Allow::default());
    assert_eq!(loaded.file_refusals, [], "{}", folder.display());
    let refused: BTreeMap<File, u64> = loaded
        .refused
        .iter()
        .map(|(file, rejected)| (*file, u64::try_from(rejected.rows.len()).unwrap()))
        .collect();
    assert_eq!(refused, expected, "{}: {:?}", folder.display(), loaded.refused);
}

#[test]
fn the_acceptance_cases_load_with_the_refusals_they_state() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let cases: Vec<_> = entries.filter(|path| path.join("case.json").exists()).collect();
    assert!(!cases.is_empty());
    cases.iter().for_each(|path| load_case(path));
}
