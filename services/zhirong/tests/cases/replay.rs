//! A batch that was made once comes to its digests again; a tampered one is named by the digest that differs.

use std::path::Path;
use std::process::Command;

use exchange::batch::Receipt;
use zhirong::batch_folder;
use zhirong::replay::replay;
use zhirong::verify::Files;

use crate::world::Case;

fn batch(id: &str) -> Files {
    let case = Case::named(id);
    case.assess(case.steps, &case.set).unwrap().batch.files
}

fn names(files: &Files) -> Vec<&'static str> {
    replay(files).1.into_iter().map(|it| it.digest).collect()
}

fn edited(files: &Files, name: &str, from: &str, to: &str) -> Files {
    let mut files = files.clone();
    let text = String::from_utf8(files[name].clone()).unwrap();
    assert!(text.contains(from), "{name}: {text}");
    files.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

#[test]
fn every_case_replays() {
    for case in Case::all() {
        let files = case.assess(case.steps, &case.set).unwrap().batch.files;
        assert_eq!(names(&files), [""; 0], "{}", case.id);
    }
}

#[test]
fn a_tampered_batch_is_named_by_its_digest() {
    let whole = batch("B10");
    let drawn = edited(&whole, "facts/loan_events.csv", "30000000.00", "30000001.00");
    assert_eq!(names(&drawn)[0], "facts_digest");
    assert_eq!(
        names(&edited(&whole, "lines.csv", "500000.00", "500001.00")),
        ["lines_digest"]
    );
    assert_eq!(
        names(&edited(&whole, "findings.csv", "YEAR_CAP", "YEAR_CUP")),
        ["findings_digest"]
    );
    assert_eq!(
        names(&edited(&whole, "policy.toml", "#", "##"))[0],
        "policy_digest"
    );
    // A receipt sealed anew over a changed digest agrees with itself and not with the computation.
    let mut receipt = Receipt::from_json(&whole["receipt.json"]).unwrap();
    receipt.explanations_digest = receipt.lines_digest.clone();
    let mut files = whole.clone();
    files.insert("receipt.json".to_owned(), receipt.seal().to_json());
    assert_eq!(names(&files), ["explanations_digest", "batch_digest"]);
}

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

#[test]
fn the_program_replays_explains_and_experiments_on_folders() {
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str| dir.path().join(name);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    batch_folder::write(&folder("T11"), &batch("T11")).unwrap();
    batch_folder::write(&folder("B10"), &batch("B10")).unwrap();
    let (t11, b10) = (text(&folder("T11")), text(&folder("B10")));
    let (code, stdout, stderr) = run(&["replay", &t11, &b10]);
    assert!(
        code == 0 && stdout.lines().count() == 2,
        "{code} {stdout} {stderr}"
    );
    assert!(stdout.lines().all(|line| line.contains(" same ")), "{stdout}");
    let (code, stdout, _) = run(&["explain", &b10, "1"]);
    assert!(
        code == 0 && stdout.contains("400000.00 above the cap is not paid"),
        "{stdout}"
    );
    let (code, _, stderr) = run(&["explain", &b10, "--fact", "loans"]);
    assert!(code == 2 && stderr.contains("FACT_MALFORMED"), "{stderr}");
    let (code, stdout, stderr) = run(&["experiment", &b10, "--set", "R9=BRANCH"]);
    assert!(code == 0 && stdout.lines().count() == 5, "{stdout}");
    assert!(
        stderr.contains("bank_incentive: 500000.00 (1) -> 900000.00 (3), 400000.00"),
        "{stderr}"
    );
    let bent = edited(&batch("B10"), "lines.csv", "500000.00", "500001.00");
    batch_folder::write(&folder("B10"), &bent).unwrap();
    let (code, stdout, stderr) = run(&["replay", &t11, &b10]);
    assert!(
        code == 1 && stdout.contains("differs 不一致 lines_digest"),
        "{code} {stdout} {stderr}"
    );
}
