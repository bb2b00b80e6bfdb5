//! What is accepted is read back as it was sent, but for what normalising means: blanks around, form C, and width and case of codes.

use futures_util::{StreamExt, stream};
use gateway::Method;
use serde_json::{Value, json};
use tonic::Code;

use super::form::Form;
use super::{IN_FLIGHT, based, texts};
use crate::faults::interface::{Callers, Interface, Leaf, Shape};
use crate::figure::Asked;
use crate::parity::Call;

/// Where revisions of the round trips begin: above all that the scene wrote, and below those of the other cases.
const FIRST: u64 = 1_000;

/// What the trips came to.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) tried: u64,
    pub(super) changed: Vec<String>,
}

/// Stores records with hostile texts and reads each again.
pub(super) async fn trips(
    callers: &Callers<'_>,
    interface: &Interface,
    forms: &[Form],
    asked: Asked,
    rng: &mut fastrand::Rng,
) -> Round {
    let mut round = Round::default();
    let forms: Vec<&Form> = forms.iter().filter(|form| form.shape == Shape::Text).collect();
    let turns = asked.of(1, 2, 20, 200);
    let mut kinds = Vec::new();
    for call in &interface.good {
        if let Some(reader) = reader(interface, &call.method) {
            // Records of one kind one after the other: what is read must be what was stored last.
            kinds.push((call, reader, FIRST, rng.fork()));
        }
    }
    let mut answers = stream::iter(kinds)
        .map(|(call, reader, revision, rng)| of_kind(callers, (call, reader), &forms, (turns, revision, rng)))
        .buffer_unordered(IN_FLIGHT);
    while let Some(of_kind) = answers.next().await {
        round.tried += of_kind.tried;
        round.changed.extend(of_kind.changed);
    }
    round
}

async fn of_kind(
    callers: &Callers<'_>,
    (call, reader): (&Call, Method),
    forms: &[&Form],
    (turns, mut revision, mut rng): (u64, u64, fastrand::Rng),
) -> Round {
    let mut round = Round::default();
    for leaf in texts(call).iter().filter(|leaf| leaf.name() != "request_id") {
        for _ in 0..turns {
            revision += 1;
            let form = forms[rng.usize(0..forms.len())];
            trip(callers, (call, &reader), (leaf, form, revision), &mut round).await;
        }
    }
    round
}

/// The method that reads what another stores: `GetPatent` of `RegisterPatent`.
fn reader(interface: &Interface, method: &Method) -> Option<Method> {
    let kind = method
        .name
        .strip_prefix("Register")
        .or_else(|| method.name.strip_prefix("Report"))?;
    let reads =
        |other: &&Call| other.method.service == method.service && other.method.name == format!("Get{kind}");
    interface.good.iter().find(reads).map(|call| call.method.clone())
}

async fn trip(
    callers: &Callers<'_>,
    (call, reader): (&Call, &Method),
    (leaf, form, revision): (&Leaf, &Form, u64),
    round: &mut Round,
) {
    let base = based(call, revision);
    let good = leaf.get(&base).and_then(Value::as_str).unwrap_or_default();
    let Some(sent) = form.text(good) else { return };
    let messages = leaf.set(&base, Value::from(sent.clone()));
    let Some(stored) = callers.call(&call.caller, &call.method, &messages).await else {
        return;
    };
    if stored.code() != Code::Ok {
        return;
    }
    let name = stored
        .messages
        .first()
        .and_then(|answer| answer.pointer("/receipt/facts/0/name"));
    let Some(name) = name.and_then(Value::as_str) else {
        return;
    };
    round.tried += 1;
    let read = callers.call(&call.caller, reader, &[json!({"name": name})]).await;
    let got = read
        .as_ref()
        .and_then(|read| read.messages.first())
        .and_then(|answer| cell(answer, leaf));
    let got = got.unwrap_or_default();
    if !is_same(leaf.name(), &sent, &got) {
        round.changed.push(format!(
            "{} {leaf} {}: {sent:?} came back as {got:?}",
            call.method.path, form.what
        ));
    }
}

/// The cell of a stored record: it stands in the answer under the record's own name twice, with its state beside it.
fn cell(answer: &Value, leaf: &Leaf) -> Option<String> {
    let stored = answer.as_object()?.values().next()?;
    let record = stored
        .as_object()?
        .values()
        .find(|value| value.get(leaf.name()).is_some())?;
    let cell = record.get(leaf.name())?;
    let cell = cell.get(0).unwrap_or(cell);
    cell.as_str().map(str::to_owned)
}

fn is_same(field: &str, sent: &str, got: &str) -> bool {
    let text = exchange::table::text(sent).unwrap_or_default();
    let code = exchange::table::identifier(sent);
    // A patent number is written with blanks in it, and printed without; what is no blank is no part of one.
    let is_line = |symbol: char| symbol.is_control() || matches!(symbol, '\u{2028}' | '\u{2029}');
    let is_blank =
        |symbol: char| matches!(field, "patent_no" | "patents") && symbol.is_whitespace() && !is_line(symbol);
    let closed: String = code.chars().filter(|symbol| !is_blank(*symbol)).collect();
    [sent.trim(), text.as_str(), code.as_str(), closed.as_str()].contains(&got)
        || code == exchange::table::identifier(got)
}
