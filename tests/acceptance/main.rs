//! Every call of every service against a running sandbox.

#[macro_use]
mod support;

mod audit;
mod bad_input;
mod callers;
mod cases;
mod cli;
mod findings;
mod insurance;
mod payment;
mod pledge;
mod registry;
mod sandbox;
mod settlement;
mod signing;
