//! Laws of the API that no linter knows, read from the descriptors that the services reflect.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(zhirong_api::FILE_DESCRIPTOR_SET).unwrap();
    set.file
        .into_iter()
        .filter(|file| file.package().starts_with("zhirong."))
        .collect()
}

fn messages() -> BTreeMap<String, DescriptorProto> {
    let mut found = BTreeMap::new();
    for file in files() {
        for message in file.message_type.clone() {
            found.insert(format!(".{}.{}", file.package(), message.name()), message);
        }
    }
    found
}

/// Service name, method name, request type.
fn methods() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for file in files() {
        for service in &file.service {
            for method in &service.method {
                found.push((
                    service.name().to_owned(),
                    method.name().to_owned(),
                    method.input_type().to_owned(),
                ));
            }
        }
    }
    found
}

/// Every message that a message can hold.
fn reachable(from: &str, messages: &BTreeMap<String, DescriptorProto>, seen: &mut BTreeSet<String>) {
    let Some(message) = messages.get(from) else { return };
    if seen.insert(from.to_owned()) {
        for field in &message.field {
            reachable(field.type_name(), messages, seen);
        }
    }
}

#[test]
fn no_message_of_a_bank_or_an_insurer_names_an_institution() {
    let messages = messages();
    let mut seen = BTreeSet::new();
    for (service, _, request) in methods() {
        if service == "PledgeService" || service == "InsuranceService" {
            reachable(&request, &messages, &mut seen);
        }
    }
    assert!(seen.contains(".zhirong.pledge.v1.LoanEvent") && seen.contains(".zhirong.insurance.v1.Policy"));
    for name in seen {
        for field in &messages[&name].field {
            assert!(!field.name().contains("institution"), "{name}.{}", field.name());
        }
    }
}

#[test]
fn every_write_has_a_request_id() {
    let messages = messages();
    for (service, method, request) in methods() {
        let reads = ["Get", "List", "Stream", "Download", "Explain"]
            .iter()
            .any(|verb| method.starts_with(verb));
        let holder = if method.starts_with("Import") {
            ".zhirong.common.v1.ImportHeader"
        } else if method == "UploadFile" {
            ".zhirong.files.v1.UploadDeclaration"
        } else {
            &request
        };
        let has = messages[holder]
            .field
            .iter()
            .any(|field| field.name() == "request_id" && field.number() == 1);
        assert_eq!(has, !reads, "{service}.{method}");
        if method.starts_with("Import") {
            assert_eq!(
                messages[&request].field[0].type_name(),
                holder,
                "{service}.{method}"
            );
        }
    }
}

#[test]
fn every_rpc_says_what_it_does_and_who_may_call_it() {
    // Path of a method in a file's source information: service (6), its index, method (2), its index.
    const SERVICE: i32 = 6;
    const METHOD: i32 = 2;
    let mut count = 0;
    for file in files() {
        let locations = file.source_code_info.clone().unwrap_or_default().location;
        for (i, service) in file.service.iter().enumerate() {
            for (j, method) in service.method.iter().enumerate() {
                let path = [
                    SERVICE,
                    i32::try_from(i).unwrap(),
                    METHOD,
                    i32::try_from(j).unwrap(),
                ];
                let comment = locations
                    .iter()
                    .find(|location| location.path == path)
                    .map(|it| it.leading_comments());
                assert!(
                    comment.is_some_and(|text| text.contains("May call: ")),
                    "{}",
                    method.name()
                );
                count += 1;
            }
        }
    }
    assert_eq!(count, methods().len());
    assert!(count >= 90, "{count}");
}
