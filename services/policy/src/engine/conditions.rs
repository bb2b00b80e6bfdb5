//! Orders of people that stand beside facts and rules: recovery, objection and freeze, and the last day for more money.
//!
//! None of them adds to a line, and only an order of recovery takes back what is settled.

use chrono::TimeDelta;

use super::index::Index;
use super::outcome::{Lowered, Standing};
use super::{Finding, Question, Rules};
use crate::codes::{FindingCode, Limit, Measure};
use crate::conditions::{Freeze, Frozen, Revoked, SetAside};
use crate::explanation::{Step, date_text};

/// Applies the conditions of a batch to one line, in the order recovery, objection, freeze, late window.
pub(super) fn apply(
    question: &Question<'_>,
    index: &Index<'_>,
    rules: &Rules<'_>,
    line: &mut Standing,
    findings: &mut Vec<Finding>,
) {
    let conditions = question.conditions;
    // The order in which people gave their orders never shows.
    let mut revoked: Vec<&Revoked> = conditions.revoked.iter().collect();
    revoked.retain(|order| order.key == line.draft.key);
    revoked.sort_by_key(|order| (order.at_most, *order));
    for order in revoked {
        revoke(order, line, findings);
    }
    let mut objections: Vec<&SetAside> = conditions.set_aside.iter().collect();
    objections.retain(|objection| objection.key == line.draft.key);
    if let Some(objection) = objections.into_iter().min() {
        set_aside(objection, line, findings);
    }
    let mut freezes: Vec<&Freeze> = conditions.freezes.iter().collect();
    freezes.retain(|freeze| freeze.period().contains(question.as_of) && stops(&freeze.what, index, line));
    if let Some(freeze) = freezes.into_iter().min() {
        hold_frozen(freeze, line, findings);
    }
    close_late(question, rules, line, findings);
}

fn revoke(order: &Revoked, line: &mut Standing, findings: &mut Vec<Finding>) {
    let told = Lowered {
        limit: Limit::Recovery,
        code: FindingCode::RecoveryOrdered,
        detail: format!("{} {} {}", order.reference, order.basis, order.reason),
    };
    let step = |earned, entitled| Step::Revoked {
        reference: order.reference.clone(),
        basis: order.basis.clone(),
        reason: order.reason.clone(),
        at_most: order.at_most,
        earned,
        entitled,
    };
    line.lower(order.at_most, told, step, findings);
}

fn set_aside(objection: &SetAside, line: &mut Standing, findings: &mut Vec<Finding>) {
    let told = Lowered {
        limit: Limit::Objection,
        code: FindingCode::Objection,
        detail: format!("{} {}", objection.reference, objection.reason),
    };
    let step = |earned, entitled| Step::SetAside {
        reference: objection.reference.clone(),
        reason: objection.reason.clone(),
        earned,
        entitled,
    };
    line.hold(told, step, findings);
}

/// Whether a freeze stops a line: by its clause, by an institution it rests on, or as the bank's line of its legal person.
fn stops(what: &Frozen, index: &Index<'_>, line: &Standing) -> bool {
    match what {
        Frozen::Clause(clause) => line.draft.clause == *clause,
        Frozen::Institution(code) => {
            let key = &line.draft.key;
            let is_of_legal_person = || {
                let institution = index.institutions.get(code);
                institution.is_some_and(|row| row.legal_person_uscc == key.beneficiary)
            };
            line.draft.institutions.contains(code)
                || (key.measure == Measure::BankIncentive && is_of_legal_person())
        }
    }
}

fn hold_frozen(freeze: &Freeze, line: &mut Standing, findings: &mut Vec<Finding>) {
    let what = match &freeze.what {
        Frozen::Clause(clause) => clause.as_str().to_owned(),
        Frozen::Institution(code) => code.to_string(),
    };
    let (from, to) = (date_text(freeze.from), freeze.to.map(date_text));
    let told = Lowered {
        limit: Limit::Freeze,
        code: FindingCode::Frozen,
        detail: format!(
            "{what} {from}/{} {}",
            to.as_deref().unwrap_or_default(),
            freeze.reason
        ),
    };
    let step = |earned, entitled| Step::Frozen {
        what,
        from,
        to,
        reason: freeze.reason.clone(),
        earned,
        entitled,
    };
    line.hold(told, step, findings);
}

/// 逾期: after the last day that the rules set, the year pays nothing more; corrections downwards go on.
fn close_late(question: &Question<'_>, rules: &Rules<'_>, line: &mut Standing, findings: &mut Vec<Finding>) {
    let Some(days) = rules.rulebook.procedure.late_window_days else {
        return;
    };
    let last_day = rules.year.last_day() + TimeDelta::days(i64::from(days));
    if question.as_of <= last_day {
        return;
    }
    let (as_of, last_day) = (date_text(question.as_of), date_text(last_day));
    let told = Lowered {
        limit: Limit::LateWindow,
        code: FindingCode::LateWindowClosed,
        detail: format!("{as_of} > {last_day}"),
    };
    let step = |earned, entitled| Step::LateWindow {
        as_of,
        last_day,
        earned,
        entitled,
    };
    line.hold(told, step, findings);
}
