//! The acceptance cases by the function behind `zhirong assess`, and what `verify` says of a batch that was tampered with.
//! `cfg(test)` on each module tells clippy that helpers here are test code as well.

#[cfg(test)]
mod exact;
#[cfg(test)]
mod signature;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod world;
