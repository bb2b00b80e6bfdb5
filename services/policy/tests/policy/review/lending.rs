//! Findings on loans and pledges.

use zhirong_policy::codes::{FindingCode, Measure};
use zhirong_policy::facts::{Collateral, EndReason, Facts, LoanEventKind};
use zhirong_policy::ident::PledgeNo;
use zhirong_policy::money::Rate;

use super::scene::{
    BORROWER, LENDER, OTHER_BORROWER, both_sides, day, event, lend, owner, patent_no, reference, sound, uscc,
    with, yuan,
};
use crate::world::rulebook;

const LOAN: &str = "loans/B1/HT-1";
const DRAW: &str = "loan_events/B1/HT-1/D1";

#[test]
fn a_sound_year_leaves_a_reviewer_nothing_to_ask() {
    let found = super::scene::answer(&rulebook(), &sound()).findings;
    let asked: Vec<_> = found
        .iter()
        .filter(|finding| finding.code != FindingCode::ReadingAlternative)
        .collect();
    assert!(asked.is_empty(), "{asked:#?}");
}

#[test]
fn splitting_is_near_in_time_and_earns_more_apart() {
    let second = |on: &'static str, amount: &'static str| {
        move |facts: &mut Facts| lend(facts, "B2", "HT-2", 2, on, amount)
    };
    // 90 days after 1 March is 30 May. Together 2.9 million earn one lump sum, apart two.
    both_sides(
        FindingCode::LoanSplitting,
        second("2025-05-30", "900000"),
        second("2025-05-31", "900000"),
        &[LOAN, "loans/B2/HT-2"],
    );
    // 4 million earn 100,000 either way.
    assert_eq!(
        with(FindingCode::LoanSplitting, second("2025-05-30", "2000000")),
        []
    );
    // Another legal person's loan is another lender's.
    let elsewhere = |facts: &mut Facts| lend(facts, "B3", "HT-2", 2, "2025-03-02", "900000");
    assert_eq!(with(FindingCode::LoanSplitting, elsewhere), []);
    // Signed long before, first drawn near.
    let drawn_near = |facts: &mut Facts| {
        second("2025-05-30", "900000")(facts);
        facts.loans[1].signed_on = day("2024-01-01");
    };
    assert_eq!(with(FindingCode::LoanSplitting, drawn_near).len(), 1);
    // More than three in a year, however far apart and whatever they earn.
    let many = |count: u32| {
        move |facts: &mut Facts| {
            facts.loans[0].signed_on = day("2025-01-01");
            facts.loan_events[0].occurred_at = day("2025-01-11").and_hms_opt(4, 0, 0).unwrap().and_utc();
            for (number, on) in (2..=count).zip(["2025-05-01", "2025-08-15", "2025-12-01"]) {
                lend(facts, "B1", &format!("HT-{number}"), number, on, "6000000");
            }
            facts
                .loans
                .iter_mut()
                .for_each(|loan| loan.contract_amount = yuan("6000000"));
        }
    };
    both_sides(
        FindingCode::LoanSplitting,
        many(4),
        many(3),
        &[LOAN, "loans/B1/HT-4"],
    );
}

#[test]
fn borrowers_are_related_by_patent_pledgor_and_owner() {
    let other = |facts: &mut Facts| lend(facts, "B3", "HT-9", 6, "2025-03-02", "3000000");
    let change = |change: fn(&mut Facts)| {
        move |facts: &mut Facts| {
            other(facts);
            change(facts);
        }
    };
    let evidence = [LOAN, "loans/B3/HT-9"];
    let code = FindingCode::RelatedBorrowers;
    // A patent pledged before and released, so that it is no double pledge.
    both_sides(
        code,
        change(|facts| {
            facts.pledges[0].cancelled_on = Some(day("2025-03-01"));
            facts.pledges[1].registered_on = day("2025-03-02");
            facts.pledges[1].patents = vec![patent_no(1), patent_no(6)];
        }),
        other,
        &evidence,
    );
    // One pledgor for two borrowers is held, and still to be seen.
    both_sides(
        code,
        change(|facts| facts.pledges[1].pledgor_uscc = uscc(BORROWER)),
        other,
        &evidence,
    );
    let owned = |facts: &mut Facts| {
        facts.patent_owners.push(owner(1, "张三", "2016-01-01", None));
        facts.patent_owners.push(owner(6, "张三", "2016-01-01", None));
    };
    both_sides(
        code,
        move |facts| {
            other(facts);
            owned(facts);
        },
        // The person had sold one of them before the registration.
        move |facts| {
            other(facts);
            owned(facts);
            facts.patent_owners[1].valid_to = Some(day("2025-01-09"));
        },
        &evidence,
    );
}

