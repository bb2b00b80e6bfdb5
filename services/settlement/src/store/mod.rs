//! The service's SQL, one file a table. Every function takes the open transaction.

pub(crate) mod batch;
pub(crate) mod budget;
pub(crate) mod business_date;
pub(crate) mod calendar;
pub(crate) mod decision;
pub(crate) mod finding;
pub(crate) mod freeze;
pub(crate) mod line;
pub(crate) mod notice;
pub(crate) mod number;
pub(crate) mod objection;
pub(crate) mod recovery_order;
pub(crate) mod settled;
pub(crate) mod step;
pub(crate) mod trace;
