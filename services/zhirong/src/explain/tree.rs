//! A line as a tree: what is paid, the steps it came by, and below them the reported records with their revisions.

use std::collections::BTreeMap;

use exchange::File;
use exchange::row::Fact;
use policy::codes::{Clause, Measure};
use policy::date::PolicyYear;
use policy::engine::{Finding, Line};
use policy::explanation::Step;

use super::node::Node;
use super::shelf::Shelf;
use crate::codes;
use crate::inputs::Inputs;

/// What a tree is made from beside its line.
pub(super) struct Ground<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) shelf: &'a Shelf,
    /// The draws that count for a bank, by year and contract.
    pub(super) bank_draws: &'a BTreeMap<PolicyYear, BTreeMap<String, Vec<Step>>>,
    pub(super) findings: &'a [Finding],
}

/// The line of a number as a tree.
pub(super) fn tree(ground: &Ground<'_>, number: Option<usize>, line: &Line) -> Node {
    let measure = line.key.measure.as_str();
    let (zh, en) = codes::word(measure);
    let batch_no = &ground.inputs.receipt.batch_no;
    let (of_zh, of_en) = number.map_or_else(Default::default, |number| {
        (format!("第 {number} 行 "), format!("line {number}, "))
    });
    let key = format!("{} {}", line.key.beneficiary, line.key.item);
    let year = line.policy_year;
    let root = Node::new(
        format!(
            "{batch_no} {of_zh}{zh} {year} {}（{}）",
            key.trim_end(),
            line.beneficiary_name
        ),
        format!("{of_en}{en} of {year} to {}", key.trim_end()),
    );
    let clause = Node::new(
        format!("条款 {}：{}", line.clause.as_str(), line.clause.zh()),
        format!("clause {}: {}", line.clause.as_str(), line.clause.en()),
    );
    let amount = Node::new(
        format!(
            "本次 {} 元 = 应得 {} - 此前已结算 {}",
            line.amount, line.entitled, line.settled_before
        ),
        format!(
            "this line {} = entitled {} - settled before {}",
            line.amount, line.entitled, line.settled_before
        ),
    );
    let mut entitled = Node::new(
        format!("应得 {} 元，基数 {} 元", line.entitled, line.base),
        format!("entitled {}, base {}", line.entitled, line.base),
    );
    if let Some(limit) = line.limited_by {
        entitled
            .zh
            .push_str(&format!("，受限于 {}（{}）", limit.as_str(), limit.zh()));
        entitled
            .en
            .push_str(&format!(", limited by {} ({})", limit.as_str(), limit.en()));
    }
    let entitled = entitled.with(steps(ground, line));
    root.with([clause, amount.with([entitled, settled(ground, line)])])
        .with(readings(ground, line))
        .with(findings(ground, line))
}

/// One sentence in each language.
pub(super) fn sentences(line: &Line) -> (String, String) {
    let name = &line.beneficiary_name;
    let (entitled, before, amount) = (line.entitled, line.settled_before, line.amount);
    let clause = line.clause;
    // A line that nothing is earned on any more has no steps to tell.
    let (zh, en) = if line.explanation.steps.is_empty() {
        (clause.zh().to_owned(), clause.en().to_owned())
    } else {
        (line.explanation.sentence_zh(), line.explanation.sentence_en())
    };
    (
        format!("{name}：{zh}；应得 {entitled} 元，此前已结算 {before} 元，本次 {amount} 元。"),
        format!("{name}: {en}; entitled {entitled}, settled before {before}, this line {amount}."),
    )
}

fn settled(ground: &Ground<'_>, line: &Line) -> Node {
    if line.policy_year != ground.inputs.year {
        let year = ground.inputs.year;
        return Node::new(
            format!("本批次只有 {year} 年度的已结算数，此处按0计"),
            format!("this batch holds the settled position of {year} alone; here it is taken as 0"),
        );
    }
    let previous = ground.inputs.receipt.previous_digest.as_deref().unwrap_or("-");
    let before = line.settled_before;
    Node::new(
        format!("此前已结算 {before} 元（settled.csv；上一放行批次摘要 {previous}）"),
        format!("settled before {before} (settled.csv; digest of the batch released before: {previous})"),
    )
}

/// Each reading applied with its approval, and what others would have paid.
fn readings(ground: &Ground<'_>, line: &Line) -> Vec<Node> {
    let used = line.explanation.readings.iter().map(|(id, value)| {
        let (zh, en) = codes::reading(id);
        let approval = ground.inputs.approvals.iter().find(|row| row.id == *id);
        let approval = approval.map_or("-", |row| row.approval.as_str());
        Node::new(
            format!("{id}={value}：{zh}；批准 {approval}"),
            format!("{id}={value}: {en}; approval {approval}"),
        )
    });
    let used = Node::new("解释口径", "readings applied").with(used);
    let others = line.explanation.alternatives.iter().map(|other| {
        Node::new(
            format!("{}={} 则为 {} 元", other.reading, other.value, other.amount),
            format!("{}={} would pay {}", other.reading, other.value, other.amount),
        )
    });
    let others = Node::new("其他口径", "other readings").with(others);
    [used, others]
        .into_iter()
        .filter(|node| !node.children.is_empty())
        .collect()
}

