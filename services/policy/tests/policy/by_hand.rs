//! What random worlds seldom meet: a patent whose class changes between the insurers of one policy, and budgets a fen aside.

use zhirong_policy::codes::{Clause, Measure, NoMoney};
use zhirong_policy::conditions::Conditions;
use zhirong_policy::date::PolicyYear;
use zhirong_policy::engine::{Line, Question, SettledBefore, Subject, settle, why_not};
use zhirong_policy::explanation::{Step, StepsDiffer, check};
use zhirong_policy::facts::{Award, AwardLevel, Facts, Patent};
use zhirong_policy::ident::PatentNo;
use zhirong_policy::money::Money;
use zhirong_policy::reading::Readings;

use crate::review::scene::{
    BORROWER, answer, code, day, insure, patent, premium_event, reference, sound, yuan,
};
use crate::world::rulebook;

/// The lines of the premium subsidy where a class is that of the day of payment (R11=AT_PAYMENT).
fn paid_at(facts: &Facts) -> Vec<Line> {
    let mut readings = Readings::default();
    readings.set("R11", "AT_PAYMENT").unwrap();
    let outcome = settle(&Question {
        facts,
        rulebook: &rulebook(),
        readings: &readings,
        year: PolicyYear::new(2025).unwrap(),
        as_of: day("2026-03-31"),
        settled: &SettledBefore::new(),
        conditions: &Conditions::NONE,
    })
    .unwrap();
    let premium = |line: &Line| line.key.measure == Measure::PremiumSubsidy;
    outcome.lines.into_iter().filter(premium).collect()
}

/// The sound year with its policy on a utility model that wins an award in June.
fn awarded_in_june() -> Facts {
    let mut facts = sound();
    let number = PatentNo::from_canonical("201620123456.0").unwrap();
    facts.patents.push(Patent {
        patent_no: number.clone(),
        ..patent(4, BORROWER)
    });
    facts.policy_patents[0].patent_no = number.clone();
    facts.awards.push(Award {
        patent_no: number,
        level: AwardLevel::Provincial,
        award_name: "河南省专利奖".to_owned(),
        awarded_on: day("2025-06-01"),
    });
    facts
}

#[test]
fn a_line_names_the_first_class_that_its_parts_are_paid_under() {
    // Before the award 80% of 20,000; of one insurer's payments, those in full come first.
    let mut facts = awarded_in_june();
    let lines = paid_at(&facts);
    assert_eq!(lines[0].entitled, yuan("16000"));
    assert_eq!(lines[0].clause, Clause::PremiumRate);
    premium_event(&mut facts, "BD-1", "P2", "2025-07-01", "1000", None);
    let lines = paid_at(&facts);
    assert_eq!((lines.len(), lines[0].entitled), (1, yuan("17000")));
    assert_eq!(lines[0].clause, Clause::PremiumFullAward);
    assert_eq!(check(&lines[0]), Ok(()));

    // Of two insurers of the same policy, the first by code.
    let mut facts = awarded_in_june();
    insure(&mut facts, "BD-1", 4, "1000000", "1000");
    facts.policies[1].institution_code = code("INS2");
    facts.policy_patents[1] = facts.policy_patents[0].clone();
    facts.policy_patents[1].institution_code = code("INS2");
    facts.premium_events[1].institution_code = code("INS2");
    facts.premium_events[1].occurred_on = day("2025-07-01");
    let mut insurer = facts.institutions[3].clone();
    insurer.institution_code = code("INS2");
    facts.institutions.push(insurer);
    let lines = paid_at(&facts);
    assert_eq!((lines.len(), lines[0].entitled), (1, yuan("17000")));
    assert_eq!(lines[0].clause, Clause::PremiumRate);
    assert_eq!(check(&lines[0]), Ok(()));
}

#[test]
fn a_second_class_decides_no_clause() {
    let lines = answer(&rulebook(), &sound()).lines;
    let premium = |line: &Line| line.key.measure == Measure::PremiumSubsidy;
    let mut line = lines.into_iter().find(premium).unwrap();
    assert_eq!(line.clause, Clause::PremiumFullInvention);
    let more = yuan("1000");
    line.explanation.steps.extend([
        Step::Payment {
            reference: "INS/BD-1/P2".to_owned(),
            date: "2025-07-01".to_owned(),
            paid: more,
            refunded: Money::ZERO,
            part: more,
        },
        Step::Class {
            clause: Clause::PremiumFullAward.as_str().to_owned(),
            because: "河南省专利奖".to_owned(),
        },
    ]);
    for amount in [&mut line.base, &mut line.entitled, &mut line.amount] {
        *amount = yuan("21000");
    }
    assert_eq!(check(&line), Ok(()));
    line.clause = Clause::PremiumFullAward;
    assert!(matches!(
        check(&line),
        Err(StepsDiffer::Line { what: "clause", .. })
    ));
}

