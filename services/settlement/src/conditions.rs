//! What a batch is settled under beside facts and rules, as it stands when the batch is computed.

use exchange::conditions::ConditionRows;
use policy::codes::{Clause, Measure};
use policy::conditions::{Budget, Conditions, Freeze, Frozen, Revoked, SetAside};
use policy::engine::LineKey;
use policy::ident::{InstitutionCode, Uscc};
use policy::money::Money;
use sqlx::PgConnection;

use crate::book::readings_rows;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::batch::Batch;
use crate::store::line::Subject;
use crate::store::{budget, freeze, objection, recovery_order};

fn unreadable(detail: impl ToString) -> Error {
    ledger::Error::StoredRowUnreadable {
        file: "conditions",
        detail: detail.to_string(),
    }
    .into()
}

/// The conditions as they are stored with a batch.
pub(crate) fn to_json(conditions: &Conditions) -> Result<String, Error> {
    serde_json::to_string(&ConditionRows::from(conditions)).map_err(unreadable)
}

/// Number of an objection or order as other records name it.
pub(crate) fn number_of(number: &BatchNo, sequence: i32) -> BatchNo {
    BatchNo {
        sequence,
        ..number.clone()
    }
}

/// Gathers them: standing objections, approved orders of recovery, freezes, and the budgets where the reading R14 asks for them.
pub(crate) async fn gather(
    tx: &mut PgConnection,
    number: &BatchNo,
    stored: &Batch,
) -> Result<Conditions, Error> {
    let of_year = (number.city.as_str(), number.year);
    let mut conditions = Conditions::NONE;
    for row in objection::standing(tx, of_year).await? {
        conditions.set_aside.push(SetAside {
            key: key(&row.subject)?,
            reference: number_of(number, row.objection_no).to_string(),
            reason: row.content,
        });
    }
    for row in recovery_order::approved(tx, of_year).await? {
        conditions.revoked.push(Revoked {
            key: key(&row.subject)?,
            at_most: Money::from_fen(row.at_most_fen),
            reference: number_of(number, row.order_no).to_string(),
            basis: row.basis,
            reason: row.reason,
        });
    }
    for row in freeze::standing(tx, number.city.as_str(), stored.as_of).await? {
        conditions.freezes.push(freeze_of(row)?);
    }
    if is_held_to_budget(stored) {
        for row in budget::of_year(tx, number.city.as_str(), number.year.number()).await? {
            conditions.budgets.push(budget_of(row)?);
        }
    }
    Ok(conditions)
}

/// Whether the batch's reading R14 holds payments to the budget.
fn is_held_to_budget(stored: &Batch) -> bool {
    readings_rows(&stored.readings)
        .iter()
        .any(|row| row.id == "R14" && row.value != "NONE")
}

fn key(subject: &Subject) -> Result<LineKey, Error> {
    Ok(LineKey {
        measure: measure(&subject.measure)?,
        beneficiary: Uscc::from_canonical(&subject.beneficiary).map_err(unreadable)?,
        item: subject.item.clone(),
    })
}

fn measure(word: &str) -> Result<Measure, Error> {
    Measure::parse(word).ok_or_else(|| unreadable(word))
}

fn freeze_of(row: freeze::Freeze) -> Result<Freeze, Error> {
    let what = match (row.clause, row.institution_code) {
        (Some(clause), _) => Frozen::Clause(Clause::parse(&clause).ok_or_else(|| unreadable(clause))?),
        (None, code) => Frozen::Institution(
            InstitutionCode::from_canonical(&code.unwrap_or_default()).map_err(unreadable)?,
        ),
    };
    Ok(Freeze {
        what,
        from: row.first_day,
        to: row.last_day,
        reason: row.reason,
    })
}

fn budget_of(row: budget::Budget) -> Result<Budget, Error> {
    let measures = row.measures.iter().map(|word| measure(word));
    Ok(Budget {
        programme: row.programme,
        measures: measures.collect::<Result<_, _>>()?,
        ceiling: Money::from_fen(row.appropriation_fen),
        committed: Money::from_fen(row.committed_fen),
    })
}
