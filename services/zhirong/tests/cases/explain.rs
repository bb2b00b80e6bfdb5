//! Explanations of lines and facts: the figures of the cases, why not, and what would change it.

use policy::codes::{FindingCode, Measure, NoMoney};
use policy::engine::{Question, Verdict, why_not};
use policy::explanation;
use policy::reading::Readings;
use zhirong::experiment::opened;
use zhirong::explain::{Answer, Asking, explain, parse};
use zhirong::inputs::Inputs;

use crate::world::Case;

fn inputs(id: &str) -> Inputs {
    let case = Case::named(id);
    let files = case.assess(case.steps, &case.set).unwrap().batch.files;
    opened(&files, id).unwrap()
}

fn asked(inputs: &Inputs, fact: &str) -> Answer {
    explain(inputs, &Asking::Fact(parse(fact).unwrap())).unwrap()
}

fn verdicts(inputs: &Inputs, fact: &str) -> Vec<Verdict> {
    let facts = inputs.history.facts();
    let question = Question {
        facts: &facts,
        rulebook: &inputs.rulebook,
        readings: &inputs.readings,
        year: inputs.year,
        as_of: inputs.as_of,
        settled: &inputs.settled,
        conditions: &inputs.conditions,
    };
    why_not(&question, &parse(fact).unwrap().subject.unwrap()).unwrap()
}

/// Measure, first stop, and what each cure would pay.
fn stops(inputs: &Inputs, fact: &str) -> Vec<(Measure, FindingCode, Vec<String>)> {
    let cures = |verdict: &Verdict| {
        let cures = verdict.cures.iter();
        cures
            .map(|cure| format!("{}={} {} {}", cure.reading, cure.value, cure.now, cure.then))
            .collect()
    };
    let verdicts = verdicts(inputs, fact);
    assert!(verdicts.iter().all(|verdict| !verdict.earns()));
    verdicts
        .iter()
        .map(|verdict| {
            (
                verdict.measure,
                verdict.first_stop().unwrap().code,
                cures(verdict),
            )
        })
        .collect()
}

#[test]
fn every_line_of_every_case_follows_from_its_steps_and_has_a_tree() {
    for case in Case::all() {
        let files = case.assess(case.steps, &case.set).unwrap().batch.files;
        let inputs = opened(&files, &case.id).unwrap();
        for (number, line) in (1..).zip(&inputs.compute().unwrap().paid) {
            explanation::check(line).unwrap_or_else(|error| panic!("{} line {number}: {error}", case.id));
            let answer = explain(&inputs, &Asking::Line(number)).unwrap();
            let text = answer.text();
            for amount in [line.entitled, line.amount, line.base] {
                assert!(
                    text.contains(&amount.to_string()),
                    "{} line {number}: {text}",
                    case.id
                );
            }
            // Every record a step names is there with its revision.
            for reference in line.explanation.steps.iter().filter_map(|step| step.reference()) {
                let shown = text.contains(&format!("〕{reference} 修订 revision "));
                assert!(shown, "{} line {number} lacks {reference}: {text}", case.id);
            }
        }
    }
}

#[test]
fn a_bank_at_its_cap_shows_the_waterfall_down_to_the_draws() {
    let answer = explain(&inputs("B10"), &Asking::Line(1)).unwrap();
    let text = answer.text();
    for part in [
        "年度上限 500000.00 元：应得 900000.00 元，计 500000.00 元，剩余额度 0.00 元",
        "400000.00 above the cap is not paid",
        "90000000.00 x 0.01 = 900000, rounded to the fen 900000.00",
        "sum of bases 90000000.00",
        "2025-04-23 drawn 30000000.00, reversed 0.00 (305496021034/AYDK2025B10003/F2100003)",
        "R9=CITY_LEGAL_PERSON: what one institution is; approval ",
        "R9=BRANCH would pay 900000.00",
        "settled before 0.00",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        answer
            .zh
            .ends_with("应得 500000.00 元，此前已结算 0.00 元，本次 500000.00 元。")
    );
    assert!(
        answer
            .en
            .ends_with("entitled 500000.00, settled before 0.00, this line 500000.00.")
    );
}

