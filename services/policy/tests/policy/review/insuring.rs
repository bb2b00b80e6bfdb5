//! Findings on policies and awards.

use zhirong_policy::codes::FindingCode;
use zhirong_policy::facts::{Award, AwardLevel, EndReason, Facts};

use super::scene::{BORROWER, both_sides, day, insure, owner, patent_no, premium_event, with, yuan};

const POLICY: &str = "policies/INS/BD-1";
const PAYMENT: &str = "premium_events/INS/BD-1/P1";

#[test]
fn a_premium_refunded_late_or_for_the_most_part() {
    let refund = |on: &'static str, amount: &'static str| {
        move |facts: &mut Facts| premium_event(facts, "BD-1", "T1", on, amount, Some("P1"))
    };
    let code = FindingCode::PremiumRefundedLate;
    let evidence = [POLICY, PAYMENT, "premium_events/INS/BD-1/T1"];
    both_sides(
        code,
        refund("2026-01-01", "1"),
        refund("2025-12-31", "1"),
        &evidence,
    );
    both_sides(
        code,
        refund("2025-12-31", "10000.01"),
        refund("2025-12-31", "10000"),
        &evidence,
    );
    // More than was paid has its own finding.
    assert_eq!(with(code, refund("2025-12-31", "20000.01")), []);
    assert_eq!(
        with(FindingCode::PaymentOverRefunded, refund("2025-12-31", "20000.01"))[0].evidence,
        [POLICY, PAYMENT, "premium_events/INS/BD-1/T1"]
    );
}

#[test]
fn a_premium_out_of_line() {
    let code = FindingCode::PremiumOutlier;
    let paid = |amount: &'static str| move |facts: &mut Facts| facts.premium_events[0].amount = yuan(amount);
    both_sides(code, paid("200000.01"), paid("200000"), &[POLICY, PAYMENT]);
    // Three times the median of five: 1% is the median, 3% is not above.
    let others = |count: u32, amount: &'static str| {
        move |facts: &mut Facts| {
            facts.premium_events[0].amount = yuan(amount);
            for number in 2..=count {
                insure(facts, &format!("BD-{number}"), number % 4 + 1, "1000000", "10000");
            }
        }
    };
    both_sides(
        code,
        others(5, "30000.01"),
        others(5, "30000"),
        &[POLICY, PAYMENT],
    );
    assert_eq!(with(code, others(4, "30000.01")), []);
}

#[test]
fn cover_that_began_long_before_the_payment() {
    let from = |on: &'static str| move |facts: &mut Facts| facts.policies[0].cover_from = day(on);
    // 90 days before 1 April is 1 January.
    both_sides(
        FindingCode::PolicyCoverBackdated,
        from("2024-12-31"),
        from("2025-01-01"),
        &[POLICY, PAYMENT],
    );
}

#[test]
fn a_sum_insured_in_another_unit() {
    let insured = |text: &'static str| {
        move |facts: &mut Facts| {
            facts.policies[0].sum_insured = Some(yuan(text));
            facts.premium_events[0].amount = yuan("100");
        }
    };
    let code = FindingCode::UnitSuspected;
    both_sides(code, insured("9999.99"), insured("10000"), &[POLICY]);
    both_sides(code, insured("1000000000.01"), insured("1000000000"), &[POLICY]);
    let paid = |text: &'static str| move |facts: &mut Facts| facts.premium_events[0].amount = yuan(text);
    both_sides(code, paid("1000000000.01"), paid("1000000000"), &[PAYMENT]);
}

#[test]
fn an_insured_patent_that_changes_hands_or_ends() {
    let acquired =
        |on: &'static str| move |facts: &mut Facts| facts.patent_owners.push(owner(4, BORROWER, on, None));
    // 90 days before 1 April 2025 is 1 January.
    both_sides(
        FindingCode::PatentTransferred,
        acquired("2025-01-01"),
        acquired("2024-12-31"),
        &[POLICY, "policy_patents/INS/BD-1/201610123454.0"],
    );
    let ended = |on: &'static str| {
        move |facts: &mut Facts| {
            facts.patents[3].ended_on = Some(day(on));
            facts.patents[3].end_reason = Some(EndReason::Surrendered);
        }
    };
    both_sides(
        FindingCode::PatentLapsedLater,
        ended("2026-03-31"),
        ended("2026-04-01"),
        &[POLICY, PAYMENT, "patents/201610123454.0"],
    );
    // Ended by the payment it counted nothing, and that is said already.
    assert_eq!(with(FindingCode::PatentLapsedLater, ended("2025-04-01")), []);
}

#[test]
fn an_award_of_the_year_for_an_unknown_patent() {
    let award = |number: u32, on: &'static str| {
        move |facts: &mut Facts| {
            facts.awards.push(Award {
                patent_no: patent_no(number),
                level: AwardLevel::Provincial,
                award_name: "河南省专利奖".to_owned(),
                awarded_on: day(on),
            });
        }
    };
    let code = FindingCode::AwardPatentUnknown;
    let evidence = ["awards/201610123459.0/provincial/河南省专利奖"];
    both_sides(code, award(9, "2025-12-31"), award(9, "2026-01-01"), &evidence);
    assert_eq!(with(code, award(8, "2025-12-31")), []);
}
