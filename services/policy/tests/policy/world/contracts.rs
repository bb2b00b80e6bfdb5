//! Loans with their pledges and events, policies with their schedules and premiums.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use zhirong_policy::facts::{
    Collateral, Institution, Loan, LoanEvent, LoanEventKind, Pledge, Policy, PolicyPatent, PremiumEvent,
    PremiumEventKind, Product,
};
use zhirong_policy::ident::{InstitutionCode, PledgeNo, Reference, Uscc};
use zhirong_policy::money::Rate;

use super::{Builder, LOANS, PREMIUMS, SHARES, any_day, day, last_day, money, often, one_of, reference};

impl Builder {
    pub(super) fn loans(&mut self) {
        for bank in 0..self.banks.len() {
            for number in 0..self.rng.usize(0..=3) {
                self.loan(bank, number);
            }
        }
    }

    fn loan(&mut self, bank: usize, number: usize) {
        let institution = self.banks[bank].clone();
        let borrower = self.enterprise();
        let pledge_no = self.pledge(&institution, &borrower, number);
        let contract_no = reference(&format!("HT-{number}"));
        let collateral = match self.rng.u32(0..20) {
            0 => one_of(&mut self.rng, Collateral::ALL),
            1..=6 => Collateral::Mixed,
            _ => Collateral::Patent,
        };
        let share = Rate::parse(one_of(&mut self.rng, &SHARES)).unwrap();
        let stated = collateral == Collateral::Mixed && often(&mut self.rng, 85);
        if often(&mut self.rng, 96) {
            self.facts.loans.push(Loan {
                institution_code: institution.institution_code.clone(),
                contract_no: contract_no.clone(),
                borrower_uscc: borrower,
                contract_amount: money(&mut self.rng, &LOANS),
                signed_on: any_day(&mut self.rng),
                revolving: often(&mut self.rng, 30),
                collateral,
                patent_share: stated.then_some(share),
                pledge_no: often(&mut self.rng, 96).then_some(pledge_no),
                renewal_of: often(&mut self.rng, 10).then(|| reference("HT-0")),
                syndicate_no: often(&mut self.rng, 10).then(|| reference("YT-1")),
            });
        }
        self.loan_events(&institution.institution_code, &contract_no);
    }

    fn pledge(&mut self, bank: &Institution, borrower: &Uscc, number: usize) -> PledgeNo {
        let shared = often(&mut self.rng, 15);
        let bank_digit = if shared {
            "7"
        } else {
            bank.institution_code.as_str().trim_start_matches("BANK")
        };
        let prefix = if often(&mut self.rng, 20) { "Y" } else { "" };
        let pledge_no =
            PledgeNo::from_canonical(&format!("{prefix}20249800000{bank_digit}{number}")).unwrap();
        if often(&mut self.rng, 4) {
            return pledge_no;
        }
        let pledgor_uscc = if often(&mut self.rng, 93) {
            borrower.clone()
        } else {
            self.enterprise()
        };
        let pledgee_uscc = match self.rng.u32(0..20) {
            0 => self.enterprise(),
            1..=5 => one_of(&mut self.rng, &self.banks)
                .uscc
                .clone()
                .unwrap_or(bank.legal_person_uscc.clone()),
            _ => bank.legal_person_uscc.clone(),
        };
        let registered_on = if often(&mut self.rng, 55) {
            day("2023-06-01")
        } else {
            any_day(&mut self.rng)
        };
        let cancelled_on = last_day(&mut self.rng, registered_on, 20);
        let mut patents = BTreeSet::new();
        for _ in 0..self.rng.usize(1..=3) {
            // Mostly patents of its own, so that not every pledge is blocked by an earlier one.
            let own = (self.facts.pledges.len() * 2 + self.rng.usize(0..2)) % self.patents.len();
            let place = if often(&mut self.rng, 85) {
                own
            } else {
                self.rng.usize(0..self.patents.len())
            };
            patents.insert(self.patents[place].clone());
        }
        self.facts.pledges.push(Pledge {
            institution_code: bank.institution_code.clone(),
            pledge_no: pledge_no.clone(),
            pledgor_uscc,
            pledgee_uscc,
            registered_on,
            cancelled_on,
            patents: patents.into_iter().collect(),
        });
        pledge_no
    }

    /// An instant of a Beijing day, often its first or last second.
    fn instant(&mut self) -> DateTime<Utc> {
        let second = one_of(&mut self.rng, &[0, 1, 8 * 3600 - 1, 8 * 3600, 12 * 3600, 86_399]);
        let beijing = any_day(&mut self.rng).and_hms_opt(0, 0, 0).unwrap() + TimeDelta::seconds(second);
        (beijing - TimeDelta::hours(8)).and_utc()
    }

