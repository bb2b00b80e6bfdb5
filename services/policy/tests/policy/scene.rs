//! A small city by hand: enterprises that each drew once on a patent of their own at one bank, and its boundaries.

use chrono::{NaiveDate, TimeDelta, Utc};
use zhirong_policy::codes::{Clause, FindingCode, Limit, Measure};
use zhirong_policy::conditions::{Budget, Conditions, Freeze, Frozen};
use zhirong_policy::date::PolicyYear;
use zhirong_policy::engine::{Outcome, Question, SettledBefore, Subject, why_not};
use zhirong_policy::facts::{
    Collateral, Decision, Enterprise, Facts, Institution, InstitutionKind, Loan, LoanEvent, LoanEventKind,
    Patent, Pledge, Verdict,
};
use zhirong_policy::ident::{Division, InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use zhirong_policy::money::{Money, Rate};
use zhirong_policy::reading::{Readings, Unit};

use crate::world::{World, ask_under, late_rulebook, rulebook};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn bank() -> InstitutionCode {
    InstitutionCode::from_canonical("BANK0").unwrap()
}

fn contract(number: usize) -> Reference {
    Reference::from_canonical(&format!("HT-{number}")).unwrap()
}

/// A draw that earns an enterprise the lump sum.
fn draw_for(earned: i64) -> i64 {
    match earned {
        5_000_000 => 200_000_000,
        10_000_000 => 400_000_000,
        _ => 700_000_000,
    }
}

/// One enterprise for each lump sum, in this order of code and of draw dates from 1 March 2025 on.
pub(crate) fn enterprises(earned: &[i64]) -> World {
    let person = Uscc::from_canonical("91410500100000001A").unwrap();
    let division_code = Division::from_canonical("410502").unwrap();
    let mut facts = Facts::default();
    facts.institutions.push(Institution {
        institution_code: bank(),
        name: "银行".to_owned(),
        kind: InstitutionKind::Bank,
        legal_person_uscc: person.clone(),
        legal_person_name: "银行总行".to_owned(),
        division_code: division_code.clone(),
        uscc: None,
    });
    for (number, earned) in earned.iter().enumerate() {
        let borrower = Uscc::from_canonical(&format!("91410500MA000000{number}X")).unwrap();
        let patent_no = PatentNo::from_canonical(&format!("20162012345{number}.X")).unwrap();
        let pledge_no = PledgeNo::from_canonical(&format!("Y202498000010{number}")).unwrap();
        facts.enterprises.push(Enterprise {
            uscc: borrower.clone(),
            name: format!("企业{number}"),
            division_code: division_code.clone(),
            registered_from: day("2010-01-01"),
            registered_to: None,
        });
        facts.patents.push(Patent {
            patent_no: patent_no.clone(),
            title: "专利".to_owned(),
            patentee_uscc: Some(borrower.clone()),
            granted_on: Some(day("2018-06-01")),
            ended_on: None,
            end_reason: None,
        });
        facts.pledges.push(Pledge {
            institution_code: bank(),
            pledge_no: pledge_no.clone(),
            pledgor_uscc: borrower.clone(),
            pledgee_uscc: person.clone(),
            registered_on: day("2024-06-01"),
            cancelled_on: None,
            patents: vec![patent_no],
        });
        facts.loans.push(Loan {
            institution_code: bank(),
            contract_no: contract(number),
            borrower_uscc: borrower,
            contract_amount: Money::from_fen(draw_for(*earned)),
            signed_on: day("2025-02-01"),
            revolving: false,
            collateral: Collateral::Patent,
            patent_share: None,
            pledge_no: Some(pledge_no),
            renewal_of: None,
            syndicate_no: None,
        });
        let date = day("2025-03-01") + TimeDelta::days(i64::try_from(number).unwrap());
        facts.loan_events.push(LoanEvent {
            institution_code: bank(),
            contract_no: contract(number),
            event_no: Reference::from_canonical("E0").unwrap(),
            kind: LoanEventKind::Draw,
            occurred_at: date
                .and_hms_opt(4, 0, 0)
                .unwrap()
                .and_local_timezone(Utc)
                .unwrap(),
            amount: Money::from_fen(draw_for(*earned)),
            reverses: None,
        });
    }
    World {
        seed: 0,
        facts,
        readings: Readings::default(),
        year: 2025,
        as_of: day("2026-01-15"),
    }
}

/// One programme that pays the loan subsidy.
pub(crate) fn appropriation(ceiling: i64) -> Conditions {
    let budgets = vec![Budget {
        programme: "知识产权专项".to_owned(),
        measures: vec![Measure::LoanSubsidy],
        ceiling: Money::from_fen(ceiling),
        committed: Money::ZERO,
    }];
    Conditions {
        budgets,
        ..Conditions::NONE
    }
}

pub(crate) fn settle(world: &World, settled: &SettledBefore, conditions: &Conditions) -> Outcome {
    ask_under(&rulebook(), world, &world.facts, settled, conditions).unwrap()
}

/// The loan subsidies in line order, in fen.
pub(crate) fn subsidies(outcome: &Outcome) -> Vec<i64> {
    let lines = outcome
        .lines
        .iter()
        .filter(|line| line.key.measure == Measure::LoanSubsidy);
    lines.map(|line| line.amount.fen()).collect()
}

fn decide(world: &mut World, number: usize, code: FindingCode, decision: Verdict, value: Option<&str>) {
    world.facts.decisions.push(Decision {
        institution_code: bank(),
        reference: contract(number),
        code,
        decision,
        value: value.map(|text| Rate::parse(text).unwrap()),
        decided_on: day("2026-01-10"),
        reason: "已核实".to_owned(),
    });
}

fn codes(outcome: &Outcome) -> Vec<&'static str> {
    let loan = outcome
        .findings
        .iter()
        .filter(|finding| finding.measure == Measure::LoanSubsidy);
    loan.map(|finding| finding.code.as_str())
        .filter(|code| *code != "READING_ALTERNATIVE")
        .collect()
}

