//! Names of records: the exchange file, then the parts of the key.

use crate::facts::{
    Award, Enterprise, Exclusion, Institution, Loan, LoanEvent, OtherAward, Patent, PatentOwner, Pledge,
    Policy, PolicyPatent, PremiumEvent,
};

pub(super) fn institution(row: &Institution) -> String {
    format!("institutions/{}", row.institution_code)
}

pub(super) fn enterprise(row: &Enterprise) -> String {
    format!("enterprises/{}/{}", row.uscc, row.registered_from)
}

pub(super) fn patent(row: &Patent) -> String {
    format!("patents/{}", row.patent_no)
}

pub(super) fn owner(row: &PatentOwner) -> String {
    let role = row.role.as_str();
    format!(
        "patent_owners/{}/{}/{role}/{}",
        row.patent_no, row.holder, row.valid_from
    )
}

pub(super) fn award(row: &Award) -> String {
    format!(
        "awards/{}/{}/{}",
        row.patent_no,
        row.level.as_str(),
        row.award_name
    )
}

pub(super) fn exclusion(row: &Exclusion) -> String {
    format!(
        "exclusions/{}/{}/{}",
        row.subject,
        row.grade.as_str(),
        row.valid_from
    )
}

pub(super) fn pledge(row: &Pledge) -> String {
    format!("pledges/{}/{}", row.institution_code, row.pledge_no)
}

pub(super) fn loan(row: &Loan) -> String {
    format!("loans/{}/{}", row.institution_code, row.contract_no)
}

pub(super) fn loan_event(row: &LoanEvent) -> String {
    format!(
        "loan_events/{}/{}/{}",
        row.institution_code, row.contract_no, row.event_no
    )
}

pub(super) fn policy(row: &Policy) -> String {
    format!("policies/{}/{}", row.institution_code, row.policy_no)
}

pub(super) fn policy_patent(row: &PolicyPatent) -> String {
    format!(
        "policy_patents/{}/{}/{}",
        row.institution_code, row.policy_no, row.patent_no
    )
}

pub(super) fn premium_event(row: &PremiumEvent) -> String {
    format!(
        "premium_events/{}/{}/{}",
        row.institution_code, row.policy_no, row.event_no
    )
}

pub(super) fn other_award(row: &OtherAward) -> String {
    format!(
        "other_awards/{}/{}/{}/{}",
        row.beneficiary_uscc,
        row.measure.as_str(),
        row.reference,
        row.level.as_str()
    )
}
