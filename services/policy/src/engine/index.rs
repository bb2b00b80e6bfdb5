//! The facts by what the rules look up.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::codes::{FindingCode, Measure};
use crate::facts::{
    Award, Decision, Enterprise, Exclusion, ExclusionGrade, Facts, Institution, Loan, LoanEvent, OtherAward,
    OtherMeasure, Patent, PatentOwner, Pledge, Policy, PolicyPatent, PremiumEvent, Verdict,
};
use crate::ident::{InstitutionCode, PatentNo, PledgeNo, Reference, Uscc};
use crate::rulebook::Rulebook;

/// A reporter's record: institution and its own number.
pub(crate) type Owned<'a, T> = (&'a InstitutionCode, &'a T);

/// Look-ups over one city's facts.
pub(crate) struct Index<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) institutions: HashMap<&'a InstitutionCode, &'a Institution>,
    codes_of_legal_person: HashMap<&'a Uscc, HashSet<&'a Uscc>>,
    pub(crate) enterprises: HashMap<&'a Uscc, Vec<&'a Enterprise>>,
    pub(crate) patents: HashMap<&'a PatentNo, &'a Patent>,
    pub(crate) owners: HashMap<&'a PatentNo, Vec<&'a PatentOwner>>,
    pub(crate) awards: HashMap<&'a PatentNo, Vec<&'a Award>>,
    pub(crate) exclusions: HashMap<&'a str, Vec<&'a Exclusion>>,
    pub(crate) pledges: HashMap<Owned<'a, PledgeNo>, &'a Pledge>,
    pub(crate) pledges_of_patent: HashMap<&'a PatentNo, Vec<&'a Pledge>>,
    pub(crate) loans: HashMap<Owned<'a, Reference>, &'a Loan>,
    pub(crate) loans_of_pledge: HashMap<Owned<'a, PledgeNo>, Vec<&'a Loan>>,
    pub(crate) events: HashMap<Owned<'a, Reference>, Vec<&'a LoanEvent>>,
    pub(crate) policies: HashMap<Owned<'a, Reference>, &'a Policy>,
    pub(crate) policies_of_number: HashMap<&'a Reference, Vec<&'a Policy>>,
    pub(crate) policies_of_patent: HashMap<&'a PatentNo, Vec<&'a Policy>>,
    pub(crate) schedules: HashMap<Owned<'a, Reference>, Vec<&'a PolicyPatent>>,
    pub(crate) premiums: HashMap<Owned<'a, Reference>, Vec<&'a PremiumEvent>>,
    pub(crate) other_awards: HashMap<&'a Uscc, Vec<&'a OtherAward>>,
    decisions: HashMap<Decided<'a>, &'a Decision>,
    /// What a rejection takes out, with the decision that does; filled once the findings are known.
    pub(crate) rejections: HashMap<(Owned<'a, Reference>, Measure), &'a Decision>,
}

/// What a decision answers: the findings of one code on a contract or policy.
type Decided<'a> = (Owned<'a, Reference>, FindingCode);

fn group<'a, T, K: std::hash::Hash + Eq>(
    records: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> HashMap<K, Vec<&'a T>> {
    let mut groups: HashMap<K, Vec<&'a T>> = HashMap::new();
    for record in records {
        groups.entry(key(record)).or_default().push(record);
    }
    groups
}

