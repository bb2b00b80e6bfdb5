//! Rule 5: 80% or all of the premium paid for an insured patent ((八) sentence 3).

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::index::Index;
use super::premium_class::full_class;
use super::{Draft, EngineError, Finding, LineKey, Rules};
use crate::allocation::{equal_parts, largest_remainder};
use crate::codes::{Clause, FindingCode, Limit, Measure};
use crate::date::PolicyYear;
use crate::explanation::{Explanation, Step, date_text};
use crate::facts::{
    EndReason, ExclusionGrade, OtherMeasure, Policy, PolicyPatent, PremiumEvent, PremiumEventKind, Product,
};
use crate::ident::{HolderClass, PatentNo, Reference, Uscc};
use crate::money::{Money, MoneyError};
use crate::reading::PolicyMoney;

/// Readings that decide a line of this measure.
const DECIDING: &[&str] = &["R10", "R10P", "R11", "R12", "R13", "R16"];

/// A payment less its refunds, whenever dated.
pub(crate) struct Payment<'a> {
    event: &'a PremiumEvent,
    refunded: Money,
    net: Money,
}

/// What one policy number earns for its holder, by patent.
type Numbered<'a> = BTreeMap<(&'a Uscc, &'a Reference), BTreeMap<&'a PatentNo, Earned>>;

/// What one patent of a policy number earns, over all insurers of a co-insured policy.
#[derive(Default)]
struct Earned {
    base: Money,
    amount: Money,
    clause: Option<Clause>,
    steps: Vec<Step>,
}

