//! The ledger's SQL, one file a table. Every function takes the open transaction.

pub mod audit;
pub mod credential;
pub mod cut_off;
pub mod fact;
pub mod facts;
pub mod institution;
pub mod request;