#[test]
fn a_draw_without_its_contract_is_reported_all_the_same() {
    let mut facts = sound();
    facts.loans.clear();
    let rulebook = rulebook();
    let question = Question {
        facts: &facts,
        rulebook: &rulebook,
        readings: &Readings::default(),
        year: PolicyYear::new(2025).unwrap(),
        as_of: day("2026-03-31"),
        settled: &SettledBefore::new(),
        conditions: &Conditions::NONE,
    };
    let verdicts = |number| why_not(&question, &Subject::Contract(code("B1"), reference(number))).unwrap();
    let unknown = verdicts("HT-1");
    assert!(!unknown.is_empty());
    for verdict in &unknown {
        assert_eq!(verdict.no_money, None, "{verdict:?}");
        assert!(!verdict.findings.is_empty(), "{verdict:?}");
    }
    for verdict in verdicts("HT-9") {
        assert_eq!(verdict.no_money, Some(NoMoney::NotReported));
    }
}

/// A line of 20,000 yuan, of which 1,000 were settled, with a step of the budget `[available, wanted, granted]` in yuan.
fn under_a_budget(reading: &str, [available, wanted, granted]: [&str; 3]) -> Result<(), StepsDiffer> {
    let lines = answer(&rulebook(), &sound()).lines;
    let premium = |line: &Line| line.key.measure == Measure::PremiumSubsidy;
    let mut line = lines.into_iter().find(premium).unwrap();
    let (earned, granted) = (line.entitled, yuan(granted));
    assert_eq!(earned, yuan("20000"));
    line.settled_before = yuan("1000");
    line.amount = granted;
    line.entitled = Money::from_fen(granted.fen() + line.settled_before.fen());
    line.explanation.readings = vec![("R14".to_owned(), reading.to_owned())];
    line.explanation.steps.push(Step::Budget {
        programme: String::new(),
        available: yuan(available),
        wanted: yuan(wanted),
        earned,
        granted,
        entitled: line.entitled,
    });
    check(&line)
}

#[test]
fn a_budget_a_fen_aside_does_not_follow() {
    let follows = |reading, amounts| assert_eq!(under_a_budget(reading, amounts), Ok(()), "{amounts:?}");
    let differs = |reading, amounts, what| {
        let told = under_a_budget(reading, amounts);
        let Err(StepsDiffer::Step {
            code: "BUDGET",
            what: named,
            ..
        }) = told
        else {
            panic!("{reading} {amounts:?}: {told:?}");
        };
        assert_eq!(named, what, "{reading} {amounts:?}");
    };
    // The line is due 19,000. First come: whatever is left, less than it is due.
    follows("FIRST_COME", ["18999.99", "19000", "18999.99"]);
    follows("FIRST_COME", ["18999.99", "19000", "0"]);
    differs("FIRST_COME", ["18999.99", "19000", "19000"], "granted");
    differs("FIRST_COME", ["19000", "19000.01", "19000"], "granted");
    differs("FIRST_COME", ["5000", "19000", "5000.01"], "granted");
    // A budget that reaches is no reason, nor one that wants less than this line alone.
    differs("FIRST_COME", ["19000", "19000", "5000"], "wanted");
    differs("FIRST_COME", ["20000", "19000", "5000"], "wanted");
    differs("FIRST_COME", ["18000", "18999.99", "5000"], "wanted");
    // In proportion: a third of what all are due.
    follows("PRO_RATA", ["19000", "57000", "6333.33"]);
    follows("PRO_RATA", ["19000", "57000", "6333.34"]);
    differs("PRO_RATA", ["19000", "57000", "6333.32"], "granted");
    differs("PRO_RATA", ["19000", "57000", "6333.35"], "granted");
    follows("FIRST_COME", ["19000", "57000", "6333.35"]);
}
