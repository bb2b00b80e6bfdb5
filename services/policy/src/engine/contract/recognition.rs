//! Rule 1 and rule 8: why a draw counts, and why not.

use chrono::NaiveDate;

use super::{Draw, Share, event_reference};
use crate::codes::{FindingCode, Measure, Severity};
use crate::engine::index::Index;
use crate::engine::{Finding, Rules, decisions};
use crate::explanation::date_text;
use crate::facts::{Collateral, EndReason, ExclusionGrade, Loan, LoanEvent, OtherMeasure, Pledge};
use crate::ident::HolderClass;
use crate::reading::{Borrower, LoanMoney, PledgeOrder, Pledgee, Pledgor};

/// What is the same for every draw of a contract.
pub(super) struct Setting<'i, 'a> {
    pub(super) index: &'i Index<'a>,
    pub(super) rules: &'i Rules<'i>,
    pub(super) loan: &'a Loan,
    pub(super) pledge: Option<&'a Pledge>,
    pub(super) blocked_by: Option<&'a Pledge>,
    pub(super) share: Share,
    /// Whether the contract itself states none that the reading needs; a decision may have.
    pub(super) share_is_unstated: bool,
}

impl Setting<'_, '_> {
    pub(super) fn counting_date(&self, event: &LoanEvent) -> NaiveDate {
        match (self.rules.readings.pledge_order, self.pledge) {
            (PledgeOrder::AnyOrder, Some(pledge)) => event.date().max(pledge.registered_on),
            _ => event.date(),
        }
    }

    fn beneficiary(&self, measure: Measure) -> String {
        match measure {
            Measure::BankIncentive => {
                let lender = self.index.institutions.get(&self.loan.institution_code);
                lender
                    .map(|row| row.legal_person_uscc.to_string())
                    .unwrap_or_default()
            }
            Measure::LoanSubsidy | Measure::PremiumSubsidy => self.loan.borrower_uscc.to_string(),
        }
    }

    pub(super) fn note(
        &self,
        code: FindingCode,
        event: &LoanEvent,
        day: NaiveDate,
        findings: &mut Vec<Finding>,
    ) {
        if !self.rules.concerns(day) {
            return;
        }
        for measure in [Measure::BankIncentive, Measure::LoanSubsidy] {
            findings.push(Finding {
                code,
                measure,
                beneficiary: self.beneficiary(measure),
                reference: event_reference(event),
                amount: Some(event.amount),
                detail: String::new(),
                evidence: Vec::new(),
            });
        }
    }

    /// Rule 1 and rule 8: why a draw on this day does not count, for the bank and for the enterprise. Empty means it counts.
    ///
    /// Where something cannot be cured by a decision, only the first such reason is given; else every reason to hold it.
    pub(super) fn reasons_against(&self, day: NaiveDate) -> (Vec<FindingCode>, Vec<FindingCode>) {
        let common = self.common_reasons(day);
        let mut bank = common.clone();
        let place = self.place_reason(day);
        // R18=ANY asks not where the borrower is registered; one not known yet still earns nothing until it comes.
        if self.rules.readings.borrower == Borrower::LocalOnly || place == Some(FindingCode::BorrowerUnknown)
        {
            bank.extend(place);
        }
        let mut enterprise = common;
        enterprise.extend(place);
        enterprise.extend(self.enterprise_reasons(day));
        (self.decisive(bank), self.decisive(enterprise))
    }

    /// The reasons to report: the first that no decision can cure, else all that hold it. One that is decided is always told.
    fn decisive(&self, reasons: Vec<FindingCode>) -> Vec<FindingCode> {
        let is_fixed = |code: &FindingCode| code.severity() != Severity::Hold;
        let Some(first) = reasons.iter().copied().find(is_fixed) else {
            return reasons;
        };
        let (institution, number) = (&self.loan.institution_code, &self.loan.contract_no);
        let is_decided =
            |code: &FindingCode| !is_fixed(code) && self.index.decision(institution, number, *code).is_some();
        std::iter::once(first)
            .chain(reasons.into_iter().filter(is_decided))
            .collect()
    }

