//! Identifiers with right check digits, made from small numbers, so that a test states who is who by a number alone.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use exchange::identifiers::{cnaps_check, organisation_check, patent_check, uscc_check};

/// A number that no other test of this process has.
pub fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A policy year that no other test of this process settles. The shipped rules have an open end.
pub fn year() -> i32 {
    static NEXT: AtomicI32 = AtomicI32::new(2040);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A credit code of a class: `91` enterprise, `92` individual business, `93` cooperative.
pub fn code_of_class(class: &str, series: char, number: u32) -> String {
    let organisation = format!("M{series}{number:06}");
    let check = organisation_check(&organisation).unwrap();
    let first = format!("{class}410502{organisation}{check}");
    let last = uscc_check(&first).unwrap();
    format!("{first}{last}")
}

/// The credit code of an enterprise.
pub fn enterprise(number: u32) -> String {
    code_of_class("91", 'C', number)
}

/// The credit code of a lender's or insurer's legal person.
pub fn legal_person(number: u32) -> String {
    code_of_class("91", 'D', number)
}

/// The code of a bank's branch.
pub fn bank(number: u32) -> String {
    let first = format!("313{number:08}");
    format!("{first}{}", cnaps_check(&first).unwrap())
}

/// The code of an insurer's branch.
pub fn insurer(number: u32) -> String {
    format!("INS-{number:06}")
}

/// A patent of a type digit: 1 invention, 2 utility model, 3 design.
pub fn patent_of_type(kind: char, number: u32) -> String {
    let first = format!("2016{kind}{number:07}");
    format!("{first}.{}", patent_check(&first).unwrap())
}

/// A granted invention's number.
pub fn invention(number: u32) -> String {
    patent_of_type('1', number)
}

/// A utility model's number.
pub fn utility_model(number: u32) -> String {
    patent_of_type('2', number)
}

/// The number of a pledge registration.
pub fn pledge(number: u32) -> String {
    format!("Y2016{number:09}")
}

/// A request key.
pub fn request_id() -> String {
    client::request_id()
}
