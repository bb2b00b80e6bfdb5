//! The draws of a contract, net of what was reversed.

use std::collections::HashMap;

use super::recognition::Setting;
use super::{Draw, counts_as_draw};
use crate::codes::FindingCode;
use crate::engine::Finding;
use crate::facts::LoanEventKind;
use crate::money::{Money, MoneyError};

/// The contract's draws less their reversals, in date order; draws whose net is zero are left out.
pub(super) fn net_draws<'a>(
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