    /// Whether a reviewer's acceptance makes the reason no longer stand.
    fn is_cured(&self, code: FindingCode) -> bool {
        let (institution, number) = (&self.loan.institution_code, &self.loan.contract_no);
        self.index.acceptance(institution, number, code).is_some()
    }

    /// Whether a draw counts for a measure: nothing stands against it, and no decision rejects the contract. Tells every reason.
    pub(super) fn judge(
        &self,
        measure: Measure,
        draw: &Draw<'_>,
        reasons: &[FindingCode],
        findings: &mut Vec<Finding>,
        missing: &mut Vec<(Measure, FindingCode)>,
    ) -> bool {
        let mut stands = |code| {
            if !missing.contains(&(measure, code)) {
                missing.push((measure, code));
            }
        };
        let mut counts = true;
        for &code in reasons {
            self.report(measure, draw, code, findings);
            if !self.is_cured(code) {
                stands(code);
                counts = false;
            }
        }
        let (institution, number) = (&self.loan.institution_code, &self.loan.contract_no);
        let rejection = self.index.rejection(institution, number, measure);
        if let Some(decision) = rejection.filter(|_| counts) {
            stands(FindingCode::DecisionRejected);
            if self.rules.concerns(draw.date) {
                let mut finding = self.finding(FindingCode::DecisionRejected, measure, draw);
                finding.detail = decisions::words(decision);
                findings.push(finding);
            }
        }
        counts && rejection.is_none()
    }

    fn finding(&self, code: FindingCode, measure: Measure, draw: &Draw<'_>) -> Finding {
        Finding {
            code,
            measure,
            beneficiary: self.beneficiary(measure),
            reference: event_reference(draw.event),
            amount: Some(draw.net),
            detail: String::new(),
            evidence: Vec::new(),
        }
    }

    fn common_reasons(&self, day: NaiveDate) -> Vec<FindingCode> {
        let mut reasons = Vec::new();
        match self.index.institutions.get(&self.loan.institution_code) {
            None => reasons.push(FindingCode::LenderUnknown),
            Some(lender) if !lender.kind.is_financial_institution() => {
                reasons.push(FindingCode::LenderNotFinancialInstitution);
            }
            Some(lender) if !self.rules.rulebook.includes(&lender.division_code) => {
                reasons.push(FindingCode::LenderOutsideCity);
            }
            Some(_) => {}
        }
        if !matches!(self.loan.collateral, Collateral::Patent | Collateral::Mixed) {
            reasons.push(FindingCode::CollateralNotPatent);
        }
        match self.pledge {
            None => reasons.push(FindingCode::PledgeUnknown),
            Some(pledge) => self.pledge_reasons(pledge, day, &mut reasons),
        }
        if self.share_is_unstated {
            reasons.push(FindingCode::ShareUnstated);
        }
        if let Share::Refused(code) = self.share
            && code != FindingCode::ShareUnstated
        {
            reasons.push(code);
        }
        reasons
    }

    fn pledge_reasons(&self, pledge: &Pledge, day: NaiveDate, reasons: &mut Vec<FindingCode>) {
        if pledge.cancelled_on.is_some_and(|last| last < day) {
            reasons.push(FindingCode::PledgeCancelled);
        }
        let in_force = |number| {
            self.index
                .patents
                .get(number)
                .is_some_and(|patent| patent.is_in_force_on(day))
        };
        if !pledge.patents.iter().any(in_force) {
            reasons.push(FindingCode::NoPatentInForce);
        }
        if pledge.registered_on > day {
            reasons.push(FindingCode::DrawBeforeRegistration);
        }
        let lender = self.index.institutions.get(&self.loan.institution_code);
        let direct = lender.is_some_and(|row| {
            self.index
                .belongs_to_legal_person(&pledge.pledgee_uscc, &row.legal_person_uscc)
        });
        if self.rules.readings.pledgee == Pledgee::DirectOnly && !direct {
            reasons.push(FindingCode::PledgeeNotLender);
        }
        if self.rules.readings.pledgor == Pledgor::Borrower && pledge.pledgor_uscc != self.loan.borrower_uscc
        {
            reasons.push(FindingCode::PledgorNotBorrower);
        }
        if self.blocked_by.is_some() {
            reasons.push(FindingCode::PledgeDouble);
        }
    }

