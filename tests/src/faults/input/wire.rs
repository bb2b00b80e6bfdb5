//! What is no request at all: bytes in place of messages, and JSON that no program would write.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use exchange::File;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::form::Form;
use super::{Found, IN_FLIGHT, based, texts};
use crate::faults::interface::{Callers, Interface, Leaf, Shape};
use crate::figure::Asked;
use crate::http::{Http, Version, reason};
use crate::parity::Call;
use crate::sandbox::Sandbox;
use crate::upload;

/// Stands in a request where bytes will be put that are no text.
const PLACE: &[u8] = b"ZQZQZQZQZQZQZQZ";

/// The encoded requests with bytes in a text field that are no text; none where the field cannot be written.
pub(super) fn with_raw_text(call: &Call, leaf: &Leaf, base: &[Value], bytes: &[u8]) -> Option<Vec<Bytes>> {
    assert_eq!(bytes.len(), PLACE.len());
    let messages = leaf.set(base, Value::from(String::from_utf8_lossy(PLACE)));
    let mut encoded = Vec::new();
    for message in &messages {
        let mut made = call.method.parse_value(message).ok()?.to_vec();
        if let Some(at) = made.windows(PLACE.len()).position(|window| window == PLACE) {
            made[at..at + PLACE.len()].copy_from_slice(bytes);
        }
        encoded.push(Bytes::from(made));
    }
    Some(encoded)
}

/// Bytes by chance in place of every method's request, and its own request cut and changed.
pub(super) async fn bytes(
    callers: &Callers<'_>,
    interface: &Interface,
    asked: Asked,
    rng: &mut fastrand::Rng,
    found: &mut Found,
) {
    for call in &interface.good {
        let good = call
            .messages
            .first()
            .and_then(|message| call.method.parse_value(message).ok());
        let good = good.unwrap_or_default();
        for turn in 0..asked.of(1, 2, 8, 100) {
            let made: Vec<u8> = match turn % 3 {
                0 => (0..rng.usize(1..200)).map(|_| rng.u8(..)).collect(),
                1 => good[..rng.usize(0..=good.len())].to_vec(),
                _ => {
                    let mut changed = good.to_vec();
                    if !changed.is_empty() {
                        let at = rng.usize(0..changed.len());
                        changed[at] ^= 1 << rng.u8(0..8);
                    }
                    changed
                }
            };
            let answered = callers
                .send(&call.caller, &call.method, vec![Bytes::from(made)])
                .await;
            found.judge(|| format!("{} bytes {turn}", call.method.path), &answered);
        }
    }
}

/// Bodies that are no JSON of the method, or hardly.
fn bodies(call: &Call) -> Vec<String> {
    let mut bodies: Vec<String> = [
        "",
        " ",
        "null",
        "[]",
        "[[[[",
        "{",
        "}",
        "\"\"",
        "0",
        "NaN",
        "-",
        "{}{}",
        "{\"\":1}",
        "{\"request_id\":1}",
        "{\"request_id\":null}",
        "{\"request_id\":\"\\ud800\"}",
        "{\"name\":\"\\udc00\\ud800\"}",
        "{\"name\":\"\\u0000\"}",
        "{\"name\":[]}",
        "{\"name\":{}}",
        "{\"page_size\":1e400}",
        "{\"page_size\":1.5}",
        "{\"page_size\":\"NaN\"}",
        "{\"page_size\":99999999999999999999}",
        "{\"__proto__\":{}}",
        "{\"request_id\":\"a\",\"request_id\":\"b\"}",
        "\u{feff}{}",
        "{\"a\":\u{1}}",
    ]
    .map(str::to_owned)
    .to_vec();
    bodies.push("[".repeat(5_000));
    bodies.push(format!("{}{}", "{\"a\":".repeat(2_000), "}".repeat(2_000)));
    for leaf in texts(call).iter().take(3) {
        let place = String::from_utf8_lossy(PLACE).into_owned();
        if let Some(message) = leaf.set(&based(call, 1), Value::from(place.clone())).first() {
            for escape in [
                "\\ud800",
                "\\udfff\\ud800",
                "\\u0000",
                "\\u202e",
                "\\x00",
                "\u{7}",
            ] {
                bodies.push(message.to_string().replace(&place, escape));
            }
        }
    }
    bodies
}

