//! The tables of payment, one file each.

pub(crate) mod book;
pub(crate) mod payee;
pub(crate) mod recovery;
pub(crate) mod result;
pub(crate) mod voucher;
