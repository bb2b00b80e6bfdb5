//! What stands when processes die and callers leave: nothing acknowledged is lost, nothing is done twice.

mod apart;
mod cancelled;
mod clients;
mod concurrent;
mod faults;
mod killed;
mod proofs;
mod separate;
mod webhooks;
