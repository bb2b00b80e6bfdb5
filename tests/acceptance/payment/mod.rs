//! Payment and recovery. Every test has a sandbox of its own, or a year of its own.

mod accounts;
mod paying;
mod reconciling;
mod recovering;
mod results;
