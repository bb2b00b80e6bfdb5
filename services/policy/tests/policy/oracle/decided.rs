//! Decisions of reviewers, from the words of rule 8: what an acceptance lifts, and what a rejection takes out.

use std::collections::BTreeSet;

use zhirong_policy::codes::FindingCode;
use zhirong_policy::facts::{
    Collateral, Decision, EndReason, ExclusionGrade, Loan, LoanEvent, LoanEventKind, OtherLevel,
    OtherMeasure, Policy, PremiumEvent, PremiumEventKind, Verdict,
};
use zhirong_policy::ident::{InstitutionCode, Reference};
use zhirong_policy::money::Rate;
use zhirong_policy::reading::{LoanMoney, MixedCollateral, PolicyMoney, YearOf};

use chrono::{Datelike, NaiveDate};

use super::{For, Oracle, fen, largest_remainder, runs_on};

impl Oracle<'_> {
    fn decisions(&self, institution: &InstitutionCode, number: &Reference) -> Vec<&Decision> {
        let all = self.facts.decisions.iter();
        all.filter(|row| row.institution_code == *institution && row.reference == *number)
            .collect()
    }

    /// Whether a reviewer accepted a held reason; an unstated share needs the share.
    pub(super) fn is_accepted(
        &self,
        institution: &InstitutionCode,
        number: &Reference,
        code: FindingCode,
    ) -> bool {
        self.decisions(institution, number).iter().any(|row| {
            row.code == code
                && row.decision == Verdict::Accept
                && (code != FindingCode::ShareUnstated || row.value.is_some())
        })
    }

    pub(super) fn accepted_share(&self, loan: &Loan) -> Option<Rate> {
        let rows = self.decisions(&loan.institution_code, &loan.contract_no);
        let accepted = rows
            .into_iter()
            .find(|row| row.code == FindingCode::ShareUnstated && row.decision == Verdict::Accept);
        accepted.and_then(|row| row.value)
    }

    /// What rule 8 holds of a draw on a day.
    pub(super) fn held_for(&self, loan: &Loan, day: NaiveDate, whom: For) -> Vec<FindingCode> {
        let mut held = Vec::new();
        if let (Some(pledge), Some(lender)) = (self.pledge_of(loan), self.lender_of(loan)) {
            let tests = [
                (day < pledge.registered_on, FindingCode::DrawBeforeRegistration),
                (!self.is_direct(pledge, lender), FindingCode::PledgeeNotLender),
                (!self.is_borrowers(loan, pledge), FindingCode::PledgorNotBorrower),
                (self.is_blocked(pledge), FindingCode::PledgeDouble),
            ];
            held.extend(
                tests
                    .into_iter()
                    .filter(|(holds, _)| *holds)
                    .map(|(_, code)| code),
            );
        }
        let needs_share = matches!(
            self.readings.mixed,
            MixedCollateral::StatedShare | MixedCollateral::Min50
        );
        if needs_share && loan.collateral == Collateral::Mixed && loan.patent_share.is_none() {
            held.push(FindingCode::ShareUnstated);
        }
        if whom == For::Enterprise {
            let class = &loan.borrower_uscc.as_str()[..2];
            if class == "92" || class == "93" {
                held.push(FindingCode::BorrowerClass);
            }
            let money = self.loan_money(loan);
            let upper = |level: &OtherLevel| matches!(level, OtherLevel::National | OtherLevel::Provincial);
            if self.readings.loan_money == LoanMoney::HoldUpper && money.iter().any(upper) {
                held.push(FindingCode::LoanUpperMoney);
            }
        }
        held
    }

    fn loan_money(&self, loan: &Loan) -> Vec<OtherLevel> {
        let number = loan.contract_no.as_str();
        let rows = self.other_money(OtherMeasure::LoanSubsidy, &loan.borrower_uscc, number);
        rows.into_iter().map(|(level, _)| level).collect()
    }

    /// Whether a finding on the contract was rejected, so that it counts nothing for somebody.
    pub(super) fn is_rejected(&self, loan: &Loan, whom: For) -> bool {
        let rejected: Vec<FindingCode> = self
            .decisions(&loan.institution_code, &loan.contract_no)
            .into_iter()
            .filter(|row| row.decision == Verdict::Reject)
            .map(|row| row.code)
            .collect();
        !rejected.is_empty() && {
            let found = self.found_of(loan, whom);
            rejected.iter().any(|code| found.contains(code))
        }
    }

    /// The holds and warnings that stand on a contract whose rejection could take anything away.
    fn found_of(&self, loan: &Loan, whom: For) -> BTreeSet<FindingCode> {
        let mut found = BTreeSet::new();
        let events: Vec<&LoanEvent> = self
            .facts
            .loan_events
            .iter()
            .filter(|event| {
                event.institution_code == loan.institution_code && event.contract_no == loan.contract_no
            })
            .collect();
        let mut counted = Vec::new();
        for event in events.iter().copied() {
            if event.kind == LoanEventKind::Reversal {
                let names = |other: &&LoanEvent| {
                    other.kind != LoanEventKind::Reversal && Some(&other.event_no) == event.reverses.as_ref()
                };
                if !events.iter().copied().any(|other| names(&other)) {
                    found.insert(FindingCode::ReversalUnknown);
                }
            }
            if !self.is_draw(event) {
                continue;
            }
            let reversed: i128 = events
                .iter()
                .filter(|other| {
                    other.kind == LoanEventKind::Reversal && other.reverses.as_ref() == Some(&event.event_no)
                })
                .map(|other| fen(other.amount))
                .sum();
            if reversed > fen(event.amount) {
                found.insert(FindingCode::DrawOverReversed);
            }
            if self.net_draw(event, None) > 0 {
                let day = self.counting_day(loan, event);
                found.extend(self.held_for(loan, day, whom));
                counted.extend(self.counted(loan, event, whom));
            }
        }
        // The readings of a share and of other levels' money may still leave a draw out.
        if whom == For::Enterprise && self.share_of(loan).is_some() && self.loan_is_paid(loan) {
            found.extend(self.warned_of(loan, &counted));
        }
        found
    }

    /// The warnings on an enterprise's contract with counted draws.
    fn warned_of(&self, loan: &Loan, counted: &[(NaiveDate, i128)]) -> BTreeSet<FindingCode> {
        let mut found = BTreeSet::new();
        let patents = self.pledge_of(loan).map_or(&[][..], |pledge| &pledge.patents);
        for (day, _) in counted {
            let watched = |subject: &str| self.is_watched(subject, *day);
            if watched(loan.borrower_uscc.as_str()) || patents.iter().any(|patent| watched(patent.as_str())) {
                found.insert(FindingCode::WatchListed);
            }
            let in_force = self
                .pledge_of(loan)
                .map(|pledge| self.patents_in_force(pledge, *day));
            if in_force
                .into_iter()
                .flatten()
                .any(|patent| patent.end_reason == Some(EndReason::Invalidated))
            {
                found.insert(FindingCode::InvalidatedLater);
            }
        }
        let years = || counted.iter().map(|(day, _)| day.year());
        let of_year = match self.readings.year {
            YearOf::FirstDrawYear => years().min() == Some(self.year),
            YearOf::DrawYear => years().any(|year| year == self.year),
        };
        let is_told = self.readings.loan_money != LoanMoney::Exclude;
        if of_year && is_told && !self.loan_money(loan).is_empty() {
            found.insert(FindingCode::LoanOtherMoney);
        }
        found
    }

    fn is_watched(&self, subject: &str, day: NaiveDate) -> bool {
        self.facts.exclusions.iter().any(|entry| {
            entry.grade == ExclusionGrade::Watch
                && entry.subject == subject
                && runs_on(entry.valid_from, entry.valid_to, day)
        })
    }

    /// Whether a finding of the year on an insurer's policy was rejected, so that the policy counts nothing.
    pub(super) fn policy_is_rejected(&self, record: &Policy, records: &[&Policy]) -> bool {
        let rejected: Vec<FindingCode> = self
            .decisions(&record.institution_code, &record.policy_no)
            .into_iter()
            .filter(|row| row.decision == Verdict::Reject)
            .map(|row| row.code)
            .collect();
        !rejected.is_empty() && {
            let found = self.found_of_policy(record, records);
            rejected.iter().any(|code| found.contains(code))
        }
    }

    /// The findings of the year on one insurer's policy whose rejection could take anything away.
    fn found_of_policy(&self, record: &Policy, records: &[&Policy]) -> BTreeSet<FindingCode> {
        let mut found = BTreeSet::new();
        let of_record = |event: &&PremiumEvent| {
            event.institution_code == record.institution_code && event.policy_no == record.policy_no
        };
        let events: Vec<&PremiumEvent> = self.facts.premium_events.iter().filter(of_record).collect();
        for event in events
            .iter()
            .filter(|event| event.occurred_on.year() == self.year)
        {
            let names = |other: &&&PremiumEvent| {
                other.kind == PremiumEventKind::Payment && Some(&other.event_no) == event.reverses.as_ref()
            };
            if event.kind == PremiumEventKind::Refund && !events.iter().any(|other| names(&other)) {
                found.insert(FindingCode::RefundUnknown);
            }
            let refunds = events.iter().filter(|other| {
                other.kind == PremiumEventKind::Refund && other.reverses.as_ref() == Some(&event.event_no)
            });
            let refunded: i128 = refunds.map(|other| fen(other.amount)).sum();
            if event.kind == PremiumEventKind::Payment && refunded > fen(event.amount) {
                found.insert(FindingCode::PaymentOverRefunded);
            }
        }
        if !self.record_is_eligible(record, records) {
            return found;
        }
        let counts = self.parts_found(record, &mut found);
        let others = records.iter().filter(|other| {
            other.policyholder_uscc == record.policyholder_uscc
                && self.record_is_eligible(other, records)
                && self.parts_found(other, &mut BTreeSet::new())
        });
        let money = self.premium_money(&record.policyholder_uscc, record.policy_no.as_str());
        let ignored = self.readings.policy_money == PolicyMoney::Ignore && !money.is_empty();
        if ignored && (counts || others.count() > 0) {
            found.insert(FindingCode::PolicyOtherMoney);
        }
        found
    }

    /// What is found of the parts of a policy's payments of the year, and whether any part counts.
    fn parts_found(&self, record: &Policy, found: &mut BTreeSet<FindingCode>) -> bool {
        let schedule = self.schedule(record);
        let weights: Vec<i128> = schedule.iter().map(|(_, weight)| *weight).collect();
        let holder = record.policyholder_uscc.as_str();
        let mut any = false;
        for (day, net) in self.payments(record, self.year) {
            for ((number, _), part) in schedule.iter().zip(largest_remainder(net, &weights)) {
                if part == 0 {
                    continue;
                }
                let known = self
                    .facts
                    .patents
                    .iter()
                    .find(|row| row.patent_no.as_str() == number);
                let Some(patent) = known else {
                    found.insert(FindingCode::PatentUnknown);
                    continue;
                };
                if patent.ended_on.is_some_and(|ended| ended <= day) || self.is_excluded(number, day) {
                    continue;
                }
                if !self.may_use(record, patent, day) {
                    found.insert(FindingCode::PolicyholderNotOwner);
                }
                if self.is_second(record, number) {
                    found.insert(FindingCode::PolicySecond);
                }
                if self.part_counts(record, number, day) {
                    any = true;
                    if patent.end_reason == Some(EndReason::Invalidated) {
                        found.insert(FindingCode::InvalidatedLater);
                    }
                    if self.is_watched(number, day) || self.is_watched(holder, day) {
                        found.insert(FindingCode::WatchListed);
                    }
                }
            }
        }
        any
    }
}
