//! A backup restored, and every batch computed again.

use crate::figure::{Asked, Figure};

/// The figures of this group.
pub fn figures(_asked: Asked) -> Vec<Figure> {
    Vec::new()
}
