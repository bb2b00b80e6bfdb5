use super::cells;
use crate::{Allow, File, History, Row, Verdict, parse_row};

fn row(file: File, changes: &[(&'static str, &str)]) -> Row {
    parse_row(file, &cells(file, changes), &Allow::default())
        .unwrap()
        .0
}

/// Records with several revisions, some withdrawn, without conflicts.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for number in 1..=6 {
        let contract = format!("HT-{number}");
        for revision in 1..=number {
            let amount = format!("{}000000.{revision:02}", number);
            let withdrawn = if number == 4 && revision == 4 || number == 5 && revision == 2 {
                "true"
            } else {
                "false"
            };
            rows.push(row(
                File::Loans,
                &[
                    ("contract_no", &contract),
                    ("contract_amount", &amount),
                    ("revision", &revision.to_string()),
                    ("withdrawn", withdrawn),
                ],
            ));
        }
    }
    rows.push(row(File::Institutions, &[]));
    rows.push(row(File::Institutions, &[("revision", "2"), ("name", "改名")]));
    rows.push(row(
        File::Institutions,
        &[("revision", "3"), ("withdrawn", "true")],
    ));
    rows
}

#[test]
fn any_order_and_repetition_of_the_rows_comes_to_the_same_facts() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let describe = |history: &History| format!("{:?}", history.facts());
    let mut reference = History::default();
    rows().into_iter().for_each(|row| {
        reference.insert(row);
    });
    for _ in 0..200 {
        let mut shuffled = rows();
        shuffled.extend(rows().into_iter().filter(|_| random.bool()));
        random.shuffle(&mut shuffled);
        let mut history = History::default();
        for row in shuffled {
            assert_ne!(history.insert(row), Verdict::Conflict);
        }
        assert_eq!(describe(&history), describe(&reference), "seed {seed}");
        for file in File::ALL {
            assert_eq!(history.rows(*file), reference.rows(*file), "seed {seed}");
        }
    }
    let facts = reference.into_facts();
    let loans: Vec<_> = facts
        .loans
        .iter()
        .map(|loan| (loan.contract_no.as_str(), loan.contract_amount.to_string()))
        .collect();
    let expected = [
        ("HT-1", "1000000.01"),
        ("HT-2", "2000000.02"),
        ("HT-3", "3000000.03"),
        ("HT-5", "5000000.05"),
        ("HT-6", "6000000.06"),
    ];
    assert_eq!(
        loans,
        expected.map(|(contract, amount)| (contract, amount.to_owned()))
    );
    assert_eq!(facts.institutions[0].name, "改名");
}

#[test]
fn a_lower_revision_is_history_and_a_conflict_with_history_is_a_conflict() {
    let mut history = History::default();
    assert_eq!(
        history.insert(row(File::Loans, &[("revision", "3")])),
        Verdict::Stored
    );
    assert_eq!(
        history.insert(row(
            File::Loans,
            &[("revision", "1"), ("contract_amount", "20000")]
        )),
        Verdict::KeptAsHistory
    );
    assert_eq!(
        history.insert(row(
            File::Loans,
            &[("revision", "1"), ("contract_amount", "30000")]
        )),
        Verdict::Conflict
    );
    assert_eq!(
        history.insert(row(File::Loans, &[("revision", "3"), ("withdrawn", "true")])),
        Verdict::Conflict
    );
    assert_eq!(
        history.insert(row(File::Loans, &[("revision", "4"), ("withdrawn", "true")])),
        Verdict::Stored
    );
    assert!(history.facts().loans.is_empty());
    assert_eq!(
        history
            .rows(File::Loans)
            .iter()
            .map(|row| row.revision)
            .collect::<Vec<_>>(),
        [1, 3, 4]
    );
}

#[test]
fn an_institution_is_registered_for_ever() {
    let mut history = History::default();
    assert!(!history.registered("313491000232"));
    history.insert(row(File::Institutions, &[("withdrawn", "true")]));
    assert!(history.registered("313491000232") && history.institution_withdrawn("313491000232"));
    assert!(history.facts().institutions.is_empty());
}