/// The findings on the beneficiary under the measure.
fn findings(ground: &Ground<'_>, line: &Line) -> Option<Node> {
    // The batch's findings are those of its own year.
    let is_own_year = line.policy_year == ground.inputs.year;
    let own = ground.findings.iter().filter(|finding| {
        is_own_year
            && finding.measure == line.key.measure
            && finding.beneficiary == line.key.beneficiary.as_str()
    });
    let nodes: Vec<Node> = own.map(finding).collect();
    (!nodes.is_empty()).then(|| Node::new("提示", "findings").with(nodes))
}

/// A finding as a node.
pub(super) fn finding(finding: &Finding) -> Node {
    let (code, severity) = (finding.code.as_str(), finding.severity().as_str());
    Node::new(
        format!("{code} [{severity}] {}：{}", finding.reference, finding.zh()),
        format!("{code} [{severity}] {}: {}", finding.reference, finding.en()),
    )
    .with(evidence(&finding.evidence))
}

/// The records that show a finding, in one node; none where there are none.
pub(super) fn evidence(names: &[String]) -> Option<Node> {
    let all = names.join(", ");
    (!names.is_empty()).then(|| Node::new(format!("依据：{all}"), format!("evidence: {all}")))
}

/// What a node may be taken up by.
enum Tag {
    /// A payment of a policy that no class has taken up yet.
    Open(String),
    Other,
}

/// The steps nested by what rests on what.
fn steps(ground: &Ground<'_>, line: &Line) -> Vec<Node> {
    let mut pending: Vec<(Tag, Node)> = Vec::new();
    for step in &line.explanation.steps {
        let node = Node::new(step.zh(), step.en());
        let everything = |pending: &mut Vec<(Tag, Node)>| -> Vec<Node> {
            std::mem::take(pending)
                .into_iter()
                .map(|(_, node)| node)
                .collect()
        };
        match step {
            Step::Draw { reference, .. } => pending.push((
                Tag::Open(contract_of(reference).to_owned()),
                node.with(draw_facts(ground.shelf, reference)),
            )),
            Step::Contract { reference, .. } => {
                let draws = take(&mut pending, reference);
                let bank = bank_draws(ground, line, reference);
                let facts = contract_facts(ground.shelf, reference);
                pending.push((Tag::Other, node.with(draws).with(bank).with(facts)));
            }
            Step::Payment { reference, .. } => {
                let facts = payment_facts(ground.shelf, line, reference);
                pending.push((Tag::Open(contract_of(reference).to_owned()), node.with(facts)));
            }
            Step::Class { clause, because } => {
                let class = node.with(class_facts(ground.shelf, line, clause, because));
                if let Some((tag, payment)) = pending.last_mut() {
                    *tag = Tag::Other;
                    payment.children.insert(0, class);
                }
            }
            Step::ClassShare { reference, .. } => {
                // The rate of the class stands right before its share.
                let rate = pending.pop().map(|(_, node)| node);
                let parts = take(&mut pending, reference);
                pending.push((Tag::Other, node.with(rate).with(parts)));
            }
            Step::Rate { .. } if line.key.measure == Measure::PremiumSubsidy => {
                pending.push((Tag::Other, node))
            }
            Step::OtherMoney { .. } => {
                let number = line.key.item.split('/').next().unwrap_or_default();
                let key = format!("{}/{}/{number}", line.key.beneficiary, line.key.measure.as_str());
                let rest = everything(&mut pending);
                let facts = ground.shelf.nodes(File::OtherAwards, &key);
                pending.push((Tag::Other, node.with(rest).with(facts)));
            }
            Step::Excluded { .. } => {
                let rest = everything(&mut pending);
                let facts = ground
                    .shelf
                    .nodes(File::Exclusions, line.key.beneficiary.as_str());
                pending.push((Tag::Other, node.with(rest).with(facts)));
            }
            Step::NothingEarned { .. } | Step::Decided { .. } => pending.push((Tag::Other, node)),
            // A sum, tier, rate or cap, or a condition of the batch: it rests on everything before it.
            _ => {
                let rest = everything(&mut pending);
                pending.push((Tag::Other, node.with(rest).with(above_cap(step))));
            }
        }
    }
    pending.into_iter().map(|(_, node)| node).collect()
}

/// Takes the open nodes of a contract or policy.
fn take(pending: &mut Vec<(Tag, Node)>, reference: &str) -> Vec<Node> {
    let (own, others): (Vec<_>, Vec<_>) = std::mem::take(pending)
        .into_iter()
        .partition(|(tag, _)| matches!(tag, Tag::Open(of) if of == reference));
    *pending = others;
    own.into_iter().map(|(_, node)| node).collect()
}

