//! The statements of this service.

pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod outbox;
pub(crate) mod secret;
