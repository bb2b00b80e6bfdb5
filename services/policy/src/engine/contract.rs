//! Rules 1 and 2: which draws count, for whom, and what a contract's base is.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::index::Index;
use super::{EngineError, Finding, Rules};
use crate::codes::{FindingCode, Limit, Measure, Severity};
use crate::date::PolicyYear;
use crate::explanation::{Step, date_text};
use crate::facts::{
    Collateral, EndReason, ExclusionGrade, Loan, LoanEvent, LoanEventKind, OtherMeasure, Pledge,
};
use crate::ident::HolderClass;
use crate::money::{Money, MoneyError, Rate};
use crate::reading::{
    Borrower, LoanMoney, MixedCollateral, PledgeOrder, Pledgee, Pledgor, Renewal, Revolving, YearOf,
};

/// A draw with what was reversed of it.
#[derive(Clone)]
pub(crate) struct Draw<'a> {
    pub(crate) event: &'a LoanEvent,
    pub(crate) reversed: Money,
    pub(crate) net: Money,
    /// The date it counts on: its own, or the registration's under R5=ANY_ORDER.
    pub(crate) date: NaiveDate,
}

/// A contract with the draws that count for each measure.
pub(crate) struct Contract<'a> {
    pub(crate) loan: &'a Loan,
    pub(crate) for_bank: Vec<Draw<'a>>,
    pub(crate) for_enterprise: Vec<Draw<'a>>,
    /// Codes of what kept a draw of any year from counting, by measure.
    pub(crate) missing: Vec<(Measure, FindingCode)>,
    share: Share,
}

/// How mixed collateral counts (reading R6).
#[derive(Clone, Copy)]
enum Share {
    Whole,
    Part(Rate),
    Refused(FindingCode),
}

/// A contract's base for one year and measure, with what limited it.
pub(crate) struct Base {
    pub(crate) drawn: Money,
    pub(crate) within_limit: Money,
    pub(crate) base: Money,
    pub(crate) share: Option<Rate>,
}

impl Base {
    /// What kept the base below the draws, the strictest first.
    pub(crate) fn limit(&self) -> Option<Limit> {
        if self.share.is_some() {
            Some(Limit::PatentShare)
        } else if self.within_limit < self.drawn {
            Some(Limit::ContractAmount)
        } else {
            None
        }
    }

    /// The explanation's step for a contract.
    pub(crate) fn step(&self, loan: &Loan) -> Step {
        Step::Contract {
            reference: contract_reference(loan),
            drawn: self.drawn,
            within_limit: self.within_limit,
            share: self.share.map(|share| share.to_string()),
            base: self.base,
        }
    }
}

impl Draw<'_> {
    /// The explanation's step for a counted draw.
    pub(crate) fn step(&self) -> Step {
        Step::Draw {
            reference: event_reference(self.event),
            date: date_text(self.date),
            amount: self.event.amount,
            reversed: self.reversed,
        }
    }
}

/// `institution_code/contract_no`.
pub(crate) fn contract_reference(loan: &Loan) -> String {
    format!("{}/{}", loan.institution_code, loan.contract_no)
}

/// `institution_code/contract_no/event_no`.
fn event_reference(event: &LoanEvent) -> String {
    format!(
        "{}/{}/{}",
        event.institution_code, event.contract_no, event.event_no
    )
}

/// Evaluates every contract, in the order of institution and number, and reports what does not count in the year.
pub(crate) fn evaluate_all<'a>(
    index: &Index<'a>,
    rules: &Rules<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Contract<'a>>, EngineError> {
    let mut loans: Vec<&Loan> = index.facts.loans.iter().collect();
    loans.sort_by(|one, other| {
        (&one.institution_code, &one.contract_no).cmp(&(&other.institution_code, &other.contract_no))
    });
    let contracts = loans
        .into_iter()
        .map(|loan| evaluate(index, rules, loan, findings))
        .collect::<Result<_, _>>()?;
    for event in &index.facts.loan_events {
        let key = (&event.institution_code, &event.contract_no);
        if counts_as_draw(event, rules)
            && !index.loans.contains_key(&key)
            && PolicyYear::of(event.date()) == rules.year
        {
            for measure in [Measure::BankIncentive, Measure::LoanSubsidy] {
                let beneficiary = match measure {
                    Measure::BankIncentive => index
                        .institutions
                        .get(&event.institution_code)
                        .map(|row| row.legal_person_uscc.to_string()),
                    _ => None,
                };
                findings.push(Finding {
                    code: FindingCode::ContractUnknown,
                    measure,
                    beneficiary: beneficiary.unwrap_or_default(),
                    reference: event_reference(event),
                    amount: Some(event.amount),
                    detail: String::new(),
                });
            }
        }
    }
    Ok(contracts)
}

fn counts_as_draw(event: &LoanEvent, rules: &Rules<'_>) -> bool {
    match event.kind {
        LoanEventKind::Draw => true,
        LoanEventKind::Rollover => rules.readings.renewal == Renewal::All,
        LoanEventKind::Repayment | LoanEventKind::Reversal | LoanEventKind::Extension => false,
    }
}

