//! Two plays of the scene side by side.

use serde_json::{Map, Value};

use super::scene::Played;

/// What differs between two sandboxes whatever the carrier, and nothing else: the moment, keys that each sandbox makes for itself, and
/// whatever is hashed or signed over them. Field names, as JSON has them; that the field is there is compared.
const MASKED: [&str; 39] = [
    // Moments.
    "recorded_at",
    "opened_at",
    "submitted_at",
    "published_at",
    "approved_at",
    "released_at",
    "given_at",
    "paid_at",
    "changed_at",
    "ordered_at",
    "not_before",
    "not_after",
    "revoked_at",
    "created_at",
    "disabled_at",
    "next_try_at",
    "old_secret_until",
    "as_of",
    // Keys of the sandbox's own certificates.
    "spki_digest",
    // Rows of the audit trail with their chain.
    "audit_id",
    "hash",
    "previous_hash",
    "row_hash",
    // The receipt prints the heads of the chains, so its digest and whatever holds it differ: tokens, the archive, the receipt behind.
    "batch_digest",
    "batch",
    "previous_digest",
    "receipt_json",
    "resume_token",
    "next_page_token",
    "sha256",
    "chunk",
    // Of the archive: a signature in DER is a byte longer or shorter.
    "size",
    "sent",
    "etag",
    // Of webhooks: keys made by chance, and the message that holds them.
    "webhook_id",
    "secret",
    "payload",
    // Of uploads: the heads that rows were stored under, and the digest of a request with its key.
    "row_audit_heads",
    "body_digest",
];

/// What only a part of the requests has: they are traced by chance, one in some. Messages are tried beside the calls, so the first try of one,
/// and with it the failure of its endpoint, may be before or after a call.
const LEFT_OUT: [&str; 5] = [
    "trace_id",
    "trace_ids",
    "traceparent",
    "failing_since",
    "attempts",
];

/// What tells a row of the audit trail. The first row of a chain is an enrolment: its request is made and its key is the sandbox's own.
const AUDIT_ROW: &str = "row_hash";

/// Beginnings of names whose rest is made by chance: the digest of a key, or an id.
const BY_CHANCE: [&str; 3] = ["credentials/", "webhookEndpoints/", "webhookDeliveries/"];

/// The value without what must differ.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
            .map(|(name, field)| {
                let of_a_key =
                    ["body_digest", "request_id"].contains(&name.as_str()) && fields.contains_key(AUDIT_ROW);
                let is_masked = of_a_key || MASKED.contains(&name.as_str()) && !field.is_object();
                let field = if is_masked {
                    Value::from("*")
                } else {
                    masked(field)
                };
                (name.clone(), field)
            })
            .collect(),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) => {
            let beginning = BY_CHANCE.iter().find(|beginning| text.starts_with(**beginning));
            beginning.map_or_else(|| value.clone(), |beginning| Value::from(*beginning))
        }
        other => other.clone(),
    }
}

/// Where two plays differ: the step, and the first place in its answer.
pub fn differences(measure: &[Played], other: &[Played]) -> Vec<String> {
    let mut found = Vec::new();
    if measure.len() != other.len() {
        found.push(format!("{} steps against {}", measure.len(), other.len()));
    }
    for (one, two) in measure.iter().zip(other) {
        let place = places(&masked(&one.answer.document()), &masked(&two.answer.document()))
            .into_iter()
            .next();
        found.extend(place.map(|place| format!("{}: {place}", one.step)));
    }
    found
}

/// Every place where two values differ, and how; objects field by field, lists of one length item by item.
pub fn places(one: &Value, two: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(one, two, "", &mut found);
    found
}

fn collect(one: &Value, two: &Value, path: &str, found: &mut Vec<String>) {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            let names = one
                .keys()
                .chain(two.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                let of = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                collect(&of(one), &of(two), &format!("{path}.{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (index, (one, two)) in one.iter().zip(two).enumerate() {
                collect(one, two, &format!("{path}[{index}]"), found);
            }
        }
        _ if one == two => {}
        _ => found.push(format!("{path} is {} against {}", shown(one), shown(two))),
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}
