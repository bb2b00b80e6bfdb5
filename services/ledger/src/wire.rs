//! Stored facts, findings and explanations as messages.

use api::common::v1 as common;
use exchange::{Cells, Row, Verdict, Warning, content_digest, print_row};
use policy::codes::{Clause, FindingCode, Severity};
use policy::engine::{Finding, Line};
use policy::explanation::{Explanation, Step};
use policy::money::Money;

use crate::store::fact::StoredRow;

/// The resource name of a row, relative to its institution.
#[must_use]
pub fn name_of(row: &Row) -> String {
    api::name::format(&Cells::from_values(row.file, print_row(row)), row.file)
}

/// An etag: the revision and the beginning of its content's digest.
#[must_use]
pub fn etag(revision: u32, content_digest: &[u8]) -> String {
    let digest = exchange::digest::hex(content_digest);
    format!("{revision}-{}", digest.get(..16).unwrap_or(&digest))
}

/// A number as the wire's signed 32-bit; revisions are limited far below.
fn wire_number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A stored fact of a receipt.
#[must_use]
pub fn stored_fact(row: &Row, verdict: Verdict, warnings: &[Warning]) -> common::StoredFact {
    let digest = content_digest(row);
    common::StoredFact {
        file: row.file.as_str().to_owned(),
        name: name_of(row),
        revision: wire_number(row.revision),
        verdict: api::convert::verdict(verdict).into(),
        content_digest: exchange::digest::hex(&digest),
        etag: etag(row.revision, &digest),
        warnings: warnings.iter().map(api::convert::warning).collect(),
    }
}

/// The state of a record that is read.
#[must_use]
pub fn record_state(stored: &StoredRow) -> common::RecordState {
    common::RecordState {
        name: name_of(&stored.row),
        revision: wire_number(stored.row.revision),
        withdrawn: stored.row.is_withdrawn(),
        etag: etag(stored.row.revision, &stored.content_digest),
        recorded_at: Some(api::convert::timestamp(stored.recorded_at)),
        cut_off: stored.cut_off,
        on_behalf: stored.on_behalf,
    }
}

/// A clause with its text and where it stands.
#[must_use]
pub fn clause(clause: Clause) -> common::Clause {
    common::Clause {
        id: clause.as_str().to_owned(),
        text: Some(api::convert::text(clause.zh(), clause.en())),
        source: "安政〔2018〕9号".to_owned(),
    }
}

/// What keeps something from counting.
#[must_use]
pub fn missing(code: FindingCode) -> common::MissingItem {
    common::MissingItem {
        code: code.as_str().to_owned(),
        text: Some(api::convert::text(code.zh(), code.en())),
    }
}

/// A severity.
#[must_use]
pub const fn severity(severity: Severity) -> common::Severity {
    match severity {
        Severity::Hold => common::Severity::Hold,
        Severity::Warn => common::Severity::Warn,
        Severity::Info => common::Severity::Info,
    }
}

/// A finding.
#[must_use]
pub fn finding(finding: &Finding) -> common::Finding {
    common::Finding {
        code: finding.code.as_str().to_owned(),
        severity: severity(finding.severity()).into(),
        measure: api::convert::measure(finding.measure.as_str()).into(),
        beneficiary: finding.beneficiary.clone(),
        reference: finding.reference.clone(),
        message: Some(api::convert::text(finding.zh(), finding.en())),
        evidence: finding.evidence.clone(),
    }
}

/// The readings that decided an amount.
#[must_use]
pub fn readings(explanation: &Explanation) -> Vec<common::ReadingUsed> {
    let used = |(id, value): &(String, String)| common::ReadingUsed {
        id: id.clone(),
        value: value.clone(),
    };
    explanation.readings.iter().map(used).collect()
}

/// What other readings would have paid.
#[must_use]
pub fn alternatives(explanation: &Explanation) -> Vec<common::Alternative> {
    let other = |alternative: &policy::explanation::Alternative| common::Alternative {
        reading: alternative.reading.clone(),
        value: alternative.value.clone(),
        amount: Some(api::convert::money(alternative.amount)),
    };
    explanation.alternatives.iter().map(other).collect()
}

