//! The evidence of the findings of the rules: the records that their references and codes point at.

use std::collections::{BTreeMap, BTreeSet};

use super::name;
use crate::codes::{FindingCode, Measure};
use crate::engine::Finding;
use crate::engine::index::Index;
use crate::facts::{ExclusionGrade, Loan, LoanEvent, Pledge, Policy};
use crate::ident::{InstitutionCode, PatentNo, Reference, Uscc};

/// Fills the evidence of the findings that have none yet. It depends on the finding and the facts alone, so that equal
/// findings stay equal.
pub(in crate::engine) fn complete(index: &Index<'_>, findings: &mut [Finding]) {
    let clerk = Clerk::new(index);
    for finding in findings.iter_mut().filter(|finding| finding.evidence.is_empty()) {
        let mut names = BTreeSet::new();
        clerk.collect(finding, &mut names);
        finding.evidence = names.into_iter().collect();
    }
}

/// Who looks up records for findings.
struct Clerk<'i, 'a> {
    index: &'i Index<'a>,
    /// Institutions of a legal person.
    institutions: BTreeMap<&'a Uscc, Vec<String>>,
}

impl<'i, 'a> Clerk<'i, 'a> {
    fn new(index: &'i Index<'a>) -> Self {
        let mut institutions: BTreeMap<&Uscc, Vec<String>> = BTreeMap::new();
        for row in &index.facts.institutions {
            let own = institutions.entry(&row.legal_person_uscc).or_default();
            own.push(name::institution(row));
        }
        Self { index, institutions }
    }

    fn collect(&self, finding: &Finding, names: &mut BTreeSet<String>) {
        let parts: Vec<&str> = finding.reference.split('/').collect();
        match finding.measure {
            Measure::BankIncentive | Measure::LoanSubsidy => self.lending(finding, &parts, names),
            Measure::PremiumSubsidy => self.insuring(finding, &parts, names),
        }
        self.listed(finding, names);
    }

    /// Contract, event, pledge, lender and borrower; for a bank's whole line its institutions.
    fn lending(&self, finding: &Finding, parts: &[&str], names: &mut BTreeSet<String>) {
        let beneficiary = Uscc::from_canonical(&finding.beneficiary).ok();
        let Some(key) = key_of(parts) else {
            let own = beneficiary.and_then(|code| self.institutions.get(&code));
            names.extend(own.into_iter().flatten().cloned());
            return;
        };
        let key = (&key.0, &key.1);
        self.events(key, parts.get(2).copied(), names);
        let Some(loan) = self.index.loans.get(&key) else {
            return;
        };
        names.insert(name::loan(loan));
        let pledge = self.index.pledge_of(loan);
        match finding.code {
            FindingCode::LenderUnknown
            | FindingCode::LenderNotFinancialInstitution
            | FindingCode::LenderOutsideCity => self.institution(loan, names),
            FindingCode::BorrowerOutsideCity => self.enterprise(loan.borrower_uscc.as_str(), names),
            FindingCode::PledgeeNotLender => {
                self.institution(loan, names);
                names.extend(pledge.map(name::pledge));
            }
            FindingCode::PledgeCancelled
            | FindingCode::DrawBeforeRegistration
            | FindingCode::PledgorNotBorrower => names.extend(pledge.map(name::pledge)),
            FindingCode::NoPatentInForce | FindingCode::PatentsExcluded => {
                names.extend(pledge.map(name::pledge));
                self.patents(pledge, names);
            }
            FindingCode::PledgeDouble => {
                names.extend(pledge.map(name::pledge));
                let blocking = pledge.and_then(|pledge| self.index.blocking_pledge(pledge));
                names.extend(blocking.map(name::pledge));
            }
            FindingCode::InvalidatedLater => {
                names.extend(pledge.map(name::pledge));
                self.patent(&finding.detail, names);
            }
            FindingCode::LoanUpperMoney
            | FindingCode::LoanOtherMoney
            | FindingCode::LoanOtherMoneyExcluded => {
                let rows = self.index.other_money(
                    crate::facts::OtherMeasure::LoanSubsidy,
                    &loan.borrower_uscc,
                    &loan.contract_no,
                );
                names.extend(rows.into_iter().map(name::other_award));
            }
            _ => {}
        }
    }

    /// The event of a number, and what reverses it.
    fn events(
        &self,
        key: (&InstitutionCode, &Reference),
        number: Option<&str>,
        names: &mut BTreeSet<String>,
    ) {
        let (Some(number), Some(events)) = (number, self.index.events.get(&key)) else {
            return;
        };
        let about = |event: &&&LoanEvent| {
            let reverses = event.reverses.as_ref().map(Reference::as_str);
            event.event_no.as_str() == number || reverses == Some(number)
        };
        names.extend(events.iter().filter(about).map(|event| name::loan_event(event)));
    }

