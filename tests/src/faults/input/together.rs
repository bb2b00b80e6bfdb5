//! Every bad field in one answer: what is refused alone is refused in the company of others too.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt;

use super::{IN_FLIGHT, based};
use crate::faults::interface::{Answered, Callers, Interface, Shape, leaves};
use crate::parity::Call;

/// Bad fields of a request at most.
const MOST: usize = 3;

/// What was tried and what was missing.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    pub(super) tried: u64,
    pub(super) missing: Vec<String>,
}

/// Requests with up to three bad fields, each of which is refused by name when it is the only one.
pub(super) async fn left_out(callers: &Callers<'_>, interface: &Interface) -> LeftOut {
    let mut found = LeftOut::default();
    let writes = interface
        .good
        .iter()
        .filter(|call| !call.method.is_read() && !call.method.client_streaming);
    let mut answers = stream::iter(writes)
        .map(|call| of_method(callers, call))
        .buffer_unordered(IN_FLIGHT);
    while let Some(of_one) = answers.next().await {
        found.tried += of_one.tried;
        found.missing.extend(of_one.missing);
    }
    found
}

async fn of_method(callers: &Callers<'_>, call: &Call) -> LeftOut {
    let mut found = LeftOut::default();
    let mut refused: Vec<String> = Vec::new();
    let mut messages = based(call, 1);
    for leaf in leaves(&call.method.input) {
        let is_there = leaf.get(&call.messages).is_some();
        if refused.len() == MOST || !is_there || leaf.name() == "request_id" {
            continue;
        }
        let Some(bad) = bad(leaf.shape) else { continue };
        let alone = leaf.set(&based(call, 1), bad.clone());
        let fields = fields(callers.call(&call.caller, &call.method, &alone).await);
        if let Some(field) = fields.into_iter().find(|field| !refused.contains(field)) {
            messages = leaf.set(&messages, bad);
            refused.push(field);
        }
    }
    if refused.len() < 2 {
        return found;
    }
    found.tried = 1;
    let together = fields(callers.call(&call.caller, &call.method, &messages).await);
    let missing: Vec<&String> = refused
        .iter()
        .filter(|field| !together.contains(*field))
        .collect();
    if !missing.is_empty() {
        let path = &call.method.path;
        found
            .missing
            .push(format!("{path}: {missing:?} not in {together:?}"));
    }
    found
}

/// Something that no field of a shape takes.
fn bad(shape: Shape) -> Option<Value> {
    Some(match shape {
        Shape::Text => json!("坏\u{202E}字"),
        Shape::Amount => json!({"currency_code": "CNY", "amount": "NaN"}),
        Shape::Date => json!({"year": 2025, "month": 2, "day": 30}),
        _ => return None,
    })
}

/// The fields that an answer refuses.
fn fields(answered: Option<Answered>) -> BTreeSet<String> {
    let status = answered.and_then(|answered| answered.status);
    let Some(status) = status.filter(|status| status.code() == Code::InvalidArgument) else {
        return BTreeSet::new();
    };
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.clone())
        .unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
