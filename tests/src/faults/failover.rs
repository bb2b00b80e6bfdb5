//! A primary that is lost behind a cut of the network.

use crate::figure::{Asked, Figure};

/// The figures of this group.
pub fn figures(_asked: Asked) -> Vec<Figure> {
    Vec::new()
}
