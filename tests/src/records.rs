//! Wire records with sensible contents; a test changes what it is about.

use api::common::v1::Money;
use api::insurance::v1::{Policy, PolicyPatent, PremiumEvent, PremiumEventKind, Product};
use api::pledge::v1::{Collateral, Loan, LoanEvent, LoanEventKind, Pledge};
use api::registry::v1::{
    Award, AwardLevel, Decision, DecisionVerdict, Enterprise, Exclusion, ExclusionGrade, HolderRole,
    Institution, InstitutionKind, OtherAward, OtherLevel, OtherMeasure, Patent, PatentOwner,
};

/// A date of the wire.
pub type Date = api::google::r#type::Date;

/// An amount in yuan as the wire states it.
pub fn money(yuan: &str) -> Option<Money> {
    Some(Money {
        currency_code: "CNY".to_owned(),
        amount: yuan.to_owned(),
    })
}

/// A day, `2025-03-01`.
pub fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('-').map(|part| part.parse().unwrap());
    Some(Date {
        year: parts.next().unwrap(),
        month: parts.next().unwrap(),
        day: parts.next().unwrap(),
    })
}

/// An institution in the city.
pub fn institution(code: &str, kind: InstitutionKind, legal_person: &str) -> Institution {
    Institution {
        institution_code: code.to_owned(),
        name: format!("安阳测试机构{code}"),
        kind: kind.into(),
        legal_person_uscc: legal_person.to_owned(),
        legal_person_name: format!("测试法人{legal_person}"),
        division_code: "410502".to_owned(),
        uscc: None,
    }
}

/// An enterprise registered in the city since 2010.
pub fn enterprise(uscc: &str) -> Enterprise {
    Enterprise {
        uscc: uscc.to_owned(),
        name: format!("安阳测试企业{uscc}"),
        division_code: "410502".to_owned(),
        registered_from: day("2010-01-01"),
        registered_to: None,
    }
}

/// A patent granted in 2018.
pub fn patent(patent_no: &str, patentee: &str) -> Patent {
    Patent {
        patent_no: patent_no.to_owned(),
        title: "一种测试装置".to_owned(),
        patentee_uscc: Some(patentee.to_owned()),
        granted_on: day("2018-06-01"),
        ..Patent::default()
    }
}

/// An owner since 2018.
pub fn patent_owner(patent_no: &str, holder: &str) -> PatentOwner {
    PatentOwner {
        patent_no: patent_no.to_owned(),
        holder: holder.to_owned(),
        role: HolderRole::Owner.into(),
        valid_from: day("2018-06-01"),
        valid_to: None,
    }
}

/// A municipal award.
pub fn award(patent_no: &str) -> Award {
    Award {
        patent_no: patent_no.to_owned(),
        level: AwardLevel::Municipal.into(),
        award_name: "安阳市专利奖".to_owned(),
        awarded_on: day("2020-04-26"),
    }
}

/// An exclusion since 2024.
pub fn exclusion(subject: &str) -> Exclusion {
    Exclusion {
        subject: subject.to_owned(),
        grade: ExclusionGrade::Exclude.into(),
        valid_from: day("2024-01-01"),
        valid_to: None,
        reason: "失信".to_owned(),
    }
}

/// National money for a loan.
pub fn other_award(beneficiary: &str, reference: &str) -> OtherAward {
    OtherAward {
        beneficiary_uscc: beneficiary.to_owned(),
        measure: OtherMeasure::LoanSubsidy.into(),
        reference: reference.to_owned(),
        level: OtherLevel::National.into(),
        amount: money("20000.00"),
        awarded_on: day("2025-09-01"),
    }
}

/// A finding accepted for a contract or policy.
pub fn decision(institution: &str, reference: &str, code: &str) -> Decision {
    Decision {
        institution_code: institution.to_owned(),
        reference: reference.to_owned(),
        code: code.to_owned(),
        decision: DecisionVerdict::Accept.into(),
        value: None,
        decided_on: day("2026-01-15"),
        reason: "已核对原件".to_owned(),
    }
}

/// A pledge registered on a day.
pub fn pledge(
    pledge_no: &str,
    pledgor: &str,
    pledgee: &str,
    registered_on: &str,
    patents: &[&str],
) -> Pledge {
    Pledge {
        pledge_no: pledge_no.to_owned(),
        pledgor_uscc: pledgor.to_owned(),
        pledgee_uscc: pledgee.to_owned(),
        registered_on: day(registered_on),
        cancelled_on: None,
        patents: patents.iter().map(|patent| (*patent).to_owned()).collect(),
    }
}

/// A loan secured by a pledge.
pub fn loan(contract_no: &str, borrower: &str, amount: &str, pledge_no: &str) -> Loan {
    Loan {
        contract_no: contract_no.to_owned(),
        borrower_uscc: borrower.to_owned(),
        contract_amount: money(amount),
        signed_on: day("2025-02-01"),
        revolving: Some(false),
        collateral: Collateral::Patent.into(),
        pledge_no: Some(pledge_no.to_owned()),
        ..Loan::default()
    }
}

/// A draw on a day.
pub fn draw(contract_no: &str, event_no: &str, on: &str, amount: &str) -> LoanEvent {
    LoanEvent {
        contract_no: contract_no.to_owned(),
        event_no: event_no.to_owned(),
        kind: LoanEventKind::Draw.into(),
        occurred_at: format!("{on}T10:00:00+08:00"),
        amount: money(amount),
        reverses: None,
    }
}

/// A policy of a year from 1 January.
pub fn policy(policy_no: &str, holder: &str, year: i32) -> Policy {
    Policy {
        policy_no: policy_no.to_owned(),
        product: Product::Enforcement.into(),
        policyholder_uscc: holder.to_owned(),
        cover_from: day(&format!("{year}-01-01")),
        cover_to: day(&format!("{year}-12-31")),
        sum_insured: money("1000000.00"),
    }
}

/// A patent on a policy's schedule, with its premium.
pub fn policy_patent(policy_no: &str, patent_no: &str, premium: &str) -> PolicyPatent {
    PolicyPatent {
        policy_no: policy_no.to_owned(),
        patent_no: patent_no.to_owned(),
        premium: money(premium),
    }
}

/// A premium paid on a day.
pub fn payment(policy_no: &str, event_no: &str, on: &str, amount: &str) -> PremiumEvent {
    PremiumEvent {
        policy_no: policy_no.to_owned(),
        event_no: event_no.to_owned(),
        kind: PremiumEventKind::Payment.into(),
        occurred_on: day(on),
        amount: money(amount),
        reverses: None,
    }
}

/// The kind of a bank.
pub const BANK: InstitutionKind = InstitutionKind::Bank;
/// The kind of an insurer.
pub const INSURER: InstitutionKind = InstitutionKind::Insurer;
