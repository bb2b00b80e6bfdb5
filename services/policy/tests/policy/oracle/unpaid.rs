//! What is not paid, so that each yuan of it can be asked for its finding.

use chrono::Datelike;
use zhirong_policy::codes::Measure;
use zhirong_policy::facts::{LoanEvent, Policy, PremiumEvent, PremiumEventKind};

use super::{For, Oracle, beijing_day, largest_remainder};

impl Oracle<'_> {
    /// Draws and payments of the year that count nothing, or not with every part: the measure and the record.
    pub(crate) fn unpaid(&self) -> Vec<(Measure, String)> {
        let mut unpaid = Vec::new();
        for event in self.facts.loan_events.iter().filter(|event| self.is_draw(event)) {
            for (measure, whom) in [
                (Measure::LoanSubsidy, For::Enterprise),
                (Measure::BankIncentive, For::Bank),
            ] {
                if self.net_draw(event, None) > 0 && self.fails_in_year(event, whom) {
                    let reference = format!(
                        "{}/{}/{}",
                        event.institution_code, event.contract_no, event.event_no
                    );
                    unpaid.push((measure, reference));
                }
            }
        }
        for payment in &self.facts.premium_events {
            let of_year =
                payment.kind == PremiumEventKind::Payment && payment.occurred_on.year() == self.year;
            if of_year && self.net_payment(payment) > 0 && !self.is_complete(payment) {
                unpaid.push((
                    Measure::PremiumSubsidy,
                    format!("{}/{}", payment.institution_code, payment.policy_no),
                ));
            }
        }
        unpaid
    }

    /// Whether every part of a payment counts.
    fn is_complete(&self, payment: &PremiumEvent) -> bool {
        let records: Vec<&Policy> = self.records(payment.policy_no.as_str());
        let own = records
            .iter()
            .find(|policy| policy.institution_code == payment.institution_code);
        let Some(record) = own else { return false };
        let day = payment.occurred_on;
        let schedule = self.schedule(record);
        let weights: Vec<i128> = schedule.iter().map(|(_, weight)| *weight).collect();
        let parts = largest_remainder(self.net_payment(payment), &weights);
        !schedule.is_empty()
            && self.record_is_eligible(record, &records)
            && !self.policy_is_rejected(record, &records)
            && self.registered_in_city(&record.policyholder_uscc, day)
            && schedule
                .iter()
                .zip(parts)
                .all(|((number, _), part)| part == 0 || self.part_counts(record, number, day))
    }

    /// Whether a draw that falls in the year is not among its contract's counted draws.
    fn fails_in_year(&self, event: &LoanEvent, whom: For) -> bool {
        let loan = self.facts.loans.iter().find(|loan| {
            loan.institution_code == event.institution_code && loan.contract_no == event.contract_no
        });
        let Some(loan) = loan else {
            return beijing_day(event).year() == self.year;
        };
        let day = self.counting_day(loan, event);
        let held = whom == For::Enterprise && !self.loan_is_paid(loan);
        let counts = self.counted(loan, event, whom).is_some()
            && self.share_of(loan).is_some()
            && !self.is_rejected(loan, whom);
        day.year() == self.year && (held || !counts)
    }
}
