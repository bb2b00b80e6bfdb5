//! What this service counts and measures; each name is in docs/metrics.md. Money is whole fen.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::Ledger;
use platform::database::Scope;
use platform::metrics::{Counter, Gauge, is_on};
use policy::codes::{FindingCode, Measure, Severity};
use policy::engine::Outcome;
use policy::explanation::Step;
use policy::ident::City;
use sqlx::PgConnection;

use crate::DATABASE_ROLE;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::{line, objection};

static ASSESSED: Gauge = Gauge::new(
    "zhirong.settlement.assessed",
    "{fen}",
    "What a year's facts earn before cap and budget, in its last computed batch.",
);
static CAPPED: Gauge = Gauge::new(
    "zhirong.settlement.capped",
    "{fen}",
    "What the yearly cap cuts off, in a year's last computed batch.",
);
static CAP_FILL: Gauge = Gauge::new(
    "zhirong.settlement.cap.fill",
    "%",
    "How much of all yearly caps is used, in a year's last computed batch.",
);
static HELD: Gauge = Gauge::new(
    "zhirong.settlement.held",
    "{finding}",
    "Findings that hold money back, in a year's last computed batch.",
);
static SETTLED: Counter = Counter::new(
    "zhirong.settlement.settled",
    "{fen}",
    "Positive amounts of released batches.",
);
static RETURNED: Counter = Counter::new(
    "zhirong.settlement.returned",
    "{fen}",
    "Negative amounts of released batches, as positive numbers: what beneficiaries owe back.",
);
static RECOVERED: Counter = Counter::new(
    "zhirong.settlement.recovered",
    "{fen}",
    "What came back of what is owed: repaid, or set off against a payment.",
);
static OLDEST_OBJECTION: Gauge = Gauge::new(
    "zhirong.objection.oldest.age",
    "d",
    "Days that the oldest open objection has waited; 0 where none is open.",
);

/// How often what only the database knows is asked for.
const WATCH_EVERY: Duration = Duration::from_secs(60);

/// How a debt came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovered {
    Repaid,
    SetOff,
}

/// What one measure's lines of a batch come to, in fen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sums {
    assessed: i64,
    capped: i64,
    cap: i64,
    under_cap: i64,
}

fn sums(outcome: &Outcome) -> BTreeMap<Measure, Sums> {
    let mut all: BTreeMap<Measure, Sums> = BTreeMap::new();
    for line in &outcome.lines {
        let sums = all.entry(line.key.measure).or_default();
        let mut earned = line.entitled.fen();
        // The steps stand in the order they were taken: the first of these two saw the most.
        for step in line.explanation.steps.iter().rev() {
            match step {
                Step::Cap {
                    earned: before,
                    cap,
                    entitled,
                    ..
                } => {
                    earned = before.fen();
                    sums.capped = sums
                        .capped
                        .saturating_add(before.fen().saturating_sub(entitled.fen()));
                    sums.cap = sums.cap.saturating_add(cap.fen());
                    sums.under_cap = sums.under_cap.saturating_add(entitled.fen());
                }
                Step::Budget { earned: before, .. } => earned = before.fen(),
                _ => {}
            }
        }
        sums.assessed = sums.assessed.saturating_add(earned);
    }
    all
}

/// Shows what a computation came to, once it is committed.
pub(crate) fn computed(number: &BatchNo, outcome: &Outcome) {
    if !is_on() {
        return;
    }
    let year = number.year.to_string();
    let of_year = [("city", number.city.as_str()), ("policy.year", year.as_str())];
    for (measure, sums) in sums(outcome) {
        let attributes = [of_year[0], of_year[1], ("measure", measure.as_str())];
        ASSESSED.record(sums.assessed, &attributes);
        CAPPED.record(sums.capped, &attributes);
        if let Some(percent) = sums.under_cap.saturating_mul(100).checked_div(sums.cap) {
            CAP_FILL.record(percent, &attributes);
        }
    }
    // Codes that no finding has any more are shown as 0, or their last number would stand for ever.
    for code in FindingCode::ALL
        .iter()
        .filter(|code| code.severity() == Severity::Hold)
    {
        let count = outcome
            .findings
            .iter()
            .filter(|finding| finding.code == *code)
            .count();
        let attributes = [of_year[0], of_year[1], ("code", code.as_str())];
        HELD.record(i64::try_from(count).unwrap_or(i64::MAX), &attributes);
    }
}

/// Counts the amounts of a batch, once its release is committed.
pub(crate) async fn released(tx: &mut PgConnection, number: &BatchNo) -> Result<(), Error> {
    if !is_on() {
        return Ok(());
    }
    for (measure, positive, negative) in line::amounts(tx, number).await? {
        let attributes = [("city", number.city.as_str()), ("measure", measure.as_str())];
        SETTLED.record(positive.unsigned_abs(), &attributes);
        RETURNED.record(negative.unsigned_abs(), &attributes);
    }
    Ok(())
}

/// Counts what came back, once that is committed.
pub(crate) fn recovered(city: &str, way: Recovered, fen: i64) {
    let way = match way {
        Recovered::Repaid => "repaid",
        Recovered::SetOff => "set_off",
    };
    RECOVERED.record(fen.unsigned_abs(), &[("city", city), ("way", way)]);
}

/// Keeps measuring what only the database knows, until the task is stopped. What cannot be asked now is asked a minute later.
pub async fn watch(ledger: Ledger) {
    let mut ticks = tokio::time::interval(WATCH_EVERY);
    loop {
        ticks.tick().await;
        for rulebook in ledger.rulebooks.iter() {
            if let Err(error) = oldest_objection(&ledger, &rulebook.city).await {
                tracing::debug!(%error, "the oldest objection could not be asked for");
            }
        }
    }
}

async fn oldest_objection(ledger: &Ledger, city: &City) -> Result<(), Error> {
    let scope = Scope::new(DATABASE_ROLE, city.as_str(), "*");
    let asked = city.clone();
    let days: i32 = ledger
        .database
        .read("settlement.watch", &scope, move |tx| {
            let city = asked.clone();
            Box::pin(async move { objection::oldest_days(tx, city.as_str()).await })
        })
        .await?;
    OLDEST_OBJECTION.record(i64::from(days), &[("city", city.as_str())]);
    Ok(())
}
