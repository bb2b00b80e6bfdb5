//! The matrix of tenants covers every method and every field: what it is made of needs no server to be checked.

use zhirong_tests::faults::{input, tenants};
use zhirong_tests::parity::{Scene, methods};

use crate::assert_none;

#[test]
fn every_field_that_names_a_thing_is_in_the_matrix() {
    assert_none(&tenants::unclassified());
}

#[test]
fn every_method_has_a_request_to_begin_with() {
    let methods = methods();
    let scene = Scene::load(&methods).without_refusals();
    let has_step = |path: &str| {
        scene
            .steps
            .iter()
            .any(|step| methods.find(&step.method).is_ok_and(|method| method.path == path))
    };
    let missing: Vec<String> = methods
        .all()
        .iter()
        .filter(|method| !has_step(&method.path))
        .map(|method| format!("{} is in no case of the matrix", method.path))
        .collect();
    assert_none(&missing);
}

#[test]
fn there_are_three_hundred_hostile_forms() {
    assert!(input::forms_count() >= 300, "{}", input::forms_count());
}