/// What stands before the last `/`.
fn contract_of(reference: &str) -> &str {
    reference
        .rsplit_once('/')
        .map_or(reference, |(contract, _)| contract)
}

fn above_cap(step: &Step) -> Option<Node> {
    let Step::Cap { earned, entitled, .. } = step else {
        return None;
    };
    let above = earned.minus(*entitled).ok().filter(|above| !above.is_zero())?;
    Some(Node::new(
        format!("上限以上 {above} 元不付"),
        format!("{above} above the cap is not paid"),
    ))
}

/// A bank's line gives contracts without draws; they are those that count for it in the year.
fn bank_draws(ground: &Ground<'_>, line: &Line, contract: &str) -> Vec<Node> {
    if line.key.measure != Measure::BankIncentive {
        return Vec::new();
    }
    let of_year = ground.bank_draws.get(&line.policy_year);
    let draws = of_year
        .and_then(|draws| draws.get(contract))
        .map_or(&[][..], Vec::as_slice);
    let node = |step: &Step| {
        let facts = step
            .reference()
            .map(|reference| draw_facts(ground.shelf, reference))
            .unwrap_or_default();
        Node::new(step.zh(), step.en()).with(facts)
    };
    draws.iter().map(node).collect()
}

/// A draw and what reversed it.
fn draw_facts(shelf: &Shelf, reference: &str) -> Vec<Node> {
    let number = reference.rsplit('/').next().unwrap_or_default();
    let mut nodes = shelf.nodes(File::LoanEvents, reference);
    for (key, fact) in shelf.facts(File::LoanEvents, contract_of(reference)) {
        if let Fact::LoanEvent(event) = fact
            && event.reverses.as_ref().is_some_and(|of| of.as_str() == number)
        {
            nodes.extend(shelf.nodes(File::LoanEvents, key));
        }
    }
    nodes
}

/// A contract, its pledge and patents, borrower and lender.
fn contract_facts(shelf: &Shelf, reference: &str) -> Vec<Node> {
    let institution = contract_of(reference);
    let mut nodes = shelf.nodes(File::Loans, reference);
    let loan = shelf
        .facts(File::Loans, reference)
        .find_map(|(_, fact)| match fact {
            Fact::Loan(loan) => Some(loan),
            _ => None,
        });
    let Some(loan) = loan else { return nodes };
    if let Some(number) = &loan.pledge_no {
        let key = format!("{institution}/{number}");
        nodes.extend(shelf.nodes(File::Pledges, &key));
        for (_, fact) in shelf.facts(File::Pledges, &key) {
            if let Fact::Pledge(pledge) = fact {
                let patents = pledge.patents.iter();
                nodes.extend(patents.flat_map(|number| shelf.nodes(File::Patents, number.as_str())));
            }
        }
    }
    nodes.extend(shelf.nodes(File::Enterprises, loan.borrower_uscc.as_str()));
    nodes.extend(shelf.nodes(File::Institutions, institution));
    nodes
}

/// A payment, what was refunded of it, its policy, the schedule's patent, and who held it.
fn payment_facts(shelf: &Shelf, line: &Line, reference: &str) -> Vec<Node> {
    let policy = contract_of(reference);
    let number = reference.rsplit('/').next().unwrap_or_default();
    let patent = line.key.item.rsplit('/').next().unwrap_or_default();
    let mut nodes = shelf.nodes(File::PremiumEvents, reference);
    for (key, fact) in shelf.facts(File::PremiumEvents, policy) {
        if let Fact::PremiumEvent(event) = fact
            && event.reverses.as_ref().is_some_and(|of| of.as_str() == number)
        {
            nodes.extend(shelf.nodes(File::PremiumEvents, key));
        }
    }
    nodes.extend(shelf.nodes(File::Policies, policy));
    // The split rests on the whole schedule.
    nodes.extend(shelf.nodes(File::PolicyPatents, policy));
    nodes.extend(shelf.nodes(File::Patents, patent));
    nodes.extend(shelf.nodes(File::PatentOwners, patent));
    nodes.extend(shelf.nodes(File::Enterprises, line.key.beneficiary.as_str()));
    nodes
}

/// The award or pledge that puts a patent into the full class; a grant stands on the patent itself.
fn class_facts(shelf: &Shelf, line: &Line, clause: &str, because: &str) -> Vec<Node> {
    let patent = line.key.item.rsplit('/').next().unwrap_or_default();
    match Clause::parse(clause) {
        Some(Clause::PremiumFullAward) => shelf.nodes(File::Awards, patent),
        Some(Clause::PremiumFullPledge) => {
            let of_number = |(key, fact): (&str, &Fact)| match fact {
                Fact::Pledge(pledge) if pledge.pledge_no.as_str() == because => Some(key.to_owned()),
                _ => None,
            };
            let pledges: Vec<String> = shelf.all(File::Pledges).filter_map(of_number).collect();
            pledges
                .iter()
                .flat_map(|key| shelf.nodes(File::Pledges, key))
                .collect()
        }
        _ => Vec::new(),
    }
}
