//! Round trips of the whole crate.
