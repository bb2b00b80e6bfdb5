//! Bytes from strangers, given to everything that reads them. See `README.md` beside.
//!
//! A target takes any bytes and answers what was said of them; it panics where something holds that must not. What is told steers
//! the search: an input that makes a target say something new is kept and changed further.

pub mod change;
pub mod corpus;
pub mod search;
pub mod targets;

pub use targets::{ALL, Target};

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