/// What is the same for every draw of a contract.
struct Setting<'i, 'a> {
    index: &'i Index<'a>,
    rules: &'i Rules<'i>,
    loan: &'a Loan,
    pledge: Option<&'a Pledge>,
    blocked_by: Option<&'a Pledge>,
    share: Share,
}

fn evaluate<'a>(
    index: &Index<'a>,
    rules: &Rules<'_>,
    loan: &'a Loan,
    findings: &mut Vec<Finding>,
) -> Result<Contract<'a>, EngineError> {
    let pledge = index.pledge_of(loan);
    let setting = Setting {
        index,
        rules,
        loan,
        pledge,
        blocked_by: pledge.and_then(|pledge| index.blocking_pledge(pledge)),
        share: share_of(loan, rules.readings.mixed),
    };
    let mut contract = Contract {
        loan,
        for_bank: Vec::new(),
        for_enterprise: Vec::new(),
        missing: Vec::new(),
        share: setting.share,
    };
    for draw in net_draws(&setting, findings)? {
        let (bank, enterprise) = setting.reasons_against(draw.date);
        setting.report(
            Measure::BankIncentive,
            &draw,
            &bank,
            findings,
            &mut contract.missing,
        );
        setting.report(
            Measure::LoanSubsidy,
            &draw,
            &enterprise,
            findings,
            &mut contract.missing,
        );
        if bank.is_empty() {
            contract.for_bank.push(draw.clone());
        }
        if enterprise.is_empty() {
            setting.warn(&draw, findings);
            contract.for_enterprise.push(draw);
        }
    }
    Ok(contract)
}

fn share_of(loan: &Loan, reading: MixedCollateral) -> Share {
    if loan.collateral != Collateral::Mixed {
        return Share::Whole;
    }
    match (reading, loan.patent_share) {
        (MixedCollateral::Full, _) => Share::Whole,
        (MixedCollateral::PureOnly, _) => Share::Refused(FindingCode::MixedCollateralExcluded),
        (_, None) => Share::Refused(FindingCode::ShareUnstated),
        (MixedCollateral::Min50, Some(share)) if share.is_below_half() => {
            Share::Refused(FindingCode::ShareBelowHalf)
        }
        (_, Some(share)) => Share::Part(share),
    }
}

/// The contract's draws less their reversals, in date order; draws whose net is zero are left out.
fn net_draws<'a>(
    setting: &Setting<'_, 'a>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draw<'a>>, MoneyError> {
    let Setting {
        index, rules, loan, ..
    } = setting;
    let Some(events) = index.events.get(&(&loan.institution_code, &loan.contract_no)) else {
        return Ok(Vec::new());
    };
    let mut reversed: HashMap<&str, Money> = HashMap::new();
    for event in events
        .iter()
        .filter(|event| event.kind == LoanEventKind::Reversal)
    {
        let target = event.reverses.as_ref().map_or("", |number| number.as_str());
        let known = events
            .iter()
            .any(|other| other.event_no.as_str() == target && other.kind != LoanEventKind::Reversal);
        if known {
            let sum = reversed.entry(target).or_default();
            *sum = sum.plus(event.amount)?;
        } else {
            setting.note(FindingCode::ReversalUnknown, event, event.date(), findings);
        }
    }
    let mut draws = Vec::new();
    for event in events {
        if !counts_as_draw(event, rules) {
            if matches!(event.kind, LoanEventKind::Extension | LoanEventKind::Rollover) {
                setting.note(FindingCode::NotNewMoney, event, event.date(), findings);
            }
            continue;
        }
        let taken = reversed.get(event.event_no.as_str()).copied().unwrap_or_default();
        if taken > event.amount {
            setting.note(FindingCode::DrawOverReversed, event, event.date(), findings);
        }
        let net = event.amount.minus_floored(taken)?;
        if !net.is_zero() {
            draws.push(Draw {
                event,
                reversed: taken,
                net,
                date: setting.counting_date(event),
            });
        }
    }
    draws.sort_by(|one, other| {
        (one.date, one.event.occurred_at, &one.event.event_no).cmp(&(
            other.date,
            other.event.occurred_at,
            &other.event.event_no,
        ))
    });
    Ok(draws)
}