    /// Policy, payment, schedule row and patent; for a policy number every insurer's.
    fn insuring(&self, finding: &Finding, parts: &[&str], names: &mut BTreeSet<String>) {
        let own_key = key_of(parts).filter(|(code, number)| self.knows_policy(code, number));
        let policies: Vec<&Policy> = match &own_key {
            Some((code, number)) => {
                let policy = self.index.policies.get(&(code, number)).copied();
                self.premiums((code, number), parts.get(2).copied(), names);
                policy.into_iter().collect()
            }
            None => parts
                .first()
                .and_then(|number| Reference::from_canonical(number).ok())
                .and_then(|number| self.index.policies_of_number.get(&number))
                .map_or_else(Vec::new, |all| {
                    let own = |policy: &&&Policy| policy.policyholder_uscc.as_str() == finding.beneficiary;
                    all.iter().filter(own).copied().collect()
                }),
        };
        let patent = parts.last().filter(|_| parts.len() > 1);
        for policy in policies {
            names.insert(name::policy(policy));
            if let Some(text) = patent {
                self.schedule(finding.code, policy, text, names);
            }
            match finding.code {
                FindingCode::PolicyholderOutsideCity => {
                    self.enterprise(policy.policyholder_uscc.as_str(), names);
                }
                FindingCode::PolicyCoinsuranceDiffers => {
                    let twins = self.index.policies_of_number.get(&policy.policy_no);
                    names.extend(twins.into_iter().flatten().map(|twin| name::policy(twin)));
                }
                FindingCode::PolicyOtherMoney
                | FindingCode::PolicyOtherMoneyExcluded
                | FindingCode::OtherMoneyToppedUp => {
                    let rows = self.index.other_money(
                        crate::facts::OtherMeasure::PremiumSubsidy,
                        &policy.policyholder_uscc,
                        &policy.policy_no,
                    );
                    names.extend(rows.into_iter().map(name::other_award));
                }
                FindingCode::PolicySecond => self.other_policy(&finding.detail, names),
                _ => {}
            }
        }
    }

    fn knows_policy(&self, code: &InstitutionCode, number: &Reference) -> bool {
        self.index.policies.contains_key(&(code, number)) || self.index.premiums.contains_key(&(code, number))
    }

    /// The payment of a number, and its refunds.
    fn premiums(
        &self,
        key: (&InstitutionCode, &Reference),
        number: Option<&str>,
        names: &mut BTreeSet<String>,
    ) {
        let (Some(number), Some(events)) = (number, self.index.premiums.get(&key)) else {
            return;
        };
        for event in events {
            let reverses = event.reverses.as_ref().map(Reference::as_str);
            if event.event_no.as_str() == number || reverses == Some(number) {
                names.insert(name::premium_event(event));
            }
        }
    }

    /// A patent's row on a schedule, the patent, and for a doubtful title its owners.
    fn schedule(&self, code: FindingCode, policy: &Policy, text: &str, names: &mut BTreeSet<String>) {
        let key = (&policy.institution_code, &policy.policy_no);
        let rows = self.index.schedules.get(&key);
        let row = rows
            .into_iter()
            .flatten()
            .find(|row| row.patent_no.as_str() == text);
        let Some(row) = row else { return };
        names.insert(name::policy_patent(row));
        self.patent(text, names);
        if code == FindingCode::PolicyholderNotOwner {
            let owners = self.index.owners.get(&row.patent_no);
            names.extend(owners.into_iter().flatten().map(|owner| name::owner(owner)));
        }
    }

    fn other_policy(&self, reference: &str, names: &mut BTreeSet<String>) {
        let parts: Vec<&str> = reference.split('/').collect();
        let other = key_of(&parts).and_then(|key| self.index.policies.get(&(&key.0, &key.1)).copied());
        names.extend(other.map(name::policy));
    }

    fn institution(&self, loan: &Loan, names: &mut BTreeSet<String>) {
        let row = self.index.institutions.get(&loan.institution_code);
        names.extend(row.map(|row| name::institution(row)));
    }

    fn enterprise(&self, code: &str, names: &mut BTreeSet<String>) {
        if let Ok(code) = Uscc::from_canonical(code) {
            let rows = self.index.enterprises.get(&code);
            names.extend(rows.into_iter().flatten().map(|row| name::enterprise(row)));
        }
    }

    fn patents(&self, pledge: Option<&Pledge>, names: &mut BTreeSet<String>) {
        for number in pledge.map_or(&[][..], |pledge| pledge.patents.as_slice()) {
            self.patent(number.as_str(), names);
        }
    }

    fn patent(&self, text: &str, names: &mut BTreeSet<String>) {
        if let Ok(number) = PatentNo::from_canonical(text) {
            let row = self.index.patents.get(&number);
            names.extend(row.map(|row| name::patent(row)));
        }
    }

    /// The entries of the exclusion list behind a finding about it.
    fn listed(&self, finding: &Finding, names: &mut BTreeSet<String>) {
        let last = finding.reference.rsplit('/').next().unwrap_or_default();
        let (grade, subjects) = match finding.code {
            FindingCode::WatchListed => {
                let subject = finding.detail.split(' ').next().unwrap_or_default();
                (ExclusionGrade::Watch, vec![subject.to_owned()])
            }
            FindingCode::EnterpriseExcluded => {
                self.enterprise(&finding.beneficiary, names);
                (ExclusionGrade::Exclude, vec![finding.beneficiary.clone()])
            }
            FindingCode::PatentExcluded => (ExclusionGrade::Exclude, vec![last.to_owned()]),
            FindingCode::PatentsExcluded => {
                let patents = names.iter().filter_map(|name| name.strip_prefix("patents/"));
                (ExclusionGrade::Exclude, patents.map(str::to_owned).collect())
            }
            _ => return,
        };
        for subject in subjects {
            let entries = self.index.exclusions.get(subject.as_str());
            let of_grade = entries.into_iter().flatten().filter(|entry| entry.grade == grade);
            names.extend(of_grade.map(|entry| name::exclusion(entry)));
        }
    }
}

/// Institution and number of a reference.
fn key_of(parts: &[&str]) -> Option<(InstitutionCode, Reference)> {
    let code = InstitutionCode::from_canonical(parts.first()?).ok()?;
    let number = Reference::from_canonical(parts.get(1)?).ok()?;
    Some((code, number))
}
