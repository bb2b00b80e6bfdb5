//! `zhirong.settlement.v1`. Every test settles a policy year of its own.

mod batches;
mod first;
mod notice;
mod objection;
mod reading;
mod release;
mod steps;
mod stream;
