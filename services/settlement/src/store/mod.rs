//! The service's SQL, one file a table. Every function takes the open transaction.

pub(crate) mod batch;
pub(crate) mod finding;
pub(crate) mod line;
pub(crate) mod settled;
pub(crate) mod trace;
