//! `zhirong.settlement.v1`. Every test settles a policy year of its own.

mod batches;
mod first;
mod notice;
pub(crate) mod objection;
mod pull;
mod reading;
mod release;
mod standing;
mod steps;
mod stored;
mod stream;
