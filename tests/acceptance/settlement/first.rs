//! The first way through: four cases from import to a released batch, pulled and computed again elsewhere.

use zhirong_tests::cases::{Case, Order, all, by_server, folder};
use zhirong_tests::import::{By, everything};
use zhirong_tests::sandbox::Sandbox;
use zhirong_tests::{batch, run};

const FIRST: [&str; 4] = ["T02", "B06", "P14", "T35"];

fn first_cases() -> Vec<Case> {
    let cases: Vec<Case> = all(&folder())
        .into_iter()
        .filter(|case| FIRST.contains(&case.id()))
        .collect();
    assert_eq!(cases.len(), FIRST.len());
    cases
}

#[test]
fn four_cases_from_import_to_release() {
    assert_eq!(
        run(by_server(&first_cases(), Order::Reversed)),
        Default::default()
    );
}

#[test]
fn a_pulled_batch_is_computed_again_to_the_same_digest() {
    run(async {
        let sandbox = Sandbox::start().await;
        let lines: Vec<_> = first_cases().iter().flat_map(|case| case.lines(1)).collect();
        use exchange::Service::{Insurance, Pledge, Registry};
        everything(&sandbox, &lines, By::Institutions, &[Registry, Pledge, Insurance]).await;
        let mut previous = String::new();
        for step in 1..=2 {
            if step == 2 {
                let change: Vec<_> = first_cases().iter().flat_map(|case| case.lines(2)).collect();
                everything(&sandbox, &change, By::Institutions, &[Pledge]).await;
            }
            let released = batch::settle(&sandbox, 2025, "2026-03-31").await;
            assert_eq!(released.batch_no, format!("410500-2025-00{step}"));
            assert_eq!(released.previous_digest, previous);
            let files = batch::files(&batch::pull(&sandbox, &released.name, 0).await);
            let (receipt, differences) = zhirong::verify::verify(&files);
            assert!(differences.is_empty(), "{differences:?}");
            let receipt = receipt.unwrap();
            previous = released.digests.unwrap().batch;
            assert_eq!(receipt.batch_digest, previous);
            assert_eq!(receipt.line_count, u64::try_from(released.lines_count).unwrap());
        }
        sandbox.stop().await;
    });
}
