//! Rule 4: 1% of the year's draws to each legal person, at most the yearly cap ((八) sentence 2).

use std::collections::BTreeMap;

use super::contract::{Base, Contract, contract_reference, institutions_of};
use super::index::Index;
use super::{Draft, EngineError, Finding, LineKey, Rules};
use crate::codes::{FindingCode, Limit, Measure};
use crate::date::PolicyYear;
use crate::explanation::{Alternative, Explanation, Step};
use crate::ident::{InstitutionCode, Uscc};
use crate::money::{Money, MoneyError};
use crate::reading::InstitutionUnit;

/// Readings that decide a line of this measure.
pub(crate) const DECIDING: &[&str] = &["R2", "R5", "R6", "R7", "R8", "R9", "R10", "R18", "R19", "R19b"];

/// A branch's contracts with their bases.
type Branches<'c, 'a> = BTreeMap<&'a InstitutionCode, Vec<(&'c Contract<'a>, Base)>>;

pub(crate) fn lines(
    index: &Index<'_>,
    rules: &Rules<'_>,
    contracts: &[Contract<'_>],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, EngineError> {
    let mut by_legal_person: BTreeMap<&Uscc, Branches<'_, '_>> = BTreeMap::new();
    for contract in contracts {
        let Some(lender) = index.institutions.get(&contract.loan.institution_code) else {
            continue;
        };
        if let Some(base) = contract.bank_base(rules, rules.year)? {
            let branches = by_legal_person.entry(&lender.legal_person_uscc).or_default();
            branches
                .entry(&lender.institution_code)
                .or_default()
                .push((contract, base));
        }
    }
    let mut drafts = Vec::new();
    for (legal_person, branches) in by_legal_person {
        drafts.extend(legal_person_lines(rules, legal_person, &branches, findings)?);
    }
    Ok(drafts)
}

fn legal_person_lines(
    rules: &Rules<'_>,
    legal_person: &Uscc,
    branches: &Branches<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, MoneyError> {
    let all: Vec<&(&Contract<'_>, Base)> = branches.values().flatten().collect();
    let mut drafts = match rules.readings.institution {
        InstitutionUnit::CityLegalPerson => vec![draft(rules, legal_person, String::new(), &all, findings)?],
        InstitutionUnit::Branch => branches
            .iter()
            .map(|(code, group)| {
                draft(
                    rules,
                    legal_person,
                    code.to_string(),
                    &group.iter().collect::<Vec<_>>(),
                    findings,
                )
            })
            .collect::<Result<_, _>>()?,
    };
    let other = match rules.readings.institution {
        InstitutionUnit::CityLegalPerson => InstitutionUnit::Branch,
        InstitutionUnit::Branch => InstitutionUnit::CityLegalPerson,
    };
    let amount = match other {
        InstitutionUnit::CityLegalPerson => capped(rules, sum(&all)?)?.1,
        InstitutionUnit::Branch => Money::sum(
            branches
                .values()
                .map(|group| {
                    sum(&group.iter().collect::<Vec<_>>())
                        .and_then(|base| capped(rules, base))
                        .map(|pair| pair.1)
                })
                .collect::<Result<Vec<_>, _>>()?,
        )?,
    };
    let paid = Money::sum(drafts.iter().map(|line| line.earned))?;
    for line in &mut drafts {
        let alternative = Alternative {
            reading: "R9".to_owned(),
            value: other.as_str().to_owned(),
            amount,
        };
        line.explanation.alternatives.push(alternative);
    }
    report(legal_person, &all, findings);
    if amount != paid {
        findings.push(finding(
            FindingCode::ReadingAlternative,
            legal_person,
            String::new(),
            amount,
            format!("R9={}", other.as_str()),
        ));
    }
    drafts.retain(|line| !line.earned.is_zero());
    Ok(drafts)
}

fn sum(group: &[&(&Contract<'_>, Base)]) -> Result<Money, MoneyError> {
    Money::sum(group.iter().map(|(_, base)| base.base))
}

/// What a base earns before and after the cap.
pub(crate) fn capped(rules: &Rules<'_>, base: Money) -> Result<(Money, Money), MoneyError> {
    let rule = &rules.revision.bank_incentive;
    let earned = base.times(rule.rate, rules.rounding())?;
    Ok((earned, earned.min(rule.cap)))
}

fn draft(
    rules: &Rules<'_>,
    legal_person: &Uscc,
    item: String,
    group: &[&(&Contract<'_>, Base)],
    findings: &mut Vec<Finding>,
) -> Result<Draft, MoneyError> {
    let rule = &rules.revision.bank_incentive;
    let base = sum(group)?;
    let (earned, entitled) = capped(rules, base)?;
    let contributing = || group.iter().filter(|(_, based)| !based.base.is_zero());
    let mut steps: Vec<Step> = group
        .iter()
        .map(|(contract, based)| based.step(contract.loan))
        .collect();
    steps.push(Step::Sum { base });
    steps.push(Step::rate(base, rule.rate, earned)?);
    steps.push(Step::Cap {
        earned,
        cap: rule.cap,
        entitled,
        left: rule.cap.minus(entitled)?,
    });
    let is_capped = entitled < earned;
    if is_capped {
        let above = earned.minus(entitled)?;
        findings.push(finding(
            FindingCode::YearCapReached,
            legal_person,
            item.clone(),
            above,
            String::new(),
        ));
    }
    Ok(Draft {
        key: LineKey {
            measure: Measure::BankIncentive,
            beneficiary: legal_person.clone(),
            item,
        },
        base,
        earned: entitled,
        limited_by: if is_capped {
            Some(Limit::YearCap)
        } else {
            group.iter().find_map(|(_, based)| based.limit())
        },
        clause: rule.clause,
        explanation: Explanation {
            steps,
            readings: rules.named(DECIDING),
            alternatives: Vec::new(),
        },
        institutions: institutions_of(contributing().map(|(contract, _)| *contract)),
        first_event: contributing()
            .flat_map(|(contract, _)| &contract.for_bank)
            .map(|draw| draw.date)
            .filter(|date| PolicyYear::of(*date) == rules.year)
            .min(),
    })
}

fn finding(
    code: FindingCode,
    legal_person: &Uscc,
    reference: String,
    amount: Money,
    detail: String,
) -> Finding {
    Finding {
        code,
        measure: Measure::BankIncentive,
        beneficiary: legal_person.to_string(),
        reference,
        amount: Some(amount),
        detail,
        evidence: Vec::new(),
    }
}

fn report(legal_person: &Uscc, group: &[&(&Contract<'_>, Base)], findings: &mut Vec<Finding>) {
    for (contract, based) in group {
        let reference = contract_reference(contract.loan);
        if let Ok(above) = based.drawn.minus(based.within_limit)
            && !above.is_zero()
        {
            findings.push(finding(
                FindingCode::ContractAmountExceeded,
                legal_person,
                reference.clone(),
                above,
                String::new(),
            ));
        }
        if let (Some(share), Ok(off)) = (based.share, based.within_limit.minus(based.base)) {
            findings.push(finding(
                FindingCode::PatentShareApplied,
                legal_person,
                reference,
                off,
                share.to_string(),
            ));
        }
    }
}
