//! What a collector gets of the whole product. A process sends to one collector from its start, so this is a program of its own.

#[cfg(test)]
mod business;
#[cfg(test)]
#[path = "../../services/platform/tests/otlp/collector.rs"]
mod collector;
#[cfg(test)]
mod dead;
#[cfg(test)]
mod lines;