    fn place_reason(&self, day: NaiveDate) -> Option<FindingCode> {
        let borrower = &self.loan.borrower_uscc;
        if self
            .index
            .is_registered_in_city(borrower, self.rules.rulebook, day)
        {
            None
        } else if self.index.knows_enterprise(borrower) {
            Some(FindingCode::BorrowerOutsideCity)
        } else {
            Some(FindingCode::BorrowerUnknown)
        }
    }

    fn enterprise_reasons(&self, day: NaiveDate) -> Vec<FindingCode> {
        let mut reasons = Vec::new();
        match self.loan.borrower_uscc.holder_class() {
            HolderClass::Enterprise => {}
            HolderClass::IndividualOrCooperative => reasons.push(FindingCode::BorrowerClass),
            HolderClass::Other => reasons.push(FindingCode::BorrowerNotEnterprise),
        }
        if let Some(pledge) = self.pledge {
            let mut valid = pledge
                .patents
                .iter()
                .filter(|number| {
                    self.index
                        .patents
                        .get(number)
                        .is_some_and(|patent| patent.is_in_force_on(day))
                })
                .peekable();
            if valid.peek().is_some() && valid.all(|number| self.index.is_excluded(number.as_str(), day)) {
                reasons.push(FindingCode::PatentsExcluded);
            }
        }
        let money = self.index.other_money(
            OtherMeasure::LoanSubsidy,
            &self.loan.borrower_uscc,
            &self.loan.contract_no,
        );
        match self.rules.readings.loan_money {
            LoanMoney::HoldUpper if money.iter().any(|row| row.level.is_upper()) => {
                reasons.push(FindingCode::LoanUpperMoney)
            }
            LoanMoney::Exclude if !money.is_empty() => reasons.push(FindingCode::LoanOtherMoneyExcluded),
            _ => {}
        }
        reasons
    }

    fn report(&self, measure: Measure, draw: &Draw<'_>, code: FindingCode, findings: &mut Vec<Finding>) {
        if !self.rules.concerns(draw.date) {
            return;
        }
        let mut finding = self.finding(code, measure, draw);
        if let (FindingCode::PledgeDouble, Some(other)) = (code, self.blocked_by) {
            finding.detail = format!("{} / {}", other.pledge_no, date_text(other.registered_on));
        }
        findings.push(finding);
    }

    /// What counts and should still be looked at: the watch list, and a patent invalidated after the draw.
    pub(super) fn warn(&self, draw: &Draw<'_>, findings: &mut Vec<Finding>) {
        if !self.rules.concerns(draw.date) {
            return;
        }
        let mut push = |code, detail: String| {
            let finding = self.finding(code, Measure::LoanSubsidy, draw);
            findings.push(Finding { detail, ..finding });
        };
        let patents = self.pledge.map_or(&[][..], |pledge| pledge.patents.as_slice());
        let borrower = self.loan.borrower_uscc.as_str();
        for subject in std::iter::once(borrower).chain(patents.iter().map(|number| number.as_str())) {
            if let Some(entry) = self.index.exclusion(subject, ExclusionGrade::Watch, draw.date) {
                push(FindingCode::WatchListed, format!("{subject} {}", entry.reason));
            }
        }
        for patent in patents.iter().filter_map(|number| self.index.patents.get(number)) {
            if patent.is_in_force_on(draw.date) && patent.end_reason == Some(EndReason::Invalidated) {
                push(FindingCode::InvalidatedLater, patent.patent_no.to_string());
            }
        }
    }
}
