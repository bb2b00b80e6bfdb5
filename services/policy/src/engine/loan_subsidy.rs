//! Rule 3: the lump sum by tier to the enterprise ((八) sentence 1).

use std::collections::BTreeMap;

use super::contract::{Base, Contract, contract_reference, institutions_of};
use super::index::Index;
use super::{Draft, EngineError, Finding, LineKey, Rules};
use crate::codes::{FindingCode, Measure};
use crate::explanation::{Alternative, Explanation, Step};
use crate::facts::OtherMeasure;
use crate::ident::Uscc;
use crate::money::{Money, MoneyError, Rate};
use crate::reading::{Boundary, LoanMoney, Unit};

/// Readings that decide a line of this measure.
pub(crate) const DECIDING: &[&str] = &[
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R10", "R13L", "R19", "R19b",
];

/// A contract with its base in the year.
type Based<'c, 'a> = (&'c Contract<'a>, Base);

pub(crate) fn lines(
    index: &Index<'_>,
    rules: &Rules<'_>,
    contracts: &[Contract<'_>],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, EngineError> {
    let mut by_borrower: BTreeMap<&Uscc, Vec<Based<'_, '_>>> = BTreeMap::new();
    for contract in contracts {
        if let Some(base) = contract.enterprise_base(rules, rules.year)? {
            by_borrower
                .entry(&contract.loan.borrower_uscc)
                .or_default()
                .push((contract, base));
        }
    }
    let mut drafts = Vec::new();
    for (borrower, group) in by_borrower {
        let own = enterprise_lines(rules, borrower, &group)?;
        report(index, rules, borrower, &group, &own, findings);
        drafts.extend(own);
    }
    Ok(drafts)
}

fn enterprise_lines(
    rules: &Rules<'_>,
    borrower: &Uscc,
    group: &[Based<'_, '_>],
) -> Result<Vec<Draft>, MoneyError> {
    let mut drafts = match rules.readings.unit {
        Unit::EnterpriseYearSum => {
            let sum = Money::sum(group.iter().map(|(_, base)| base.base))?;
            vec![draft(rules, borrower, String::new(), sum, group)]
        }
        Unit::EnterpriseYearMax => {
            let largest = group.iter().map(|(_, base)| base.base).max().unwrap_or_default();
            vec![draft(rules, borrower, String::new(), largest, group)]
        }
        Unit::PerLoan => group
            .iter()
            .map(|based| {
                let item = contract_reference(based.0.loan);
                draft(rules, borrower, item, based.1.base, std::slice::from_ref(based))
            })
            .collect(),
    };
    let alternatives = alternatives(rules, group)?;
    for draft in drafts.iter_mut().flatten() {
        draft.explanation.alternatives.clone_from(&alternatives);
    }
    Ok(drafts.into_iter().flatten().collect())
}

fn draft(
    rules: &Rules<'_>,
    borrower: &Uscc,
    item: String,
    base: Money,
    group: &[Based<'_, '_>],
) -> Option<Draft> {
    let tier = rules
        .revision
        .loan_subsidy
        .tier_of(base, rules.readings.boundary)?;
    let mut steps = Vec::new();
    for (contract, based) in group {
        steps.extend(
            contract
                .enterprise_draws(rules, rules.year)
                .map(super::contract::Draw::step),
        );
        steps.push(based.step(contract.loan));
    }
    let contributing = || group.iter().filter(|(_, based)| !based.base.is_zero());
    steps.push(Step::Sum { base });
    steps.push(Step::Tier {
        base,
        clause: tier.clause.as_str().to_owned(),
        from: tier.from,
        to: tier.to,
        amount: tier.amount,
    });
    Some(Draft {
        key: LineKey {
            measure: Measure::LoanSubsidy,
            beneficiary: borrower.clone(),
            item,
        },
        base,
        earned: tier.amount,
        limited_by: group.iter().find_map(|(_, based)| based.limit()),
        clause: tier.clause,
        explanation: Explanation {
            steps,
            readings: rules.named(DECIDING),
            alternatives: Vec::new(),
        },
        institutions: institutions_of(contributing().map(|(contract, _)| *contract)),
        first_event: contributing()
            .flat_map(|(contract, _)| contract.enterprise_draws(rules, rules.year))
            .map(|draw| draw.date)
            .min(),
    })
}

/// What the other values of R3, and of R1 where a base lies on an edge, would pay the enterprise in the year.
fn alternatives(rules: &Rules<'_>, group: &[Based<'_, '_>]) -> Result<Vec<Alternative>, MoneyError> {
    let bases: Vec<Money> = group.iter().map(|(_, base)| base.base).collect();
    let now = rules.readings;
    let mut found = Vec::new();
    for unit in [Unit::EnterpriseYearSum, Unit::PerLoan, Unit::EnterpriseYearMax] {
        if unit != now.unit {
            let amount = total(rules, &bases, unit, now.boundary)?;
            found.push(Alternative {
                reading: "R3".to_owned(),
                value: unit.as_str().to_owned(),
                amount,
            });
        }
    }
    let sum = Money::sum(bases.iter().copied())?;
    let on_edge = |base: &Money| rules.revision.loan_subsidy.is_on_edge(*base);
    let decided_by_edge = match now.unit {
        Unit::EnterpriseYearSum => on_edge(&sum),
        Unit::EnterpriseYearMax => bases.iter().max().is_some_and(on_edge),
        Unit::PerLoan => bases.iter().any(on_edge),
    };
    for boundary in [Boundary::Word, Boundary::High, Boundary::Low] {
        if decided_by_edge && boundary != now.boundary {
            let amount = total(rules, &bases, now.unit, boundary)?;
            found.push(Alternative {
                reading: "R1".to_owned(),
                value: boundary.as_str().to_owned(),
                amount,
            });
        }
    }
    Ok(found)
}

/// What a year's contract bases pay in all under two readings.
pub(crate) fn total(
    rules: &Rules<'_>,
    bases: &[Money],
    unit: Unit,
    boundary: Boundary,
) -> Result<Money, MoneyError> {
    let amount = |base| {
        rules
            .revision
            .loan_subsidy
            .tier_of(base, boundary)
            .map_or(Money::ZERO, |tier| tier.amount)
    };
    match unit {
        Unit::EnterpriseYearSum => Money::sum(bases.iter().copied()).map(amount),
        Unit::EnterpriseYearMax => Ok(bases.iter().copied().max().map_or(Money::ZERO, amount)),
        Unit::PerLoan => Money::sum(bases.iter().copied().map(amount)),
    }
}

/// The findings on an enterprise's year that was counted: what limited it, what to look at, and the other readings.
fn report(
    index: &Index<'_>,
    rules: &Rules<'_>,
    borrower: &Uscc,
    group: &[Based<'_, '_>],
    own: &[Draft],
    findings: &mut Vec<Finding>,
) {
    let finding = |code, reference: &str, amount, detail: String| Finding {
        code,
        measure: Measure::LoanSubsidy,
        beneficiary: borrower.to_string(),
        reference: reference.to_owned(),
        amount,
        detail,
        evidence: Vec::new(),
    };
    for (contract, based) in group {
        let reference = contract_reference(contract.loan);
        findings.extend(
            contract_notes(index, rules, contract, based)
                .into_iter()
                .map(|(code, amount, detail)| finding(code, &reference, amount, detail)),
        );
    }
    for line in own {
        if let Some(code) = size_warning(rules, line) {
            findings.push(finding(
                code,
                &line.key.item,
                Some(line.earned),
                line.base.to_string(),
            ));
        }
    }
    if let Some(line) = own.first() {
        let paid = Money::sum(own.iter().map(|line| line.earned)).unwrap_or_default();
        for other in &line.explanation.alternatives {
            if other.amount != paid {
                let detail = format!("{}={}", other.reading, other.value);
                let code = FindingCode::ReadingAlternative;
                findings.push(finding(code, &line.key.item, Some(other.amount), detail));
            }
        }
    }
}

/// What limited a contract that counts, and other levels' money on it: code, amount and detail of each finding.
fn contract_notes(
    index: &Index<'_>,
    rules: &Rules<'_>,
    contract: &Contract<'_>,
    based: &Base,
) -> Vec<(FindingCode, Option<Money>, String)> {
    let mut notes = Vec::new();
    if based.within_limit < based.drawn {
        let above = based.drawn.minus(based.within_limit).ok();
        notes.push((FindingCode::ContractAmountExceeded, above, String::new()));
    }
    if let Some(share) = based.share {
        let off = based.within_limit.minus(based.base).ok();
        notes.push((FindingCode::PatentShareApplied, off, share.to_string()));
    }
    // National or provincial money never gets here unless R13L=IGNORE; then it is a warning too.
    if rules.readings.loan_money != LoanMoney::Exclude {
        let loan = contract.loan;
        for row in index.other_money(OtherMeasure::LoanSubsidy, &loan.borrower_uscc, &loan.contract_no) {
            let level = row.level.as_str().to_owned();
            notes.push((FindingCode::LoanOtherMoney, Some(row.amount), level));
        }
    }
    notes
}

/// Whether a lump sum is larger than its loans, or than 5% of them.
fn size_warning(rules: &Rules<'_>, line: &Draft) -> Option<FindingCode> {
    let five_percent = Rate::parse("0.05")
        .ok()
        .and_then(|rate| line.base.times(rate, rules.rounding()).ok());
    if line.earned > line.base {
        Some(FindingCode::SubsidyAboveLoan)
    } else if five_percent.is_some_and(|bound| line.earned > bound) {
        Some(FindingCode::SubsidyHighShare)
    } else {
        None
    }
}
