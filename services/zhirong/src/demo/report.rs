//! What the demonstration prints: Chinese with English beside it, on standard output.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use exchange::batch::{FindingRow, LineRow, ReadingRow, Receipt};
use exchange::compute::{BatchQuestion, compute, readings_of};
use exchange::{Allow, File};
use policy::codes::{Clause, Limit};
use policy::date::PolicyYear;
use policy::engine::SettledBefore;
use policy::money::Money;
use policy::rulebook::Rulebook;

use super::once::{Repeated, lines_of};
use super::{DIVISION, Settled, YEAR};
use crate::error::CommandError;
use crate::{output, sample};

/// The bank and the enterprise of the sample that the repeated report is made with.
pub(super) const SHOWN_BANK: &str = "313496070012";
pub(super) const SHOWN_ENTERPRISE: &str = "91410581MA4Y102117";

/// A line's place: measure, beneficiary and item.
type Place = (String, String, String);

/// Prints everything; `false` where the document's own table did not come out.
pub(super) fn print(
    batches: &[Settled],
    waterfalls: &[(String, String)],
    repeated: &Repeated,
    out: &Path,
) -> Result<bool, CommandError> {
    let lines = batches.iter().map(lines_of).collect::<Result<Vec<_>, _>>()?;
    let is_right = print_showcase(&lines)?;
    print_totals(batches, &lines)?;
    print_caps(waterfalls);
    print_corrections(&lines);
    if let Some(last) = batches.last() {
        print_held(last)?;
    }
    print_repeated(repeated);
    if let Some(last) = batches.last() {
        print_other_reading(last)?;
        print_validity(last)?;
    }
    output::line("\n== 文件 / files ==");
    for settled in batches {
        output::line(&format!(
            "{}  批次摘要/batch digest {}  已核验/verified",
            settled.folder.display(),
            settled
                .batch
                .digests
                .as_ref()
                .map(|digests| digests.batch.as_str())
                .unwrap_or_default()
        ));
    }
    output::line(&format!("目录/folder: {}", out.display()));
    Ok(is_right && repeated.is_same && repeated.refused == "REQUEST_ID_REUSED")
}

fn place(row: &LineRow) -> Place {
    (row.measure.clone(), row.beneficiary.clone(), row.item.clone())
}

fn unreadable(detail: impl ToString) -> CommandError {
    CommandError::usage("BATCH_UNREADABLE", "批次文件无法读取", detail.to_string())
}

fn amount(text: &str) -> Result<Money, CommandError> {
    Money::parse_signed(text).map_err(unreadable)
}

/// The document's own table: what the two batches pay together, with the clause.
fn print_showcase(lines: &[Vec<LineRow>]) -> Result<bool, CommandError> {
    output::line("== 安政〔2018〕9号(八) 自带的金额 / the document's own amounts ==");
    let mut is_right = true;
    for row in showcase_rows() {
        let key = (row.measure, row.beneficiary, row.item);
        let own: Vec<&LineRow> = lines.iter().flatten().filter(|line| place(line) == key).collect();
        let paid = own
            .iter()
            .map(|line| amount(&line.amount))
            .collect::<Result<Vec<_>, _>>()?;
        let paid = Money::sum(paid).map_err(unreadable)?;
        let clause = own.last().and_then(|line| Clause::parse(&line.clause));
        let limit = own.last().and_then(|line| Limit::parse(&line.limited_by));
        let is_expected = paid.to_string() == row.expected;
        is_right &= is_expected;
        let capped = limit
            .map(|limit| format!("（{} / {}）", limit.zh(), limit.en()))
            .unwrap_or_default();
        let mark = if is_expected { "ok" } else { "!!" };
        output::line(&format!(
            "{mark} {:>12} 元  {} / {}{capped}",
            paid.to_string(),
            row.label_zh,
            row.label_en
        ));
        if let Some(clause) = clause {
            output::line(&format!(
                "      {} {}\n      {} {}",
                clause.as_str(),
                clause.zh(),
                clause.as_str(),
                clause.en()
            ));
        }
    }
    Ok(is_right)
}

/// A row of the sample's showcase.
struct Showcase {
    label_zh: String,
    label_en: String,
    measure: String,
    beneficiary: String,
    item: String,
    expected: String,
}

/// The showcase is a file of ours: quoted cells hold commas and nothing else.
fn showcase_rows() -> Vec<Showcase> {
    sample::SHOWCASE
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = split_cells(line).into_iter();
            Some(Showcase {
                label_zh: cells.next()?,
                label_en: cells.next()?,
                measure: cells.next()?,
                beneficiary: cells.next()?,
                item: cells.next()?,
                expected: cells.next()?,
            })
        })
        .collect()
}

