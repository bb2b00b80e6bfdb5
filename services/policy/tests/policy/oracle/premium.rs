//! Rule 5 and what rule 8 says of policies.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use zhirong_policy::codes::{FindingCode, Measure};
use zhirong_policy::engine::LineKey;
use zhirong_policy::facts::{
    Loan, OtherLevel, OtherMeasure, Patent, Policy, PremiumEvent, PremiumEventKind, Product,
};
use zhirong_policy::ident::Uscc;
use zhirong_policy::reading::{PolicyMoney, StatusDate};

use super::{Earned, Oracle, beijing_day, fen, largest_remainder, runs_on};

impl Oracle<'_> {
    pub(super) fn premium_subsidies(&self, lines: &mut Earned) {
        let numbers: BTreeSet<(&str, &Uscc)> = self
            .facts
            .policies
            .iter()
            .map(|policy| (policy.policy_no.as_str(), &policy.policyholder_uscc))
            .collect();
        for (number, holder) in numbers {
            for (patent, amount) in self.number_lines(number, holder) {
                let item = format!("{number}/{patent}");
                lines.insert(
                    LineKey {
                        measure: Measure::PremiumSubsidy,
                        beneficiary: holder.clone(),
                        item,
                    },
                    amount,
                );
            }
        }
    }

    pub(super) fn records(&self, number: &str) -> Vec<&Policy> {
        let all = self.facts.policies.iter();
        all.filter(|policy| policy.policy_no.as_str() == number).collect()
    }

    /// Whether one insurer's policy is of the kind that is paid, or a reviewer accepted what is held of it.
    pub(super) fn record_is_eligible(&self, record: &Policy, records: &[&Policy]) -> bool {
        let agree = records.iter().all(|other| {
            record.policyholder_uscc == other.policyholder_uscc
                && record.product == other.product
                && record.cover_from == other.cover_from
                && record.cover_to == other.cover_to
        });
        let accepted = |code| self.is_accepted(&record.institution_code, &record.policy_no, code);
        let class = match &record.policyholder_uscc.as_str()[..2] {
            "91" => true,
            "92" | "93" => accepted(FindingCode::PolicyholderClass),
            _ => false,
        };
        let product = match record.product {
            Product::Enforcement | Product::InfringementLiability | Product::InfringementLoss => true,
            Product::Other => accepted(FindingCode::ProductOther),
            Product::LoanGuarantee => false,
        };
        let money = self.premium_money(&record.policyholder_uscc, record.policy_no.as_str());
        let excluded = self.readings.policy_money == PolicyMoney::Exclude && !money.is_empty();
        class && product && !excluded && (agree || accepted(FindingCode::PolicyCoinsuranceDiffers))
    }

    /// Other levels' money for a policyholder's policies of one number.
    pub(crate) fn premium_money(&self, holder: &Uscc, number: &str) -> Vec<(OtherLevel, i128)> {
        self.other_money(OtherMeasure::PremiumSubsidy, holder, number)
    }

    /// A holder's lines of one policy number by patent, after other levels' money.
    fn number_lines(&self, number: &str, holder: &Uscc) -> BTreeMap<String, i128> {
        let all = self.records(number);
        let records: Vec<&Policy> = all
            .iter()
            .filter(|record| record.policyholder_uscc == *holder)
            .copied()
            .collect();
        let awards = self.premium_money(holder, number);
        let mut lines: BTreeMap<String, i128> = BTreeMap::new();
        for record in &records {
            if self.record_is_eligible(record, &all) && !self.policy_is_rejected(record, &all) {
                for (patent, amount) in self.insurer_lines(record) {
                    *lines.entry(patent).or_default() += amount;
                }
            }
        }
        if self.readings.policy_money == PolicyMoney::TopUpToCost && !awards.is_empty() {
            let ceiling = self.cost_left(&records, awards.iter().map(|(_, amount)| amount).sum());
            if lines.values().sum::<i128>() > ceiling {
                let weights: Vec<i128> = lines.values().copied().collect();
                for (amount, share) in lines.values_mut().zip(largest_remainder(ceiling, &weights)) {
                    *amount = share;
                }
            }
        }
        lines
    }

    /// The year's net premium that other levels' money leaves, the earliest years' premium used first.
    fn cost_left(&self, records: &[&Policy], mut money: i128) -> i128 {
        let mut left = 0;
        for year in 2000..=self.year {
            let net: i128 = records
                .iter()
                .flat_map(|record| self.payments(record, year))
                .map(|(_, net)| net)
                .sum();
            let used = money.min(net);
            money -= used;
            left = net - used;
        }
        left
    }

    /// The payments of a year that count by date and place: the day and what refunds left of each.
    pub(crate) fn payments(&self, record: &Policy, year: i32) -> Vec<(NaiveDate, i128)> {
        let of_record = |event: &&PremiumEvent| {
            event.institution_code == record.institution_code && event.policy_no == record.policy_no
        };
        let mut payments = Vec::new();
        for payment in self.facts.premium_events.iter().filter(of_record) {
            let counts = payment.kind == PremiumEventKind::Payment
                && payment.occurred_on.year() == year
                && self.registered_in_city(&record.policyholder_uscc, payment.occurred_on);
            if counts {
                payments.push((payment.occurred_on, self.net_payment(payment)));
            }
        }
        payments
    }

    /// A payment less its refunds, whenever dated; never below nothing.
    pub(super) fn net_payment(&self, payment: &PremiumEvent) -> i128 {
        let refunds = self.facts.premium_events.iter().filter(|event| {
            event.kind == PremiumEventKind::Refund
                && event.institution_code == payment.institution_code
                && event.policy_no == payment.policy_no
                && event.reverses.as_ref() == Some(&payment.event_no)
        });
        (fen(payment.amount) - refunds.map(|event| fen(event.amount)).sum::<i128>()).max(0)
    }

    /// The patents of a policy in ascending order with the weights its premium is split by.
    pub(super) fn schedule(&self, record: &Policy) -> Vec<(String, i128)> {
        let mut rows: Vec<(String, Option<i128>)> = Vec::new();
        for row in &self.facts.policy_patents {
            if row.institution_code == record.institution_code && row.policy_no == record.policy_no {
                rows.push((row.patent_no.to_string(), row.premium.map(fen)));
            }
        }
        rows.sort();
        let all_stated = rows.iter().all(|(_, premium)| premium.is_some());
        let weight = |premium: Option<i128>| if all_stated { premium.unwrap_or(1) } else { 1 };
        rows.into_iter()
            .map(|(number, premium)| (number, weight(premium)))
            .collect()
    }

    /// One insurer's part of a policy by patent.
    pub(super) fn insurer_lines(&self, record: &Policy) -> BTreeMap<String, i128> {
        let schedule = self.schedule(record);
        let weights: Vec<i128> = schedule.iter().map(|(_, weight)| *weight).collect();
        let mut full: BTreeMap<String, i128> = BTreeMap::new();
        let mut common: BTreeMap<String, i128> = BTreeMap::new();
        for (day, net) in self.payments(record, self.year) {
            let parts = largest_remainder(net, &weights);
            for ((number, _), part) in schedule.iter().zip(parts) {
                if !self.part_counts(record, number, day) {
                    continue;
                }
                let class = if self.is_full(number, day) {
                    &mut full
                } else {
                    &mut common
                };
                *class.entry(number.clone()).or_default() += part;
            }
        }
        let parts: Vec<i128> = common.values().copied().collect();
        let subsidy = self.rounded(parts.iter().sum::<i128>() * 80, 100);
        for (number, share) in common.keys().zip(largest_remainder(subsidy, &parts)) {
            *full.entry(number.clone()).or_default() += share;
        }
        full
    }

    pub(super) fn part_counts(&self, record: &Policy, number: &str, day: NaiveDate) -> bool {
        let Some(patent) = self
            .facts
            .patents
            .iter()
            .find(|patent| patent.patent_no.as_str() == number)
        else {
            return false;
        };
        let ended = patent.ended_on.is_some_and(|ended| ended <= day);
        let accepted = |code| self.is_accepted(&record.institution_code, &record.policy_no, code);
        !ended
            && !self.is_excluded(number, day)
            && (self.may_use(record, patent, day) || accepted(FindingCode::PolicyholderNotOwner))
            && (!self.is_second(record, number) || accepted(FindingCode::PolicySecond))
    }

    pub(super) fn may_use(&self, record: &Policy, patent: &Patent, day: NaiveDate) -> bool {
        let holder = &record.policyholder_uscc;
        let rows: Vec<_> = self
            .facts
            .patent_owners
            .iter()
            .filter(|row| row.patent_no == patent.patent_no)
            .collect();
        if rows.is_empty() {
            patent.patentee_uscc.as_ref() == Some(holder)
        } else {
            rows.iter()
                .any(|row| row.holder == holder.as_str() && runs_on(row.valid_from, row.valid_to, day))
        }
    }

    /// Rule 8: another policy for the same patent and product came first and overlaps.
    pub(super) fn is_second(&self, record: &Policy, number: &str) -> bool {
        self.facts.policies.iter().any(|other| {
            let names_it = self.facts.policy_patents.iter().any(|row| {
                row.institution_code == other.institution_code
                    && row.policy_no == other.policy_no
                    && row.patent_no.as_str() == number
            });
            let first =
                (other.cover_from, other.policy_no.as_str()) < (record.cover_from, record.policy_no.as_str());
            other.policy_no != record.policy_no
                && other.product == record.product
                && names_it
                && first
                && record.cover_from <= other.cover_to
                && other.cover_from <= record.cover_to
        })
    }

    fn is_full(&self, number: &str, paid_on: NaiveDate) -> bool {
        let (from, until) = match self.readings.status_date {
            StatusDate::AtPayment => (paid_on, paid_on),
            StatusDate::YearEnd => (
                NaiveDate::from_ymd_opt(self.year, 1, 1).unwrap(),
                NaiveDate::from_ymd_opt(self.year, 12, 31).unwrap(),
            ),
        };
        let type_digit = if number.len() == 14 {
            &number[4..5]
        } else {
            &number[2..3]
        };
        let granted = self.facts.patents.iter().any(|patent| {
            patent.patent_no.as_str() == number && patent.granted_on.is_some_and(|granted| granted <= until)
        });
        let invention = (type_digit == "1" || type_digit == "8") && granted;
        let award = self
            .facts
            .awards
            .iter()
            .any(|award| award.patent_no.as_str() == number && award.awarded_on <= until);
        invention || award || self.was_pledged(number, from, until)
    }

    fn was_pledged(&self, number: &str, from: NaiveDate, until: NaiveDate) -> bool {
        self.facts.pledges.iter().any(|pledge| {
            pledge.patents.iter().any(|patent| patent.as_str() == number)
                && pledge.registered_on <= until
                && pledge.cancelled_on.is_none_or(|last| last >= from)
                && self.facts.loans.iter().any(|loan| {
                    loan.institution_code == pledge.institution_code
                        && loan.pledge_no.as_ref() == Some(&pledge.pledge_no)
                        && (!self.is_blocked(pledge)
                            || self.is_accepted(
                                &loan.institution_code,
                                &loan.contract_no,
                                FindingCode::PledgeDouble,
                            ))
                        && self.has_money_by(loan, until)
                })
        })
    }

    fn has_money_by(&self, loan: &Loan, until: NaiveDate) -> bool {
        self.facts.loan_events.iter().any(|event| {
            event.institution_code == loan.institution_code
                && event.contract_no == loan.contract_no
                && self.is_draw(event)
                && beijing_day(event) <= until
                && self.net_draw(event, Some(until)) > 0
        })
    }
}
