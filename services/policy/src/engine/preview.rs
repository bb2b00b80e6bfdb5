//! What a report is answered with: three figures of a contract, or the year of a policy, each with its clause.
//!
//! The facts given are the caller's own and the registry's; the same rules run over them as over a batch.

use super::contract::{Contract, contract_reference, evaluate_all};
use super::decisions::review;
use super::index::Index;
use super::{EngineError, Finding, Line, Question, Rules, settle};
use crate::codes::{Clause, FindingCode, Measure};
use crate::ident::{InstitutionCode, Reference};
use crate::money::Money;
use crate::reading::Unit;

/// An amount with the base and the clause it comes from, and what is still missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figure {
    /// The amount in this case.
    pub amount: Money,
    /// The base it is computed from.
    pub base: Money,
    /// The clause; none where nothing is earned.
    pub clause: Option<Clause>,
    /// What keeps it from counting, as finding codes.
    pub missing: Vec<FindingCode>,
}

/// The three figures of a loan contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContractPreview {
    /// The tier that this contract alone stands for when it is fully drawn.
    pub when_fully_drawn: Figure,
    /// What is recognised of this contract now, alone.
    pub recognised_now: Figure,
    /// The enterprise's year over all the facts given.
    pub enterprise_year: Figure,
    /// The enterprise's line of the year, with its explanation, where it has one.
    pub line: Option<Line>,
    /// The findings that concern this contract or its borrower.
    pub findings: Vec<Finding>,
}

/// The year of an insurance policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyPreview {
    /// The subsidy on the policy in the year.
    pub amount: Money,
    /// Its lines, one a patent.
    pub lines: Vec<Line>,
    /// The findings that concern this policy.
    pub findings: Vec<Finding>,
}

/// The three figures of one contract. A contract that is not known yet yields zeros with `CONTRACT_UNKNOWN` missing.
///
/// # Errors
/// As [`settle`].
pub fn preview_contract(
    question: &Question<'_>,
    institution: &InstitutionCode,
    contract_no: &Reference,
) -> Result<ContractPreview, EngineError> {
    let rules = Rules::of(question)?;
    let reviewed = review(question, &rules)?;
    let index = &reviewed.index;
    let contracts = evaluate_all(index, &rules, &mut Vec::new())?;
    let of_this = contracts.iter().find(|contract| {
        contract.loan.institution_code == *institution && contract.loan.contract_no == *contract_no
    });
    let Some(contract) = of_this else {
        let unknown = Figure {
            missing: vec![FindingCode::ContractUnknown],
            ..Figure::default()
        };
        return Ok(ContractPreview {
            when_fully_drawn: unknown.clone(),
            recognised_now: unknown.clone(),
            enterprise_year: unknown,
            ..ContractPreview::default()
        });
    };
    let now = contract.enterprise_base(&rules, question.year)?;
    let now = now.map_or(Money::ZERO, |base| base.base);
    let missing = what_is_missing(index, contract);
    let outcome = settle(question)?;
    let borrower = &contract.loan.borrower_uscc;
    let mine = |line: &&Line| line.key.measure == Measure::LoanSubsidy && line.key.beneficiary == *borrower;
    let entitled: Vec<&Line> = outcome.lines.iter().filter(mine).collect();
    let reference = contract_reference(contract.loan);
    Ok(ContractPreview {
        when_fully_drawn: alone(&rules, contract.full_base(&rules)?.base, Vec::new()),
        recognised_now: alone(&rules, now, missing),
        enterprise_year: year_figure(&rules, &entitled)?,
        line: entitled.first().map(|line| (*line).clone()),
        findings: outcome
            .findings
            .iter()
            .filter(|finding| {
                finding.reference == reference
                    || finding.reference.starts_with(&format!("{reference}/"))
                    || (finding.measure == Measure::LoanSubsidy && finding.beneficiary == borrower.as_str())
            })
            .cloned()
            .collect(),
    })
}

/// What a base earns as if it were the enterprise's only one.
fn alone(rules: &Rules<'_>, base: Money, missing: Vec<FindingCode>) -> Figure {
    let tier = rules.revision.loan_subsidy.tier_of(base, rules.readings.boundary);
    Figure {
        amount: tier.map_or(Money::ZERO, |tier| tier.amount),
        base,
        clause: tier.map(|tier| tier.clause),
        missing,
    }
}

/// The enterprise's lines of the year in one figure.
fn year_figure(rules: &Rules<'_>, entitled: &[&Line]) -> Result<Figure, EngineError> {
    let bases: Vec<Money> = entitled.iter().map(|line| line.base).collect();
    Ok(Figure {
        amount: Money::sum(entitled.iter().map(|line| line.entitled))?,
        base: if rules.readings.unit == Unit::PerLoan {
            Money::sum(bases)?
        } else {
            bases.first().copied().unwrap_or_default()
        },
        clause: entitled.first().map(|line| line.clause),
        missing: Vec::new(),
    })
}

/// What keeps draws of the contract from counting for the enterprise, each reason once.
fn what_is_missing(index: &Index<'_>, contract: &Contract<'_>) -> Vec<FindingCode> {
    let mut missing: Vec<FindingCode> = contract
        .missing
        .iter()
        .filter(|(measure, _)| *measure == Measure::LoanSubsidy)
        .map(|(_, code)| *code)
        .collect();
    if contract.for_enterprise.is_empty() {
        missing.extend(what_a_draw_would_lack(index, contract.loan));
    }
    missing.sort_unstable();
    missing.dedup();
    missing
}

/// What is missing before any draw counts, judged by what is known of the contract today.
pub(super) fn what_a_draw_would_lack(index: &Index<'_>, loan: &crate::facts::Loan) -> Vec<FindingCode> {
    let mut missing = Vec::new();
    let has_draws = index
        .events
        .get(&(&loan.institution_code, &loan.contract_no))
        .is_some_and(|events| !events.is_empty());
    if !has_draws {
        missing.push(FindingCode::NoDrawYet);
    }
    if index.pledge_of(loan).is_none() {
        missing.push(FindingCode::PledgeUnknown);
    }
    if !index.knows_enterprise(&loan.borrower_uscc) {
        missing.push(FindingCode::BorrowerUnknown);
    }
    missing
}

/// The year of one policy.
///
/// # Errors
/// As [`settle`].
pub fn preview_policy(
    question: &Question<'_>,
    institution: &InstitutionCode,
    policy_no: &Reference,
) -> Result<PolicyPreview, EngineError> {
    let outcome = settle(question)?;
    let prefix = format!("{policy_no}/");
    let lines: Vec<Line> = outcome
        .lines
        .into_iter()
        .filter(|line| line.key.measure == Measure::PremiumSubsidy && line.key.item.starts_with(&prefix))
        .collect();
    let reference = format!("{institution}/{policy_no}");
    let findings = outcome
        .findings
        .into_iter()
        .filter(|finding| {
            finding.reference == reference
                || finding.reference.starts_with(&format!("{reference}/"))
                || finding.reference == policy_no.as_str()
                // An exclusion names the line: `policy_no/patent_no`.
                || finding.reference.starts_with(&prefix)
        })
        .collect();
    Ok(PolicyPreview {
        amount: Money::sum(lines.iter().map(|line| line.entitled))?,
        lines,
        findings,
    })
}
