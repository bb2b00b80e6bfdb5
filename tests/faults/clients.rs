//! The sample clients of `tests/clients`, where their tools are installed, and the pages for people.

use zhirong_tests::{clients, docs, run};

#[test]
fn the_samples_of_every_language_do_what_they_say() {
    assert!(run(clients::samples_hold()).unwrap(), "see the figures above");
}

#[test]
fn the_pages_for_people_run_as_they_stand() {
    assert!(run(docs::all(None)), "see the figures above");
}
