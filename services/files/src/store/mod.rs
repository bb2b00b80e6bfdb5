//! SQL of the service: its own tables, and what the other services publish.

pub(crate) mod mapping;
pub(crate) mod month;
pub(crate) mod movement;
pub(crate) mod partner;
pub(crate) mod released;
