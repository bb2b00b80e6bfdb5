//! `proto/service_config.json` is that of the descriptors, and no call is repeated that could do something twice.

use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use zhirong_tests::service_config::{self, ServiceConfig, descriptors, is_read, of};

use crate::assert_none;

/// Calls that are repeated though they neither read nor carry a request id, and calls without a deadline.
fn unsafe_calls(set: &FileDescriptorSet, config: &ServiceConfig) -> Vec<String> {
    let text = |message: &str| {
        let name = message.rsplit('.').next().unwrap_or_default();
        let messages = set.file.iter().flat_map(|file| &file.message_type);
        let found = messages
            .filter(|it| it.name() == name)
            .map(|it| format!("{:?}", it.field));
        found.collect::<String>()
    };
    let mut wrong = Vec::new();
    for service in set.file.iter().flat_map(|file| &file.service) {
        for method in &service.method {
            let entry = config.method_config.iter().find(|entry| {
                let is_it = |name: &service_config::Name| {
                    name.method == method.name() && name.service.ends_with(&format!(".{}", service.name()))
                };
                entry.name.iter().any(is_it)
            });
            let request = text(method.input_type());
            let is_keyed = request.contains("\"request_id\"") || request.contains("ImportHeader");
            let call = format!("{}/{}", service.name(), method.name());
            match entry {
                None => wrong.push(format!("{call} has no deadline")),
                Some(entry) if entry.retry_policy.is_some() && !is_keyed && !is_read(method.name()) => {
                    wrong.push(format!("{call} is repeated and carries no request_id"));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

/// A service `S` with one call.
fn service_of(method: &str, fields: &[&str]) -> FileDescriptorSet {
    let field = |name: &&str| FieldDescriptorProto {
        name: Some((*name).to_owned()),
        r#type: Some(Type::String.into()),
        ..FieldDescriptorProto::default()
    };
    let method = MethodDescriptorProto {
        name: Some(method.to_owned()),
        input_type: Some(".zhirong.x.v1.Request".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        package: Some("zhirong.x.v1".to_owned()),
        message_type: vec![DescriptorProto {
            name: Some("Request".to_owned()),
            field: fields.iter().map(field).collect(),
            ..DescriptorProto::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("S".to_owned()),
            method: vec![method],
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
}

/// The statuses after which the one call is repeated.
fn codes(method: &str, fields: &[&str]) -> Option<Vec<&'static str>> {
    let config = of(&service_of(method, fields));
    assert_eq!(config.method_config.len(), 1);
    let policy = config
        .method_config
        .first()
        .and_then(|entry| entry.retry_policy.clone());
    policy.map(|policy| policy.retryable_status_codes)
}

#[test]
fn the_published_policy_is_that_of_the_descriptors() {
    let stands = std::fs::read_to_string(service_config::path()).unwrap_or_default();
    assert!(
        stands == service_config::text(),
        "proto/service_config.json is not that of the protos: run `cargo xtask service-config`"
    );
}

#[test]
fn only_reads_and_writes_with_a_request_id_are_repeated() {
    let set = descriptors();
    assert_none(&unsafe_calls(&set, &of(&set)));
}

#[test]
fn a_write_is_repeated_as_far_as_its_request_says_that_it_may() {
    assert_eq!(codes("GetThing", &["name"]), Some(vec!["UNAVAILABLE"]));
    assert_eq!(codes("MakeThing", &["name"]), None);
    assert_eq!(
        codes("MakeThing", &["request_id"]),
        Some(vec!["UNAVAILABLE", "ABORTED"])
    );
    assert_eq!(
        codes("MakeThing", &["request_id", "etag"]),
        Some(vec!["UNAVAILABLE"])
    );
    assert_eq!(
        codes("MakeThing", &["request_id", "batch_digest"]),
        Some(vec!["UNAVAILABLE"])
    );
}

#[test]
fn a_repeated_write_without_a_request_id_is_caught() {
    // The policy of a keyed write, held against a call of the same name that carries no key.
    let keyed = of(&service_of("MakeThing", &["request_id"]));
    let keyless = service_of("MakeThing", &["name"]);
    assert_eq!(
        unsafe_calls(&keyless, &keyed),
        ["S/MakeThing is repeated and carries no request_id"]
    );
    let other = service_of("MakeOther", &["request_id"]);
    assert_eq!(unsafe_calls(&other, &keyed), ["S/MakeOther has no deadline"]);
    assert!(unsafe_calls(&keyless, &of(&keyless)).is_empty());
}