    fn loan_events(&mut self, bank: &InstitutionCode, contract_no: &Reference) {
        for number in 0..self.rng.usize(0..=4) {
            let kind = match self.rng.u32(0..20) {
                0 => LoanEventKind::Repayment,
                1 => LoanEventKind::Extension,
                2 | 3 => LoanEventKind::Rollover,
                4..=6 if number > 0 => LoanEventKind::Reversal,
                _ => LoanEventKind::Draw,
            };
            let earlier = if number > 0 && often(&mut self.rng, 90) {
                self.rng.usize(0..number)
            } else {
                9
            };
            let named = format!("E{earlier}");
            let original = self
                .facts
                .loan_events
                .iter()
                .rev()
                .take(number)
                .find(|event| event.event_no.as_str() == named);
            let whole = original
                .map(|event| event.amount)
                .filter(|_| often(&mut self.rng, 50));
            let is_reversal = kind == LoanEventKind::Reversal;
            let amount = whole
                .filter(|_| is_reversal)
                .unwrap_or_else(|| money(&mut self.rng, &LOANS));
            let occurred_at = self.instant();
            self.facts.loan_events.push(LoanEvent {
                institution_code: bank.clone(),
                contract_no: contract_no.clone(),
                event_no: reference(&format!("E{number}")),
                kind,
                occurred_at,
                amount,
                reverses: is_reversal.then(|| reference(&named)),
            });
        }
    }

    pub(super) fn policies(&mut self) {
        for number in 0..self.rng.usize(0..=3) {
            let mut first: Option<Policy> = None;
            for place in 0..self.insurers.len() {
                if place > 0 && often(&mut self.rng, 55) {
                    continue;
                }
                let insurer = self.insurers[place].clone();
                let policy_no = reference(&format!("BD-{number}"));
                let mut policy = self.policy(insurer, policy_no);
                if let Some(lead) = first.as_ref().filter(|_| often(&mut self.rng, 85)) {
                    let other = policy;
                    policy = Policy {
                        institution_code: other.institution_code.clone(),
                        ..lead.clone()
                    };
                    // Sometimes the two insurers differ in one thing alone.
                    match self.rng.u32(0..20) {
                        0 => policy.policyholder_uscc = other.policyholder_uscc,
                        1 => policy.product = other.product,
                        2 => policy.cover_from = policy.cover_from.min(other.cover_from),
                        3 => policy.cover_to = policy.cover_to.max(other.cover_to),
                        4 => policy.sum_insured = other.sum_insured,
                        _ => {}
                    }
                }
                first.get_or_insert_with(|| policy.clone());
                self.schedule(&policy);
                self.premium_events(&policy);
                if often(&mut self.rng, 95) {
                    self.facts.policies.push(policy);
                }
            }
        }
    }

    fn policy(&mut self, institution_code: InstitutionCode, policy_no: Reference) -> Policy {
        let product = match self.rng.u32(0..16) {
            0 | 1 => one_of(&mut self.rng, Product::ALL),
            2..=4 => Product::InfringementLiability,
            _ => Product::Enforcement,
        };
        let cover_from = any_day(&mut self.rng);
        let cover_to = last_day(&mut self.rng, cover_from, 100).unwrap_or(cover_from);
        let policyholder_uscc = self.enterprise();
        let sum_insured = self.rng.bool().then(|| money(&mut self.rng, &LOANS));
        Policy {
            institution_code,
            policy_no,
            product,
            policyholder_uscc,
            cover_from,
            cover_to,
            sum_insured,
        }
    }

    fn schedule(&mut self, policy: &Policy) {
        let all_stated = self.rng.bool();
        let holders = self.enterprises.len();
        for place in 0..self.patents.len() {
            let own = self.enterprises[place % holders] == policy.policyholder_uscc;
            if !often(&mut self.rng, if own { 60 } else { 6 }) {
                continue;
            }
            let stated = if all_stated {
                often(&mut self.rng, 97)
            } else {
                often(&mut self.rng, 50)
            };
            self.facts.policy_patents.push(PolicyPatent {
                institution_code: policy.institution_code.clone(),
                policy_no: policy.policy_no.clone(),
                patent_no: self.patents[place].clone(),
                premium: stated.then(|| money(&mut self.rng, &PREMIUMS)),
            });
        }
    }

    fn premium_events(&mut self, policy: &Policy) {
        for number in 0..self.rng.usize(0..=4) {
            let refund = number > 0 && often(&mut self.rng, 30);
            let named = if often(&mut self.rng, 90) {
                self.rng.usize(0..number.max(1))
            } else {
                9
            };
            self.facts.premium_events.push(PremiumEvent {
                institution_code: policy.institution_code.clone(),
                policy_no: policy.policy_no.clone(),
                event_no: reference(&format!("E{number}")),
                kind: if refund {
                    PremiumEventKind::Refund
                } else {
                    PremiumEventKind::Payment
                },
                occurred_on: any_day(&mut self.rng),
                amount: money(&mut self.rng, &PREMIUMS),
                reverses: refund.then(|| reference(&format!("E{named}"))),
            });
        }
    }
}
