//! A batch that was tampered with is found out, file by file.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use zhirong::batch_folder;
use zhirong::verify::{Files, verify};

use crate::world::Case;

fn batch() -> Files {
    Case::named("X05").assess(1, &[]).unwrap().batch.files
}

#[test]
fn an_assessed_batch_is_verified() {
    for case in Case::all() {
        let files = case.assess(case.steps, &case.set).unwrap().batch.files;
        let (receipt, differences) = verify(&files);
        assert!(
            receipt.is_some() && differences.is_empty(),
            "{}: {differences:?}",
            case.id
        );
    }
}

#[test]
fn any_flipped_byte_is_found_in_its_file() {
    let whole = batch();
    for (name, bytes) in &whole {
        // Every byte of a small file, and a spread of a large one.
        let stride = (bytes.len() / 300).max(1);
        for place in (0..bytes.len()).step_by(stride) {
            for mask in [1, 4, 128] {
                let mut files = whole.clone();
                files.get_mut(name).unwrap()[place] ^= mask;
                let (_, differences) = verify(&files);
                let named = differences.iter().any(|it| {
                    it.file == *name
                        || (name.starts_with("facts/")
                            && it.file == "facts/"
                            && it.en.contains(name.as_str()))
                });
                assert!(named, "{name} byte {place} mask {mask}: {differences:?}");
            }
        }
    }
}

#[test]
fn a_removed_or_added_facts_file_is_found() {
    let whole = batch();
    for name in whole.keys().filter(|name| name.starts_with("facts/")) {
        let mut files = whole.clone();
        files.remove(name);
        assert!(!verify(&files).1.is_empty(), "{name} removed");
    }
    let mut files = whole;
    let awards = b"\xEF\xBB\xBFpatent_no,level,award_name,awarded_on,revision,withdrawn\r\n".to_vec();
    files.insert("facts/awards.csv".to_owned(), awards);
    let (_, differences) = verify(&files);
    assert!(
        differences.iter().any(|it| it.file == "facts/awards.csv"),
        "{differences:?}"
    );
}

/// Runs the program and answers exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_zhirong"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn assess_into(out: &Path, case: &str) -> (i32, String, String) {
    let facts = Case::root().join(case).join("facts");
    let (facts, out) = (facts.to_str().unwrap(), out.to_str().unwrap());
    run(&[
        "assess",
        facts,
        "--division",
        "410500",
        "--year",
        "2025",
        "--as-of",
        "2026-03-31",
        "--out",
        out,
    ])
}

#[test]
fn the_program_verifies_what_it_wrote_and_finds_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("batch");
    assert_eq!(assess_into(&out, "X05").0, 0);
    // A second run of another case replaces the batch and leaves nothing of the first.
    assert_eq!(assess_into(&out, "P38").0, 0);
    assert_eq!(assess_into(&out, "X05").0, 0);
    let folder = out.to_str().unwrap();
    let (code, stdout, stderr) = run(&["verify", folder]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("verified 410500-2025-000: "), "{stdout}");
    let lines = out.join("lines.csv");
    let whole = std::fs::read(&lines).unwrap();
    let mut changed = whole.clone();
    let place = changed.len() - 3;
    changed[place] ^= 1;
    std::fs::write(&lines, changed).unwrap();
    let (code, _, stderr) = run(&["verify", folder]);
    assert!(
        code == 1 && stderr.contains("lines.csv") && stderr.contains("line "),
        "{code} {stderr}"
    );
    std::fs::write(&lines, whole).unwrap();
    std::fs::write(out.join("facts/notes.csv"), "x").unwrap();
    let (code, _, stderr) = run(&["verify", folder]);
    assert!(code == 1 && stderr.contains("facts/notes.csv"), "{code} {stderr}");
    std::fs::remove_file(out.join("facts/notes.csv")).unwrap();
    std::fs::remove_file(out.join("findings.csv")).unwrap();
    let (code, _, stderr) = run(&["verify", folder]);
    assert!(code == 2 && stderr.contains("findings.csv"), "{code} {stderr}");
}

#[test]
fn refused_rows_are_written_and_counted_and_the_exit_code_stays_0() {
    let dir = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = assess_into(dir.path(), "P38");
    assert!(code == 0 && stdout.is_empty(), "{code} {stdout}");
    assert!(
        stderr.contains("PATENT_CHECK_DIGIT") && stderr.contains("2 refused"),
        "{stderr}"
    );
    for file in ["patents.csv", "policy_patents.csv"] {
        let text = std::fs::read_to_string(dir.path().join("rejected").join(file)).unwrap();
        assert!(
            text.contains("row,column,code,message") && text.contains("PATENT_CHECK_DIGIT"),
            "{text}"
        );
    }
}

#[test]
fn what_cannot_be_assessed_exits_2_and_says_why() {
    let facts = Case::root().join("X05").join("facts");
    let facts = facts.to_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("loan.csv"), "a\n").unwrap();
    let unknown = dir.path().to_str().unwrap();
    let steps = Case::all().into_iter().find(|case| case.steps > 1).unwrap().dir;
    let steps = steps.to_str().unwrap();
    let base = ["--division", "410500", "--year", "2025"];
    let questions: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        (
            "READING_NOT_SUPPORTED",
            [&["assess", facts], &base[..], &["--set", "R1=MAYBE"]].concat(),
        ),
        (
            "SET_MALFORMED",
            [&["assess", facts], &base[..], &["--set", "R1"]].concat(),
        ),
        (
            "DATE_MALFORMED",
            [&["assess", facts], &base[..], &["--as-of", "2025-02-30"]].concat(),
        ),
        (
            "CITY_UNKNOWN",
            vec!["assess", facts, "--division", "410100", "--year", "2025"],
        ),
        (
            "DIVISION_MALFORMED",
            vec!["assess", facts, "--division", "4105", "--year", "2025"],
        ),
        (
            "YEAR_WITHOUT_RULEBOOK",
            vec!["assess", facts, "--division", "410500", "--year", "2017"],
        ),
        ("FILE_UNKNOWN", [&["assess", unknown], &base[..]].concat()),
        ("FOLDER_OF_STEPS", [&["assess", steps], &base[..]].concat()),
    ]);
    for (reason, arguments) in questions {
        let (code, stdout, stderr) = run(&arguments);
        assert!(
            code == 2 && stdout.is_empty() && stderr.contains(reason),
            "{reason}: {code} {stderr}"
        );
    }
}

#[test]
fn the_lines_go_to_standard_output_as_they_go_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    assess_into(dir.path(), "X05");
    let facts = Case::root().join("X05").join("facts");
    let (_, stdout, _) = run(&[
        "assess",
        facts.to_str().unwrap(),
        "--division",
        "410500",
        "--year",
        "2025",
        "--as-of",
        "2026-03-31",
    ]);
    assert_eq!(
        stdout,
        std::fs::read_to_string(dir.path().join(batch_folder::FILES[0])).unwrap()
    );
}

/// The batch as a receipt of another engine states it, sealed.
fn restated(files: &Files, version: &str) -> Files {
    let mut files = files.clone();
    let mut receipt = exchange::batch::Receipt::from_json(&files["receipt.json"]).unwrap();
    version.clone_into(&mut receipt.engine_version);
    files.insert("receipt.json".to_owned(), receipt.seal().to_json());
    files
}

#[test]
fn a_receipt_of_another_engine_is_told_from_a_changed_one() {
    let (_, differences) = verify(&restated(&batch(), "zhirong-engine/1"));
    assert!(
        differences.iter().any(|it| it.en.contains("another engine")),
        "{differences:?}"
    );
}
