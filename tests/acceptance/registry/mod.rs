//! `zhirong.registry.v1`.

mod credentials;
mod imports;
mod records;
