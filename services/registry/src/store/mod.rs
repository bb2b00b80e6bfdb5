//! The service's own SQL; facts themselves are written and read by the ledger.

pub(crate) mod credential;
pub(crate) mod institution;
