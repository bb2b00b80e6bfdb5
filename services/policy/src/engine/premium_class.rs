//! Rule 5, the full class: which patents' premiums are paid in full, and by which clause.

use chrono::NaiveDate;

use super::Rules;
use super::index::Index;
use crate::codes::{Clause, FindingCode};
use crate::explanation::date_text;
use crate::facts::{Loan, LoanEvent, LoanEventKind, Patent, Pledge};
use crate::money::Money;
use crate::reading::{Renewal, StatusDate};

/// The full class with the fact that puts the patent there.
pub(crate) struct FullClass {
    pub(crate) clause: Clause,
    pub(crate) because: String,
}

/// Whether a patent's premium, paid on a day, is paid in full: granted invention, award, or pledged for a loan.
///
/// Tested by 31 December of the year, or on the payment date under R11=AT_PAYMENT.
pub(crate) fn full_class(
    index: &Index<'_>,
    rules: &Rules<'_>,
    patent: &Patent,
    paid_on: NaiveDate,
) -> Option<FullClass> {
    let (from, by) = match rules.readings.status_date {
        StatusDate::YearEnd => (rules.year.first_day(), rules.year.last_day()),
        StatusDate::AtPayment => (paid_on, paid_on),
    };
    let rule = &rules.revision.premium_subsidy;
    if let Some(granted) = patent
        .granted_on
        .filter(|granted| *granted <= by && patent.patent_no.is_invention())
    {
        return Some(FullClass {
            clause: rule.full_invention_clause,
            because: date_text(granted),
        });
    }
    let awards = index.awards.get(&patent.patent_no).map_or(&[][..], Vec::as_slice);
    let award = awards
        .iter()
        .filter(|award| award.awarded_on <= by)
        .min_by(|one, other| (one.awarded_on, &one.award_name).cmp(&(other.awarded_on, &other.award_name)));
    if let Some(award) = award {
        let because = format!("{} {}", award.award_name, date_text(award.awarded_on));
        return Some(FullClass {
            clause: rule.full_award_clause,
            because,
        });
    }
    let pledges = index
        .pledges_of_patent
        .get(&patent.patent_no)
        .map_or(&[][..], Vec::as_slice);
    let pledge = pledges
        .iter()
        .filter(|pledge| pledge.registered_on <= by && pledge.cancelled_on.is_none_or(|last| last >= from))
        .filter(|pledge| obtained_a_loan(index, rules, pledge, by))
        .min_by(|one, other| {
            (one.registered_on, &one.pledge_no).cmp(&(other.registered_on, &other.pledge_no))
        });
    pledge.map(|pledge| FullClass {
        clause: rule.full_pledge_clause,
        because: pledge.pledge_no.to_string(),
    })
}

/// 以专利权质押的方式获得贷款: a loan on the pledge has a draw not fully reversed by the day, whatever the lender and collateral.
///
/// A pledge that an earlier one blocks obtained none (rule 8), but for a contract on which a reviewer accepted the double pledge.
fn obtained_a_loan(index: &Index<'_>, rules: &Rules<'_>, pledge: &Pledge, by: NaiveDate) -> bool {
    let loans = index
        .loans_of_pledge
        .get(&(&pledge.institution_code, &pledge.pledge_no))
        .map_or(&[][..], Vec::as_slice);
    let is_blocked = index.blocking_pledge(pledge).is_some();
    let is_accepted = |loan: &&&Loan| {
        let (institution, number) = (&loan.institution_code, &loan.contract_no);
        index
            .acceptance(institution, number, FindingCode::PledgeDouble)
            .is_some()
    };
    let mut loans = loans.iter().filter(|loan| !is_blocked || is_accepted(loan));
    loans.any(|loan| {
        let events = index
            .events
            .get(&(&loan.institution_code, &loan.contract_no))
            .map_or(&[][..], Vec::as_slice);
        events.iter().any(|event| {
            let is_draw = event.kind == LoanEventKind::Draw
                || (event.kind == LoanEventKind::Rollover && rules.readings.renewal == Renewal::All);
            is_draw && event.date() <= by && reversed_by(events, event, by) < event.amount
        })
    })
}

fn reversed_by(events: &[&LoanEvent], draw: &LoanEvent, by: NaiveDate) -> Money {
    let reversals = events.iter().filter(|event| {
        event.kind == LoanEventKind::Reversal
            && event.reverses.as_ref() == Some(&draw.event_no)
            && event.date() <= by
    });
    // An overflowing sum of reversals is certainly more than the draw.
    Money::sum(reversals.map(|event| event.amount)).unwrap_or(Money::from_fen(i64::MAX))
}
