//! Every case, step and variant: the lines must be exact to the fen, and exactly the stated rows refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::world::Case;

/// The lines of an expected file: measure, beneficiary and item to what is entitled.
type Lines = BTreeMap<(String, String, String), String>;

fn expected(path: &Path) -> Lines {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("measure,beneficiary,item,entitled,settled_before,amount")
    );
    let row = |line: &str| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let [measure, beneficiary, item, entitled, _, _] = cells.try_into().unwrap();
        ((measure, beneficiary, item), entitled)
    };
    lines.map(row).collect()
}

/// Every difference between what was computed and what is expected, as text.
fn differences(case: &Case, computed: &Lines, expected: &Lines) -> Vec<String> {
    let nothing = "0.00".to_owned();
    let keys: BTreeSet<_> = computed.keys().chain(expected.keys()).collect();
    let concerned = |key: &&&(String, String, String)| {
        expected.contains_key(**key) || case.beneficiaries.contains(&key.1)
    };
    keys.iter()
        .filter(concerned)
        .filter_map(|key| {
            let (got, want) = (
                computed.get(*key).unwrap_or(&nothing),
                expected.get(*key).unwrap_or(&nothing),
            );
            (got != want).then(|| format!("{} {key:?}: computed {got}, expected {want}", case.id))
        })
        .collect()
}

fn computed(case: &Case, step: usize, set: &[String]) -> (Lines, BTreeMap<String, usize>) {
    let assessment = case
        .assess(step, set)
        .unwrap_or_else(|error| panic!("{}: {}", case.id, error.report()));
    let lines = assessment.batch.lines.iter().map(|line| {
        (
            (line.measure.clone(), line.beneficiary.clone(), line.item.clone()),
            line.entitled.clone(),
        )
    });
    let refused = assessment
        .refused
        .iter()
        .map(|(file, rejected)| (file.as_str().to_owned(), rejected.rows.len()));
    (lines.collect(), refused.collect())
}

#[test]
fn every_case_is_exact_to_the_fen() {
    let cases = Case::all();
    assert!(cases.len() >= 85, "{} cases", cases.len());
    let (mut found, mut compared) = (Vec::new(), 0);
    for case in &cases {
        for step in 1..=case.steps {
            let (lines, refused) = computed(case, step, &case.set);
            let name = if case.steps == 1 {
                "expected.csv".to_owned()
            } else {
                format!("expected.{step}.csv")
            };
            found.extend(differences(case, &lines, &expected(&case.dir.join(name))));
            let wanted = case.refused_until(step);
            if refused != wanted {
                found.push(format!("{} refused {refused:?}, expected {wanted:?}", case.id));
            }
            compared += 1;
        }
        for variant in &case.variants {
            let set: Vec<String> = case.set.iter().chain(&variant.set).cloned().collect();
            let (lines, _) = computed(case, case.steps, &set);
            found.extend(differences(
                case,
                &lines,
                &expected(&case.dir.join(&variant.file)),
            ));
            compared += 1;
        }
    }
    println!("{} cases, {compared} computations", cases.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_case_pays_anybody_it_does_not_name() {
    for case in Case::all() {
        let (lines, _) = computed(&case, case.steps, &case.set);
        for (_, beneficiary, _) in lines.keys() {
            assert!(
                case.beneficiaries.contains(beneficiary),
                "{} pays {beneficiary}",
                case.id
            );
        }
    }
}
