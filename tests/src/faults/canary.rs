//! Secrets and personal data looked for in everything that leaves the program.

use crate::figure::{Asked, Figure};

/// The figures of this group.
pub fn figures(_asked: Asked) -> Vec<Figure> {
    Vec::new()
}
