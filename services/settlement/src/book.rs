//! Opening and computing a batch, each inside one open transaction.

use std::collections::HashMap;
use std::time::Duration;

use chrono::NaiveDate;
use exchange::batch::ReadingRow;
use exchange::compute::{BatchQuestion, ComputedBatch, compute, readings_of};
use ledger::store::{cut_off, facts};
use ledger::{Ledger, Stamp};
use policy::conditions::Conditions;
use policy::date::PolicyYear;
use policy::engine::{Line, SettledBefore};
use policy::reading::Readings;
use policy::rulebook::Rulebook;
use sqlx::PgConnection;

use crate::error::Error;
use crate::heads;
use crate::model::BatchNo;
use crate::store::batch::{self, Batch, NewBatch, Yield};
use crate::store::{decision, finding, line, settled, trace};
use crate::{conditions, life};

/// A computation reads and writes a whole city, so it may take longer than other transactions.
const COMPUTE_LIMIT: Duration = Duration::from_secs(600);

/// A batch to open.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) year: PolicyYear,
    pub(crate) as_of: NaiveDate,
    pub(crate) overrides: Vec<ReadingRow>,
}

/// Opens a draft and closes the city's cut-off for it: its facts are a fixed set from here on (decision D4).
pub(crate) async fn open(
    tx: &mut PgConnection,
    ledger: &Ledger,
    stamp: &Stamp,
    opening: &Opening,
) -> Result<BatchNo, Error> {
    let rulebook = ledger.rulebook(&stamp.city)?;
    let revision = rulebook.revision_of(opening.year).map_err(ledger::Error::from)?;
    let (_, readings) = readings_of(revision, &opening.overrides)
        .map_err(|error| ledger::Error::from(policy::rulebook::RulebookError::from(error)))?;
    let (city, year) = (stamp.city.as_str(), opening.year.number());
    // The lock on the cut-off also makes two openings of one city follow each other.
    let closed = cut_off::close(tx, city).await?;
    if let Some(sequence) = batch::open(tx, city, year).await? {
        let open = BatchNo {
            city: stamp.city.clone(),
            year: opening.year,
            sequence,
        };
        return Err(Error::BatchAlreadyOpen {
            batch_no: open.to_string(),
        });
    }
    let (highest, previous_digest) = batch::last(tx, city, year).await?;
    if highest >= 999 {
        return Err(Error::BatchNumbersExhausted);
    }
    let number = BatchNo {
        city: stamp.city.clone(),
        year: opening.year,
        sequence: highest + 1,
    };
    let new = NewBatch {
        cut_off: closed,
        as_of: opening.as_of,
        policy_text: rulebook.text.clone(),
        rule_revision: revision.id.clone(),
        readings: readings_text(&readings),
        opened_by: stamp.reported_by.clone(),
        opened_at: stamp.recorded_at,
        previous_digest,
        traceparent: stamp.traceparent.clone(),
        // No write of facts is in flight while the cut-off is held: the heads cover every fact of the batch.
        audit_heads: heads::captured(tx, city).await?,
    };
    batch::insert(tx, &number, &new).await?;
    Ok(number)
}

/// Readings as stored with a batch: a line each, `id<TAB>value<TAB>approval`. None of the three holds a tab or a line end.
fn readings_text(rows: &[ReadingRow]) -> String {
    let line = |row: &ReadingRow| {
        format!(
            "{}\t{}\t{}\n",
            row.id,
            row.value,
            row.approval.replace(['\t', '\n'], " ")
        )
    };
    rows.iter().map(line).collect()
}

/// The readings of a stored batch.
pub(crate) fn readings_rows(text: &str) -> Vec<ReadingRow> {
    text.lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            Some(ReadingRow {
                id: parts.next()?.to_owned(),
                value: parts.next()?.to_owned(),
                approval: parts.next().unwrap_or_default().to_owned(),
            })
        })
        .collect()
}

