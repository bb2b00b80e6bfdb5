//! `zhirong.settlement.v1`. Every test settles a policy year of its own.

mod batches;
mod first;
mod reading;
mod release;
mod stream;