#[test]
fn a_tiny_loan_and_an_amount_in_another_unit() {
    let amount = |text: &'static str| {
        move |facts: &mut Facts| {
            facts.loan_events[0].amount = yuan(text);
        }
    };
    both_sides(
        FindingCode::LoanTiny,
        amount("99999.99"),
        amount("100000"),
        &[LOAN],
    );
    both_sides(
        FindingCode::UnitSuspected,
        amount("9999.99"),
        amount("10000"),
        &[DRAW],
    );
    both_sides(
        FindingCode::UnitSuspected,
        |facts| facts.loans[0].contract_amount = yuan("1000000000.01"),
        |facts| facts.loans[0].contract_amount = yuan("1000000000.00"),
        &[LOAN],
    );
}

#[test]
fn a_draw_repaid_within_days_and_drawn_in_circles() {
    let repay = |on: &'static str, amount: &'static str| {
        move |facts: &mut Facts| {
            event(facts, "B1", "HT-1", "R1", LoanEventKind::Repayment, on, amount);
        }
    };
    let code = FindingCode::QuickRepayment;
    let evidence = [LOAN, DRAW, "loan_events/B1/HT-1/R1"];
    // 30 days after 1 March is 31 March; half of two million is one.
    both_sides(
        code,
        repay("2025-03-31", "2000000"),
        repay("2025-04-01", "2000000"),
        &evidence,
    );
    both_sides(
        code,
        repay("2025-03-31", "1000000"),
        repay("2025-03-31", "999999.99"),
        &evidence,
    );
    // A reversed repayment repaid nothing.
    let reversed = |facts: &mut Facts| {
        repay("2025-03-31", "2000000")(facts);
        event(
            facts,
            "B1",
            "HT-1",
            "X1",
            LoanEventKind::Reversal,
            "2025-04-01",
            "2000000",
        );
        facts.loan_events[2].reverses = Some(reference("R1"));
    };
    assert_eq!(with(code, reversed), []);
    let circle = |amount: &'static str, revolving: bool| {
        move |facts: &mut Facts| {
            facts.loans[0].revolving = revolving;
            repay("2025-05-01", "1000000")(facts);
            event(
                facts,
                "B1",
                "HT-1",
                "D2",
                LoanEventKind::Draw,
                "2025-05-02",
                amount,
            );
            facts.loan_events[0].amount = yuan("1000000");
        }
    };
    let code = FindingCode::CircularDraws;
    let evidence = [LOAN, DRAW, "loan_events/B1/HT-1/D2", "loan_events/B1/HT-1/R1"];
    both_sides(
        code,
        circle("1000000.01", true),
        circle("1000000", true),
        &evidence,
    );
    assert_eq!(with(code, circle("1000000.01", false)), []);
    // Two draws above the amount without a repayment between them are no circle.
    let no_circle = |facts: &mut Facts| {
        circle("1500000", true)(facts);
        facts.loan_events[1].occurred_at = day("2025-06-01").and_hms_opt(4, 0, 0).unwrap().and_utc();
    };
    assert_eq!(with(code, no_circle), []);
}

