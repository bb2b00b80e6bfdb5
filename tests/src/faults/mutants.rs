//! Wrong versions of the code that computes money.

use crate::figure::{Asked, Figure};

/// The figures of this group.
pub fn figures(_asked: Asked) -> Vec<Figure> {
    Vec::new()
}
