//! The plumbing against a real PostgreSQL server of its own and a real TLS connection.
//! `cfg(test)` on each module tells clippy that helpers here are test code as well.

#[cfg(test)]
mod cancelled;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod config;
#[cfg(test)]
mod error;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transaction;
