//! `zhirong.settlement.v1`. Every test settles a policy year of its own.

mod batches;
mod first;
mod pull;
mod reading;
mod release;
mod stored;
mod stream;
