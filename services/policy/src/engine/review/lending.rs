//! What one contract shows alone: signing, repayment, pledge and magnitude.

use super::repayment::{Repayments, repayments};
use super::{Case, Note, Review, days, name, sum};
use crate::codes::{FindingCode, Measure};
use crate::engine::contract::{Reviewed, event_reference};
use crate::explanation::date_text;
use crate::facts::{Collateral, LoanEvent};
use crate::money::Money;

impl<'a> Review<'_, 'a> {
    /// The findings on one contract of the year.
    pub(super) fn loan(&mut self, case: &Case<'_, 'a>) {
        let repaid = repayments(self.events(case.loan), self.rules);
        for reviewed in &case.draws {
            self.before_signing(case, reviewed);
            self.quick_repayment(case, reviewed, &repaid);
            self.unit(
                case,
                &reviewed.measures,
                reviewed.draw.event.amount,
                event_reference(reviewed.draw.event),
                name::loan_event(reviewed.draw.event),
            );
        }
        let measures = case.measures();
        self.unit(
            case,
            &measures,
            case.loan.contract_amount,
            case.reference(),
            name::loan(case.loan),
        );
        self.circular(case, &measures, &repaid);
        self.cancelled_early(case, &measures);
        self.decorative(case, &measures);
        self.lapsed_while_pledged(case, &repaid);
    }

    fn before_signing(&mut self, case: &Case<'_, '_>, reviewed: &Reviewed<'_>) {
        let (event, signed_on) = (reviewed.draw.event, case.loan.signed_on);
        if event.date() >= signed_on {
            return;
        }
        self.report(case, &reviewed.measures, &|| Note {
            code: FindingCode::DrawBeforeSigning,
            reference: event_reference(event),
            amount: Some(reviewed.draw.net),
            detail: format!("{} < {}", date_text(event.date()), date_text(signed_on)),
            evidence: vec![name::loan_event(event), name::loan(case.loan)],
        });
    }

    fn quick_repayment(&mut self, case: &Case<'_, '_>, reviewed: &Reviewed<'_>, repaid: &Repayments<'_>) {
        let draw = &reviewed.draw;
        let limit = i64::from(self.limits.quick_repayment_days);
        let parts = repaid
            .of_draw
            .get(&draw.event.event_no)
            .map_or(&[][..], Vec::as_slice);
        let soon: Vec<_> = parts
            .iter()
            .filter(|part| days(draw.event.date(), part.event.date()) <= limit)
            .collect();
        let amount = sum(soon.iter().map(|part| part.amount));
        let share = self.limits.quick_repayment_share;
        let bound = draw.net.times_exact(share).unwrap_or_default();
        if soon.is_empty() || rust_decimal::Decimal::from(amount.fen()) < bound {
            return;
        }
        let last = soon.iter().map(|part| part.event.date()).max();
        let detail = last.map_or(String::new(), |day| {
            format!("{} - {}", date_text(draw.event.date()), date_text(day))
        });
        let evidence = || {
            let events = soon.iter().map(|part| part.event);
            let all = std::iter::once(draw.event).chain(events);
            let mut names: Vec<String> = all.map(name::loan_event).collect();
            names.push(name::loan(case.loan));
            names
        };
        self.report(case, &reviewed.measures, &|| Note {
            code: FindingCode::QuickRepayment,
            reference: event_reference(draw.event),
            amount: Some(amount),
            detail: detail.clone(),
            evidence: evidence(),
        });
    }

    /// An amount that is probably in another unit.
    fn unit(
        &mut self,
        case: &Case<'_, '_>,
        measures: &[Measure],
        amount: Money,
        reference: String,
        record: String,
    ) {
        if amount >= self.limits.unit_low && amount <= self.limits.unit_high {
            return;
        }
        self.report(case, measures, &|| Note {
            code: FindingCode::UnitSuspected,
            reference: reference.clone(),
            amount: Some(amount),
            detail: String::new(),
            evidence: vec![record.clone()],
        });
    }

    fn circular(&mut self, case: &Case<'_, '_>, measures: &[Measure], repaid: &Repayments<'_>) {
        let gross = sum(case.draws.iter().map(|reviewed| reviewed.draw.net));
        let again = repaid.drawn_again.len();
        let enough = u32::try_from(again).is_ok_and(|times| times >= self.limits.circular_draws.max(1));
        if !case.loan.revolving || !enough || gross <= case.loan.contract_amount {
            return;
        }
        let evidence = || {
            let cycles = repaid
                .drawn_again
                .iter()
                .flat_map(|(draw, before)| [*draw, *before]);
            let draws = case.draws.iter().map(|reviewed| reviewed.draw.event);
            let events: Vec<&LoanEvent> = cycles.chain(draws).collect();
            let mut names: Vec<String> = events.into_iter().map(name::loan_event).collect();
            names.push(name::loan(case.loan));
            names
        };
        self.report(case, measures, &|| Note {
            code: FindingCode::CircularDraws,
            reference: case.reference(),
            amount: Some(gross),
            detail: format!("{} x{again}", case.loan.contract_amount),
            evidence: evidence(),
        });
    }

    fn cancelled_early(&mut self, case: &Case<'_, '_>, measures: &[Measure]) {
        let Some((pledge, cancelled)) = case
            .pledge
            .and_then(|pledge| pledge.cancelled_on.map(|cancelled| (pledge, cancelled)))
        else {
            return;
        };
        let limit = i64::from(self.limits.cancelled_days);
        let drawn: Vec<&&Reviewed<'_>> = case
            .draws
            .iter()
            .filter(|reviewed| (0..=limit).contains(&days(reviewed.draw.date, cancelled)))
            .collect();
        if drawn.is_empty() {
            return;
        }
        self.report(case, measures, &|| {
            let events = drawn.iter().map(|reviewed| name::loan_event(reviewed.draw.event));
            Note {
                code: FindingCode::PledgeCancelledEarly,
                reference: case.reference(),
                amount: Some(sum(drawn.iter().map(|reviewed| reviewed.draw.net))),
                detail: format!("{} {}", pledge.pledge_no, date_text(cancelled)),
                evidence: events.chain(case.records()).collect(),
            }
        });
    }

    fn decorative(&mut self, case: &Case<'_, '_>, measures: &[Measure]) {
        let Some(share) = case.loan.patent_share.filter(|share| {
            case.loan.collateral == Collateral::Mixed && *share < self.limits.decorative_share
        }) else {
            return;
        };
        self.report(case, measures, &|| Note {
            code: FindingCode::PledgeDecorative,
            reference: case.reference(),
            amount: Some(sum(case.draws.iter().map(|reviewed| reviewed.draw.net))),
            detail: share.to_string(),
            evidence: case.records(),
        });
    }

    /// The enterprises whose counted base of the year is very small.
    pub(super) fn tiny(&mut self, borrower: &str, base: Money, loans: Vec<String>) {
        if base >= self.limits.tiny_loan {
            return;
        }
        let note = Note {
            code: FindingCode::LoanTiny,
            reference: String::new(),
            amount: Some(base),
            detail: String::new(),
            evidence: loans,
        };
        self.push(Measure::LoanSubsidy, borrower, note);
    }
}
