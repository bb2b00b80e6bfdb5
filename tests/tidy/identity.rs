//! Who calls is known by the credential alone: no message of a bank or an insurer says whose it is.

use std::collections::BTreeSet;

use gateway::Methods;
use prost_reflect::{Kind, MessageDescriptor};
use zhirong_tests::roles::allowed;

use crate::assert_none;

/// Fields by which a caller could say who it is.
const FORBIDDEN: [&str; 4] = ["institution_code", "institution", "caller", "city"];
/// Every forbidden field in a message and in those that it holds.
fn named(message: &MessageDescriptor, path: &str, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
    if !seen.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        let place = format!("{path}.{}", field.name());
        if FORBIDDEN.contains(&field.name()) {
            found.push(place.clone());
        }
        if let Kind::Message(inner) = field.kind() {
            named(&inner, &place, seen, found);
        }
    }
}

/// Forbidden fields in the requests that institutions send.
fn found() -> Vec<String> {
    let methods = Methods::new(api::FILE_DESCRIPTOR_SET).unwrap();
    let mut found = Vec::new();
    for method in methods.all() {
        let roles = allowed(&method.doc).unwrap_or_default();
        if roles.contains(&"institution") {
            named(&method.input, &method.path, &mut BTreeSet::new(), &mut found);
        }
    }
    found
}

#[test]
fn no_request_of_an_institution_says_whose_it_is() {
    assert_none(&found());
}

#[test]
fn a_field_that_names_the_caller_would_be_found() {
    let methods = Methods::new(api::FILE_DESCRIPTOR_SET).unwrap();
    let on_behalf = methods.find("PledgeOnBehalfService/ReportOnBehalf").unwrap();
    let mut wrong = Vec::new();
    named(&on_behalf.input, "", &mut BTreeSet::new(), &mut wrong);
    assert!(
        wrong.iter().any(|path| path.ends_with(".institution_code")),
        "{wrong:?}"
    );
}
