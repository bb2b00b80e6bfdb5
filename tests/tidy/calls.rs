//! Every call of the interface is made by an acceptance test, and who may not make it is tested for all of them.

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::assert_none;
use crate::source::{Source, rust, words};

/// The test of every role against every call, and where it is mounted.
const CALLERS: &str = "tests/acceptance/callers.rs";
const CALLERS_TEST: &str = "every_role_is_refused_every_call_that_is_not_its_own";
const ACCEPTANCE: &str = "tests/acceptance/main.rs";

/// A call: the package's second part, e.g. `pledge`, and the name in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    package: String,
    name: String,
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Every call of every service of ours.
fn calls() -> Vec<Call> {
    let set = FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap();
    let mut calls = Vec::new();
    for file in &set.file {
        let package = file.package().split('.').nth(1).unwrap_or_default();
        for method in file.service.iter().flat_map(|service| &service.method) {
            let name = snake(method.name());
            calls.push(Call {
                package: package.to_owned(),
                name,
            });
        }
    }
    calls
}

/// Whether a file makes a call, itself or by a macro of the harness that is handed its name.
fn makes(source: &Source, name: &str) -> bool {
    words(&source.code, name).into_iter().any(|at| {
        let before = source.code[..at].trim_end();
        let after = source.code[at + name.len()..].trim_start();
        !before.ends_with("fn") && after.starts_with(['(', ','])
    })
}

/// Whether the acceptance tests use a module of the harness.
fn in_use(module: &Source, tests: &[Source]) -> bool {
    let name = module
        .path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs");
    let path = format!("zhirong_tests::{name}");
    tests
        .iter()
        .any(|test| test.path.starts_with("tests/acceptance/") && !words(&test.code, &path).is_empty())
}

/// Calls that no acceptance test makes, itself or through the harness. Where two services name a call alike, it must be made
/// in the service's own folder.
fn uncalled(calls: &[Call], sources: &[Source]) -> Vec<String> {
    let harness = |source: &Source| source.path.starts_with("tests/src/") && in_use(source, sources);
    let anywhere: Vec<&Source> = sources
        .iter()
        .filter(|source| source.path.starts_with("tests/acceptance/") || harness(source))
        .collect();
    let mut missing = Vec::new();
    for call in calls {
        let is_shared = calls.iter().filter(|other| other.name == call.name).count() > 1;
        let own = format!("tests/acceptance/{}/", call.package);
        let mut places = anywhere
            .iter()
            .filter(|source| !is_shared || source.path.starts_with(&own));
        if !places.any(|source| makes(source, &call.name)) {
            missing.push(format!(
                "{} {} is called by no acceptance test",
                call.package, call.name
            ));
        }
    }
    missing
}

/// What is missing of the test of every role against every call.
fn callers_untested(sources: &[Source]) -> Vec<String> {
    let find = |path: &str| sources.iter().find(|source| source.path == path);
    let mut missing = Vec::new();
    let is_test = |source: &Source| {
        let at = words(&source.code, CALLERS_TEST);
        at.iter()
            .any(|at| source.code[..*at].trim_end().ends_with("#[test]\nfn"))
    };
    if !find(CALLERS).is_some_and(is_test) {
        missing.push(format!("{CALLERS} has no test {CALLERS_TEST}"));
    }
    if !find(ACCEPTANCE).is_some_and(|source| source.code.contains("mod callers;")) {
        missing.push(format!("{ACCEPTANCE} does not mount {CALLERS}"));
    }
    missing
}

#[test]
fn every_call_is_made_by_an_acceptance_test() {
    let calls = calls();
    assert!(calls.len() > 80, "{}", calls.len());
    assert_none(&uncalled(&calls, rust()));
}

#[test]
fn every_role_is_tried_on_every_call() {
    assert_none(&callers_untested(rust()));
}

#[test]
fn a_call_that_nobody_makes_is_caught() {
    let call = |package: &str, name: &str| Call {
        package: package.to_owned(),
        name: snake(name),
    };
    let calls = [
        call("pledge", "GetLoan"),
        call("pledge", "ListLoans"),
        call("pledge", "ImportPledgeFacts"),
        call("pledge", "BatchReport"),
        call("insurance", "BatchReport"),
    ];
    let test = "use zhirong_tests::import::pledge;\nfn get_loans() { c.get_loan(1); all!(c, list_loans, r); c.batch_report(1); }";
    let good = [
        Source::new("tests/acceptance/pledge/a.rs", test),
        Source::new(
            "tests/acceptance/insurance/a.rs",
            "fn a() { service\n.batch_report\n(1) }",
        ),
        Source::new(
            "tests/src/import.rs",
            "import_stream!(pledge: pledge.import_pledge_facts, pledge);",
        ),
    ];
    assert!(uncalled(&calls, &good).is_empty());
    let bad = [
        Source::new(
            "tests/acceptance/pledge/a.rs",
            "// get_loan(1)\nfn list_loans() { get_loans(); c.batch_report(1) }",
        ),
        Source::new(
            "tests/src/import.rs",
            "import_stream!(pledge: pledge.import_pledge_facts, pledge);",
        ),
        Source::new("services/api/src/client.rs", "fn a() { get_loan(1) }"),
    ];
    assert_eq!(
        uncalled(&calls, &bad),
        [
            "pledge get_loan is called by no acceptance test",
            "pledge list_loans is called by no acceptance test",
            "pledge import_pledge_facts is called by no acceptance test",
            "insurance batch_report is called by no acceptance test",
        ]
    );
}

#[test]
fn a_missing_test_of_the_roles_is_caught() {
    let test = format!("#[test]\nfn {CALLERS_TEST}() {{}}");
    let mounted = Source::new(ACCEPTANCE, "mod callers;");
    assert!(callers_untested(&[Source::new(CALLERS, &test), mounted.clone()]).is_empty());
    assert_eq!(
        callers_untested(&[Source::new(CALLERS, &format!("// {test}")), mounted]).len(),
        1
    );
    assert_eq!(callers_untested(&[]).len(), 2);
}
