//! `zhirong.pledge.v1`.

mod batches;
mod figures;
mod idempotency;
mod imports;
mod on_behalf;
mod records;
