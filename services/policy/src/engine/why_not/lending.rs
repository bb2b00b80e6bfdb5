//! What became of draws, contracts and pledges.

use chrono::NaiveDate;

use super::{Desk, LENDING, Names};
use crate::codes::{FindingCode, Measure, NoMoney};
use crate::date::PolicyYear;
use crate::engine::contract::{Contract, Draw, contract_reference, counts_as_draw, event_reference};
use crate::engine::preview::what_a_draw_would_lack;
use crate::engine::{EngineError, Finding, Line};
use crate::explanation::Step;
use crate::facts::LoanEvent;
use crate::ident::{InstitutionCode, PledgeNo, Reference};
use crate::reading::{PledgeOrder, YearOf};

impl Desk<'_, '_> {
    pub(super) fn contract(
        &mut self,
        institution: &InstitutionCode,
        number: &Reference,
    ) -> Result<(), EngineError> {
        let events = self.index.events.get(&(institution, number));
        let draws: Vec<&LoanEvent> = events
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .filter(|event| counts_as_draw(event, &self.rules))
            .copied()
            .collect();
        for draw in &draws {
            self.event(draw)?;
        }
        let Some(loan) = self.index.loans.get(&(institution, number)).copied() else {
            if draws.is_empty() {
                self.nothing(&LENDING, NoMoney::NotReported);
            }
            return Ok(());
        };
        if draws.is_empty() {
            let mut lacking = what_a_draw_would_lack(self.index, loan);
            lacking.retain(|code| *code != FindingCode::NoDrawYet);
            lacking.insert(0, FindingCode::NoDrawYet);
            for (measure, code) in LENDING
                .iter()
                .flat_map(|measure| lacking.iter().map(move |code| (*measure, *code)))
            {
                let finding = Finding {
                    code,
                    measure,
                    beneficiary: String::new(),
                    reference: contract_reference(loan),
                    amount: None,
                    detail: String::new(),
                    evidence: Vec::new(),
                };
                let year = self.question.year;
                self.draft(measure, year).findings.push(finding);
            }
        }
        Ok(())
    }

    pub(super) fn event(&mut self, event: &LoanEvent) -> Result<(), EngineError> {
        let contract = self.contracts.iter().find(|contract| {
            contract.loan.institution_code == event.institution_code
                && contract.loan.contract_no == event.contract_no
        });
        for measure in LENDING {
            let year = self.year_of(contract, event, measure);
            let reference = event_reference(event);
            let of_contract = contract.map(|contract| contract_reference(contract.loan));
            let counts = contract.is_some_and(|contract| {
                counted(contract, measure).any(|draw| draw.event.event_no == event.event_no)
            });
            let mut names = Names::of([reference]);
            names.exact.extend(of_contract.clone().filter(|_| counts));
            let no_money = self.why_no_draw(contract, event, counts);
            let outcome = self.outcome(year)?;
            let rests = |line: &&Line| {
                counts
                    && line.key.measure == measure
                    && line.explanation.steps.iter().any(|step| {
                        matches!(step, Step::Contract { reference, .. } if Some(reference) == of_contract.as_ref())
                    })
            };
            let lines: Vec<Line> = outcome.lines.iter().filter(rests).cloned().collect();
            let findings = names.findings(outcome, measure);
            self.add(measure, year, lines, findings, no_money, names)?;
        }
        Ok(())
    }

    /// The year an event belongs to: that of the draw, or of the contract's first counted draw (R4).
    fn year_of(&self, contract: Option<&Contract<'_>>, event: &LoanEvent, measure: Measure) -> PolicyYear {
        let own = contract.and_then(|contract| {
            counted(contract, measure).find(|draw| draw.event.event_no == event.event_no)
        });
        let first = contract.and_then(|contract| counted(contract, measure).next());
        let whole = measure == Measure::LoanSubsidy && self.question.readings.year == YearOf::FirstDrawYear;
        let draw = if whole && own.is_some() { first } else { own };
        PolicyYear::of(draw.map_or_else(|| self.date_of(contract, event), |draw| draw.date))
    }

    /// The date a draw that does not count is judged on: its own, or the registration's under R5=ANY_ORDER.
    fn date_of(&self, contract: Option<&Contract<'_>>, event: &LoanEvent) -> NaiveDate {
        let pledge = contract.and_then(|contract| self.index.pledge_of(contract.loan));
        match (self.question.readings.pledge_order, pledge) {
            (PledgeOrder::AnyOrder, Some(pledge)) => event.date().max(pledge.registered_on),
            _ => event.date(),
        }
    }

    /// Why a loan event has no money, should no finding say so.
    fn why_no_draw(&self, contract: Option<&Contract<'_>>, event: &LoanEvent, counts: bool) -> NoMoney {
        if !counts_as_draw(event, &self.rules) {
            NoMoney::NoEarningKind
        } else if contract.is_some() && !counts {
            // What neither counts nor is found has a net of zero.
            NoMoney::WhollyReversed
        } else {
            NoMoney::AddsNothing
        }
    }

    pub(super) fn pledge(
        &mut self,
        institution: &InstitutionCode,
        number: &PledgeNo,
    ) -> Result<(), EngineError> {
        let loans = self.index.loans_of_pledge.get(&(institution, number));
        let loans = loans.map_or(&[][..], Vec::as_slice);
        for loan in loans {
            self.contract(&loan.institution_code, &loan.contract_no)?;
        }
        if loans.is_empty() {
            let facts = &self.question.facts.pledges;
            let known = facts
                .iter()
                .any(|pledge| pledge.institution_code == *institution && pledge.pledge_no == *number);
            let why = if known {
                NoMoney::NoLoanOnPledge
            } else {
                NoMoney::NotReported
            };
            self.nothing(&LENDING, why);
        }
        let year = self.question.year;
        let outcome = self.outcome(year)?;
        let by_pledge = |line: &&Line| {
            line.explanation
                .steps
                .iter()
                .any(|step| matches!(step, Step::Class { because, .. } if because == number.as_str()))
        };
        let lines: Vec<Line> = outcome.lines.iter().filter(by_pledge).cloned().collect();
        if !lines.is_empty() {
            self.draft(Measure::PremiumSubsidy, year).lines.extend(lines);
        }
        Ok(())
    }
}

fn counted<'c, 'a>(contract: &'c Contract<'a>, measure: Measure) -> impl Iterator<Item = &'c Draw<'a>> {
    if measure == Measure::BankIncentive {
        contract.for_bank.iter()
    } else {
        contract.for_enterprise.iter()
    }
}