#[test]
fn one_loan_reported_by_two_institutions() {
    let second = |bank: &'static str, on: &'static str, amount: &'static str| {
        move |facts: &mut Facts| lend(facts, bank, "HT-2", 2, on, amount)
    };
    let code = FindingCode::LoanReportedTwice;
    let evidence = [DRAW, "loan_events/B2/HT-2/D1"];
    both_sides(
        code,
        second("B2", "2025-03-01", "2000000"),
        second("B2", "2025-03-01", "2000000.01"),
        &evidence,
    );
    both_sides(
        code,
        second("B2", "2025-03-01", "2000000"),
        second("B2", "2025-03-02", "2000000"),
        &evidence,
    );
    // Two legal persons, unless they share an agreement.
    let agreed = |facts: &mut Facts| {
        second("B3", "2025-03-01", "2000000")(facts);
        for loan in &mut facts.loans {
            loan.syndicate_no = Some(reference("YT-1"));
        }
    };
    both_sides(
        code,
        agreed,
        second("B3", "2025-03-01", "2000000"),
        &[DRAW, "loan_events/B3/HT-2/D1"],
    );
    // An agreement that bears a legal person's code is no legal person.
    let named_alike = |facts: &mut Facts| {
        second("B3", "2025-03-01", "2000000")(facts);
        facts.loans[1].syndicate_no = Some(reference(LENDER));
    };
    assert_eq!(with(code, named_alike), []);
    // One contract number at two branches of one legal person, whatever was drawn.
    let numbered =
        |bank: &'static str| move |facts: &mut Facts| lend(facts, bank, "HT-1", 2, "2025-07-01", "900000");
    both_sides(code, numbered("B2"), numbered("B3"), &[LOAN, "loans/B2/HT-1"]);
    // The bank's money is at stake as well as the enterprise's.
    let measures: Vec<Measure> = with(code, numbered("B2"))
        .iter()
        .map(|finding| finding.measure)
        .collect();
    assert!(measures.contains(&Measure::BankIncentive) && measures.contains(&Measure::LoanSubsidy));
}

#[test]
fn one_registration_under_loans_of_two_lenders() {
    let at = |bank: &'static str| {
        move |facts: &mut Facts| {
            lend(facts, bank, "HT-2", 2, "2025-09-01", "4000000");
            let pledge_no = PledgeNo::from_canonical("2024980000071").unwrap();
            facts.pledges[1].pledge_no = pledge_no.clone();
            facts.pledges[1].patents = vec![patent_no(1)];
            facts.loans[1].pledge_no = Some(pledge_no);
        }
    };
    let code = FindingCode::PatentAtTwoLenders;
    let evidence = [
        LOAN,
        "loans/B3/HT-2",
        "pledges/B1/2024980000071",
        "pledges/B3/2024980000071",
    ];
    both_sides(code, at("B3"), at("B2"), &evidence);
    let syndicate = |facts: &mut Facts| {
        at("B3")(facts);
        for loan in &mut facts.loans {
            loan.syndicate_no = Some(reference("YT-1"));
        }
    };
    assert_eq!(with(code, syndicate), []);
}