#[test]
fn a_freeze_stands_on_its_first_and_last_day_and_on_no_other() {
    let mut world = enterprises(&[10_000_000]);
    for what in [Frozen::Clause(Clause::LoanTier2), Frozen::Institution(bank())] {
        let of_bank = matches!(what, Frozen::Institution(_));
        let conditions = Conditions {
            freezes: vec![Freeze {
                what,
                from: day("2026-01-10"),
                to: Some(day("2026-01-20")),
                reason: "核查".to_owned(),
            }],
            ..Conditions::NONE
        };
        for (as_of, is_frozen) in [
            ("2026-01-09", false),
            ("2026-01-10", true),
            ("2026-01-20", true),
            ("2026-01-21", false),
        ] {
            world.as_of = day(as_of);
            let outcome = settle(&world, &SettledBefore::new(), &conditions);
            let paid = if is_frozen { 0 } else { 10_000_000 };
            assert_eq!(subsidies(&outcome), [paid], "{as_of}");
            let bank = outcome
                .lines
                .iter()
                .find(|line| line.key.measure == Measure::BankIncentive)
                .unwrap();
            assert_eq!(
                bank.limited_by == Some(Limit::Freeze),
                is_frozen && of_bank,
                "{as_of}"
            );
        }
    }
}

#[test]
fn the_late_window_closes_after_its_last_day() {
    let mut world = enterprises(&[10_000_000]);
    let rulebook = late_rulebook(15);
    for (as_of, paid) in [("2026-01-15", 10_000_000), ("2026-01-16", 0)] {
        world.as_of = day(as_of);
        let outcome = ask_under(
            &rulebook,
            &world,
            &world.facts,
            &SettledBefore::new(),
            &Conditions::NONE,
        );
        assert_eq!(subsidies(&outcome.unwrap()), [paid], "{as_of}");
    }
}

