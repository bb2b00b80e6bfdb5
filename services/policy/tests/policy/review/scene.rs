//! A sound year: one loan and one policy that a reviewer has nothing to ask about.

use chrono::NaiveDate;
use zhirong_policy::codes::FindingCode;
use zhirong_policy::date::PolicyYear;
use zhirong_policy::engine::{Finding, Outcome, Question, SettledBefore, settle};
use zhirong_policy::facts::{
    Collateral, Enterprise, Facts, HolderRole, Institution, InstitutionKind, Loan, LoanEvent, LoanEventKind,
    Patent, PatentOwner, Pledge, Policy, PolicyPatent, PremiumEvent, PremiumEventKind, Product,
};
use zhirong_policy::ident::{Division, InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use zhirong_policy::money::Money;
use zhirong_policy::reading::Readings;
use zhirong_policy::rulebook::Rulebook;

use crate::world::rulebook;

pub(crate) const BORROWER: &str = "91410500MA0000001X";
pub(super) const OTHER_BORROWER: &str = "91410500MA0000002X";
pub(super) const LENDER: &str = "91410500100000001A";
const OTHER_LENDER: &str = "91410500100000002B";

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn yuan(text: &str) -> Money {
    Money::parse_yuan(text).unwrap()
}

pub(crate) fn reference(text: &str) -> Reference {
    Reference::from_canonical(text).unwrap()
}

pub(super) fn uscc(text: &str) -> Uscc {
    Uscc::from_canonical(text).unwrap()
}

pub(crate) fn code(text: &str) -> InstitutionCode {
    InstitutionCode::from_canonical(text).unwrap()
}

pub(super) fn patent_no(number: u32) -> PatentNo {
    PatentNo::from_canonical(&format!("20161012345{number}.0")).unwrap()
}

fn institution(name: &str, legal_person: &str, kind: InstitutionKind) -> Institution {
    Institution {
        institution_code: code(name),
        name: name.to_owned(),
        kind,
        legal_person_uscc: uscc(legal_person),
        legal_person_name: legal_person.to_owned(),
        division_code: Division::from_canonical("410502").unwrap(),
        uscc: None,
    }
}

fn enterprise(uscc_text: &str) -> Enterprise {
    Enterprise {
        uscc: uscc(uscc_text),
        name: uscc_text.to_owned(),
        division_code: Division::from_canonical("410502").unwrap(),
        registered_from: day("2010-01-01"),
        registered_to: None,
    }
}

pub(crate) fn patent(number: u32, patentee: &str) -> Patent {
    Patent {
        patent_no: patent_no(number),
        title: "方法".to_owned(),
        patentee_uscc: Some(uscc(patentee)),
        granted_on: Some(day("2018-06-01")),
        ended_on: None,
        end_reason: None,
    }
}

pub(super) fn owner(number: u32, holder: &str, from: &str, to: Option<&str>) -> PatentOwner {
    PatentOwner {
        patent_no: patent_no(number),
        holder: holder.to_owned(),
        role: HolderRole::Owner,
        valid_from: day(from),
        valid_to: to.map(day),
    }
}

/// Adds a sound loan with a pledge of its own on one patent: signed and drawn on a day.
pub(super) fn lend(facts: &mut Facts, bank: &str, contract: &str, number: u32, on: &str, amount: &str) {
    let borrower = uscc(if number < 5 { BORROWER } else { OTHER_BORROWER });
    let pledge_no = PledgeNo::from_canonical(&format!("202498000007{number}")).unwrap();
    let row = facts
        .institutions
        .iter()
        .find(|row| row.institution_code == code(bank));
    facts.pledges.push(Pledge {
        institution_code: code(bank),
        pledge_no: pledge_no.clone(),
        pledgor_uscc: borrower.clone(),
        pledgee_uscc: row.unwrap().legal_person_uscc.clone(),
        registered_on: day("2025-01-10"),
        cancelled_on: None,
        patents: vec![patent_no(number)],
    });
    facts.loans.push(Loan {
        institution_code: code(bank),
        contract_no: reference(contract),
        borrower_uscc: borrower,
        contract_amount: yuan(amount),
        signed_on: day(on),
        revolving: false,
        collateral: Collateral::Patent,
        patent_share: None,
        pledge_no: Some(pledge_no),
        renewal_of: None,
        syndicate_no: None,
    });
    event(facts, bank, contract, "D1", LoanEventKind::Draw, on, amount);
}

/// Adds an event at noon in Beijing.
pub(super) fn event(
    facts: &mut Facts,
    bank: &str,
    contract: &str,
    number: &str,
    kind: LoanEventKind,
    on: &str,
    amount: &str,
) {
    facts.loan_events.push(LoanEvent {
        institution_code: code(bank),
        contract_no: reference(contract),
        event_no: reference(number),
        kind,
        occurred_at: day(on).and_hms_opt(4, 0, 0).unwrap().and_utc(),
        amount: yuan(amount),
        reverses: None,
    });
}

/// Adds a sound policy on one patent, paid on the first day of cover.
pub(crate) fn insure(facts: &mut Facts, number: &str, patent: u32, insured: &str, premium: &str) {
    facts.policies.push(Policy {
        institution_code: code("INS"),
        policy_no: reference(number),
        product: Product::Enforcement,
        policyholder_uscc: uscc(BORROWER),
        cover_from: day("2025-04-01"),
        cover_to: day("2026-03-31"),
        sum_insured: Some(yuan(insured)),
    });
    facts.policy_patents.push(PolicyPatent {
        institution_code: code("INS"),
        policy_no: reference(number),
        patent_no: patent_no(patent),
        premium: None,
    });
    premium_event(facts, number, "P1", "2025-04-01", premium, None);
}

/// Adds a payment, or a refund of the payment it names.
pub(crate) fn premium_event(
    facts: &mut Facts,
    policy: &str,
    number: &str,
    on: &str,
    amount: &str,
    refunds: Option<&str>,
) {
    facts.premium_events.push(PremiumEvent {
        institution_code: code("INS"),
        policy_no: reference(policy),
        event_no: reference(number),
        kind: refunds.map_or(PremiumEventKind::Payment, |_| PremiumEventKind::Refund),
        occurred_on: day(on),
        amount: yuan(amount),
        reverses: refunds.map(reference),
    });
}

/// Branches B1 and B2 of one bank, B3 of another, an insurer, two enterprises with four patents each, a loan of two million
/// and a policy.
pub(crate) fn sound() -> Facts {
    let mut facts = Facts {
        institutions: vec![
            institution("B1", LENDER, InstitutionKind::Bank),
            institution("B2", LENDER, InstitutionKind::Bank),
            institution("B3", OTHER_LENDER, InstitutionKind::Bank),
            institution("INS", OTHER_LENDER, InstitutionKind::Insurer),
        ],
        enterprises: vec![enterprise(BORROWER), enterprise(OTHER_BORROWER)],
        ..Facts::default()
    };
    for number in 1..9 {
        let patentee = if number < 5 { BORROWER } else { OTHER_BORROWER };
        facts.patents.push(patent(number, patentee));
    }
    lend(&mut facts, "B1", "HT-1", 1, "2025-03-01", "2000000");
    insure(&mut facts, "BD-1", 4, "1000000", "20000");
    facts
}

/// The answer about 2025.
pub(crate) fn answer(rulebook: &Rulebook, facts: &Facts) -> Outcome {
    settle(&Question {
        facts,
        rulebook,
        readings: &Readings::default(),
        year: PolicyYear::new(2025).unwrap(),
        as_of: day("2026-03-31"),
        settled: &SettledBefore::new(),
        conditions: &zhirong_policy::conditions::Conditions::NONE,
    })
    .unwrap()
}

/// The findings of one code about the sound year with a change.
pub(super) fn with(code: FindingCode, change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = sound();
    change(&mut facts);
    let mut found = answer(&rulebook(), &facts).findings;
    found.retain(|finding| finding.code == code);
    found
}

/// The finding is there beyond its threshold, with its evidence, and not there at it.
#[track_caller]
pub(super) fn both_sides(
    code: FindingCode,
    beyond: impl FnOnce(&mut Facts),
    at: impl FnOnce(&mut Facts),
    evidence: &[&str],
) {
    let found = with(code, beyond);
    assert!(!found.is_empty(), "{} beyond its threshold", code.as_str());
    for name in evidence {
        let shows = |finding: &Finding| finding.evidence.iter().any(|own| own == name);
        assert!(found.iter().any(shows), "{name} is not among {found:#?}");
    }
    assert_eq!(with(code, at), [], "{} at its threshold", code.as_str());
}
