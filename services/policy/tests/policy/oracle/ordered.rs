//! What people order of a batch: exclusion, recovery, objection, freeze, the late window, and the budget of R14.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, TimeDelta};
use zhirong_policy::codes::{Clause, Measure};
use zhirong_policy::conditions::{Conditions, Frozen};
use zhirong_policy::engine::{LineKey, SettledBefore};
use zhirong_policy::reading::{Budget, InstitutionUnit, Unit, YearOf};

use super::{Earned, For, Oracle, fen, largest_remainder, runs_on};

/// What a batch is settled under beside facts and readings.
#[derive(Clone, Copy)]
pub(crate) struct Orders<'a> {
    pub(crate) as_of: NaiveDate,
    pub(crate) settled: &'a SettledBefore,
    pub(crate) conditions: &'a Conditions,
    /// Days after the year in which more may be paid.
    pub(crate) late_days: Option<i64>,
    /// The clause of each line, for freezes of clauses.
    pub(crate) clauses: &'a BTreeMap<LineKey, Clause>,
}

impl Orders<'_> {
    fn before(&self, key: &LineKey) -> i128 {
        self.settled.get(key).map_or(0, |money| fen(*money))
    }
}

impl Oracle<'_> {
    /// What every line is entitled to in a batch: the orders on top of [`Self::earned`].
    pub(crate) fn entitled(&self, orders: &Orders<'_>) -> Earned {
        let mut lines = self.earned();
        for (key, amount) in &mut lines {
            for order in orders.conditions.revoked.iter().filter(|order| order.key == *key) {
                *amount = fen(order.at_most).min(*amount);
            }
            if self.waits(key, orders) {
                *amount = orders.before(key).min(*amount);
            }
        }
        if self.readings.budget != Budget::None {
            for measures in programmes(orders.conditions) {
                self.share_out(orders, &measures.0, measures.1, &mut lines);
            }
        }
        lines.retain(|_, amount| *amount != 0);
        lines
    }

    /// Whether what is not yet settled of a line waits.
    fn waits(&self, key: &LineKey, orders: &Orders<'_>) -> bool {
        let is_bank = key.measure == Measure::BankIncentive;
        let excluded = !is_bank && self.is_excluded(key.beneficiary.as_str(), orders.as_of);
        let disputed = orders.conditions.set_aside.iter().any(|it| it.key == *key);
        let frozen = orders.conditions.freezes.iter().any(|freeze| {
            let stopped = match &freeze.what {
                Frozen::Clause(clause) => orders.clauses.get(key) == Some(clause),
                Frozen::Institution(code) => {
                    let own = self
                        .facts
                        .institutions
                        .iter()
                        .find(|row| row.institution_code == *code);
                    self.contributors(key).0.contains(code.as_str())
                        || (is_bank && own.is_some_and(|row| row.legal_person_uscc == key.beneficiary))
                }
            };
            stopped && runs_on(freeze.from, freeze.to, orders.as_of)
        });
        let late = orders.late_days.is_some_and(|days| {
            let year_end = NaiveDate::from_ymd_opt(self.year, 12, 31).unwrap();
            orders.as_of > year_end + TimeDelta::days(days)
        });
        excluded || disputed || frozen || late
    }

    /// Shares what is left of an appropriation over the lines that are due more.
    fn share_out(&self, orders: &Orders<'_>, measures: &[Measure], available: i128, lines: &mut Earned) {
        let due: Vec<(LineKey, i128)> = lines
            .iter()
            .filter(|(key, amount)| measures.contains(&key.measure) && **amount > orders.before(key))
            .map(|(key, amount)| (key.clone(), amount - orders.before(key)))
            .collect();
        let weights: Vec<i128> = due.iter().map(|(_, more)| *more).collect();
        if weights.iter().sum::<i128>() <= available {
            return;
        }
        let granted = if self.readings.budget == Budget::ProRata {
            largest_remainder(available, &weights)
        } else {
            let mut queue: Vec<(Option<NaiveDate>, usize)> = due
                .iter()
                .enumerate()
                .map(|(place, (key, _))| (self.contributors(key).1, place))
                .collect();
            queue.sort();
            let mut left = available;
            let mut granted = vec![0; due.len()];
            for (_, place) in queue {
                granted[place] = left.min(weights[place]);
                left -= granted[place];
            }
            granted
        };
        for ((key, _), part) in due.into_iter().zip(granted) {
            let amount = orders.before(&key) + part;
            lines.insert(key, amount);
        }
    }

    /// The institutions whose records a line rests on, and the day of its first counted event.
    pub(crate) fn contributors(&self, key: &LineKey) -> (BTreeSet<String>, Option<NaiveDate>) {
        let mut events: Vec<(String, NaiveDate)> = Vec::new();
        match key.measure {
            Measure::LoanSubsidy | Measure::BankIncentive => {
                let whom = if key.measure == Measure::BankIncentive {
                    For::Bank
                } else {
                    For::Enterprise
                };
                for loan in &self.facts.loans {
                    let whole = whom == For::Enterprise && self.readings.year == YearOf::FirstDrawYear;
                    if self.is_of_line(key, loan, whom) && self.base(loan, whom) > 0 {
                        let draws = self.counted_draws(loan, whom).into_iter();
                        let days = draws
                            .map(|(day, _)| day)
                            .filter(|day| whole || day.year() == self.year);
                        events.extend(days.map(|day| (loan.institution_code.to_string(), day)));
                    }
                }
            }
            Measure::PremiumSubsidy => {
                let (number, patent) = key.item.split_once('/').unwrap_or_default();
                let records = self.records(number);
                for record in records
                    .iter()
                    .filter(|it| it.policyholder_uscc == key.beneficiary)
                {
                    if self.record_is_eligible(record, &records) && !self.policy_is_rejected(record, &records)
                    {
                        let days = self.days_counted(record, patent);
                        let insurer = record.institution_code.to_string();
                        events.extend(days.into_iter().map(|day| (insurer.clone(), day)));
                    }
                }
            }
        }
        let first = events.iter().map(|(_, day)| *day).min();
        (events.into_iter().map(|(code, _)| code).collect(), first)
    }

    fn is_of_line(&self, key: &LineKey, loan: &zhirong_policy::facts::Loan, whom: For) -> bool {
        if whom == For::Bank {
            let by_branch = self.readings.institution == InstitutionUnit::Branch;
            return self
                .lender_of(loan)
                .is_some_and(|row| row.legal_person_uscc == key.beneficiary)
                && (!by_branch || key.item == loan.institution_code.as_str());
        }
        let own = format!("{}/{}", loan.institution_code, loan.contract_no);
        loan.borrower_uscc == key.beneficiary
            && self.loan_is_paid(loan)
            && (self.readings.unit != Unit::PerLoan || key.item == own)
    }

    /// The days on which a patent's part of a payment counts.
    fn days_counted(&self, record: &zhirong_policy::facts::Policy, patent: &str) -> Vec<NaiveDate> {
        let schedule = self.schedule(record);
        let weights: Vec<i128> = schedule.iter().map(|(_, weight)| *weight).collect();
        let mut days = Vec::new();
        for (day, net) in self.payments(record, self.year) {
            for ((number, _), part) in schedule.iter().zip(largest_remainder(net, &weights)) {
                if number == patent && part > 0 && self.part_counts(record, number, day) {
                    days.push(day);
                }
            }
        }
        days
    }
}

/// Each programme's measures with what is left of its appropriation; nothing where none is stated.
fn programmes(conditions: &Conditions) -> Vec<(Vec<Measure>, i128)> {
    let mut found: Vec<(Vec<Measure>, i128)> = conditions
        .budgets
        .iter()
        .map(|budget| {
            let left = (fen(budget.ceiling) - fen(budget.committed)).max(0);
            (budget.measures.clone(), left)
        })
        .collect();
    let stated: Vec<Measure> = found.iter().flat_map(|(measures, _)| measures.clone()).collect();
    let others = Measure::ALL.iter().filter(|measure| !stated.contains(measure));
    found.push((others.copied().collect(), 0));
    found
}
