//! Plumbing without a word of the field: configuration, database, server, certificates, errors,
//! traces, metrics, clock and identifiers. It imports none of the other crates of this workspace.

pub mod clock;
pub mod config;
pub mod database;
pub mod error;
mod files;
pub mod identity;
pub mod ids;
#[expect(
    clippy::disallowed_types,
    reason = "durations are doubles in the interface of OpenTelemetry; no money is measured by them"
)]
pub mod metrics;
pub mod outgoing;
pub mod sealing;
pub mod serve;
pub mod signing;
pub mod telemetry;
pub mod twin;

pub use error::{Error, Fault, FieldViolation, Kind, to_status};
pub use sqlx;
