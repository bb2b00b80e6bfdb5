//! A fact as a tree: its revisions, the lines that rest on it, and where it earned nothing, why not and what would change it.

use exchange::File;
use exchange::compute::ComputedBatch;
use exchange::identifiers::{read_institution_code, read_patent_no, read_pledge_no, read_reference};
use policy::codes::Measure;
use policy::engine::{Finding, Subject, Verdict};

use super::node::Node;
use super::tree::{self, Ground};
use crate::codes;
use crate::error::CommandError;

/// A fact asked for: its file, its key, and what money rests on it for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The file.
    pub file: File,
    /// The canonical key, its cells joined by `/`.
    pub key: String,
    /// The record by the rules; none for a record of the bureau.
    pub subject: Option<Subject>,
}

/// Reads `file/institution/number[/event]`, or `file/key` of the bureau's records.
///
/// # Errors
/// [`CommandError::Usage`] for an unknown file or another form.
pub fn parse(text: &str) -> Result<Asked, CommandError> {
    let malformed = || {
        CommandError::usage(
            "FACT_MALFORMED",
            format!(
                "--fact 应形如 loan_events/机构代码/合同号/流水号、policy_patents/机构代码/保单号/专利号，而不是 {text}"
            ),
            format!(
                "--fact has the form loan_events/INSTITUTION/CONTRACT/EVENT or policy_patents/INSTITUTION/POLICY/PATENT, unlike {text}"
            ),
        )
    };
    let (file, key) = text.split_once('/').ok_or_else(malformed)?;
    let file = File::parse(file.strip_suffix(".csv").unwrap_or(file)).ok_or_else(malformed)?;
    let subject = subject(file, &key.split('/').collect::<Vec<_>>());
    let of_institution = file.owner() == exchange::Owner::Institution;
    let (key, subject) = match subject {
        Some((key, subject)) => (key, Some(subject)),
        None if of_institution => return Err(malformed()),
        // The first cell may be a patent number in another form; further cells are as they are stored.
        None => {
            let (first, rest) = key
                .split_once('/')
                .map_or((key, None), |(first, rest)| (first, Some(rest)));
            let first = read_patent_no(first).map_or_else(|_| first.to_owned(), |number| number.to_string());
            (
                rest.map_or_else(|| first.clone(), |rest| format!("{first}/{rest}")),
                None,
            )
        }
    };
    Ok(Asked { file, key, subject })
}

fn subject(file: File, cells: &[&str]) -> Option<(String, Subject)> {
    let institution = read_institution_code(cells.first()?).ok()?;
    let number = cells.get(1)?;
    match (file, cells.len()) {
        (File::Loans, 2) => {
            let number = read_reference(number).ok()?;
            Some((
                format!("{institution}/{number}"),
                Subject::Contract(institution, number),
            ))
        }
        (File::Policies, 2) => {
            let number = read_reference(number).ok()?;
            Some((
                format!("{institution}/{number}"),
                Subject::Policy(institution, number),
            ))
        }
        (File::Pledges, 2) => {
            let number = read_pledge_no(number).ok()?;
            Some((
                format!("{institution}/{number}"),
                Subject::Pledge(institution, number),
            ))
        }
        (File::LoanEvents, 3) => {
            let (number, event) = (read_reference(number).ok()?, read_reference(cells.get(2)?).ok()?);
            let key = format!("{institution}/{number}/{event}");
            Some((key, Subject::LoanEvent(institution, number, event)))
        }
        (File::PremiumEvents, 3) => {
            let (number, event) = (read_reference(number).ok()?, read_reference(cells.get(2)?).ok()?);
            let key = format!("{institution}/{number}/{event}");
            Some((key, Subject::PremiumEvent(institution, number, event)))
        }
        (File::PolicyPatents, 3) => {
            let (number, patent) = (read_reference(number).ok()?, read_patent_no(cells.get(2)?).ok()?);
            let key = format!("{institution}/{number}/{patent}");
            Some((key, Subject::PolicyPatent(institution, number, patent)))
        }
        _ => None,
    }
}

/// The sentence of (八) that a measure rests on: id, Chinese, English.
const fn sentence(measure: Measure) -> (&'static str, &'static str, &'static str) {
    match measure {
        Measure::LoanSubsidy => (
            "A8.1",
            "安政〔2018〕9号(八)第一句",
            "Anyang 2018 No. 9 (VIII) sentence 1",
        ),
        Measure::BankIncentive => (
            "A8.2",
            "安政〔2018〕9号(八)第二句",
            "Anyang 2018 No. 9 (VIII) sentence 2",
        ),
        Measure::PremiumSubsidy => (
            "A8.3",
            "安政〔2018〕9号(八)第三句",
            "Anyang 2018 No. 9 (VIII) sentence 3",
        ),
    }
}

/// The tree of a fact, and one sentence in each language.
pub(super) fn explain(
    ground: &Ground<'_>,
    batch: &ComputedBatch,
    asked: &Asked,
    verdicts: &[Verdict],
) -> (Node, String, String) {
    let name = format!("{}/{}", asked.file.as_str(), asked.key);
    let root = Node::new(format!("{} {name}", asked.file.zh()), "");
    let root = root.with(ground.shelf.nodes(asked.file, &asked.key));
    if asked.subject.is_none() {
        return of_bureau(ground, batch, asked, root, &name);
    }
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    let mut nodes = Vec::new();
    for verdict in verdicts {
        let (node, said_zh, said_en) = judged(ground, batch, verdict);
        nodes.push(node);
        zh.push(said_zh);
        en.push(said_en);
    }
    (
        root.with(nodes),
        format!("{name}：{}。", zh.join("；")),
        format!("{name}: {}.", en.join("; ")),
    )
}

