//! What stands when processes die and callers leave: nothing acknowledged is lost, nothing is done twice.

mod cancelled;
mod concurrent;
mod killed;
mod proofs;
mod separate;
mod webhooks;
