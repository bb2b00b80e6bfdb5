//! The acceptance cases by the function behind `zhirong assess`, what `verify` and `replay` say of a batch that was
//! tampered with, explanations with why not, and experiments.
//! `cfg(test)` on each module tells clippy that helpers here are test code as well.

#[cfg(test)]
mod exact;
#[cfg(test)]
mod experiment;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod signature;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod workbooks;
#[cfg(test)]
mod world;