pub(crate) fn lines(
    index: &Index<'_>,
    rules: &Rules<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, EngineError> {
    report_unknown_policies(index, rules, findings);
    let mut policies: Vec<&Policy> = index.facts.policies.iter().collect();
    policies.sort_by(|one, other| {
        (&one.policy_no, &one.institution_code).cmp(&(&other.policy_no, &other.institution_code))
    });
    let mut numbered = Numbered::new();
    for policy in policies {
        let mut assessment = PolicyAssessment {
            index,
            rules,
            policy,
            findings: &mut *findings,
        };
        for (patent_no, earned) in assessment.earn()? {
            let total = numbered
                .entry((&policy.policyholder_uscc, &policy.policy_no))
                .or_default()
                .entry(patent_no)
                .or_default();
            total.base = total.base.plus(earned.base)?;
            total.amount = total.amount.plus(earned.amount)?;
            total.clause = total.clause.or(earned.clause);
            total.steps.extend(earned.steps);
        }
    }
    let mut drafts = Vec::new();
    for ((holder, number), mut patents) in numbered {
        let limit = top_up(index, rules, holder, number, &mut patents, findings)?;
        for (patent_no, earned) in patents {
            if earned.amount.is_zero() {
                continue;
            }
            drafts.push(Draft {
                key: LineKey {
                    measure: Measure::PremiumSubsidy,
                    beneficiary: holder.clone(),
                    item: format!("{number}/{patent_no}"),
                },
                base: earned.base,
                earned: earned.amount,
                limited_by: limit,
                clause: earned
                    .clause
                    .unwrap_or(rules.revision.premium_subsidy.rate_clause),
                explanation: Explanation {
                    steps: earned.steps,
                    readings: rules.named(DECIDING),
                    alternatives: Vec::new(),
                },
            });
        }
    }
    Ok(drafts)
}

fn report_unknown_policies(index: &Index<'_>, rules: &Rules<'_>, findings: &mut Vec<Finding>) {
    for event in &index.facts.premium_events {
        let known = index
            .policies
            .contains_key(&(&event.institution_code, &event.policy_no));
        if !known
            && event.kind == PremiumEventKind::Payment
            && PolicyYear::of(event.occurred_on) == rules.year
        {
            findings.push(Finding {
                code: FindingCode::PolicyUnknown,
                measure: Measure::PremiumSubsidy,
                beneficiary: String::new(),
                reference: format!(
                    "{}/{}/{}",
                    event.institution_code, event.policy_no, event.event_no
                ),
                amount: Some(event.amount),
                detail: String::new(),
            });
        }
    }
}

/// One insurer's policy under assessment.
struct PolicyAssessment<'i, 'a> {
    index: &'i Index<'a>,
    rules: &'i Rules<'i>,
    policy: &'a Policy,
    findings: &'i mut Vec<Finding>,
}

impl<'a> PolicyAssessment<'_, 'a> {
    /// What each patent of the policy earns in the year at this insurer.
    fn earn(&mut self) -> Result<BTreeMap<&'a PatentNo, Earned>, MoneyError> {
        let payments = self.payments_of_year()?;
        if payments.is_empty() {
            return Ok(BTreeMap::new());
        }
        let reasons = self.policy_reasons();
        if !reasons.is_empty() {
            let paid = Money::sum(payments.iter().map(|payment| payment.net)).ok();
            for code in reasons {
                self.note(code, self.reference(), paid, String::new());
            }
            return Ok(BTreeMap::new());
        }
        let Some(schedule) = self
            .index
            .schedules
            .get(&(&self.policy.institution_code, &self.policy.policy_no))
        else {
            let paid = Money::sum(payments.iter().map(|payment| payment.net)).ok();
            self.note(
                FindingCode::ScheduleMissing,
                self.reference(),
                paid,
                String::new(),
            );
            return Ok(BTreeMap::new());
        };
        self.spread(&payments, schedule)
    }

    fn reference(&self) -> String {
        format!("{}/{}", self.policy.institution_code, self.policy.policy_no)
    }

    fn note(&mut self, code: FindingCode, reference: String, amount: Option<Money>, detail: String) {
        self.findings.push(Finding {
            code,
            measure: Measure::PremiumSubsidy,
            beneficiary: self.policy.policyholder_uscc.to_string(),
            reference,
            amount,
            detail,
        });
    }

    fn payments_of_year(&mut self) -> Result<Vec<Payment<'a>>, MoneyError> {
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

    /// Why the whole policy earns nothing; the first reason that no decision can cure, else all that hold it.
    fn policy_reasons(&self) -> Vec<FindingCode> {
        let policy = self.policy;
        let class = policy.policyholder_uscc.holder_class();
        let has_money = !self
            .index
            .other_money(
                OtherMeasure::PremiumSubsidy,
                &policy.policyholder_uscc,
                &policy.policy_no,
            )
            .is_empty();
        if policy.product != Product::Other
            && !self
                .rules
                .revision
                .premium_subsidy
                .products
                .contains(&policy.product)
        {
            return vec![FindingCode::ProductNotCovered];
        }
        if class == HolderClass::Other {
            return vec![FindingCode::PolicyholderNotEnterprise];
        }
        if has_money && self.rules.readings.policy_money == PolicyMoney::Exclude {
            return vec![FindingCode::PolicyOtherMoneyExcluded];
        }
        let mut holds = Vec::new();
        if policy.product == Product::Other {
            holds.push(FindingCode::ProductOther);
        }
        if class == HolderClass::IndividualOrCooperative {
            holds.push(FindingCode::PolicyholderClass);
        }
        let twins = self
            .index
            .policies_of_number
            .get(&policy.policy_no)
            .map_or(&[][..], Vec::as_slice);
        let differs = |twin: &&Policy| {
            twin.policyholder_uscc != policy.policyholder_uscc
                || twin.product != policy.product
                || (twin.cover_from, twin.cover_to) != (policy.cover_from, policy.cover_to)
        };
        if twins.iter().any(differs) {
            holds.push(FindingCode::PolicyCoinsuranceDiffers);
        }
        holds
    }

    fn spread(
        &mut self,
        payments: &[Payment<'a>],
        schedule: &[&'a PolicyPatent],
    ) -> Result<BTreeMap<&'a PatentNo, Earned>, MoneyError> {
        let mut earned: BTreeMap<&PatentNo, Earned> = BTreeMap::new();
        let mut common: BTreeMap<&PatentNo, Money> = BTreeMap::new();
        let stated: Option<Vec<Money>> = schedule.iter().map(|row| row.premium).collect();
        for payment in payments {
            let day = payment.event.occurred_on;
            if let Some(code) = self.place_reason(day) {
                let reference = format!("{}/{}", self.reference(), payment.event.event_no);
                self.note(code, reference, Some(payment.net), String::new());
                continue;
            }
            let parts = match &stated {
                Some(weights) => largest_remainder(payment.net, weights)?,
                None => equal_parts(payment.net, schedule.len())?,
            };
            for (row, part) in schedule.iter().zip(parts) {
                if part.is_zero() || !self.part_counts(&row.patent_no, payment, part) {
                    continue;
                }
                let Some(patent) = self.index.patents.get(&row.patent_no) else {
                    continue;
                };
                let line = earned.entry(&row.patent_no).or_default();
                line.base = line.base.plus(part)?;
                line.steps.push(Step::Payment {
                    reference: format!("{}/{}", self.reference(), payment.event.event_no),
                    date: date_text(day),
                    paid: payment.event.amount,
                    refunded: payment.refunded,
                    part,
                });
                if let Some(class) = full_class(self.index, self.rules, patent, day) {
                    line.amount = line.amount.plus(part)?;
                    line.clause = line.clause.or(Some(class.clause));
                    line.steps.push(Step::Class {
                        clause: class.clause.as_str().to_owned(),
                        because: class.because,
                    });
                } else {
                    let sum = common.entry(&row.patent_no).or_default();
                    *sum = sum.plus(part)?;
                }
            }
        }
        self.share_common_class(&common, &mut earned)?;
        Ok(earned)
    }

    /// 80% of the common class's sum per policy and year, rounded once, spread over its patents by largest remainder.
    fn share_common_class(
        &self,
        common: &BTreeMap<&'a PatentNo, Money>,
        earned: &mut BTreeMap<&'a PatentNo, Earned>,
    ) -> Result<(), MoneyError> {
        let rule = &self.rules.revision.premium_subsidy;
        let weights: Vec<Money> = common.values().copied().collect();
        let class_sum = Money::sum(weights.iter().copied())?;
        let class_subsidy = class_sum.times(rule.rate, self.rules.rounding())?;
        for ((patent_no, part), share) in common.iter().zip(largest_remainder(class_subsidy, &weights)?) {
            let line = earned.entry(patent_no).or_default();
            line.amount = line.amount.plus(share)?;
            line.clause = Some(line.clause.unwrap_or(rule.rate_clause));
            line.steps.push(Step::rate(class_sum, rule.rate, class_subsidy)?);
            line.steps.push(Step::ClassShare {
                reference: self.reference(),
                class_sum,
                class_subsidy,
                part: *part,
                share,
            });
        }
        Ok(())
    }

    fn place_reason(&self, day: NaiveDate) -> Option<FindingCode> {
        place_reason(self.index, self.rules, &self.policy.policyholder_uscc, day)
    }

    /// Whether a patent's part of a payment counts; says why where it does not.
    fn part_counts(&mut self, patent_no: &'a PatentNo, payment: &Payment<'_>, part: Money) -> bool {
        let day = payment.event.occurred_on;
        let reference = format!("{}/{}/{}", self.reference(), payment.event.event_no, patent_no);
        let Some(patent) = self.index.patents.get(patent_no) else {
            self.note(FindingCode::PatentUnknown, reference, Some(part), String::new());
            return false;
        };
        let fixed = if patent.has_ended_by(day) {
            Some(FindingCode::PatentEnded)
        } else if self.index.is_excluded(patent_no.as_str(), day) {
            Some(FindingCode::PatentExcluded)
        } else {
            None
        };
        if let Some(code) = fixed {
            self.note(code, reference, Some(part), String::new());
            return false;
        }
        let mut counts = true;
        if !self
            .index
            .holds_patent(patent, &self.policy.policyholder_uscc, day)
        {
            self.note(
                FindingCode::PolicyholderNotOwner,
                reference.clone(),
                Some(part),
                String::new(),
            );
            counts = false;
        }
        if let Some(first) = earlier_policy(self.index, self.policy, patent_no) {
            let detail = format!("{}/{}", first.institution_code, first.policy_no);
            self.note(FindingCode::PolicySecond, reference.clone(), Some(part), detail);
            counts = false;
        }
        if counts {
            if patent.end_reason == Some(EndReason::Invalidated) {
                self.note(
                    FindingCode::InvalidatedLater,
                    reference.clone(),
                    Some(part),
                    String::new(),
                );
            }
            for subject in [patent_no.as_str(), self.policy.policyholder_uscc.as_str()] {
                if let Some(entry) = self.index.exclusion(subject, ExclusionGrade::Watch, day) {
                    self.note(
                        FindingCode::WatchListed,
                        reference.clone(),
                        Some(part),
                        format!("{subject} {}", entry.reason),
                    );
                }
            }
        }
        counts
    }
}