/// Every method as JSON over HTTP/2.
pub(super) async fn json(sandbox: &Sandbox, interface: &Interface, asked: Asked, found: &mut Found) {
    let step = usize::try_from(asked.of(20, 8, 1, 1)).unwrap();
    let mut clients: HashMap<&str, Http> = HashMap::new();
    let calls: Vec<&Call> = interface.good.iter().step_by(step).collect();
    for call in &calls {
        clients
            .entry(&call.caller)
            .or_insert_with(|| Http::new(sandbox, &call.caller, Version::Http2));
    }
    let mut answers = stream::iter(calls)
        .map(|call| json_of(&clients[call.caller.as_str()], call))
        .buffer_unordered(IN_FLIGHT);
    while let Some(of_one) = answers.next().await {
        found.extend(of_one);
    }
}

/// One method as JSON.
async fn json_of(client: &Http, call: &Call) -> Found {
    let mut found = Found::default();
    for body in bodies(call) {
        let answer = client
            .post(&call.method.path, "application/json", body.clone())
            .await;
        found.tried += 1;
        let shown: String = body.chars().take(80).collect();
        if answer.status >= 500 && answer.status != 501 && answer.status != 503 {
            found
                .inside
                .push(format!("{} JSON {shown}: {}", call.method.path, answer.status));
        } else if answer.status == 400 && reason(&answer.json()).is_empty() {
            found.nameless.push(format!("{} JSON {shown}", call.method.path));
        }
    }
    found
}

/// Columns of the file that is sent.
const COLUMNS: [&str; 5] = ["policy_no", "event_no", "kind", "occurred_on", "amount"];
const CELLS: [&str; 5] = ["BD-1", "77", "payment", "2025-03-01", "1.00"];

/// Hostile texts in every cell of a file, as CSV and as a workbook.
pub(super) async fn files(
    callers: &Callers<'_>,
    interface: &Interface,
    forms: &[Form],
    asked: Asked,
    found: &mut Found,
) {
    let Some(call) = interface
        .good
        .iter()
        .find(|call| call.method.name == "UploadFile")
    else {
        return;
    };
    let step = usize::try_from(asked.of(60, 16, 2, 1)).unwrap();
    let texts = forms.iter().filter(|form| form.shape == Shape::Text);
    for form in texts.step_by(step) {
        let rows = rows(form);
        for (name, bytes) in [
            ("premium_events.csv", csv(&rows)),
            ("premium_events.xlsx", workbook(&rows)),
        ] {
            let digest = exchange::digest::hex(&exchange::digest::sha256(&bytes));
            let messages = [
                json!({"declaration": {
                    "request_id": crate::ids::request_id(), "file_name": name,
                    "size_bytes": bytes.len().to_string(), "sha256": digest,
                }}),
                json!({"chunk": STANDARD.encode(&bytes)}),
            ];
            if let Some(answered) = callers.call(&call.caller, &call.method, &messages).await {
                found.judge(|| format!("{name} with {}", form.what), &answered);
            }
        }
    }
}

/// A row a column, in which that column has the form.
fn rows(form: &Form) -> Vec<[String; 5]> {
    let row = |place: usize| {
        let mut cells = CELLS.map(str::to_owned);
        if let Some(written) = form.text(CELLS[place]) {
            // A megabyte a cell is a matter of the limits, which have a group of their own.
            cells[place] = written.chars().take(5_000).collect();
        }
        cells
    };
    (0..COLUMNS.len()).map(row).collect()
}

fn csv(rows: &[[String; 5]]) -> Vec<u8> {
    let mut text = format!("{}\r\n", COLUMNS.join(","));
    for cells in rows {
        let quoted = cells
            .each_ref()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        text.push_str(&quoted.join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn workbook(rows: &[[String; 5]]) -> Vec<u8> {
    let cells: Vec<[&str; 5]> = rows
        .iter()
        .map(|row| row.each_ref().map(String::as_str))
        .collect();
    let rows: Vec<&[&str]> = cells.iter().map(<[&str; 5]>::as_slice).collect();
    upload::workbook(&[upload::grid(File::PremiumEvents, &COLUMNS, &rows)])
}
