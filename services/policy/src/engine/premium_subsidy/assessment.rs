//! One insurer's policy: what each patent on its schedule earns in the year.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Earned;
use super::payments::Payment;
use crate::allocation::{equal_parts, largest_remainder};
use crate::codes::{FindingCode, Measure};
use crate::engine::index::Index;
use crate::engine::premium_class::full_class;
use crate::engine::{Finding, Rules, decisions};
use crate::explanation::{Step, date_text};
use crate::facts::{EndReason, ExclusionGrade, OtherMeasure, Policy, PolicyPatent, Product};
use crate::ident::{HolderClass, PatentNo, Uscc};
use crate::money::{Money, MoneyError};
use crate::reading::PolicyMoney;

/// One insurer's policy under assessment.
pub(super) struct PolicyAssessment<'i, 'a> {
    pub(super) index: &'i Index<'a>,
    pub(super) rules: &'i Rules<'i>,
    pub(super) policy: &'a Policy,
    pub(super) findings: &'i mut Vec<Finding>,
}

impl<'a> PolicyAssessment<'_, 'a> {
    /// What each patent of the policy earns in the year at this insurer.
    pub(super) fn earn(&mut self) -> Result<BTreeMap<&'a PatentNo, Earned>, MoneyError> {
        let payments = self.payments_of_year()?;
        if payments.is_empty() {
            return Ok(BTreeMap::new());
        }
        let paid = Money::sum(payments.iter().map(|payment| payment.net)).ok();
        let reasons = self.policy_reasons();
        for &code in &reasons {
            self.note(code, self.reference(), paid, String::new());
        }
        if !reasons.iter().all(|code| self.is_cured(*code)) {
            return Ok(BTreeMap::new());
        }
        let (institution, number) = (&self.policy.institution_code, &self.policy.policy_no);
        if let Some(decision) = self.index.rejection(institution, number, Measure::PremiumSubsidy) {
            let words = decisions::words(decision);
            self.note(FindingCode::DecisionRejected, self.reference(), paid, words);
            return Ok(BTreeMap::new());
        }
        let Some(schedule) = self
            .index
            .schedules
            .get(&(&self.policy.institution_code, &self.policy.policy_no))
        else {
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

    /// Whether a reviewer's acceptance makes the reason no longer stand.
    fn is_cured(&self, code: FindingCode) -> bool {
        let (institution, number) = (&self.policy.institution_code, &self.policy.policy_no);
        self.index.acceptance(institution, number, code).is_some()
    }

    pub(super) fn reference(&self) -> String {
        format!("{}/{}", self.policy.institution_code, self.policy.policy_no)
    }

    pub(super) fn note(
        &mut self,
        code: FindingCode,
        reference: String,
        amount: Option<Money>,
        detail: String,
    ) {
        self.findings.push(Finding {
            code,
            measure: Measure::PremiumSubsidy,
            beneficiary: self.policy.policyholder_uscc.to_string(),
            reference,
            amount,
            detail,
            evidence: Vec::new(),
        });
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
                line.institutions.insert(self.policy.institution_code.clone());
                line.first_event = line.first_event.into_iter().chain([day]).min();
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
            counts = self.is_cured(FindingCode::PolicyholderNotOwner);
        }
        if let Some(first) = earlier_policy(self.index, self.policy, patent_no) {
            let detail = format!("{}/{}", first.institution_code, first.policy_no);
            self.note(FindingCode::PolicySecond, reference.clone(), Some(part), detail);
            counts &= self.is_cured(FindingCode::PolicySecond);
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

/// Why a payment on the day does not count by where the policyholder is registered, if it does not.
pub(super) fn place_reason(
    index: &Index<'_>,
    rules: &Rules<'_>,
    holder: &Uscc,
    day: NaiveDate,
) -> Option<FindingCode> {
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
