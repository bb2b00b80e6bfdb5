//! Requests: as bytes, as JSON, and what becomes of the records in them.

use std::sync::LazyLock;

use api::convert::{WireRecord, raw_cells, record_cells};
use exchange::{Allow, parse_row};
use gateway::{Method, Methods};
use ledger::audit_chain::{ChainCheck, row_from_wire};
use prost::Message;
use prost_reflect::DynamicMessage;

/// Whose records they are.
const INSTITUTION: &str = "313496010116";

static METHODS: LazyLock<Methods> = LazyLock::new(|| Methods::new(api::FILE_DESCRIPTOR_SET).unwrap());

/// The method that the first line names, else the one that its first bytes come to; and the rest.
fn method_of(bytes: &[u8]) -> (&'static Method, &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(end);
    let all = METHODS.all();
    let named = std::str::from_utf8(name)
        .ok()
        .and_then(|name| METHODS.find(name).ok());
    let place = name.iter().map(|byte| usize::from(*byte)).sum::<usize>() % all.len();
    (named.unwrap_or(&all[place]), rest.get(1..).unwrap_or_default())
}

pub(super) fn request(bytes: &[u8]) -> String {
    let (method, rest) = method_of(bytes);
    match DynamicMessage::decode(method.input.clone(), rest) {
        Ok(message) => {
            let encoded = message.encode_to_vec();
            let again = DynamicMessage::decode(method.input.clone(), encoded.as_slice()).unwrap();
            assert_eq!(again.encode_to_vec(), encoded, "{}", method.path);
            let fields = message.fields().count();
            format!("{} {fields} fields", method.path)
        }
        Err(error) => {
            let text = error.to_string();
            format!("{} {}", method.path, text.split(':').next().unwrap_or_default())
        }
    }
}

pub(super) fn json(bytes: &[u8]) -> String {
    let (method, rest) = method_of(bytes);
    match method.parse(rest) {
        Ok(encoded) => {
            let message = DynamicMessage::decode(method.input.clone(), encoded.clone()).unwrap();
            assert_eq!(message.encode_to_vec(), encoded, "{}", method.path);
            format!("{} taken", method.path)
        }
        Err(error) => {
            let told = [error.message_zh(), error.message_en()];
            assert!(told.iter().all(|text| !text.is_empty()), "{error:?}");
            let kind: String = format!("{error:?}").chars().take(8).collect();
            format!(
                "{} {kind} {}",
                method.path,
                error.field().unwrap_or_default().len().min(40)
            )
        }
    }
}

fn parsed<R: WireRecord + std::fmt::Debug>(bytes: &[u8]) -> String {
    let Ok(record) = R::decode(bytes) else {
        return format!("{} unreadable", R::FILE.as_str());
    };
    let violations = record.violations().len();
    let cells = record_cells(&record, Some(INSTITUTION), Some(1), false);
    match parse_row(R::FILE, &cells, &Allow::default()) {
        Ok((row, _)) => {
            // What is stored and read back is the message of the same row.
            let again = record_cells(&R::from_row(&row), Some(INSTITUTION), Some(1), false);
            let again = parse_row(R::FILE, &again, &Allow::stored()).map(|(row, _)| row);
            let content = again.as_ref().map(|row| &row.key);
            assert_eq!(content, Ok(&row.key), "{record:?}");
            format!("{} taken, {violations}", R::FILE.as_str())
        }
        Err(refusals) => {
            let mut codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            format!("{} {codes:?} {violations}", R::FILE.as_str())
        }
    }
}

fn raw(bytes: &[u8]) -> String {
    let Ok(row) = api::common::v1::RawRow::decode(bytes) else {
        return "raw unreadable".to_owned();
    };
    match raw_cells(&row) {
        Ok(cells) => match exchange::File::parse(&row.file) {
            Some(file) => format!("raw {}", parse_row(file, &cells, &Allow::default()).is_ok()),
            None => panic!("cells of no file"),
        },
        Err(error) => format!("raw {}", error.refusal(1).code),
    }
}

/// Readers of records, chosen by the first byte.
const RECORDS: [fn(&[u8]) -> String; 15] = [
    parsed::<api::registry::v1::Institution>,
    parsed::<api::registry::v1::Enterprise>,
    parsed::<api::registry::v1::Patent>,
    parsed::<api::registry::v1::PatentOwner>,
    parsed::<api::registry::v1::Award>,
    parsed::<api::registry::v1::Exclusion>,
    parsed::<api::registry::v1::OtherAward>,
    parsed::<api::registry::v1::Decision>,
    parsed::<api::pledge::v1::Pledge>,
    parsed::<api::pledge::v1::Loan>,
    parsed::<api::pledge::v1::LoanEvent>,
    parsed::<api::insurance::v1::Policy>,
    parsed::<api::insurance::v1::PolicyPatent>,
    parsed::<api::insurance::v1::PremiumEvent>,
    raw,
];

pub(super) fn record(bytes: &[u8]) -> String {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    RECORDS[usize::from(*first) % RECORDS.len()](rest)
}

/// Rows one after the other, each behind its length.
pub(super) fn audit(mut bytes: &[u8]) -> String {
    let (mut check, mut told) = (ChainCheck::new([]), String::new());
    while !bytes.is_empty() {
        let Ok(message) = api::ledger::v1::AuditRow::decode_length_delimited(&mut bytes) else {
            told.push_str("unreadable ");
            break;
        };
        match row_from_wire(&message) {
            Ok(row) => check.push(&row),
            Err(_) => told.push_str("no row "),
        }
    }
    let rows = check.rows().min(4);
    let breaks = check.finish();
    let kinds: std::collections::BTreeSet<String> = breaks
        .iter()
        .map(|found| format!("{found:?}").chars().take(7).collect())
        .collect();
    assert!(
        breaks
            .iter()
            .all(|found| !found.zh().is_empty() && !found.en().is_empty())
    );
    told.truncate(30);
    format!("{told}{rows} rows {kinds:?}")
}