/// One verdict as a node, and as a clause of a sentence in each language.
fn judged(ground: &Ground<'_>, batch: &ComputedBatch, verdict: &Verdict) -> (Node, String, String) {
    let (id, clause_zh, clause_en) = sentence(verdict.measure);
    let (zh, en) = codes::word(verdict.measure.as_str());
    let year = verdict.year;
    let head_zh = format!("{year} 年度{zh} {id}（{clause_zh}）");
    let head_en = format!("{en} of {year}, {id} ({clause_en})");
    let mut nodes = Vec::new();
    let mut said = (format!("{head_zh}：已计入"), format!("{head_en}: counted"));
    if verdict.earns() {
        for line in verdict.lines.iter().filter(|line| !line.entitled.is_zero()) {
            let number = batch
                .paid
                .iter()
                .position(|paid| paid.key == line.key && paid.policy_year == year);
            nodes.push(tree::tree(ground, number.map(|place| place + 1), line));
        }
    }
    let mut further = verdict.findings.iter();
    if let Some(stop) = verdict.first_stop() {
        further.next();
        let earned = verdict.earns();
        let (what_zh, what_en) = if earned {
            ("未计部分", "a part not counted")
        } else {
            ("未计", "earned nothing")
        };
        let failed = Node::new("首个未通过", "the first that failed").with([tree::finding(stop)]);
        nodes.push(failed.with([change(verdict, stop)]));
        said = (
            format!(
                "{head_zh}：{what_zh}，{}；{}",
                stop.code.zh(),
                stop.code.advice_zh()
            ),
            format!(
                "{head_en}: {what_en}, {}; {}",
                stop.code.en(),
                stop.code.advice_en()
            ),
        );
    } else if let Some(reason) = verdict.no_money {
        nodes.push(Node::new(
            format!("{} {}", reason.as_str(), reason.zh()),
            format!("{} {}", reason.as_str(), reason.en()),
        ));
        said = (
            format!("{head_zh}：未计，{}", reason.zh()),
            format!("{head_en}: earned nothing, {}", reason.en()),
        );
    }
    // The tree of a line says its findings already.
    if !verdict.earns() {
        nodes.extend(further.map(tree::finding));
    }
    let (zh, en) = said.clone();
    (Node::new(zh, en).with(nodes), said.0, said.1)
}

/// What would undo the first stop: advice, and each reading under which the money differs.
fn change(verdict: &Verdict, stop: &Finding) -> Node {
    let mut change = Node::new(
        format!("怎样可改变：{}", stop.code.advice_zh()),
        format!("what would change it: {}", stop.code.advice_en()),
    );
    for cure in &verdict.cures {
        let next_zh = cure.next.map_or_else(String::new, |code| {
            format!("，其后为 {} {}", code.as_str(), code.zh())
        });
        let next_en = cure.next.map_or_else(String::new, |code| {
            format!(", then {}: {}", code.as_str(), code.en())
        });
        let (reading, value, now, then) = (cure.reading, cure.value, cure.now, cure.then);
        change.children.push(Node::new(
            format!("若批准 {reading}={value}：受益人本项由 {now} 元变为 {then} 元{next_zh}"),
            format!("under {reading}={value}: the beneficiary's year goes from {now} to {then}{next_en}"),
        ));
    }
    if let Some(accepted) = &verdict.acceptance {
        let codes: Vec<&str> = accepted.codes.iter().map(|code| code.as_str()).collect();
        let (codes, now, then) = (codes.join(", "), accepted.now, accepted.then);
        change.children.push(Node::new(
            format!("若审核人接受 {codes}：受益人本项由 {now} 元变为 {then} 元"),
            format!("once a reviewer accepts {codes}: the beneficiary's year goes from {now} to {then}"),
        ));
    }
    change
}

/// A record of the bureau: the lines whose trees cite it, and the findings that name it.
fn of_bureau(
    ground: &Ground<'_>,
    batch: &ComputedBatch,
    asked: &Asked,
    root: Node,
    name: &str,
) -> (Node, String, String) {
    let is_asked = |file: File, key: &str| {
        file == asked.file && (key == asked.key || key.starts_with(&format!("{}/", asked.key)))
    };
    let mut nodes = Vec::new();
    for line in &batch.outcome.lines {
        ground.shelf.take_cited();
        let number = batch
            .paid
            .iter()
            .position(|paid| paid.key == line.key)
            .map(|place| place + 1);
        let mut node = tree::tree(ground, number, line);
        if ground
            .shelf
            .take_cited()
            .iter()
            .any(|(file, key)| is_asked(*file, key))
        {
            node.children.clear();
            let entitled = line.entitled;
            node.zh.push_str(&format!("：应得 {entitled} 元"));
            node.en.push_str(&format!(": entitled {entitled}"));
            nodes.push(node);
        }
    }
    let first = asked.key.split('/').next().unwrap_or_default();
    let names = batch.outcome.findings.iter().filter(|finding| {
        let shows = |name: &String| {
            name.split_once('/')
                .is_some_and(|(file, key)| file == asked.file.as_str() && is_asked(asked.file, key))
        };
        finding.beneficiary == first
            || finding.reference.contains(first)
            || finding.detail.contains(first)
            || finding.evidence.iter().any(shows)
    });
    let lines = nodes.len();
    nodes.extend(names.map(tree::finding));
    (
        root.with(nodes),
        format!("{name}：{lines} 条明细的说明引用此记录。"),
        format!("{name}: the explanations of {lines} lines cite this record."),
    )
}
