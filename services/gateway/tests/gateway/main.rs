//! The gateway over descriptors that every build has: those of `google.rpc`, and a small service of its own.
//! `cfg(test)` on each module tells clippy that helpers here are test code as well.

#[cfg(test)]
mod json;
#[cfg(test)]
mod layer;
#[cfg(test)]
mod service;
