//! Stored batches, lines and findings as messages.

use api::common::v1 as common;
use api::convert::{date, measure, money, text, timestamp};
use api::settlement::v1 as pb;
use exchange::batch::Receipt;
use ledger::wire;
use policy::explanation::Explanation;
use policy::money::Money;
use sqlx::PgConnection;

use crate::book::readings_rows;
use crate::error::Error;
use crate::heads;
use crate::model::{BatchNo, State};
use crate::store::batch::Batch;
use crate::store::finding::{self, StoredFinding};
use crate::store::line::{self, StoredLine, Total};
use crate::store::notice;
use crate::store::step::{self, Approval};

/// A batch with its totals.
pub(crate) async fn batch(
    tx: &mut PgConnection,
    number: &BatchNo,
    stored: &Batch,
) -> Result<pb::Batch, Error> {
    let totals = line::totals(tx, number).await?;
    let findings_count = finding::count(tx, number).await?;
    let state = match stored.state() {
        State::Draft => pb::BatchState::Draft,
        State::Released => pb::BatchState::Released,
        State::Cancelled => pb::BatchState::Cancelled,
        State::InReview => pb::BatchState::InReview,
        State::PublicNotice => pb::BatchState::PublicNotice,
        State::Approved => pb::BatchState::Approved,
        State::Paid => pb::BatchState::Paid,
    };
    let approvals = step::all(tx, number).await?;
    let notice_ends_on = notice::last_day(tx, number).await?;
    let trace_id = stored
        .traceparent
        .as_deref()
        .and_then(|parent| parent.split('-').nth(1))
        .map(str::to_owned);
    Ok(pb::Batch {
        name: format!("batches/{number}"),
        batch_no: number.to_string(),
        division_code: number.city.division_text(),
        year: stored.year,
        state: state.into(),
        opened_by: stored.opened_by.clone(),
        opened_at: Some(timestamp(stored.opened_at)),
        released_by: stored.released_by.clone().unwrap_or_default(),
        released_at: stored.released_at.map(timestamp),
        cut_off: stored.cut_off,
        as_of: Some(date(stored.as_of)),
        rule_revision: stored.rule_revision.clone(),
        readings: readings_rows(&stored.readings)
            .into_iter()
            .map(|row| pb::BatchReading {
                id: row.id,
                value: row.value,
                approval: row.approval,
            })
            .collect(),
        engine_version: if stored.receipt.is_some() {
            stored.engine_version.clone()
        } else {
            String::new()
        },
        lines_count: stored.line_count.unwrap_or_default(),
        lines_sum: Some(money(Money::from_fen(stored.line_sum_fen.unwrap_or_default()))),
        digests: receipt(stored).map(|receipt| digests(&receipt)),
        previous_digest: stored.previous_digest.clone().unwrap_or_default(),
        totals: totals.into_iter().map(total).collect(),
        trace_ids: trace_id.into_iter().collect(),
        etag: format!(
            "{}-{}",
            stored.state,
            stored.batch_digest.as_deref().unwrap_or("open")
        ),
        findings_count,
        cancel_reason: stored.cancel_reason.clone().unwrap_or_default(),
        submitted_by: stored.submitted_by.clone().unwrap_or_default(),
        submitted_at: stored.submitted_at.map(timestamp),
        published_by: stored.published_by.clone().unwrap_or_default(),
        published_at: stored.published_at.map(timestamp),
        approved_by: stored.approved_by.clone().unwrap_or_default(),
        approved_at: stored.approved_at.map(timestamp),
        return_reason: stored.return_reason.clone().unwrap_or_default(),
        paid_at: stored.paid_at.map(timestamp),
        decided_cut_off: stored.decided_cut_off.unwrap_or(stored.cut_off),
        conditions: Some(stored.conditions.clone())
            .filter(|text| text != "{}")
            .unwrap_or_default(),
        notice_ends_on: notice_ends_on.map(date),
        approvals: approvals.into_iter().map(approval).collect(),
        audit_heads: heads::messages(&stored.audit_heads)?,
    })
}

fn approval(kept: Approval) -> pb::Approval {
    pb::Approval {
        step: kept.step,
        person: kept.person,
        role: kept.person_role,
        batch_digest: kept.batch_digest,
        reason: kept.reason,
        given_at: Some(timestamp(kept.given_at)),
    }
}

/// The receipt of a computed batch.
pub(crate) fn receipt(stored: &Batch) -> Option<Receipt> {
    stored
        .receipt
        .as_deref()
        .and_then(|bytes| Receipt::from_json(bytes).ok())
}

/// The digests of a receipt.
pub(crate) fn digests(receipt: &Receipt) -> pb::BatchDigests {
    pb::BatchDigests {
        facts: receipt.facts_digest.clone(),
        policy: receipt.policy_digest.clone(),
        settled: receipt.settled_digest.clone(),
        lines: receipt.lines_digest.clone(),
        batch: receipt.batch_digest.clone(),
        findings: receipt.findings_digest.clone(),
        explanations: receipt.explanations_digest.clone(),
    }
}

fn total((word, lines_count, entitled, before, amount): Total) -> pb::MeasureTotal {
    pb::MeasureTotal {
        measure: measure(&word).into(),
        lines_count,
        entitled: Some(money(Money::from_fen(entitled))),
        settled_before: Some(money(Money::from_fen(before))),
        amount: Some(money(Money::from_fen(amount))),
    }
}

/// A line. Its readings and alternatives come from the stored explanation.
pub(crate) fn line(number: &BatchNo, stored: &StoredLine) -> pb::Line {
    let explanation = Explanation::decode(&stored.explanation).unwrap_or_default();
    pb::Line {
        name: format!("batches/{number}/lines/{}", stored.line_no),
        batch_no: number.to_string(),
        line_no: i64::from(stored.line_no),
        policy_year: stored.policy_year,
        measure: measure(&stored.measure).into(),
        beneficiary: stored.beneficiary.clone(),
        beneficiary_name: stored.beneficiary_name.clone(),
        item: stored.item.clone(),
        base_amount: Some(money(Money::from_fen(stored.base_fen))),
        entitled: Some(money(Money::from_fen(stored.entitled_fen))),
        settled_before: Some(money(Money::from_fen(stored.settled_before_fen))),
        amount: Some(money(Money::from_fen(stored.amount_fen))),
        limited_by: stored.limited_by.clone().unwrap_or_default(),
        clause: stored.clause.clone(),
        rule_revision: stored.rule_revision.clone(),
        readings: wire::readings(&explanation),
        alternatives: wire::alternatives(&explanation),
        corrects: corrected(number, stored).into_iter().collect(),
    }
}

/// Name of the line of an earlier batch that a line corrects.
fn corrected(number: &BatchNo, stored: &StoredLine) -> Option<String> {
    let (sequence, line_no) = stored.corrects_sequence.zip(stored.corrects_line)?;
    let earlier = BatchNo {
        sequence,
        ..number.clone()
    };
    Some(format!("batches/{earlier}/lines/{line_no}"))
}

/// A finding.
pub(crate) fn finding(stored: &StoredFinding) -> common::Finding {
    let severity = policy::codes::Severity::parse(&stored.severity).map(wire::severity);
    common::Finding {
        code: stored.code.clone(),
        severity: severity.unwrap_or_default().into(),
        measure: measure(&stored.measure).into(),
        beneficiary: stored.beneficiary.clone(),
        reference: stored.reference.clone(),
        message: Some(text(stored.message_zh.clone(), stored.message_en.clone())),
        evidence: stored.evidence.clone(),
    }
}