/// Computes a batch that is not approved, from the facts of its cut-off, the decisions up to the cut-off just closed, the settled
/// position and the conditions that stand now. The same digest changes nothing; another one makes it a draft again.
pub(crate) async fn compute_batch(
    tx: &mut PgConnection,
    (stamp, role): (&Stamp, &str),
    number: &BatchNo,
    closed: i64,
) -> Result<(), Error> {
    platform::database::extend_deadline(tx, COMPUTE_LIMIT).await?;
    let stored = life::in_states(tx, number, life::COMPUTABLE).await?;
    let city = number.city.as_str();
    let decided = decision::last(tx, city, closed).await?;
    let under = Under {
        decided_cut_off: decided.filter(|decided| *decided > stored.cut_off),
        conditions: conditions::gather(tx, number, &stored).await?,
        before: settled::current(tx, city, number.year).await?,
    };
    let conditions = conditions::to_json(&under.conditions)?;
    let decided_cut_off = under.decided_cut_off;
    let computed = compute_under(tx, &stored, number, under).await?;
    if stored.batch_digest.as_deref() == Some(computed.receipt.batch_digest.as_str()) {
        return Ok(());
    }
    life::void(tx, (stamp, role), number, &stored).await?;
    settled::keep_before(tx, number).await?;
    line::replace(tx, number, &computed.paid, &stored.rule_revision).await?;
    finding::replace(tx, number, &computed.outcome.findings).await?;
    let sum = policy::money::Money::sum(computed.paid.iter().map(|line| line.amount))
        .map_err(|error| ledger::Error::from(policy::engine::EngineError::from(error)))?;
    if stamp.traceparent.is_some() {
        trace_lines(
            &trace::of_reports(tx, city, stored.cut_off).await?,
            &computed.paid,
            number,
        );
    }
    let yielded = Yield {
        computed_at: stamp.recorded_at,
        lines: i64::try_from(computed.paid.len()).unwrap_or(i64::MAX),
        sum_fen: sum.fen(),
        receipt: &computed.receipt.to_json(),
        batch_digest: &computed.receipt.batch_digest,
        decided_cut_off,
        conditions: &conditions,
    };
    batch::computed(tx, number, &yielded).await
}

/// A span for every line, linked to the traces of the reports it rests on: one report can be followed to its batch line.
fn trace_lines(traces: &HashMap<String, String>, lines: &[Line], number: &BatchNo) {
    for (line_no, line) in (1_u64..).zip(lines) {
        let span = tracing::info_span!(
            "settlement.line",
            batch.number = %number,
            line.number = line_no,
            line.measure = line.key.measure.as_str(),
            line.amount = %line.amount,
        );
        let _entered = span.enter();
        let references = line
            .explanation
            .steps
            .iter()
            .filter_map(policy::explanation::Step::reference);
        for traceparent in references.filter_map(|reference| traces.get(reference)) {
            platform::telemetry::link_to(traceparent);
        }
    }
}

/// What a batch is computed under beside its own row.
struct Under {
    decided_cut_off: Option<i64>,
    conditions: Conditions,
    before: SettledBefore,
}

/// Computes a stored batch from its facts, rules and readings, the decisions, conditions and position given.
async fn compute_under(
    tx: &mut PgConnection,
    stored: &Batch,
    number: &BatchNo,
    under: Under,
) -> Result<ComputedBatch, Error> {
    let history = facts::of_city(
        tx,
        number.city.as_str(),
        stored.cut_off,
        under.decided_cut_off.unwrap_or(stored.cut_off),
    )
    .await?;
    let audit_heads = heads::rows(&stored.audit_heads)?;
    let (batch, number) = (stored.clone(), number.clone());
    // Seconds of pure computation for a large city: not on a thread that other calls wait for.
    let computed = tokio::task::spawn_blocking(move || {
        let rulebook = Rulebook::load(&batch.policy_text)?;
        let approvals = readings_rows(&batch.readings);
        let mut readings = Readings::default();
        for row in &approvals {
            readings
                .set(&row.id, &row.value)
                .map_err(policy::rulebook::RulebookError::from)?;
        }
        compute(&BatchQuestion {
            batch_no: &number.to_string(),
            cut_off: batch.cut_off,
            decided_cut_off: under.decided_cut_off,
            year: number.year,
            as_of: batch.as_of,
            history: &history,
            rulebook: &rulebook,
            policy_text: &batch.policy_text,
            readings: &readings,
            approvals: &approvals,
            settled: &under.before,
            conditions: &under.conditions,
            audit_heads: &audit_heads,
            previous_digest: batch.previous_digest.clone(),
        })
    })
    .await
    .map_err(|error| ledger::Error::StoredRowUnreadable {
        file: "batch",
        detail: error.to_string(),
    })?;
    Ok(computed.map_err(ledger::Error::from)?)
}

/// No such batch.
pub(crate) fn not_found(number: &BatchNo) -> Error {
    ledger::Error::NotFound {
        name: format!("batches/{number}"),
    }
    .into()
}
