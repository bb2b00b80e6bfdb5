//! Every call of every service against a running sandbox.

#[macro_use]
mod support;

mod cases;
mod pledge;
mod registry;
mod signing;
