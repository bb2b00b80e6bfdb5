//! What became of payments, policies and the patents on their schedules.

use super::{Desk, Names};
use crate::codes::{Measure, NoMoney};
use crate::date::PolicyYear;
use crate::engine::{EngineError, Line};
use crate::explanation::Step;
use crate::facts::{PremiumEvent, PremiumEventKind};
use crate::ident::{InstitutionCode, PatentNo, Reference};
use crate::money::Money;

impl<'a> Desk<'_, 'a> {
    pub(super) fn policy(
        &mut self,
        institution: &InstitutionCode,
        number: &Reference,
        patent_no: Option<&PatentNo>,
    ) -> Result<(), EngineError> {
        let key = (institution, number);
        let schedule = self.index.schedules.get(&key).map_or(&[][..], Vec::as_slice);
        let known = match patent_no {
            Some(patent_no) => schedule.iter().any(|row| row.patent_no == *patent_no),
            None => self.index.policies.contains_key(&key),
        };
        let events: Vec<&'a PremiumEvent> = self
            .index
            .premiums
            .get(&key)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .filter(|event| event.kind == PremiumEventKind::Payment)
            .copied()
            .collect();
        if !known || events.is_empty() {
            let why = if known {
                NoMoney::NoPaymentYet
            } else {
                NoMoney::NotReported
            };
            self.nothing(&[Measure::PremiumSubsidy], why);
            return Ok(());
        }
        for event in events {
            self.premium(event, patent_no)?;
        }
        Ok(())
    }

    pub(super) fn premium(
        &mut self,
        event: &PremiumEvent,
        patent_no: Option<&PatentNo>,
    ) -> Result<(), EngineError> {
        let policy = format!("{}/{}", event.institution_code, event.policy_no);
        let reference = format!("{policy}/{}", event.event_no);
        let mut names = Names::of([policy, reference.clone(), event.policy_no.to_string()]);
        match patent_no {
            Some(patent_no) => drop(names.exact.insert(format!("{reference}/{patent_no}"))),
            None => names.prefix = Some(format!("{reference}/")),
        }
        let no_money = self.why_no_payment(event);
        let (year, measure) = (PolicyYear::of(event.occurred_on), Measure::PremiumSubsidy);
        let item = patent_no.map(|patent_no| format!("{}/{patent_no}", event.policy_no));
        let outcome = self.outcome(year)?;
        let rests = |line: &&Line| {
            item.as_ref().is_none_or(|item| line.key.item == *item)
                && line
                    .explanation
                    .steps
                    .iter()
                    .any(|step| matches!(step, Step::Payment { reference: of, .. } if *of == reference))
        };
        let lines: Vec<Line> = outcome.lines.iter().filter(rests).cloned().collect();
        let findings = names.findings(outcome, measure);
        self.add(measure, year, lines, findings, no_money, names)
    }

    /// Why a premium event has no money, should no finding say so.
    fn why_no_payment(&self, event: &PremiumEvent) -> NoMoney {
        if event.kind == PremiumEventKind::Refund {
            return NoMoney::NoEarningKind;
        }
        let events = self
            .index
            .premiums
            .get(&(&event.institution_code, &event.policy_no))
            .map_or(&[][..], Vec::as_slice);
        let refunds = events.iter().filter(|other| {
            other.kind == PremiumEventKind::Refund && other.reverses.as_ref() == Some(&event.event_no)
        });
        match Money::sum(refunds.map(|refund| refund.amount)) {
            Ok(refunded) if refunded < event.amount => NoMoney::AddsNothing,
            _ => NoMoney::WhollyRefunded,
        }
    }
}
