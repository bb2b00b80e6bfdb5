//! Other levels' money on a policy: the top-up to the cost (reading R13).

use std::collections::BTreeMap;

use super::Earned;
use super::assessment::place_reason;
use super::payments::net_payments;
use crate::allocation::largest_remainder;
use crate::codes::{FindingCode, Limit, Measure};
use crate::date::PolicyYear;
use crate::engine::index::Index;
use crate::engine::{Finding, Rules};
use crate::explanation::Step;
use crate::facts::OtherMeasure;
use crate::ident::{PatentNo, Reference, Uscc};
use crate::money::{Money, MoneyError};
use crate::reading::PolicyMoney;

/// Reading R13: all levels together never exceed the cost of the policy, over its insurers and years.
pub(super) fn top_up(
    index: &Index<'_>,
    rules: &Rules<'_>,
    holder: &Uscc,
    number: &Reference,
    patents: &mut BTreeMap<&PatentNo, Earned>,
    findings: &mut Vec<Finding>,
) -> Result<Option<Limit>, MoneyError> {
    let rows = index.other_money(OtherMeasure::PremiumSubsidy, holder, number);
    if rows.is_empty() || patents.is_empty() {
        return Ok(None);
    }
    let money = Money::sum(rows.iter().map(|row| row.amount))?;
    let mut note = |code, amount| {
        findings.push(Finding {
            code,
            measure: Measure::PremiumSubsidy,
            beneficiary: holder.to_string(),
            reference: number.to_string(),
            amount: Some(amount),
            detail: String::new(),
            evidence: Vec::new(),
        });
    };
    if rules.readings.policy_money == PolicyMoney::Ignore {
        note(FindingCode::PolicyOtherMoney, money);
        return Ok(None);
    }
    let (year_net, ceiling) = ceiling(index, rules, holder, number, money)?;
    let earned = Money::sum(patents.values().map(|line| line.amount))?;
    let allowed = earned.min(ceiling);
    let weights: Vec<Money> = patents.values().map(|line| line.amount).collect();
    for (line, entitled) in patents.values_mut().zip(largest_remainder(allowed, &weights)?) {
        line.amount = entitled;
        line.steps.push(Step::OtherMoney {
            money,
            year_net,
            ceiling,
            earned,
            entitled,
        });
    }
    if allowed < earned {
        note(FindingCode::OtherMoneyToppedUp, earned.minus(allowed)?);
        return Ok(Some(Limit::OtherLevelMoney));
    }
    Ok(None)
}

/// The year's net premium, and what it leaves after other levels' money, subtracted once from the earliest year first.
fn ceiling(
    index: &Index<'_>,
    rules: &Rules<'_>,
    holder: &Uscc,
    number: &Reference,
    money: Money,
) -> Result<(Money, Money), MoneyError> {
    let mut by_year: BTreeMap<PolicyYear, Money> = BTreeMap::new();
    let policies = index
        .policies_of_number
        .get(number)
        .map_or(&[][..], Vec::as_slice);
    for policy in policies
        .iter()
        .filter(|policy| policy.policyholder_uscc == *holder)
    {
        let events = index
            .premiums
            .get(&(&policy.institution_code, &policy.policy_no))
            .map_or(&[][..], Vec::as_slice);
        for payment in net_payments(events)? {
            let day = payment.event.occurred_on;
            if place_reason(index, rules, holder, day).is_none() {
                let sum = by_year.entry(PolicyYear::of(day)).or_default();
                *sum = sum.plus(payment.net)?;
            }
        }
    }
    let mut left = money;
    for (year, net) in by_year {
        if year == rules.year {
            return Ok((net, net.minus_floored(left)?));
        }
        left = left.minus_floored(net)?;
    }
    Ok((Money::ZERO, Money::ZERO))
}