impl<'a> Index<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        let mut index = Self {
            facts,
            institutions: facts
                .institutions
                .iter()
                .map(|row| (&row.institution_code, row))
                .collect(),
            codes_of_legal_person: HashMap::new(),
            enterprises: group(&facts.enterprises, |row| &row.uscc),
            patents: facts.patents.iter().map(|row| (&row.patent_no, row)).collect(),
            owners: group(&facts.patent_owners, |row| &row.patent_no),
            awards: group(&facts.awards, |row| &row.patent_no),
            exclusions: group(&facts.exclusions, |row| row.subject.as_str()),
            pledges: facts
                .pledges
                .iter()
                .map(|row| ((&row.institution_code, &row.pledge_no), row))
                .collect(),
            pledges_of_patent: HashMap::new(),
            loans: facts
                .loans
                .iter()
                .map(|row| ((&row.institution_code, &row.contract_no), row))
                .collect(),
            loans_of_pledge: HashMap::new(),
            events: group(&facts.loan_events, |row| {
                (&row.institution_code, &row.contract_no)
            }),
            policies: facts
                .policies
                .iter()
                .map(|row| ((&row.institution_code, &row.policy_no), row))
                .collect(),
            policies_of_number: group(&facts.policies, |row| &row.policy_no),
            policies_of_patent: HashMap::new(),
            schedules: group(&facts.policy_patents, |row| {
                (&row.institution_code, &row.policy_no)
            }),
            premiums: group(&facts.premium_events, |row| {
                (&row.institution_code, &row.policy_no)
            }),
            other_awards: group(&facts.other_awards, |row| &row.beneficiary_uscc),
            decisions: facts
                .decisions
                .iter()
                .map(|row| (((&row.institution_code, &row.reference), row.code), row))
                .collect(),
            rejections: HashMap::new(),
        };
        index.link();
        index
    }

    fn link(&mut self) {
        for institution in &self.facts.institutions {
            let codes = self
                .codes_of_legal_person
                .entry(&institution.legal_person_uscc)
                .or_default();
            codes.insert(&institution.legal_person_uscc);
            codes.extend(institution.uscc.as_ref());
        }
        for pledge in &self.facts.pledges {
            for patent_no in &pledge.patents {
                self.pledges_of_patent.entry(patent_no).or_default().push(pledge);
            }
        }
        for loan in &self.facts.loans {
            if let Some(pledge_no) = &loan.pledge_no {
                self.loans_of_pledge
                    .entry((&loan.institution_code, pledge_no))
                    .or_default()
                    .push(loan);
            }
        }
        for (key, schedule) in &mut self.schedules {
            // Schedule order is ascending patent number; the fen that are left over follow it.
            schedule.sort_by(|one, other| one.patent_no.cmp(&other.patent_no));
            if let Some(policy) = self.policies.get(key) {
                for row in schedule.iter() {
                    self.policies_of_patent
                        .entry(&row.patent_no)
                        .or_default()
                        .push(policy);
                }
            }
        }
    }

    /// The lender's own record of a pledge number.
    pub(crate) fn pledge_of(&self, loan: &'a Loan) -> Option<&'a Pledge> {
        let number = loan.pledge_no.as_ref()?;
        self.pledges.get(&(&loan.institution_code, number)).copied()
    }

    /// The decision on the findings of a code on a contract or policy.
    pub(crate) fn decision(
        &self,
        institution: &InstitutionCode,
        number: &Reference,
        code: FindingCode,
    ) -> Option<&'a Decision> {
        self.decisions.get(&((institution, number), code)).copied()
    }

    /// The acceptance that makes a held reason no longer stand (rule 8); one that lacks the value it must state does not.
    pub(crate) fn acceptance(
        &self,
        institution: &InstitutionCode,
        number: &Reference,
        code: FindingCode,
    ) -> Option<&'a Decision> {
        self.decision(institution, number, code).filter(|decision| {
            decision.decision == Verdict::Accept
                && code.is_cured_by_acceptance()
                && (decision.value.is_some() || !code.needs_value())
        })
    }

    /// The decision by which a contract or policy counts nothing for a measure.
    pub(crate) fn rejection(
        &self,
        institution: &InstitutionCode,
        number: &Reference,
        measure: Measure,
    ) -> Option<&'a Decision> {
        self.rejections.get(&((institution, number), measure)).copied()
    }

    /// Whether a credit code is the legal person or any institution of it.
    pub(crate) fn belongs_to_legal_person(&self, code: &Uscc, legal_person: &Uscc) -> bool {
        code == legal_person
            || self
                .codes_of_legal_person
                .get(legal_person)
                .is_some_and(|codes| codes.contains(code))
    }

    /// Whether anything is known of the enterprise.
    pub(crate) fn knows_enterprise(&self, code: &Uscc) -> bool {
        self.enterprises.contains_key(code)
    }

    /// Whether the enterprise is registered in the city on the day.
    pub(crate) fn is_registered_in_city(&self, code: &Uscc, rulebook: &Rulebook, day: NaiveDate) -> bool {
        self.enterprises.get(code).is_some_and(|rows| {
            rows.iter()
                .any(|row| rulebook.includes(&row.division_code) && row.period().contains(day))
        })
    }

    /// The name of the enterprise's latest registration.
    pub(crate) fn enterprise_name(&self, code: &Uscc) -> Option<&'a str> {
        let rows = self.enterprises.get(code)?;
        rows.iter()
            .max_by_key(|row| row.registered_from)
            .map(|row| row.name.as_str())
    }

    /// The legal person's name, by its institution with the smallest code.
    pub(crate) fn legal_person_name(&self, code: &Uscc) -> Option<&'a str> {
        let own = self
            .facts
            .institutions
            .iter()
            .filter(|row| row.legal_person_uscc == *code);
        own.min_by(|one, other| one.institution_code.cmp(&other.institution_code))
            .map(|row| row.legal_person_name.as_str())
    }

    /// The earliest entry of a grade that stands against a subject on the day.
    pub(crate) fn exclusion(
        &self,
        subject: &str,
        grade: ExclusionGrade,
        day: NaiveDate,
    ) -> Option<&'a Exclusion> {
        let entries = self.exclusions.get(subject)?;
        // The earliest of several, so that the order of arrival never shows in a finding.
        entries
            .iter()
            .filter(|entry| entry.grade == grade && entry.period().contains(day))
            .min_by_key(|entry| entry.valid_from)
            .copied()
    }

    /// Whether an `exclude` stands against a subject on the day.
    pub(crate) fn is_excluded(&self, subject: &str, day: NaiveDate) -> bool {
        self.exclusion(subject, ExclusionGrade::Exclude, day).is_some()
    }

    /// Whether the holder owned or might use the patent on the day. Where the patent has rows of owners, they alone say so.
    pub(crate) fn holds_patent(&self, patent: &Patent, holder: &Uscc, day: NaiveDate) -> bool {
        match self.owners.get(&patent.patent_no) {
            Some(rows) => rows
                .iter()
                .any(|row| row.holder == holder.as_str() && row.period().contains(day)),
            None => patent.patentee_uscc.as_ref() == Some(holder),
        }
    }

    /// Other levels' money for a beneficiary's contract or policy of a number.
    pub(crate) fn other_money(
        &self,
        measure: OtherMeasure,
        beneficiary: &Uscc,
        number: &Reference,
    ) -> Vec<&'a OtherAward> {
        let rows = self.other_awards.get(beneficiary).map_or(&[][..], Vec::as_slice);
        rows.iter()
            .filter(|row| row.measure == measure && row.reference == *number)
            .copied()
            .collect()
    }

    /// The earlier registration of another number that one of the pledge's patents was still under when it was registered
    /// (rule 8). A registration on the day of another's cancellation is no overlap.
    pub(crate) fn blocking_pledge(&self, pledge: &Pledge) -> Option<&'a Pledge> {
        pledge
            .patents
            .iter()
            .filter_map(|patent_no| self.pledges_of_patent.get(patent_no))
            .flatten()
            .filter(|other| {
                other.pledge_no != pledge.pledge_no
                    && (other.registered_on, &other.pledge_no) < (pledge.registered_on, &pledge.pledge_no)
                    && other.cancelled_on.is_none_or(|last| last > pledge.registered_on)
            })
            .min_by(|one, other| {
                // Of one registration that two lenders reported, the smaller institution's record.
                (one.registered_on, &one.pledge_no, &one.institution_code).cmp(&(
                    other.registered_on,
                    &other.pledge_no,
                    &other.institution_code,
                ))
            })
            .copied()
    }
}
