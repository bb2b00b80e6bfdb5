//! Who owned the patents, and whether they stayed in force.

use chrono::{Days, NaiveDate};

use super::repayment::Repayments;
use super::{Case, Note, Review, days, name};
use crate::codes::{FindingCode, Measure};
use crate::engine::contract::{Reviewed, event_reference};
use crate::engine::premium_subsidy::Payment;
use crate::explanation::date_text;
use crate::facts::{EndReason, HolderRole, Patent, PatentOwner, Policy};
use crate::ident::{PatentNo, Uscc};

/// Rows of owners that show a change of hands, and the day of it.
struct Transfer<'a> {
    on: NaiveDate,
    rows: Vec<&'a PatentOwner>,
}

impl<'a> Review<'_, 'a> {
    /// PATENT_TRANSFERRED and PLEDGOR_NOT_OWNER.
    pub(super) fn title_of_pledge(&mut self, case: &Case<'_, 'a>) {
        let Some(pledge) = case.pledge else { return };
        let measures = case.measures();
        let (pledgor, from) = (&pledge.pledgor_uscc, pledge.registered_on);
        let known: Vec<&Patent> = pledge
            .patents
            .iter()
            .filter_map(|number| self.index.patents.get(number).copied())
            .collect();
        for patent in &known {
            if let Some(transfer) = self.transfer(patent, pledgor, from, pledge.cancelled_on) {
                self.report(case, &measures, &|| Note {
                    code: FindingCode::PatentTransferred,
                    reference: case.reference(),
                    amount: None,
                    detail: format!("{} {}", patent.patent_no, date_text(transfer.on)),
                    evidence: transfer
                        .rows
                        .iter()
                        .map(|row| name::owner(row))
                        .chain(case.records())
                        .collect(),
                });
            }
        }
        let owns = |patent: &&Patent| self.index.holds_patent(patent, pledgor, from);
        if known.is_empty() || known.iter().any(owns) {
            return;
        }
        let owners: Vec<&PatentOwner> = known
            .iter()
            .filter_map(|patent| self.index.owners.get(&patent.patent_no))
            .flatten()
            .copied()
            .collect();
        self.report(case, &measures, &|| Note {
            code: FindingCode::PledgorNotOwner,
            reference: case.reference(),
            amount: None,
            detail: format!("{pledgor} {}", date_text(from)),
            evidence: known
                .iter()
                .map(|patent| name::patent(patent))
                .chain(owners.iter().map(|row| name::owner(row)))
                .chain(case.records())
                .collect(),
        });
    }

    /// The holder's acquisition shortly before a period, or the loss of the title within it.
    fn transfer(
        &self,
        patent: &Patent,
        holder: &Uscc,
        from: NaiveDate,
        to: Option<NaiveDate>,
    ) -> Option<Transfer<'a>> {
        let rows = self.index.owners.get(&patent.patent_no)?;
        let owners = || rows.iter().copied().filter(|row| row.role == HolderRole::Owner);
        let own = || owners().filter(|row| row.holder == holder.as_str());
        let limit = i64::from(self.limits.transfer_days);
        // A first owner acquires nothing from anybody: somebody else owned it, or it was granted before.
        let is_acquired = |row: &&PatentOwner| {
            let was_anothers = owners()
                .any(|other| other.holder != holder.as_str() && other.valid_from < row.valid_from)
                || patent.granted_on.is_some_and(|granted| granted < row.valid_from);
            let eve = row.valid_from.pred_opt();
            let was_own_before = own().any(|other| eve.is_some_and(|eve| other.period().contains(eve)));
            was_anothers && !was_own_before && (0..=limit).contains(&days(row.valid_from, from))
        };
        let before = |day: NaiveDate| {
            owners()
                .filter(move |row| row.holder != holder.as_str() && row.valid_from < day)
                .max_by_key(|row| (row.valid_from, &row.holder))
        };
        if let Some(row) = own().filter(is_acquired).min_by_key(|row| row.valid_from) {
            return Some(Transfer {
                on: row.valid_from,
                rows: std::iter::once(row).chain(before(row.valid_from)).collect(),
            });
        }
        let mut lost: Vec<(NaiveDate, &PatentOwner)> = own()
            .filter_map(|row| {
                let next = row.valid_to?.checked_add_days(Days::new(1))?;
                let is_within = next > from && to.is_none_or(|last| next <= last);
                let stays = own().any(|other| other.period().contains(next)) || patent.has_ended_by(next);
                (is_within && !stays).then_some((next, row))
            })
            .collect();
        lost.sort_by_key(|(next, row)| (*next, row.valid_from));
        let (next, row) = *lost.first()?;
        let after = owners()
            .filter(|other| other.period().contains(next))
            .min_by_key(|other| (&other.holder, other.valid_from));
        Some(Transfer {
            on: next,
            rows: std::iter::once(row).chain(after).collect(),
        })
    }

    /// PATENT_LAPSED_LATER for a loan: in force on the draw, ended while it was pledged and owed.
    pub(super) fn lapsed_while_pledged(&mut self, case: &Case<'_, 'a>, repaid: &Repayments<'_>) {
        let Some(pledge) = case.pledge else { return };
        let last = [pledge.cancelled_on, repaid.repaid_on]
            .into_iter()
            .flatten()
            .min();
        for reviewed in &case.draws {
            let Reviewed { draw, measures } = reviewed;
            for patent in pledge
                .patents
                .iter()
                .filter_map(|number| self.index.patents.get(number))
            {
                if !patent.is_in_force_on(draw.date) {
                    continue;
                }
                if let Some(ended) = ended_within(patent, last) {
                    self.report(case, measures, &|| Note {
                        code: FindingCode::PatentLapsedLater,
                        reference: event_reference(draw.event),
                        amount: Some(draw.net),
                        detail: format!("{} {}", patent.patent_no, date_text(ended)),
                        evidence: std::iter::once(name::patent(patent))
                            .chain(std::iter::once(name::loan_event(draw.event)))
                            .chain(case.records())
                            .collect(),
                    });
                }
            }
        }
    }

    /// The title findings on a policy's patents: transferred, or ended within the cover after a payment.
    pub(super) fn title_of_policy(&mut self, policy: &'a Policy, payments: &[Payment<'a>]) {
        let schedule = self
            .index
            .schedules
            .get(&(&policy.institution_code, &policy.policy_no))
            .map_or(&[][..], Vec::as_slice);
        let holder = &policy.policyholder_uscc;
        for row in schedule {
            let Some(patent) = self.index.patents.get(&row.patent_no).copied() else {
                continue;
            };
            let own = vec![name::policy(policy), name::policy_patent(row)];
            if let Some(transfer) = self.transfer(patent, holder, policy.cover_from, Some(policy.cover_to)) {
                let owners = transfer.rows.iter().map(|owner| name::owner(owner));
                let evidence = owners.chain(own.iter().cloned()).collect();
                self.of_patent(
                    FindingCode::PatentTransferred,
                    policy,
                    patent,
                    transfer.on,
                    evidence,
                );
            }
            let in_force = |payment: &&Payment<'_>| !patent.has_ended_by(payment.event.occurred_on);
            let ended = ended_within(patent, Some(policy.cover_to));
            if let (Some(ended), Some(payment)) = (ended, payments.iter().find(in_force)) {
                let mut evidence = own;
                evidence.push(name::patent(patent));
                evidence.push(name::premium_event(payment.event));
                self.of_patent(FindingCode::PatentLapsedLater, policy, patent, ended, evidence);
            }
        }
    }

    fn of_patent(
        &mut self,
        code: FindingCode,
        policy: &Policy,
        patent: &Patent,
        on: NaiveDate,
        evidence: Vec<String>,
    ) {
        let number: &PatentNo = &patent.patent_no;
        let note = Note {
            code,
            reference: format!("{}/{}/{number}", policy.institution_code, policy.policy_no),
            amount: None,
            detail: date_text(on),
            evidence,
        };
        self.push(Measure::PremiumSubsidy, policy.policyholder_uscc.as_str(), note);
    }
}

/// The day a patent ended by a day, other than by invalidation, which has a finding of its own.
fn ended_within(patent: &Patent, last: Option<NaiveDate>) -> Option<NaiveDate> {
    patent
        .ended_on
        .filter(|ended| last.is_none_or(|last| *ended <= last))
        .filter(|_| patent.end_reason != Some(EndReason::Invalidated))
}