impl Setting<'_, '_> {
    fn counting_date(&self, event: &LoanEvent) -> NaiveDate {
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

    fn note(&self, code: FindingCode, event: &LoanEvent, day: NaiveDate, findings: &mut Vec<Finding>) {
        if PolicyYear::of(day) != self.rules.year {
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
            });
        }
    }

    /// Rule 1 and rule 8: why a draw on this day does not count, for the bank and for the enterprise. Empty means it counts.
    ///
    /// Where something cannot be cured by a decision, only the first such reason is given; else every reason to hold it.
    fn reasons_against(&self, day: NaiveDate) -> (Vec<FindingCode>, Vec<FindingCode>) {
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
        (decisive(bank), decisive(enterprise))
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
        if let Share::Refused(code) = self.share {
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

    fn report(
        &self,
        measure: Measure,
        draw: &Draw<'_>,
        reasons: &[FindingCode],
        findings: &mut Vec<Finding>,
        missing: &mut Vec<(Measure, FindingCode)>,
    ) {
        for &code in reasons {
            if !missing.contains(&(measure, code)) {
                missing.push((measure, code));
            }
            if PolicyYear::of(draw.date) != self.rules.year {
                continue;
            }
            let detail = match (code, self.blocked_by) {
                (FindingCode::PledgeDouble, Some(other)) => {
                    format!("{} / {}", other.pledge_no, date_text(other.registered_on))
                }
                _ => String::new(),
            };
            findings.push(Finding {
                code,
                measure,
                beneficiary: self.beneficiary(measure),
                reference: event_reference(draw.event),
                amount: Some(draw.net),
                detail,
            });
        }
    }

    /// What counts and should still be looked at: the watch list, and a patent invalidated after the draw.
    fn warn(&self, draw: &Draw<'_>, findings: &mut Vec<Finding>) {
        if PolicyYear::of(draw.date) != self.rules.year {
            return;
        }
        let mut push = |code, detail: String| {
            findings.push(Finding {
                code,
                measure: Measure::LoanSubsidy,
                beneficiary: self.beneficiary(Measure::LoanSubsidy),
                reference: event_reference(draw.event),
                amount: Some(draw.net),
                detail,
            });
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

/// The reasons to report: the first that no decision can cure, else all that hold it.
fn decisive(reasons: Vec<FindingCode>) -> Vec<FindingCode> {
    match reasons.iter().find(|code| code.severity() != Severity::Hold) {
        Some(&first) => vec![first],
        None => reasons,
    }
}

impl<'a> Contract<'a> {
    /// The bank's base of a year: the draws of the year within the contract (rule 2).
    pub(crate) fn bank_base(&self, rules: &Rules<'_>, year: PolicyYear) -> Result<Option<Base>, MoneyError> {
        self.yearly_base(&self.for_bank, rules, year)
    }

    /// The enterprise's base of a year: the whole contract in the year of its first counted draw, or as the bank's (R4).
    pub(crate) fn enterprise_base(
        &self,
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> Result<Option<Base>, MoneyError> {
        if rules.readings.year == YearOf::DrawYear {
            return self.yearly_base(&self.for_enterprise, rules, year);
        }
        let Some(first) = self.for_enterprise.first() else {
            return Ok(None);
        };
        if PolicyYear::of(first.date) != year {
            return Ok(None);
        }
        let drawn = Money::sum(self.for_enterprise.iter().map(|draw| draw.net))?;
        let within = match rules.readings.revolving {
            Revolving::Gross => drawn,
            Revolving::LineCap => drawn.min(self.loan.contract_amount),
        };
        self.base(drawn, within, rules).map(Some)
    }

    /// The draws that the enterprise's base of a year is made of.
    pub(crate) fn enterprise_draws(
        &self,
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> impl Iterator<Item = &Draw<'a>> {
        let all = rules.readings.year == YearOf::FirstDrawYear;
        self.for_enterprise
            .iter()
            .filter(move |draw| all || PolicyYear::of(draw.date) == year)
    }

    fn yearly_base(
        &self,
        draws: &[Draw<'_>],
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> Result<Option<Base>, MoneyError> {
        let of_year = |draw: &&Draw<'_>| PolicyYear::of(draw.date) == year;
        let drawn = Money::sum(draws.iter().filter(of_year).map(|draw| draw.net))?;
        if drawn.is_zero() {
            return Ok(None);
        }
        let limit = self.loan.contract_amount;
        let within = if rules.readings.revolving == Revolving::Gross {
            drawn
        } else if self.loan.revolving {
            drawn.min(limit)
        } else {
            // Over the contract's life, in date order: what earlier years used up is gone.
            let before = Money::sum(
                draws
                    .iter()
                    .filter(|draw| PolicyYear::of(draw.date) < year)
                    .map(|draw| draw.net),
            )?;
            before.plus(drawn)?.min(limit).minus(before.min(limit))?
        };
        self.base(drawn, within, rules).map(Some)
    }

    fn base(&self, drawn: Money, within_limit: Money, rules: &Rules<'_>) -> Result<Base, MoneyError> {
        let (share, base) = match self.share {
            Share::Part(share) => (Some(share), within_limit.times(share, rules.rounding())?),
            Share::Whole => (None, within_limit),
            Share::Refused(_) => (None, Money::ZERO),
        };
        Ok(Base {
            drawn,
            within_limit,
            base,
            share,
        })
    }

    /// The contract amount as it would count when fully drawn: times the stated share.
    pub(crate) fn full_base(&self, rules: &Rules<'_>) -> Result<Base, MoneyError> {
        self.base(self.loan.contract_amount, self.loan.contract_amount, rules)
    }
}