fn split_cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    for symbol in line.trim_end().chars() {
        match symbol {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

fn measure_names(measure: &str) -> (&'static str, &'static str) {
    match measure {
        "loan_subsidy" => ("企业贷款补助", "loan subsidy to enterprises"),
        "bank_incentive" => ("银行奖励", "incentive to banks"),
        _ => ("专利保险保费补贴", "premium subsidy"),
    }
}

fn print_totals(batches: &[Settled], lines: &[Vec<LineRow>]) -> Result<(), CommandError> {
    output::line("\n== 全市合计 / the city's totals ==");
    for (settled, rows) in batches.iter().zip(lines) {
        let mut totals: BTreeMap<&str, (usize, Money)> = BTreeMap::new();
        for row in rows {
            let total = totals.entry(row.measure.as_str()).or_default();
            total.0 += 1;
            total.1 = total.1.plus(amount(&row.amount)?).map_err(unreadable)?;
        }
        output::line(&format!("批次/batch {}", settled.batch.batch_no));
        for (measure, (count, sum)) in totals {
            let (zh, en) = measure_names(measure);
            output::line(&format!(
                "  {:>14} 元  {count:>3} 行/lines  {zh} / {en}",
                sum.to_string()
            ));
        }
    }
    Ok(())
}

fn print_caps(waterfalls: &[(String, String)]) {
    output::line("\n== 达到年度上限的银行 / banks at their yearly cap ==");
    for (zh, en) in waterfalls {
        output::line(&format!("  {zh}\n  {en}"));
    }
}

/// Lines below zero: what a correction, reversal or refund took back.
fn print_corrections(lines: &[Vec<LineRow>]) {
    output::line("\n== 更正、冲正与退费后收回 / taken back after corrections, reversals and refunds ==");
    for row in lines.iter().flatten().filter(|row| row.amount.starts_with('-')) {
        let (zh, en) = measure_names(&row.measure);
        output::line(&format!(
            "  {:>12} 元  {zh} / {en}  {} {}  应得/entitled {}，已结算/settled {}",
            row.amount, row.beneficiary_name, row.item, row.entitled, row.settled_before
        ));
    }
}

fn findings_of(settled: &Settled) -> Result<Vec<FindingRow>, CommandError> {
    let bytes = settled.files.get("findings.csv").map_or(&[][..], Vec::as_slice);
    FindingRow::from_csv(bytes).map_err(unreadable)
}

fn print_held(settled: &Settled) -> Result<(), CommandError> {
    output::line("\n== 暂停支付及原因 / held, and why ==");
    for row in findings_of(settled)?.iter().filter(|row| row.severity == "hold") {
        let (zh, en) = measure_names(&row.measure);
        output::line(&format!(
            "  {zh} / {en}  {}  {}\n      {} {}",
            row.beneficiary, row.reference, row.code, row.message
        ));
    }
    Ok(())
}

fn print_repeated(repeated: &Repeated) {
    output::line("\n== 同一报送重复两次，再改动一次 / the same report twice, then changed ==");
    let same = if repeated.is_same {
        "答复相同 / the same answer"
    } else {
        "答复不同！ / ANOTHER ANSWER!"
    };
    output::line(&format!(
        "  第一次/first: 足额放款后可得/when fully drawn {} 元",
        repeated.first
    ));
    output::line(&format!("  第二次/second: {same}"));
    let refused = if repeated.refused.is_empty() {
        "被接受！ / ACCEPTED!"
    } else {
        &repeated.refused
    };
    output::line(&format!("  改动后/changed: {refused}"));
}

/// What R3=PER_LOAN would have paid, computed from the batch's own facts.
fn print_other_reading(settled: &Settled) -> Result<(), CommandError> {
    let files: BTreeMap<File, Vec<u8>> = File::ALL
        .iter()
        .filter_map(|file| {
            Some((
                *file,
                settled.files.get(&crate::batch_folder::fact_path(*file))?.clone(),
            ))
        })
        .collect();
    let loaded = exchange::load(&files, &Allow::stored());
    let text =
        String::from_utf8_lossy(settled.files.get("policy.toml").map_or(&[][..], Vec::as_slice)).into_owned();
    let rulebook = Rulebook::load(&text)?;
    let year = PolicyYear::new(YEAR).ok_or_else(|| unreadable(YEAR))?;
    let total = |overrides: &[ReadingRow]| -> Result<Money, CommandError> {
        let (readings, approvals) = readings_of(rulebook.revision_of(year)?, overrides)?;
        let computed = compute(&BatchQuestion {
            batch_no: &format!("{DIVISION}-{YEAR}-000"),
            cut_off: 0,
            decided_cut_off: None,
            year,
            as_of: as_of(settled)?,
            history: &loaded.history,
            rulebook: &rulebook,
            policy_text: &text,
            readings: &readings,
            approvals: &approvals,
            settled: &SettledBefore::new(),
            conditions: &policy::conditions::Conditions::NONE,
            audit_heads: &[],
            previous_digest: None,
        })?;
        let loans = computed
            .outcome
            .lines
            .iter()
            .filter(|line| line.key.measure.as_str() == "loan_subsidy");
        Money::sum(loans.map(|line| line.entitled)).map_err(unreadable)
    };
    let per_loan = ReadingRow {
        id: "R3".to_owned(),
        value: "PER_LOAN".to_owned(),
        approval: "演示 / demonstration".to_owned(),
    };
    let (now, other) = (total(&[])?, total(&[per_loan])?);
    let difference = other.minus(now).map_err(unreadable)?;
    output::line("\n== 另一种读法 / another reading ==");
    output::line(&format!(
        "  企业贷款补助/loan subsidy: R3=ENTERPRISE_YEAR_SUM {now} 元；R3=PER_LOAN {other} 元（差额/difference {difference}）"
    ));
    Ok(())
}

fn as_of(settled: &Settled) -> Result<NaiveDate, CommandError> {
    let receipt = Receipt::from_json(settled.files.get("receipt.json").map_or(&[][..], Vec::as_slice))
        .map_err(unreadable)?;
    NaiveDate::parse_from_str(&receipt.as_of, "%Y-%m-%d").map_err(unreadable)
}

fn print_validity(settled: &Settled) -> Result<(), CommandError> {
    let text =
        String::from_utf8_lossy(settled.files.get("policy.toml").map_or(&[][..], Vec::as_slice)).into_owned();
    let rulebook = Rulebook::load(&text)?;
    if !rulebook.states_validity {
        let (zh, en) = &rulebook.validity_note;
        output::line(&format!(
            "\n!! 注意 / warning: {}：{zh}\n   {}: {en}",
            rulebook.number, rulebook.number
        ));
    }
    Ok(())
}