fn net_payments<'a>(events: &[&'a PremiumEvent]) -> Result<Vec<Payment<'a>>, MoneyError> {
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

fn place_reason(index: &Index<'_>, rules: &Rules<'_>, holder: &Uscc, day: NaiveDate) -> Option<FindingCode> {
    if index.is_registered_in_city(holder, rules.rulebook, day) {
        None
    } else if index.knows_enterprise(holder) {
        Some(FindingCode::PolicyholderOutsideCity)
    } else {
        Some(FindingCode::PolicyholderUnknown)
    }
}

/// The first policy for the same patent and product with overlapping cover: the earlier `cover_from`, then the smaller number (rule 8).
fn earlier_policy<'a>(index: &Index<'a>, policy: &Policy, patent_no: &PatentNo) -> Option<&'a Policy> {
    let others = index.policies_of_patent.get(patent_no)?;
    others
        .iter()
        .filter(|other| {
            other.policy_no != policy.policy_no
                && other.product == policy.product
                && other.cover().overlaps(policy.cover())
                && (other.cover_from, &other.policy_no) < (policy.cover_from, &policy.policy_no)
        })
        .min_by(|one, other| {
            (one.cover_from, &one.policy_no, &one.institution_code).cmp(&(
                other.cover_from,
                &other.policy_no,
                &other.institution_code,
            ))
        })
        .copied()
}

/// Reading R13: all levels together never exceed the cost of the policy, over its insurers and years.
fn top_up(
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
