//! Cases that the rules alone decide.

use std::collections::BTreeMap;

use exchange::{Allow, Cells, File, History, parse_row};
use policy::codes::Measure;
use policy::conditions::{Budget, Conditions};
use policy::date::PolicyYear;
use policy::engine::{Question, SettledBefore, settle};
use policy::explanation;
use policy::money::Money;
use policy::reading::Readings;
use policy::rulebook::{ANYANG_2018_9, Rulebook};

use super::{Verdict, same};
use crate::{cases, ids};

/// A case whose files stand in `tests/cases`.
pub(super) fn of_files(id: &str) -> Verdict {
    let all = cases::all(&cases::folder());
    let Some(case) = all.iter().find(|case| case.id() == id) else {
        return Err("its files are missing".to_owned());
    };
    match case.assess().1.first() {
        None => Ok(()),
        Some(wrong) => Err(wrong.clone()),
    }
}

/// Adds a row to a history.
fn add(history: &mut History, file: File, values: &[(&str, &str)]) {
    let mut cells = Cells::new(file);
    for (column, value) in values {
        cells.set(column, *value).unwrap();
    }
    history.insert(parse_row(file, &cells, &Allow::default()).unwrap().0);
}

/// A city with one bank and a loan to each of some enterprises, whole amounts drawn on a day.
fn city(amounts: &[&str], day: &str) -> History {
    let mut history = History::default();
    let (bank, person) = (ids::bank(1), ids::legal_person(1));
    let institution = [
        ("institution_code", bank.as_str()),
        ("name", "样例银行"),
        ("kind", "bank"),
        ("legal_person_uscc", &person),
        ("legal_person_name", "样例银行股份有限公司"),
        ("division_code", "410502"),
    ];
    add(&mut history, File::Institutions, &institution);
    for (number, amount) in (1_u32..).zip(amounts) {
        let (uscc, patent, pledge) = (
            ids::enterprise(number),
            ids::invention(number),
            ids::pledge(number),
        );
        let contract = format!("HT-{number}");
        let of = [
            ("institution_code", bank.as_str()),
            ("contract_no", contract.as_str()),
        ];
        let enterprise = [
            ("uscc", uscc.as_str()),
            ("name", "样例企业"),
            ("division_code", "410502"),
            ("registered_from", "2010-01-01"),
        ];
        add(&mut history, File::Enterprises, &enterprise);
        let granted = [
            ("patent_no", patent.as_str()),
            ("patentee_uscc", &uscc),
            ("granted_on", "2018-06-01"),
        ];
        add(&mut history, File::Patents, &granted);
        let pledged = [
            ("institution_code", bank.as_str()),
            ("pledge_no", &pledge),
            ("pledgor_uscc", &uscc),
            ("pledgee_uscc", &person),
            ("registered_on", "2024-01-02"),
            ("patents", &patent),
        ];
        add(&mut history, File::Pledges, &pledged);
        let loan = [
            ("borrower_uscc", uscc.as_str()),
            ("contract_amount", amount),
            ("signed_on", "2024-01-02"),
            ("revolving", "false"),
            ("collateral", "patent"),
            ("pledge_no", &pledge),
        ];
        add(&mut history, File::Loans, &[&of[..], &loan].concat());
        let drawn = [
            ("event_no", "1"),
            ("kind", "draw"),
            ("occurred_at", day),
            ("amount", amount),
        ];
        add(&mut history, File::LoanEvents, &[&of[..], &drawn].concat());
    }
    history
}

