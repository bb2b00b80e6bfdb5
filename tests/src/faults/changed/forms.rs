//! Other values and other forms of a message that is known by its descriptor.

use std::collections::HashMap;

use fastrand::Rng;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};

/// The message with one field changed, for every field in it: scalars whether set or not, and what is in its messages and lists.
pub(super) fn changes(message: &DynamicMessage, turn: u64) -> Vec<(String, DynamicMessage)> {
    let mut all = Vec::new();
    let fields: Vec<FieldDescriptor> = message.descriptor().fields().collect();
    for field in fields.iter().filter(|field| !field.is_map()) {
        let is_message = matches!(field.kind(), Kind::Message(_));
        if is_message && !message.has_field(field) {
            continue;
        }
        for (below, value) in others(field, &message.get_field(field), turn) {
            let mut changed = message.clone();
            changed.set_field(field, value);
            all.push((format!("{}{below}", field.name()), changed));
        }
    }
    all
}

/// Other values of a field, with the path below it.
fn others(field: &FieldDescriptor, value: &Value, turn: u64) -> Vec<(String, Value)> {
    match value {
        Value::Message(message) => {
            let below = changes(message, turn).into_iter();
            below
                .map(|(path, message)| (format!(".{path}"), Value::Message(message)))
                .collect()
        }
        Value::List(items) => {
            let Some((last, before)) = items.split_last() else {
                return Vec::new();
            };
            let shorter = (" without its last".to_owned(), Value::List(before.to_vec()));
            let changed = others(field, last, turn).into_iter().map(|(path, item)| {
                let items = before.iter().cloned().chain([item]).collect();
                (format!("[]{path}"), Value::List(items))
            });
            std::iter::once(shorter).chain(changed).collect()
        }
        scalar => other(field, scalar, turn)
            .map(|value| (String::new(), value))
            .into_iter()
            .collect(),
    }
}

/// Another value of a scalar; none for kinds that no request has.
fn other(field: &FieldDescriptor, value: &Value, turn: u64) -> Option<Value> {
    let step = i32::try_from(turn).unwrap() + 1;
    Some(match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::I32(number) => Value::I32(number.wrapping_add(step)),
        Value::I64(number) => Value::I64(number.wrapping_add(step.into())),
        Value::U32(number) => Value::U32(number.wrapping_add(step.unsigned_abs())),
        Value::U64(number) => Value::U64(number.wrapping_add(step.unsigned_abs().into())),
        Value::String(text) => Value::String(format!("{text}{turn}")),
        Value::Bytes(bytes) => Value::Bytes([&bytes[..], &turn.to_be_bytes()[..]].concat().into()),
        Value::EnumNumber(number) => {
            let Kind::Enum(kind) = field.kind() else {
                return None;
            };
            let numbers: Vec<i32> = kind.values().map(|value| value.number()).collect();
            let at = numbers.iter().position(|known| known == number)?;
            Value::EnumNumber(numbers[(at + 1 + usize::try_from(turn).unwrap()) % numbers.len()])
        }
        _ => return None,
    })
}

/// The same message with its fields, and those of the messages in it, in another order. Values of one field keep theirs.
pub(super) fn shuffled(bytes: &[u8], kind: &MessageDescriptor, rng: &mut Rng) -> Vec<u8> {
    let mut fields = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let whole = rest;
        let key = varint(&mut rest);
        let number = u32::try_from(key >> 3).unwrap();
        match key & 7 {
            0 => {
                varint(&mut rest);
            }
            1 => rest = &rest[8..],
            5 => rest = &rest[4..],
            2 => {
                let head = whole.len() - rest.len();
                let length = usize::try_from(varint(&mut rest)).unwrap();
                let (payload, behind) = rest.split_at(length);
                rest = behind;
                if let Some(inner) = message_of(kind, number) {
                    let mut field = whole[..head].to_vec();
                    let payload = shuffled(payload, &inner, rng);
                    put_varint(&mut field, u64::try_from(payload.len()).unwrap());
                    field.extend(payload);
                    fields.push((number, field));
                    continue;
                }
            }
            other => panic!("wire type {other}"),
        }
        fields.push((number, whole[..whole.len() - rest.len()].to_vec()));
    }
    let mut places: HashMap<u32, u64> = HashMap::new();
    for (number, _) in &fields {
        places.entry(*number).or_insert_with(|| rng.u64(..));
    }
    fields.sort_by_key(|(number, _)| places[number]);
    fields.into_iter().flat_map(|(_, field)| field).collect()
}

/// The kind of the messages in a field; none where it holds no messages.
fn message_of(kind: &MessageDescriptor, number: u32) -> Option<MessageDescriptor> {
    match kind.get_field(number)?.kind() {
        Kind::Message(inner) => Some(inner),
        _ => None,
    }
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0..10 {
        let byte = rest[0];
        *rest = &rest[1..];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
}
