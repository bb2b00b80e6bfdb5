//! Counting panics of every thread, tasks of the server included.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Panics since it was made.
pub(super) struct Panics(Arc<AtomicU64>);

impl Panics {
    /// Begins to count; what a panic prints is printed as before.
    pub(super) fn counted() -> Self {
        let seen = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&seen);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            counting.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
        Self(seen)
    }

    /// How many there were.
    pub(super) fn ended(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
