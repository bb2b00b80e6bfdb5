//! What policies and awards show: refunds, premiums out of line, backdated cover, magnitudes, unknown award-winning patents.

use std::collections::BTreeMap;

use super::{Note, Review, days, is_above_share, name, sum};
use crate::codes::{FindingCode, Measure};
use crate::date::PolicyYear;
use crate::engine::premium_subsidy::{Payment, net_payments};
use crate::explanation::date_text;
use crate::facts::{Policy, PremiumEvent, PremiumEventKind, Product};
use crate::ident::HolderClass;
use crate::money::Money;

/// Parts of one sum insured, for comparing premiums.
const PARTS: i128 = 1_000_000_000;

/// A policy that is paid for, or would be if a reviewer accepted it, with its payments of the year.
struct Insured<'i, 'a> {
    policy: &'a Policy,
    events: &'i [&'a PremiumEvent],
    payments: Vec<Payment<'a>>,
}

impl Insured<'_, '_> {
    fn reference(&self) -> String {
        format!("{}/{}", self.policy.institution_code, self.policy.policy_no)
    }

    /// The year's premium less its refunds.
    fn premium(&self) -> Money {
        sum(self.payments.iter().map(|payment| payment.net))
    }

    /// The year's premium for each part of the sum insured, if one is stated and anything was paid.
    fn ratio(&self) -> Option<i128> {
        let insured = i128::from(self.policy.sum_insured?.fen());
        let premium = i128::from(self.premium().fen());
        (premium > 0)
            .then(|| (premium * PARTS).checked_div(insured))
            .flatten()
    }

    /// Names of the policy and its payments of the year.
    fn records(&self) -> Vec<String> {
        let payments = self
            .payments
            .iter()
            .map(|payment| name::premium_event(payment.event));
        payments
            .chain(std::iter::once(name::policy(self.policy)))
            .collect()
    }
}