#[test]
fn three_loans_of_2_1_million_sum_to_the_highest_tier() {
    let text = explain(&inputs("T12"), &Asking::Line(2)).unwrap().text();
    for part in [
        "基数合计 6300000.00 元",
        "R3=PER_LOAN would pay 150000.00",
        "R3=ENTERPRISE_YEAR_MAX would pay 50000.00",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let unknown = explain(&inputs("T12"), &Asking::Line(3)).unwrap_err();
    assert_eq!(unknown.reason(), "LINE_UNKNOWN");
}

#[test]
fn a_share_that_is_not_stated_stops_both_measures_and_full_would_pay_them() {
    let inputs = inputs("T25");
    let expected = |measure, now_then: &str| {
        (
            measure,
            FindingCode::ShareUnstated,
            vec![format!("R6=FULL 0.00 {now_then}")],
        )
    };
    let expected = vec![
        expected(Measure::BankIncentive, "50000.00"),
        expected(Measure::LoanSubsidy, "100000.00"),
    ];
    for fact in [
        "loan_events/313496012517/AYDK2025T25001/F1250001",
        "loans/313496012517/AYDK2025T25001",
        "pledges/313496012517/Y2025981250001",
    ] {
        assert_eq!(stops(&inputs, fact), expected, "{fact}");
    }
    let answer = asked(&inputs, "loan_events/313496012517/AYDK2025T25001/F1250001");
    assert!(
        answer
            .en
            .contains("state the patent share of the contract (patent_share)"),
        "{}",
        answer.en
    );
    assert!(
        answer.zh.contains("A8.2") && answer.zh.contains("A8.1"),
        "{}",
        answer.zh
    );
}

#[test]
fn a_borrower_outside_the_city_has_a_cure_for_the_bank_alone() {
    assert_eq!(
        stops(&inputs("T33"), "loans/313496013317/AYDK2025T33001"),
        [
            (
                Measure::BankIncentive,
                FindingCode::BorrowerOutsideCity,
                vec!["R18=ANY 0.00 40000.00".to_owned()]
            ),
            (Measure::LoanSubsidy, FindingCode::BorrowerOutsideCity, vec![]),
        ]
    );
}

#[test]
fn a_policyholder_who_is_not_the_owner_is_held() {
    let inputs = inputs("P36");
    let expected = [(Measure::PremiumSubsidy, FindingCode::PolicyholderNotOwner, vec![])];
    for fact in [
        "premium_events/000336000001/AYBX2025P36001/S3360001",
        "policy_patents/000336000001/AYBX2025P36001/201923360001.4",
        "policies/000336000001/AYBX2025P36001",
    ] {
        assert_eq!(stops(&inputs, fact), expected, "{fact}");
    }
    let answer = asked(
        &inputs,
        "policy_patents/000336000001/AYBX2025P36001/201923360001.4",
    );
    assert!(
        answer
            .en
            .contains("register the policyholder as owner or licensee"),
        "{}",
        answer.en
    );
}

#[test]
fn what_is_not_reported_says_so_and_a_record_of_the_bureau_names_its_lines() {
    let inputs = inputs("B10");
    let unknown = verdicts(&inputs, "loans/305496021018/NONE");
    assert!(unknown.iter().all(|it| it.no_money == Some(NoMoney::NotReported)));
    let earning = verdicts(&inputs, "loans/305496021018/AYDK2025B10001");
    assert!(earning.len() == 2 && earning.iter().all(Verdict::earns));
    // One patent carries its enterprise's line and the bank's.
    let answer = asked(&inputs, "patents/201912100001.9");
    assert!(answer.en.contains("of 2 lines"), "{}", answer.en);
    for wrong in ["loans/305496021018", "nothing/x", "loans"] {
        assert_eq!(parse(wrong).unwrap_err().reason(), "FACT_MALFORMED", "{wrong}");
    }
}

#[test]
fn every_fact_of_every_case_has_an_answer_and_no_unpaid_one_is_without_a_reason() {
    use exchange::File;
    let files = [
        File::Loans,
        File::LoanEvents,
        File::Pledges,
        File::Policies,
        File::PolicyPatents,
        File::PremiumEvents,
    ];
    for case in Case::all() {
        let inputs = opened(&case.assess(case.steps, &case.set).unwrap().batch.files, &case.id).unwrap();
        for row in files.iter().flat_map(|file| inputs.history.rows(*file)) {
            let cells: Vec<&str> = row.key.cells().collect();
            let fact = format!("{}/{}", row.file.as_str(), cells.join("/"));
            let verdicts = verdicts(&inputs, &fact);
            assert!(!verdicts.is_empty(), "{} {fact}", case.id);
            for verdict in verdicts {
                let answered =
                    verdict.earns() || verdict.first_stop().is_some() || verdict.no_money.is_some();
                assert!(answered, "{} {fact}: {verdict:#?}", case.id);
            }
        }
    }
}

#[test]
fn every_finding_has_advice_in_both_languages_and_its_readings_are_supported() {
    for code in FindingCode::ALL {
        assert!(!code.advice_zh().is_empty() && !code.advice_en().is_empty());
        for (id, value) in code.cured_by_readings() {
            Readings::default().set(id, value).unwrap();
            assert!(
                code.advice_en().contains(&format!("{id}={value}")),
                "{code:?} {id}={value}"
            );
        }
    }
}
