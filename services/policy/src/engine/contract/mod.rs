//! Rules 1 and 2: which draws count, for whom, and what a contract's base is.

mod base;
mod draws;
mod recognition;

use std::collections::BTreeSet;

use chrono::NaiveDate;

pub(crate) use self::base::Base;
use self::draws::net_draws;
use self::recognition::Setting;
use super::index::Index;
use super::{EngineError, Finding, Rules};
use crate::codes::{FindingCode, Measure, Severity};
use crate::explanation::{Step, date_text};
use crate::facts::{Collateral, Loan, LoanEvent, LoanEventKind};
use crate::ident::InstitutionCode;
use crate::money::{Money, Rate};
use crate::reading::{MixedCollateral, Renewal};

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
    /// The draws that count, or would if a reviewer accepted what holds them: what a review looks at.
    pub(crate) for_review: Vec<Reviewed<'a>>,
    /// Codes of what kept a draw of any year from counting, by measure.
    pub(crate) missing: Vec<(Measure, FindingCode)>,
    share: Share,
}

/// A draw for review, with the measures for which it counts or is only held.
pub(crate) struct Reviewed<'a> {
    pub(crate) draw: Draw<'a>,
    pub(crate) measures: Vec<Measure>,
}

/// How mixed collateral counts (reading R6).
#[derive(Clone, Copy)]
enum Share {
    Whole,
    Part(Rate),
    Refused(FindingCode),
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

/// The lenders of contracts, each once in order.
pub(crate) fn institutions_of<'c, 'a: 'c>(
    contracts: impl Iterator<Item = &'c Contract<'a>>,
) -> Vec<InstitutionCode> {
    let codes: BTreeSet<&InstitutionCode> = contracts
        .map(|contract| &contract.loan.institution_code)
        .collect();
    codes.into_iter().cloned().collect()
}

/// `institution_code/contract_no/event_no`.
pub(crate) fn event_reference(event: &LoanEvent) -> String {
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
    report_unknown_contracts(index, rules, findings);
    Ok(contracts)
}

/// Draws of the year on a contract that is unknown or withdrawn (rule 9).
fn report_unknown_contracts(index: &Index<'_>, rules: &Rules<'_>, findings: &mut Vec<Finding>) {
    for event in &index.facts.loan_events {
        let key = (&event.institution_code, &event.contract_no);
        if counts_as_draw(event, rules) && !index.loans.contains_key(&key) && rules.concerns(event.date()) {
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
                    evidence: Vec::new(),
                });
            }
        }
    }
}

pub(crate) fn counts_as_draw(event: &LoanEvent, rules: &Rules<'_>) -> bool {
    match event.kind {
        LoanEventKind::Draw => true,
        LoanEventKind::Rollover => rules.readings.renewal == Renewal::All,
        LoanEventKind::Repayment | LoanEventKind::Reversal | LoanEventKind::Extension => false,
    }
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
        share: share_of(index, loan, rules.readings.mixed),
        share_is_unstated: loan.collateral == Collateral::Mixed
            && loan.patent_share.is_none()
            && matches!(
                rules.readings.mixed,
                MixedCollateral::StatedShare | MixedCollateral::Min50
            ),
    };
    let mut contract = Contract {
        loan,
        for_bank: Vec::new(),
        for_enterprise: Vec::new(),
        for_review: Vec::new(),
        missing: Vec::new(),
        share: setting.share,
    };
    for draw in net_draws(&setting, findings)? {
        let (bank, enterprise) = setting.reasons_against(draw.date);
        contract
            .for_review
            .extend(Reviewed::of(&draw, &bank, &enterprise));
        let (lending, missing) = (Measure::BankIncentive, &mut contract.missing);
        if setting.judge(lending, &draw, &bank, findings, missing) {
            contract.for_bank.push(draw.clone());
        }
        if setting.judge(Measure::LoanSubsidy, &draw, &enterprise, findings, missing) {
            setting.warn(&draw, findings);
            contract.for_enterprise.push(draw);
        }
    }
    Ok(contract)
}

impl<'a> Reviewed<'a> {
    /// A draw whose money a reviewer can still decide on; none where no decision helps.
    fn of(draw: &Draw<'a>, bank: &[FindingCode], enterprise: &[FindingCode]) -> Option<Self> {
        let is_open = |reasons: &[FindingCode]| reasons.iter().all(|code| code.severity() == Severity::Hold);
        let both = [(Measure::BankIncentive, bank), (Measure::LoanSubsidy, enterprise)];
        let measures: Vec<Measure> = both
            .into_iter()
            .filter(|(_, reasons)| is_open(reasons))
            .map(|(measure, _)| measure)
            .collect();
        (!measures.is_empty()).then(|| Self {
            draw: draw.clone(),
            measures,
        })
    }
}

/// The share that counts: the contract's own, or the one that a reviewer accepted where it states none.
fn share_of(index: &Index<'_>, loan: &Loan, reading: MixedCollateral) -> Share {
    if loan.collateral != Collateral::Mixed {
        return Share::Whole;
    }
    let accepted = || {
        let decision = index.acceptance(
            &loan.institution_code,
            &loan.contract_no,
            FindingCode::ShareUnstated,
        )?;
        decision.value
    };
    match (reading, loan.patent_share.or_else(accepted)) {
        (MixedCollateral::Full, _) => Share::Whole,
        (MixedCollateral::PureOnly, _) => Share::Refused(FindingCode::MixedCollateralExcluded),
        (_, None) => Share::Refused(FindingCode::ShareUnstated),
        (MixedCollateral::Min50, Some(share)) if share.is_below_half() => {
            Share::Refused(FindingCode::ShareBelowHalf)
        }
        (_, Some(share)) => Share::Part(share),
    }
}
