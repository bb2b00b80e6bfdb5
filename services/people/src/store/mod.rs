//! Every statement of this crate.

pub(crate) mod proof;
pub(crate) mod session;
pub(crate) mod sign_in;
