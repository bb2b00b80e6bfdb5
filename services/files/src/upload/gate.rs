//! How many uploads are under way: one a caller, and few in all, so that memory stays bounded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;

/// Uploads of one process at one time.
const UPLOADS_MOST: usize = 4;

/// Whose uploads are under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<HashSet<String>>>);

/// An upload under way; its place is free again once this is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    gate: Gate,
    holder: String,
}

impl Gate {
    /// Lets an upload in.
    pub(super) fn enter(&self, holder: &str) -> Result<Entered, Error> {
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.len() >= UPLOADS_MOST || !holders.insert(holder.to_owned()) {
            return Err(Error::UploadBusy);
        }
        Ok(Entered {
            gate: self.clone(),
            holder: holder.to_owned(),
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut holders = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        holders.remove(&self.holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_upload_a_caller_and_few_in_all() {
        let gate = Gate::default();
        let first = gate.enter("A").unwrap();
        assert!(matches!(gate.enter("A"), Err(Error::UploadBusy)));
        let others: Vec<Entered> = ["B", "C", "D"].map(|holder| gate.enter(holder).unwrap()).into();
        assert!(gate.enter("E").is_err());
        drop(first);
        assert!(gate.enter("A").is_ok());
        drop(others);
    }
}
