//! `zhirong.insurance.v1`.

mod figures;
mod on_behalf;
mod records;
