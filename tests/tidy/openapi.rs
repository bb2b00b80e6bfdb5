//! The committed description of the interface is the one that the descriptors make.

use serde_json::Value;
use zhirong_tests::parity::{openapi, openapi_path};

/// The first line that differs.
fn drift(committed: &str, made: &str) -> Option<String> {
    let pairs = made
        .lines()
        .chain([""])
        .zip(committed.lines().chain([""]))
        .zip(1..);
    let (_, number) = pairs
        .into_iter()
        .find(|((made, committed), _)| made != committed)?;
    Some(format!(
        "proto/openapi.json:{number} is not what `cargo xtask openapi` writes"
    ))
}

#[test]
fn the_description_is_the_one_that_the_descriptors_make() {
    let committed = std::fs::read_to_string(openapi_path()).unwrap();
    assert_eq!(drift(&committed, &openapi()), None);
}

#[test]
fn a_description_that_drifted_is_caught() {
    let made = openapi();
    assert_eq!(drift(&made, &made), None);
    let renamed = made.replacen("ReportLoan\"", "ReportLoans\"", 1);
    assert!(drift(&renamed, &made).unwrap().starts_with("proto/openapi.json:"));
    let shorter: String = made.lines().take(9).map(|line| format!("{line}\n")).collect();
    assert!(drift(&shorter, &made).is_some());
}

#[test]
fn every_method_and_every_reference_is_in_the_description() {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    let methods = zhirong_tests::parity::methods();
    for method in methods.all() {
        let path = &document["paths"][&method.path];
        assert!(
            path["post"]["description"]
                .as_str()
                .unwrap()
                .contains("May call: "),
            "{}",
            method.path
        );
        assert_eq!(
            path.get("get").is_some(),
            method.is_read() && !method.client_streaming,
            "{}",
            method.path
        );
    }
    let text = document.to_string();
    for rest in text.split("\"$ref\":\"#/").skip(1) {
        let pointer = format!("/{}", rest.split('"').next().unwrap());
        assert!(
            document.pointer(&pointer).is_some_and(|target| !target.is_null()),
            "{pointer}"
        );
    }
}
