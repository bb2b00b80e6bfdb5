//! What a collector gets of a real run: a server over TLS, transactions on a real PostgreSQL, all sent over OTLP. A process has
//! one collector, so this is one test and a program of its own.

#[cfg(test)]
mod collector;
#[cfg(test)]
mod run;
#[cfg(test)]
#[path = "../platform/support.rs"]
mod support;