#[test]
fn a_patent_acquired_shortly_before_or_given_away_within() {
    let code = FindingCode::PatentTransferred;
    // 90 days before 10 January 2025 is 12 October 2024.
    let acquired = |on: &'static str| {
        move |facts: &mut Facts| {
            facts.patent_owners.push(owner(1, "张三", "2016-01-01", None));
            facts.patent_owners.push(owner(1, BORROWER, on, None));
        }
    };
    both_sides(
        code,
        acquired("2024-10-12"),
        acquired("2024-10-11"),
        &[
            &format!("patent_owners/{}/{BORROWER}/owner/2024-10-12", patent_no(1)),
            LOAN,
        ],
    );
    let given = |last: &'static str| {
        move |facts: &mut Facts| {
            facts.pledges[0].cancelled_on = Some(day("2025-12-31"));
            facts
                .patent_owners
                .push(owner(1, BORROWER, "2018-06-01", Some(last)));
        }
    };
    both_sides(code, given("2025-12-30"), given("2025-12-31"), &[LOAN]);
    // Whoever has it then is shown, and nobody who had it before.
    let sold = |facts: &mut Facts| {
        given("2025-06-30")(facts);
        facts
            .patent_owners
            .push(owner(1, "张三", "2016-01-01", Some("2018-05-31")));
        facts
            .patent_owners
            .push(owner(1, OTHER_BORROWER, "2025-07-01", None));
    };
    let rows = |holder: &str, from: &str| format!("patent_owners/{}/{holder}/owner/{from}", patent_no(1));
    let found = with(code, sold);
    let shown = |row: &String| found[0].evidence.contains(row);
    assert!(shown(&rows(BORROWER, "2018-06-01")) && shown(&rows(OTHER_BORROWER, "2025-07-01")));
    assert!(!shown(&rows("张三", "2016-01-01")));
    // A second row of the same owner is no transfer.
    let renewed = |facts: &mut Facts| {
        given("2025-06-30")(facts);
        facts.patent_owners.push(owner(1, BORROWER, "2025-07-01", None));
    };
    assert_eq!(with(code, renewed), []);
    let not_owner = FindingCode::PledgorNotOwner;
    both_sides(
        not_owner,
        |facts| facts.patents[0].patentee_uscc = Some(uscc(OTHER_BORROWER)),
        |facts| {
            facts.patents[0].patentee_uscc = Some(uscc(OTHER_BORROWER));
            facts.pledges[0].patents.push(patent_no(2));
        },
        &["patents/201610123451.0", LOAN],
    );
}

#[test]
fn a_patent_that_ends_while_it_is_pledged_and_owed() {
    let code = FindingCode::PatentLapsedLater;
    let ended = |on: &'static str, reason: EndReason| {
        move |facts: &mut Facts| {
            facts.pledges[0].cancelled_on = Some(day("2026-02-28"));
            facts.patents[0].ended_on = Some(day(on));
            facts.patents[0].end_reason = Some(reason);
        }
    };
    let evidence = [LOAN, DRAW, "patents/201610123451.0", "pledges/B1/2024980000071"];
    let lapsed = EndReason::Lapsed;
    both_sides(
        code,
        ended("2026-02-28", lapsed),
        ended("2026-03-01", lapsed),
        &evidence,
    );
    assert_eq!(with(code, ended("2026-01-01", EndReason::Invalidated)), []);
    // A loan that was repaid before is over.
    let repaid = |facts: &mut Facts| {
        ended("2025-12-02", lapsed)(facts);
        event(
            facts,
            "B1",
            "HT-1",
            "R1",
            LoanEventKind::Repayment,
            "2025-12-01",
            "2000000",
        );
    };
    assert_eq!(with(code, repaid), []);
}

#[test]
fn a_pledge_cancelled_early_decorative_or_drawn_before_signing() {
    let cancelled = |on: &'static str| move |facts: &mut Facts| facts.pledges[0].cancelled_on = Some(day(on));
    both_sides(
        FindingCode::PledgeCancelledEarly,
        cancelled("2025-05-30"),
        cancelled("2025-05-31"),
        &[LOAN, DRAW, "pledges/B1/2024980000071"],
    );
    let share = |text: &'static str| {
        move |facts: &mut Facts| {
            facts.loans[0].collateral = Collateral::Mixed;
            facts.loans[0].patent_share = Some(Rate::parse(text).unwrap());
        }
    };
    both_sides(
        FindingCode::PledgeDecorative,
        share("0.499999"),
        share("0.5"),
        &[LOAN],
    );
    let signed = |on: &'static str| move |facts: &mut Facts| facts.loans[0].signed_on = day(on);
    both_sides(
        FindingCode::DrawBeforeSigning,
        signed("2025-03-02"),
        signed("2025-03-01"),
        &[LOAN, DRAW],
    );
}

#[test]
fn only_the_asked_year_is_looked_at() {
    let code = FindingCode::DrawBeforeSigning;
    let earlier = |facts: &mut Facts| {
        facts.pledges[0].registered_on = day("2024-01-10");
        facts.loan_events[0].occurred_at = day("2024-12-31").and_hms_opt(4, 0, 0).unwrap().and_utc();
    };
    assert_eq!(with(code, earlier), []);
}
