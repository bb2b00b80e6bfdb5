//! Every call of every service against a running sandbox.

#[macro_use]
mod support;

mod admission;
mod audit;
mod bad_input;
mod callers;
mod cases;
mod cli;
mod files;
mod findings;
mod gateway;
mod hostile;
mod insurance;
mod notify;
mod payment;
mod people;
mod pledge;
mod registry;
mod sandbox;
mod settlement;
mod signing;
mod workbooks;
