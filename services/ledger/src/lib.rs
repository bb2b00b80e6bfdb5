//! The ledger of facts: append-only revisions with cut-offs, the key of every request, and the audit trail.
//!
//! Every report, whatever its service, goes through one command here: one transaction holds the request key with the
//! digest of its body, the facts, and the audit row, so that a repeat gets the first answer and nothing is half done
//! (decisions D3, D4 and D8). The services hold what is theirs: who may call, and what a report is answered with.

pub mod admission;
pub mod audit_chain;
pub mod caller;
pub mod command;
pub mod error;
pub mod import;
pub mod long;
mod measures;
pub mod read;
pub mod report;
pub mod reporter;
pub mod rpc;
pub mod store;
mod table;
pub mod wire;

pub use admission::AdmissionLayer;
pub use caller::{Caller, Callers, Credential, Identify, Role};
pub use command::{Ledger, Stamp};
pub use error::{Error, Together, both, every};
