//! The payments of a policy, each less the refunds booked to it.

use std::collections::HashMap;

use super::assessment::PolicyAssessment;
use crate::codes::FindingCode;
use crate::date::PolicyYear;
use crate::facts::{PremiumEvent, PremiumEventKind};
use crate::ident::Reference;
use crate::money::{Money, MoneyError};

/// A payment less its refunds, whenever dated.
pub(crate) struct Payment<'a> {
    pub(crate) event: &'a PremiumEvent,
    pub(crate) refunded: Money,
    pub(crate) net: Money,
}

impl<'a> PolicyAssessment<'_, 'a> {
    /// The payments of the year that are not refunded whole; says which bookings do not add up (rule 9).
    pub(super) fn payments_of_year(&mut self) -> Result<Vec<Payment<'a>>, MoneyError> {
        let key = (&self.policy.institution_code, &self.policy.policy_no);
        let Some(events) = self.index.premiums.get(&key) else {
            return Ok(Vec::new());
        };
        for refund in events
            .iter()
            .filter(|event| event.kind == PremiumEventKind::Refund)
        {
            let known = events.iter().any(|event| {
                event.kind == PremiumEventKind::Payment && Some(&event.event_no) == refund.reverses.as_ref()
            });
            if !known && PolicyYear::of(refund.occurred_on) == self.rules.year {
                let reference = format!("{}/{}", self.reference(), refund.event_no);
                self.note(
                    FindingCode::RefundUnknown,
                    reference,
                    Some(refund.amount),
                    String::new(),
                );
            }
        }
        let mut payments = Vec::new();
        for payment in net_payments(events)? {
            if PolicyYear::of(payment.event.occurred_on) != self.rules.year {
                continue;
            }
            if payment.refunded > payment.event.amount {
                let reference = format!("{}/{}", self.reference(), payment.event.event_no);
                let above = payment.refunded.minus(payment.event.amount)?;
                self.note(
                    FindingCode::PaymentOverRefunded,
                    reference,
                    Some(above),
                    String::new(),
                );
            }
            if !payment.net.is_zero() {
                payments.push(payment);
            }
        }
        Ok(payments)
    }
}

/// Every payment with what was refunded of it, in the order of date and number.
pub(crate) fn net_payments<'a>(events: &[&'a PremiumEvent]) -> Result<Vec<Payment<'a>>, MoneyError> {
    let mut refunded: HashMap<&Reference, Money> = HashMap::new();
    for event in events
        .iter()
        .filter(|event| event.kind == PremiumEventKind::Refund)
    {
        if let Some(target) = &event.reverses {
            let sum = refunded.entry(target).or_default();
            *sum = sum.plus(event.amount)?;
        }
    }
    let mut payments = Vec::new();
    for event in events
        .iter()
        .filter(|event| event.kind == PremiumEventKind::Payment)
    {
        let taken = refunded.get(&event.event_no).copied().unwrap_or_default();
        payments.push(Payment {
            event,
            refunded: taken,
            net: event.amount.minus_floored(taken)?,
        });
    }
    payments.sort_by(|one, other| {
        (one.event.occurred_on, &one.event.event_no).cmp(&(other.event.occurred_on, &other.event.event_no))
    });
    Ok(payments)
}
