//! A line explained by the service, as it answers `ExplainLine`.

use api::common::v1::{ExplanationStep, Money, Text};
use api::settlement::v1::{ExplainLineRequest, ExplainLineResponse, GetBatchRequest};
use client::Client;

use super::node::Node;
use super::tree;
use crate::codes;
use crate::error::CommandError;

/// The tree of a line, and one sentence in each language.
pub(super) async fn explain(
    client: &Client,
    batch_no: &str,
    number: u32,
) -> Result<(Node, String, String), CommandError> {
    let request = ExplainLineRequest {
        name: format!("batches/{batch_no}/lines/{number}"),
    };
    let answer = client.settlement().explain_line(request).await;
    let answer = answer
        .map_err(|status| CommandError::call("ExplainLine", status))?
        .into_inner();
    let request = GetBatchRequest {
        name: format!("batches/{batch_no}"),
    };
    let batch = client.settlement().get_batch(request).await;
    let batch = batch
        .map_err(|status| CommandError::call("GetBatch", status))?
        .into_inner()
        .batch
        .unwrap_or_default();
    let approvals: Vec<(String, String)> = batch
        .readings
        .into_iter()
        .map(|reading| (reading.id, reading.approval))
        .collect();
    let sentence = answer.sentence.clone().unwrap_or_default();
    Ok((tree(&answer, &approvals), sentence.zh, sentence.en))
}

fn yuan(money: Option<&Money>) -> &str {
    money.map_or("0.00", |money| money.amount.as_str())
}

fn said(text: Option<&Text>) -> Node {
    text.map_or_else(Node::default, |text| Node::new(&text.zh, &text.en))
}

fn tree(answer: &ExplainLineResponse, approvals: &[(String, String)]) -> Node {
    let line = answer.line.clone().unwrap_or_default();
    let (entitled, before) = (yuan(line.entitled.as_ref()), yuan(line.settled_before.as_ref()));
    let amount = yuan(line.amount.as_ref());
    let key = format!("{} {}", line.beneficiary, line.item);
    let root = Node::new(
        format!(
            "{} 第 {} 行 {}（{}）",
            line.batch_no,
            line.line_no,
            key.trim_end(),
            line.beneficiary_name
        ),
        format!(
            "line {}, {} of {}",
            line.line_no,
            line.measure().as_str_name(),
            line.policy_year
        ),
    );
    let clauses = answer.clauses.iter().map(|clause| {
        let text = said(clause.text.as_ref());
        Node::new(
            format!("条款 {}：{}", clause.id, text.zh),
            format!("clause {}: {}", clause.id, text.en),
        )
    });
    let money = Node::new(
        format!("本次 {amount} 元 = 应得 {entitled} - 此前已结算 {before}"),
        format!("this line {amount} = entitled {entitled} - settled before {before}"),
    );
    let steps = answer
        .explanation
        .iter()
        .flat_map(|root| &root.children)
        .map(step);
    let readings = line.readings.iter().map(|reading| {
        let (zh, en) = codes::reading(&reading.id);
        let approval = approvals.iter().find(|(id, _)| *id == reading.id);
        let approval = approval.map_or("-", |(_, approval)| approval.as_str());
        Node::new(
            format!("{}={}：{zh}；批准 {approval}", reading.id, reading.value),
            format!("{}={}: {en}; approval {approval}", reading.id, reading.value),
        )
    });
    let others = line.alternatives.iter().map(|other| {
        let amount = yuan(other.amount.as_ref());
        Node::new(
            format!("{}={} 则为 {amount} 元", other.reading, other.value),
            format!("{}={} would pay {amount}", other.reading, other.value),
        )
    });
    let findings = answer.findings.iter().map(|finding| {
        let text = said(finding.message.as_ref());
        Node::new(
            format!("{} {}：{}", finding.code, finding.reference, text.zh),
            format!("{} {}: {}", finding.code, finding.reference, text.en),
        )
        .with(tree::evidence(&finding.evidence))
    });
    let parts = [
        Node::new("解释口径", "readings applied").with(readings),
        Node::new("其他口径", "other readings").with(others),
        Node::new("提示", "findings").with(findings),
    ];
    let parts = parts.into_iter().filter(|node| !node.children.is_empty());
    root.with(clauses).with([money.with(steps)]).with(parts)
}

/// A step with its amounts and the steps it rests on.
fn step(step: &ExplanationStep) -> Node {
    said(step.text.as_ref()).with(step.children.iter().map(self::step))
}
