//! Reading R14: what is newly due is shared out within the appropriation of its programme (预算法 art. 13).

use super::outcome::{Lowered, Standing};
use super::{EngineError, Finding, Question, Rules};
use crate::allocation::largest_remainder;
use crate::codes::{FindingCode, Limit, Measure};
use crate::explanation::Step;
use crate::money::{Money, MoneyError};
use crate::reading::Budget as BudgetReading;

/// A programme: what is left of its appropriation, and the measures it pays for.
struct Programme<'a> {
    name: &'a str,
    measures: Vec<Measure>,
    available: Money,
}

/// Shares out each programme's appropriation over the lines that are due more than is settled; the last test of all.
///
/// 未列入预算的不得支出: a measure for which no appropriation is stated may pay nothing. Settled money is never taken back here.
pub(super) fn share(
    question: &Question<'_>,
    rules: &Rules<'_>,
    standing: &mut [Standing],
    findings: &mut Vec<Finding>,
) -> Result<(), EngineError> {
    if rules.readings.budget == BudgetReading::None {
        return Ok(());
    }
    for programme in programmes(question) {
        share_programme(rules, &programme, standing, findings)?;
    }
    Ok(())
}

/// The programmes of a batch; a measure belongs to the first that names it, one that none names to a programme without money.
fn programmes<'a>(question: &Question<'a>) -> Vec<Programme<'a>> {
    let mut free: Vec<Measure> = Measure::ALL.to_vec();
    let mut found: Vec<Programme<'a>> = Vec::new();
    for budget in &question.conditions.budgets {
        let mut measures = budget.measures.clone();
        measures.retain(|measure| free.contains(measure));
        free.retain(|measure| !measures.contains(measure));
        found.push(Programme {
            name: &budget.programme,
            measures,
            available: budget.available(),
        });
    }
    found.push(Programme {
        name: "",
        measures: free,
        available: Money::ZERO,
    });
    found
}

fn share_programme(
    rules: &Rules<'_>,
    programme: &Programme<'_>,
    standing: &mut [Standing],
    findings: &mut Vec<Finding>,
) -> Result<(), EngineError> {
    let mut due: Vec<(&mut Standing, Money)> = Vec::new();
    for line in standing {
        if programme.measures.contains(&line.draft.key.measure) && line.entitled > line.settled {
            let more = line.entitled.minus(line.settled)?;
            due.push((line, more));
        }
    }
    let wanted = Money::sum(due.iter().map(|(_, more)| *more))?;
    if wanted <= programme.available {
        return Ok(());
    }
    let granted = match rules.readings.budget {
        BudgetReading::FirstCome => first_come(programme.available, &due)?,
        BudgetReading::ProRata | BudgetReading::None => {
            let weights: Vec<Money> = due.iter().map(|(_, more)| *more).collect();
            largest_remainder(programme.available, &weights)?
        }
    };
    let reading = rules.readings.budget.as_str();
    for ((line, _), granted) in due.into_iter().zip(granted) {
        let to = line.settled.plus(granted)?;
        let told = Lowered {
            limit: Limit::Budget,
            code: FindingCode::BudgetCarried,
            detail: if programme.name.is_empty() {
                format!("R14={reading}; 未列入预算 / no appropriation is stated")
            } else {
                format!("R14={reading}; {} {}", programme.name, programme.available)
            },
        };
        let step = |earned, entitled| Step::Budget {
            programme: programme.name.to_owned(),
            available: programme.available,
            wanted,
            earned,
            granted,
            entitled,
        };
        // Where it bites, the reading is one of those that decided the line.
        if to < line.entitled {
            let readings = &mut line.draft.explanation.readings;
            readings.push(("R14".to_owned(), reading.to_owned()));
        }
        line.lower(to, told, step, findings);
    }
    Ok(())
}

/// What each line gets when the earliest counted event comes first, then the order of the lines.
fn first_come(available: Money, due: &[(&mut Standing, Money)]) -> Result<Vec<Money>, MoneyError> {
    let mut order: Vec<usize> = (0..due.len()).collect();
    // A line on which no event counts has nothing due; it would come last.
    let first_event = |place: &usize| {
        let line = due.get(*place).map(|(line, _)| line);
        let day = line.and_then(|line| line.draft.first_event);
        (day.is_none(), day, *place)
    };
    order.sort_by_key(first_event);
    let mut left = available;
    let mut granted = vec![Money::ZERO; due.len()];
    for place in order {
        if let (Some(part), Some((_, more))) = (granted.get_mut(place), due.get(place)) {
            *part = left.min(*more);
            left = left.minus(*part)?;
        }
    }
    Ok(granted)
}