#[test]
fn an_accepted_share_counts_and_one_not_stated_does_not() {
    let mixed = |value: Option<&str>| {
        let mut world = enterprises(&[15_000_000]);
        world.facts.loans[0].collateral = Collateral::Mixed;
        decide(&mut world, 0, FindingCode::ShareUnstated, Verdict::Accept, value);
        settle(&world, &SettledBefore::new(), &Conditions::NONE)
    };
    let stated = mixed(Some("0.5"));
    assert_eq!(subsidies(&stated), [10_000_000]);
    assert!(!codes(&stated).contains(&"SHARE_UNSTATED"));
    let line = stated.lines.first().unwrap();
    assert_eq!(zhirong_policy::explanation::check(line), Ok(()));
    assert!(line.explanation.sentence_en().contains("stating 0.5"));
    let not_stated = mixed(None);
    assert_eq!(subsidies(&not_stated), [0_i64; 0]);
    assert_eq!(codes(&not_stated), ["SHARE_UNSTATED", "DECISION_WITHOUT_VALUE"]);
}

#[test]
fn a_rejected_warning_on_a_contracts_size_takes_the_contract_out() {
    let mut world = enterprises(&[5_000_000, 5_000_000]);
    world.readings.unit = Unit::PerLoan;
    for event in &mut world.facts.loan_events {
        event.amount = Money::from_fen(50_000_000);
    }
    let before = settle(&world, &SettledBefore::new(), &Conditions::NONE);
    assert_eq!(codes(&before), ["SUBSIDY_HIGH_SHARE", "SUBSIDY_HIGH_SHARE"]);
    decide(
        &mut world,
        0,
        FindingCode::SubsidyHighShare,
        Verdict::Reject,
        None,
    );
    decide(
        &mut world,
        1,
        FindingCode::SubsidyHighShare,
        Verdict::Accept,
        None,
    );
    let after = settle(&world, &SettledBefore::new(), &Conditions::NONE);
    assert_eq!(subsidies(&after), [5_000_000]);
    // The draw that no longer counts, and the warning that took it out.
    assert_eq!(
        codes(&after),
        ["DECISION_ACCEPTED", "DECISION_REJECTED", "DECISION_REJECTED"]
    );
    // The bank's incentive is none of that warning's business.
    assert_eq!(before.lines.first(), after.lines.first());
}

#[test]
fn a_decision_that_answers_nothing_says_so_and_an_exclusion_is_no_contracts_matter() {
    let mut world = enterprises(&[5_000_000]);
    decide(&mut world, 0, FindingCode::PledgeDouble, Verdict::Reject, None);
    decide(&mut world, 7, FindingCode::PledgeDouble, Verdict::Accept, None);
    decide(
        &mut world,
        0,
        FindingCode::EnterpriseExcluded,
        Verdict::Accept,
        None,
    );
    let outcome = settle(&world, &SettledBefore::new(), &Conditions::NONE);
    assert_eq!(subsidies(&outcome), [5_000_000]);
    assert_eq!(codes(&outcome), ["DECISION_UNUSED"; 3]);
}

#[test]
fn why_not_says_what_an_acceptance_would_pay() {
    let mut world = enterprises(&[10_000_000]);
    world.facts.pledges[0].pledgor_uscc = Uscc::from_canonical("91410500MA0000009X").unwrap();
    let (rulebook, settled) = (rulebook(), SettledBefore::new());
    let verdicts = why_not(
        &Question {
            facts: &world.facts,
            rulebook: &rulebook,
            readings: &world.readings,
            year: PolicyYear::new(2025).unwrap(),
            as_of: world.as_of,
            settled: &settled,
            conditions: &Conditions::NONE,
        },
        &Subject::Contract(bank(), contract(0)),
    );
    let accepted = |measure| {
        let verdicts = verdicts.as_ref().unwrap();
        let verdict = verdicts.iter().find(|it| it.measure == measure).unwrap();
        let accepted = verdict.acceptance.as_ref().unwrap();
        (accepted.codes.clone(), accepted.now.fen(), accepted.then.fen())
    };
    let code = vec![FindingCode::PledgorNotBorrower];
    assert_eq!(accepted(Measure::LoanSubsidy), (code.clone(), 0, 10_000_000));
    assert_eq!(accepted(Measure::BankIncentive), (code, 0, 4_000_000));
}
