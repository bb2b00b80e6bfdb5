//! `zhirong.registry.v1`.

mod credentials;
mod decisions;
mod imports;
mod records;