/// The loan subsidies of a year, in the order of the enterprises' numbers; every line follows from its leaves.
fn subsidies(
    history: &History,
    policy: &str,
    year: i32,
    budget: Option<(&str, &str)>,
) -> Result<Vec<String>, String> {
    let rulebook = Rulebook::load(policy).map_err(|error| error.to_string())?;
    let (mut readings, mut conditions) = (Readings::default(), Conditions::NONE);
    if let Some((kind, ceiling)) = budget {
        readings.set("R14", kind).map_err(|error| error.to_string())?;
        conditions.budgets.push(Budget {
            programme: "贷款补助".to_owned(),
            measures: vec![Measure::LoanSubsidy],
            ceiling: Money::parse_yuan(ceiling).unwrap(),
            committed: Money::ZERO,
        });
    }
    let outcome = settle(&Question {
        facts: &history.facts(),
        rulebook: &rulebook,
        readings: &readings,
        year: PolicyYear::new(year).unwrap(),
        as_of: "2026-03-31".parse().unwrap(),
        settled: &SettledBefore::new(),
        conditions: &conditions,
    })
    .map_err(|error| error.to_string())?;
    for line in &outcome.lines {
        explanation::check(line).map_err(|error| error.to_string())?;
    }
    let of_loans = outcome
        .lines
        .iter()
        .filter(|line| line.key.measure == Measure::LoanSubsidy);
    let paid: BTreeMap<String, String> = of_loans
        .map(|line| (line.key.beneficiary.to_string(), line.amount.to_string()))
        .collect();
    let numbers = 1..=u32::try_from(paid.len()).unwrap();
    Ok(numbers
        .filter_map(|number| paid.get(&ids::enterprise(number)).cloned())
        .collect())
}

fn within_budget(amounts: &[&str], ceiling: &str, expected: &[&str]) -> Verdict {
    let history = city(amounts, "2025-06-01");
    let paid = subsidies(&history, ANYANG_2018_9, 2025, Some(("PRO_RATA", ceiling)))?;
    same(&paid.join(" "), &expected.join(" "), "pro rata")
}

/// 150,000, 100,000 and 50,000 share 200,000.
pub(super) fn x01() -> Verdict {
    let amounts = ["8000000.00", "4500000.00", "2000000.00"];
    within_budget(&amounts, "200000.00", &["100000.00", "66666.67", "33333.33"])
}

/// Three equal ones share 100,000: the odd fen goes to the first.
pub(super) fn x02() -> Verdict {
    let expected = ["33333.34", "33333.33", "33333.33"];
    within_budget(&["2000000.00"; 3], "100000.00", &expected)
}

/// 1,000,000 in all and 500,000 to share: each gets half.
pub(super) fn x03() -> Verdict {
    within_budget(&["4500000.00"; 10], "500000.00", &["50000.00"; 10])
}

/// The rules with a second revision from 2026 on, which pays other lump sums.
fn changed_in_2026() -> String {
    let at = ANYANG_2018_9.find("[[revision]]").unwrap();
    let (document, rest) = ANYANG_2018_9.split_at(at);
    let (revision, others) = rest.split_at(rest.find("\n[review]").unwrap_or(rest.len()));
    let later = revision
        .replace("410500-anzheng-2018-9/1", "410500-anzheng-2018-9/2")
        .replace("valid_from = 2018-01-01", "valid_from = 2026-01-01")
        .replace("\"50000.00\"", "\"60000.00\"");
    let first = revision.replace(
        "valid_from = 2018-01-01",
        "valid_from = 2018-01-01\nvalid_to = 2025-12-31",
    );
    format!("{document}{first}\n{later}\n{others}")
}

fn rules_change(amount: &str) -> Verdict {
    let policy = changed_in_2026();
    // Drawn on 30 December and reported in January: its own year's rules, whenever it became known.
    let december = city(&[amount], "2025-12-30T09:00:00+08:00");
    let paid = subsidies(&december, &policy, 2025, None)?;
    same(&paid.join(" "), "50000.00", "the draw of 2025")?;
    let january = city(&[amount], "2026-01-05T09:00:00+08:00");
    let paid = subsidies(&january, &policy, 2026, None)?;
    same(&paid.join(" "), "60000.00", "the draw of 2026")
}

/// The rules change on 1 January 2026: the version of the event's date applies.
pub(super) fn x16() -> Verdict {
    rules_change("3000000.00")
}

/// The same with a draw one fen above its tier, which is paid otherwise.
pub(super) fn x16_a_fen_off() -> Verdict {
    rules_change("3000000.01")
}
