//! Every call of every service against a running sandbox.

#[macro_use]
mod support;

mod audit;
mod bad_input;
mod callers;
mod cases;
mod findings;
mod gateway;
mod insurance;
mod payment;
mod pledge;
mod registry;
mod settlement;
mod signing;
