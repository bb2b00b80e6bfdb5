//! The engine held against a second implementation of the contract, and against the laws of settlement, over random
//! worlds. Every failure prints the seed of its world; the same seed always makes the same world.

// The attribute tells the linter that helpers here are test code too.
#[cfg(test)]
mod agreement;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod face;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod review;
#[cfg(test)]
mod said;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod world;
