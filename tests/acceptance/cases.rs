//! The acceptance cases: by the rules alone, and through the services from import to release.

use zhirong_tests::cases::{Order, all, by_server, folder};
use zhirong_tests::run;

#[test]
fn every_case_by_the_rules_alone() {
    let wrong: Vec<String> = all(&folder())
        .iter()
        .flat_map(|case| {
            case.assess()
                .1
                .into_iter()
                .map(|problem| format!("{}: {problem}", case.id()))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_case_through_the_services() {
    let wrong = run(by_server(&all(&folder()), Order::InOrder));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