/// A line of the engine as a figure.
#[must_use]
pub fn figure_of_line(line: &Line) -> common::Figure {
    common::Figure {
        amount: Some(api::convert::money(line.entitled)),
        base: Some(api::convert::money(line.base)),
        clause: Some(clause(line.clause)),
        limited_by: line
            .limited_by
            .map(|limit| limit.as_str().to_owned())
            .unwrap_or_default(),
        sentence: Some(api::convert::text(
            line.explanation.sentence_zh(),
            line.explanation.sentence_en(),
        )),
        missing: Vec::new(),
        readings: readings(&line.explanation),
        alternatives: alternatives(&line.explanation),
    }
}

/// The explanation of a line as a tree: its steps under one root.
#[must_use]
pub fn explanation(explanation: &Explanation, zh: &str, en: &str) -> common::ExplanationStep {
    common::ExplanationStep {
        code: "LINE".to_owned(),
        text: Some(api::convert::text(zh, en)),
        amounts: Vec::new(),
        references: Vec::new(),
        children: explanation.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> common::ExplanationStep {
    common::ExplanationStep {
        code: step.code().to_owned(),
        text: Some(api::convert::text(step.zh(), step.en())),
        amounts: amounts(step).into_iter().map(named).collect(),
        references: step.reference().map(str::to_owned).into_iter().collect(),
        children: Vec::new(),
    }
}

fn named((name, amount): (&'static str, Money)) -> common::NamedAmount {
    common::NamedAmount {
        name: name.to_owned(),
        amount: Some(api::convert::money(amount)),
    }
}

fn amounts(step: &Step) -> Vec<(&'static str, Money)> {
    match *step {
        Step::Draw { amount, reversed, .. } => vec![("drawn", amount), ("reversed", reversed)],
        Step::Contract {
            drawn,
            within_limit,
            base,
            ..
        } => {
            vec![("drawn", drawn), ("within_limit", within_limit), ("base", base)]
        }
        Step::Sum { base } => vec![("base", base)],
        Step::Tier { base, amount, .. } => vec![("base", base), ("amount", amount)],
        Step::Rate { base, rounded, .. } => vec![("base", base), ("rounded", rounded)],
        Step::Cap {
            earned,
            cap,
            entitled,
            left,
        } => {
            vec![
                ("earned", earned),
                ("cap", cap),
                ("entitled", entitled),
                ("left", left),
            ]
        }
        Step::Payment {
            paid, refunded, part, ..
        } => vec![("paid", paid), ("refunded", refunded), ("part", part)],
        Step::Class { .. } => Vec::new(),
        Step::ClassShare {
            class_sum,
            class_subsidy,
            part,
            share,
            ..
        } => {
            vec![
                ("class_sum", class_sum),
                ("class_subsidy", class_subsidy),
                ("part", part),
                ("share", share),
            ]
        }
        Step::OtherMoney {
            money,
            year_net,
            ceiling,
            earned,
            entitled,
        } => vec![
            ("other_money", money),
            ("year_net", year_net),
            ("ceiling", ceiling),
            ("earned", earned),
            ("entitled", entitled),
        ],
        Step::NothingEarned { settled } => vec![("settled", settled)],
        Step::Excluded { .. }
        | Step::SetAside { .. }
        | Step::Frozen { .. }
        | Step::LateWindow { .. }
        | Step::Decided { .. }
        | Step::Revoked { .. }
        | Step::Budget { .. } => amounts_of_condition(step),
    }
}

/// The amounts of a step that lowers a line, or of a decision, which has none.
fn amounts_of_condition(step: &Step) -> Vec<(&'static str, Money)> {
    match *step {
        Step::Excluded { earned, entitled, .. }
        | Step::SetAside { earned, entitled, .. }
        | Step::Frozen { earned, entitled, .. }
        | Step::LateWindow { earned, entitled, .. } => vec![("earned", earned), ("entitled", entitled)],
        Step::Revoked {
            at_most,
            earned,
            entitled,
            ..
        } => vec![("at_most", at_most), ("earned", earned), ("entitled", entitled)],
        Step::Budget {
            available,
            wanted,
            earned,
            granted,
            entitled,
            ..
        } => vec![
            ("available", available),
            ("wanted", wanted),
            ("earned", earned),
            ("granted", granted),
            ("entitled", entitled),
        ],
        _ => Vec::new(),
    }
}
