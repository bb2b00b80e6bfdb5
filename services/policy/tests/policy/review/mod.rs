//! The review findings: both sides of every threshold, and what none of them may do.

mod insuring;
mod laws;
mod lending;
pub(crate) mod scene;