impl<'a> Review<'_, 'a> {
    /// The findings on policies with payments in the year.
    pub(super) fn policies(&mut self) {
        let index = self.index;
        let insured: Vec<Insured<'_, '_>> = index
            .facts
            .policies
            .iter()
            .filter(|policy| self.is_open(policy))
            .filter_map(|policy| {
                let key = (&policy.institution_code, &policy.policy_no);
                let events = index.premiums.get(&key).map_or(&[][..], Vec::as_slice);
                let mut payments = net_payments(events).unwrap_or_default();
                payments.retain(|payment| PolicyYear::of(payment.event.occurred_on) == self.rules.year);
                (!payments.is_empty()).then_some(Insured {
                    policy,
                    events,
                    payments,
                })
            })
            .collect();
        let medians = self.medians(&insured);
        for one in &insured {
            self.refunds(one);
            self.backdated(one);
            self.premium(one, medians.get(&one.policy.product).copied());
            self.magnitude(one);
        }
        for one in insured {
            let mut payments = one.payments;
            payments.retain(|payment| !payment.net.is_zero());
            if !payments.is_empty() {
                self.title_of_policy(one.policy, &payments);
            }
        }
    }

    /// Whether a reviewer can have anything to decide about the policy.
    fn is_open(&self, policy: &Policy) -> bool {
        let products = &self.rules.revision.premium_subsidy.products;
        (policy.product == Product::Other || products.contains(&policy.product))
            && policy.policyholder_uscc.holder_class() != HolderClass::Other
    }

    /// Twice the median of premium per sum insured, of each product with enough policies.
    fn medians(&self, insured: &[Insured<'_, '_>]) -> BTreeMap<Product, i128> {
        let mut ratios: BTreeMap<Product, Vec<i128>> = BTreeMap::new();
        for one in insured {
            ratios.entry(one.policy.product).or_default().extend(one.ratio());
        }
        let least = usize::try_from(self.limits.premium_policies).unwrap_or(usize::MAX);
        ratios
            .into_iter()
            .filter(|(_, all)| all.len() >= least.max(1))
            .filter_map(|(product, mut all)| {
                all.sort_unstable();
                let lower = all.get((all.len() - 1) / 2)?;
                let upper = all.get(all.len() / 2)?;
                Some((product, lower + upper))
            })
            .collect()
    }

    /// PREMIUM_REFUNDED_LATE: refunded after the payment's year, or for the most part.
    fn refunds(&mut self, one: &Insured<'_, 'a>) {
        for payment in &one.payments {
            let event = payment.event;
            let refunds: Vec<&PremiumEvent> = one
                .events
                .iter()
                .copied()
                .filter(|refund| {
                    refund.kind == PremiumEventKind::Refund
                        && refund.reverses.as_ref() == Some(&event.event_no)
                })
                .collect();
            let last = refunds.iter().map(|refund| refund.occurred_on).max();
            let is_late = last.is_some_and(|day| PolicyYear::of(day) > self.rules.year);
            // More than all of it is refunded has a finding of its own.
            let is_most = payment.refunded <= event.amount
                && is_above_share(payment.refunded, event.amount, self.limits.refund_share);
            if !is_late && !is_most {
                continue;
            }
            let mut evidence: Vec<String> =
                refunds.iter().map(|refund| name::premium_event(refund)).collect();
            evidence.push(name::premium_event(event));
            evidence.push(name::policy(one.policy));
            let note = Note {
                code: FindingCode::PremiumRefundedLate,
                reference: format!("{}/{}", one.reference(), event.event_no),
                amount: Some(payment.refunded),
                detail: last.map(date_text).unwrap_or_default(),
                evidence,
            };
            self.of_policy(one, note);
        }
    }

    /// POLICY_COVER_BACKDATED: nothing was paid until long after the cover began.
    fn backdated(&mut self, one: &Insured<'_, 'a>) {
        let first = one
            .events
            .iter()
            .filter(|event| event.kind == PremiumEventKind::Payment)
            .min_by_key(|event| (event.occurred_on, &event.event_no));
        let limit = i64::from(self.limits.backdated_days);
        let Some(first) = first.filter(|event| {
            PolicyYear::of(event.occurred_on) == self.rules.year
                && days(one.policy.cover_from, event.occurred_on) > limit
        }) else {
            return;
        };
        let note = Note {
            code: FindingCode::PolicyCoverBackdated,
            reference: one.reference(),
            amount: Some(one.premium()),
            detail: format!(
                "{} < {}",
                date_text(one.policy.cover_from),
                date_text(first.occurred_on)
            ),
            evidence: vec![name::policy(one.policy), name::premium_event(first)],
        };
        self.of_policy(one, note);
    }

    /// PREMIUM_OUTLIER: above a share of the sum insured, or far above the median of the product.
    fn premium(&mut self, one: &Insured<'_, 'a>, median_twice: Option<i128>) {
        let (Some(insured), Some(ratio)) = (one.policy.sum_insured, one.ratio()) else {
            return;
        };
        let premium = one.premium();
        let times = i128::from(self.limits.premium_times);
        let is_outlier = median_twice.is_some_and(|twice| ratio.saturating_mul(2) > twice * times);
        if !is_outlier && !is_above_share(premium, insured, self.limits.premium_share) {
            return;
        }
        let note = Note {
            code: FindingCode::PremiumOutlier,
            reference: one.reference(),
            amount: Some(premium),
            detail: insured.to_string(),
            evidence: one.records(),
        };
        self.of_policy(one, note);
    }

    /// UNIT_SUSPECTED: a sum insured or a payment of an unlikely size. Premiums below 10,000 yuan are usual.
    fn magnitude(&mut self, one: &Insured<'_, 'a>) {
        let (low, high) = (self.limits.unit_low, self.limits.unit_high);
        let insured = one
            .policy
            .sum_insured
            .filter(|amount| *amount < low || *amount > high);
        let mut suspected: Vec<(Money, String, String)> = insured
            .map(|amount| (amount, one.reference(), name::policy(one.policy)))
            .into_iter()
            .collect();
        for payment in one.payments.iter().filter(|payment| payment.event.amount > high) {
            let reference = format!("{}/{}", one.reference(), payment.event.event_no);
            suspected.push((
                payment.event.amount,
                reference,
                name::premium_event(payment.event),
            ));
        }
        for (amount, reference, record) in suspected {
            let note = Note {
                code: FindingCode::UnitSuspected,
                reference,
                amount: Some(amount),
                detail: String::new(),
                evidence: vec![record],
            };
            self.of_policy(one, note);
        }
    }

    fn of_policy(&mut self, one: &Insured<'_, '_>, note: Note) {
        let holder = one.policy.policyholder_uscc.as_str();
        self.push(Measure::PremiumSubsidy, holder, note);
    }

    /// AWARD_PATENT_UNKNOWN: awards of the year whose patent nobody registered.
    pub(super) fn awards(&mut self) {
        let index = self.index;
        for award in &index.facts.awards {
            if PolicyYear::of(award.awarded_on) != self.rules.year
                || index.patents.contains_key(&award.patent_no)
            {
                continue;
            }
            let note = Note {
                code: FindingCode::AwardPatentUnknown,
                reference: award.patent_no.to_string(),
                amount: None,
                detail: format!(
                    "{} {} {}",
                    award.level.as_str(),
                    award.award_name,
                    date_text(award.awarded_on)
                ),
                evidence: vec![name::award(award)],
            };
            self.push(Measure::PremiumSubsidy, "", note);
        }
    }
}
