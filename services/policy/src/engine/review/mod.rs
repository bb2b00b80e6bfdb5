//! The review findings: typical errors and frauds that the facts can show (domain study 5.2).
//!
//! They warn and never change an amount: a reviewer decides. Looked at is what counts, and what would count if a reviewer
//! accepted what holds it; the findings concern the asked year. Everything is grouped by keys first, so that no fact is
//! compared with all others.

mod across;
mod evidence;
mod insuring;
mod lending;
mod name;
mod repayment;
mod title;

use chrono::NaiveDate;

pub(super) use self::evidence::complete;
use super::contract::{Contract, Reviewed, contract_reference};
use super::index::Index;
use super::{Finding, Rules};
use crate::codes::{FindingCode, Measure};
use crate::date::PolicyYear;
use crate::facts::{Loan, LoanEvent, Pledge};
use crate::ident::Uscc;
use crate::money::Money;
use crate::rulebook::ReviewThresholds;

/// Looks at the year and reports what a reviewer should see.
pub(super) fn look(
    index: &Index<'_>,
    rules: &Rules<'_>,
    contracts: &[Contract<'_>],
    findings: &mut Vec<Finding>,
) {
    let mut review = Review {
        index,
        rules,
        limits: &rules.rulebook.review,
        findings,
    };
    let cases = review.cases(contracts);
    for case in &cases {
        review.loan(case);
        review.title_of_pledge(case);
    }
    review.across(&cases, contracts);
    review.policies();
    review.awards();
}

/// The review of one year.
struct Review<'i, 'a> {
    index: &'i Index<'a>,
    rules: &'i Rules<'i>,
    limits: &'i ReviewThresholds,
    findings: &'i mut Vec<Finding>,
}

/// A contract with its draws of the year that are open to review.
struct Case<'c, 'a> {
    loan: &'a Loan,
    legal_person: &'a Uscc,
    pledge: Option<&'a Pledge>,
    draws: Vec<&'c Reviewed<'a>>,
}

impl Case<'_, '_> {
    /// `institution_code/contract_no`.
    fn reference(&self) -> String {
        contract_reference(self.loan)
    }

    /// The measures that any of its draws concerns.
    fn measures(&self) -> Vec<Measure> {
        let concerns = |measure: &Measure| self.draws.iter().any(|draw| draw.measures.contains(measure));
        [Measure::BankIncentive, Measure::LoanSubsidy]
            .into_iter()
            .filter(concerns)
            .collect()
    }

    /// Whose money a measure is.
    fn beneficiary(&self, measure: Measure) -> &Uscc {
        match measure {
            Measure::BankIncentive => self.legal_person,
            Measure::LoanSubsidy | Measure::PremiumSubsidy => &self.loan.borrower_uscc,
        }
    }

    /// Names of the contract and its pledge.
    fn records(&self) -> Vec<String> {
        let pledge = self.pledge.map(name::pledge);
        std::iter::once(name::loan(self.loan)).chain(pledge).collect()
    }
}

/// What is found, before it is known whose money it concerns.
struct Note {
    code: FindingCode,
    reference: String,
    amount: Option<Money>,
    detail: String,
    evidence: Vec<String>,
}

impl<'a> Review<'_, 'a> {
    /// The contracts with a draw of the year that counts, or is only held.
    fn cases<'c>(&self, contracts: &'c [Contract<'a>]) -> Vec<Case<'c, 'a>> {
        let of_year = |reviewed: &&Reviewed<'_>| PolicyYear::of(reviewed.draw.date) == self.rules.year;
        contracts
            .iter()
            .filter_map(|contract| {
                let lender = self.index.institutions.get(&contract.loan.institution_code)?;
                let draws: Vec<&Reviewed<'_>> = contract.for_review.iter().filter(of_year).collect();
                (!draws.is_empty()).then(|| Case {
                    loan: contract.loan,
                    legal_person: &lender.legal_person_uscc,
                    pledge: self.index.pledge_of(contract.loan),
                    draws,
                })
            })
            .collect()
    }

    /// The events of a contract.
    fn events(&self, loan: &'a Loan) -> &[&'a LoanEvent] {
        self.index
            .events
            .get(&(&loan.institution_code, &loan.contract_no))
            .map_or(&[][..], Vec::as_slice)
    }

    fn push(&mut self, measure: Measure, beneficiary: &str, note: Note) {
        let mut evidence = note.evidence;
        evidence.sort();
        evidence.dedup();
        self.findings.push(Finding {
            code: note.code,
            measure,
            beneficiary: beneficiary.to_owned(),
            reference: note.reference,
            amount: note.amount,
            detail: note.detail,
            evidence,
        });
    }

    /// Reports something under each of the measures.
    fn report(&mut self, case: &Case<'_, '_>, measures: &[Measure], note: &dyn Fn() -> Note) {
        for measure in measures {
            self.push(*measure, case.beneficiary(*measure).as_str(), note());
        }
    }
}

/// Days from one date to another; negative where the other is earlier.
fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days()
}

/// A sum for comparing; one out of range is the largest amount there is.
fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).unwrap_or(Money::from_fen(i64::MAX))
}

/// Whether a part is more than a share of the whole, exactly.
fn is_above_share(part: Money, whole: Money, share: crate::money::Rate) -> bool {
    whole
        .times_exact(share)
        .is_ok_and(|bound| rust_decimal::Decimal::from(part.fen()) > bound)
}
