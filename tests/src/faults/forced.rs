//! Serialization failures forced upon a share of all statements.

use crate::figure::{Asked, Figure};

/// The figures of this group.
pub fn figures(_asked: Asked) -> Vec<Figure> {
    Vec::new()
}
