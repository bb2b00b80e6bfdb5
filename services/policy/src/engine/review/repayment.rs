//! Which repayment repays which draw: the oldest draw first.

use std::collections::{HashMap, VecDeque};

use chrono::NaiveDate;

use crate::date::PolicyYear;
use crate::engine::Rules;
use crate::engine::contract::counts_as_draw;
use crate::facts::{LoanEvent, LoanEventKind};
use crate::ident::Reference;
use crate::money::Money;

/// A part of a draw that was repaid.
pub(super) struct Part<'a> {
    pub(super) event: &'a LoanEvent,
    pub(super) amount: Money,
}

/// A contract's draws and repayments, each net of its reversals, matched in the order of time.
#[derive(Default)]
pub(super) struct Repayments<'a> {
    /// By the draw's number: what repaid it, in order.
    pub(super) of_draw: HashMap<&'a Reference, Vec<Part<'a>>>,
    /// The day of the last repayment, where nothing is outstanding after it.
    pub(super) repaid_on: Option<NaiveDate>,
    /// Draws of the year that follow a repayment, with those repayments before them.
    pub(super) drawn_again: Vec<(&'a LoanEvent, &'a LoanEvent)>,
}

/// Matches a contract's repayments to its draws.
pub(super) fn repayments<'a>(events: &[&'a LoanEvent], rules: &Rules<'_>) -> Repayments<'a> {
    let mut matched = Repayments::default();
    let mut open: VecDeque<(&'a LoanEvent, Money)> = VecDeque::new();
    let mut last_repayment: Option<&'a LoanEvent> = None;
    for (event, net) in in_order(events, rules) {
        if event.kind != LoanEventKind::Repayment {
            if let Some(repayment) = last_repayment.take()
                && PolicyYear::of(event.date()) == rules.year
            {
                matched.drawn_again.push((event, repayment));
            }
            matched.repaid_on = None;
            open.push_back((event, net));
            continue;
        }
        let mut left = net;
        while let Some((draw, outstanding)) = open.front_mut() {
            let amount = left.min(*outstanding);
            left = left.minus_floored(amount).unwrap_or_default();
            *outstanding = outstanding.minus_floored(amount).unwrap_or_default();
            if !amount.is_zero() {
                let parts = matched.of_draw.entry(&draw.event_no).or_default();
                parts.push(Part { event, amount });
                last_repayment = Some(event);
            }
            if !outstanding.is_zero() {
                break;
            }
            open.pop_front();
            if open.is_empty() {
                matched.repaid_on = Some(event.date());
            }
        }
    }
    matched
}

/// Draws and repayments with what is left after their reversals, in the order of time; on one instant a draw comes first.
fn in_order<'a>(events: &[&'a LoanEvent], rules: &Rules<'_>) -> Vec<(&'a LoanEvent, Money)> {
    let mut reversed: HashMap<&Reference, Money> = HashMap::new();
    for event in events {
        if let (LoanEventKind::Reversal, Some(target)) = (event.kind, &event.reverses) {
            let sum = reversed.entry(target).or_default();
            *sum = sum.plus(event.amount).unwrap_or(Money::from_fen(i64::MAX));
        }
    }
    let mut flows: Vec<(&LoanEvent, Money)> = events
        .iter()
        .filter(|event| event.kind == LoanEventKind::Repayment || counts_as_draw(event, rules))
        .map(|event| {
            let taken = reversed.get(&event.event_no).copied().unwrap_or_default();
            (*event, event.amount.minus_floored(taken).unwrap_or_default())
        })
        .filter(|(_, net)| !net.is_zero())
        .collect();
    flows.sort_by(|(one, _), (other, _)| {
        let order = |event: &&'a LoanEvent| (event.occurred_at, event.kind, event.event_no.clone());
        order(one).cmp(&order(other))
    });
    flows
}
