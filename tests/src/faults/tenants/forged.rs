//! A caller who says that it is somebody else: in fields that no message has, and in headers. Who calls is the connection's certificate
//! and nothing else, so the answer is the same.

use bytes::{BufMut, Bytes, BytesMut};
use gateway::Method;
use serde_json::Value;

use super::case::{Finding, alike, leak};
use super::field::Absent;
use super::world::World;
use crate::faults::interface::{Answered, with_fresh_key};
use crate::ids;
use crate::parity::Call;

/// Numbers of fields that no message has, and of the on-behalf service's own field for the institution.
const FIELDS: [u32; 4] = [2, 15, 200, 19_000];

/// Headers by which other systems pass on who calls.
const HEADERS: [&str; 6] = [
    "x-institution-code",
    "institution_code",
    "x-tenant-id",
    "zhirong.institution",
    "x-forwarded-client-cert",
    "authorization",
];

/// Every way of saying it with every method that an institution may call.
pub(super) async fn forged(world: &World<'_>, call: &Call) -> Finding {
    let mut finding = Finding::default();
    if !super::case::may_call(call).contains(&"institution") {
        return finding;
    }
    let service = &call.method.service;
    let caller = if call.method.is_read() {
        world.outsider(service)
    } else {
        world.fresh_outsider(service)
    };
    let absent = Absent::new(world.number());
    let plain = world
        .callers
        .send(
            caller,
            &call.method,
            encoded(&call.method, &with_fresh_key(&call.messages), None),
        )
        .await;
    let plain = alike(&plain, &[&absent], &world.own_names(caller));
    for number in FIELDS
        .into_iter()
        .filter(|number| call.method.input.get_field(*number).is_none())
    {
        let messages = encoded(&call.method, &with_fresh_key(&call.messages), Some(number));
        let answered = world.callers.send(caller, &call.method, messages).await;
        judge(
            world,
            call,
            (&format!("field {number}"), &answered),
            (caller, &plain),
            &mut finding,
        );
    }
    let headers: Vec<(&'static str, String)> = HEADERS.into_iter().map(|name| (name, ids::bank(1))).collect();
    let messages = encoded(&call.method, &with_fresh_key(&call.messages), None);
    let answered = world
        .callers
        .send_with(caller, &call.method, messages, &headers)
        .await;
    judge(
        world,
        call,
        ("headers", &answered),
        (caller, &plain),
        &mut finding,
    );
    finding
}

fn judge(
    world: &World<'_>,
    call: &Call,
    (how, answered): (&str, &Answered),
    (caller, plain): (&str, &Value),
    finding: &mut Finding,
) {
    finding.cases += 1;
    if let Some(marker) = leak(world, true, &call.messages, answered) {
        finding
            .leaks
            .push(format!("{} {how} is told {marker}", call.method.path));
    }
    // What is stored the first time is unchanged the second: only what is read is the same twice.
    if call.method.is_read() && alike(answered, &[&Absent::new(0)], &world.own_names(caller)) != *plain {
        finding
            .leaks
            .push(format!("{} {how} is answered otherwise", call.method.path));
    }
}

/// The requests on the wire, each with a text field of this number that names the foreign bank.
fn encoded(method: &Method, messages: &[Value], number: Option<u32>) -> Vec<Bytes> {
    let with_field = |message: Bytes| {
        let Some(number) = number else { return message };
        let code = ids::bank(1);
        let mut bytes = BytesMut::from(&message[..]);
        prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
        prost::encoding::encode_varint(u64::try_from(code.len()).unwrap(), &mut bytes);
        bytes.put(code.as_bytes());
        bytes.freeze()
    };
    messages
        .iter()
        .filter_map(|message| method.parse_value(message).ok())
        .map(with_field)
        .collect()
}
