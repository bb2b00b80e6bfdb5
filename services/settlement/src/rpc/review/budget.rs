//! Budgets: set, listed.

use api::common::v1::Measure;
use api::convert::{measure, timestamp};
use api::settlement::v1 as pb;
use ledger::command::Call;
use ledger::{Caller, both};
use sqlx::PgConnection;

use super::super::change::{invalid, text_of, year_of};
use super::{REASON, amount_of, yuan};
use crate::error::Error;
use crate::store::budget::{self, Budget, NewBudget};
use crate::{Settlement, guard};

/// Most characters of a programme's name.
const PROGRAMME: usize = 60;

fn measures(words: &[String]) -> Vec<i32> {
    words.iter().map(|word| measure(word).into()).collect()
}

async fn read(tx: &mut PgConnection, city: &str, year: i32) -> Result<Vec<pb::Budget>, Error> {
    let mut budgets = Vec::new();
    for row in budget::of_year(tx, city, year).await? {
        budgets.push(message(tx, city, row).await?);
    }
    Ok(budgets)
}

async fn message(tx: &mut PgConnection, city: &str, row: Budget) -> Result<pb::Budget, Error> {
    let changes = budget::changes(tx, city, &row).await?;
    Ok(pb::Budget {
        year: row.year,
        measures: measures(&row.measures),
        appropriation: yuan(row.appropriation_fen),
        committed: yuan(row.committed_fen),
        programme: row.programme,
        changes: changes
            .into_iter()
            .map(|change| pb::BudgetChange {
                appropriation: yuan(change.appropriation_fen),
                measures: measures(&change.measures),
                approval: change.approval,
                changed_by: change.changed_by,
                changed_at: Some(timestamp(change.changed_at)),
            })
            .collect(),
    })
}

fn new_of(body: &pb::SetBudgetRequest) -> Result<NewBudget, Error> {
    let word = |measure: Measure| match measure {
        Measure::BankIncentive => Some("bank_incentive"),
        Measure::LoanSubsidy => Some("loan_subsidy"),
        Measure::PremiumSubsidy => Some("premium_subsidy"),
        Measure::Unspecified => None,
    };
    let mut words: Vec<Option<&str>> = body.measures().map(word).collect();
    words.sort_unstable();
    words.dedup();
    let measures: Option<Vec<String>> = words.into_iter().map(|word| word.map(str::to_owned)).collect();
    let measures = measures
        .filter(|words| !words.is_empty() && words.len() == body.measures.len())
        .ok_or_else(|| {
            invalid(
                "measures",
                "MEASURES_INVALID",
                "须列明政策措施，各列一次",
                "the measures are required, each once",
            )
        });
    let texts = both(
        text_of("programme", &body.programme, PROGRAMME),
        text_of("approval", &body.approval, REASON),
    );
    let amount = amount_of("appropriation", body.appropriation.as_ref());
    let ((year, measures), (appropriation, (programme, approval))) =
        both(both(year_of(body.year), measures), both(amount, texts))?;
    Ok(NewBudget {
        year,
        programme,
        measures,
        appropriation_fen: appropriation.fen(),
        approval,
    })
}

impl Settlement {
    pub(super) async fn on_set_budget(
        &self,
        caller: &Caller,
        body: &pb::SetBudgetRequest,
    ) -> Result<pb::SetBudgetResponse, Error> {
        let new = new_of(body)?;
        let call = Call::of(caller, "SetBudget", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let new = new.clone();
                Box::pin(async move {
                    let city = stamp.city.as_str();
                    let by = (stamp.reported_by.as_str(), stamp.recorded_at);
                    budget::set(tx, city, &new, by)
                        .await
                        .map_err(|error| guard::of_thing(error, &new.programme, by.0))?;
                    let all = read(tx, city, new.year.number()).await?;
                    Ok(pb::SetBudgetResponse {
                        budget: all.into_iter().find(|budget| budget.programme == new.programme),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_list_budgets(
        &self,
        caller: &Caller,
        body: &pb::ListBudgetsRequest,
    ) -> Result<pb::ListBudgetsResponse, Error> {
        let year = year_of(body.year)?;
        let (city, scope) = (caller.city.clone(), caller.scope(self.ledger.role));
        let budgets = self
            .ledger
            .database
            .snapshot("settlement.list_budgets", &scope, move |tx| {
                let city = city.clone();
                Box::pin(async move { read(tx, city.as_str(), year.number()).await })
            })
            .await?;
        Ok(pb::ListBudgetsResponse { budgets })
    }
}
