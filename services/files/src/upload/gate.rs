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
    /// Lets an upload in: of a caller in a city.
    pub(super) fn enter(&self, holder: String) -> Result<Entered, Error> {
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.len() >= UPLOADS_MOST || !holders.insert(holder.clone()) {
            return Err(Error::UploadBusy);
        }
        Ok(Entered {
            gate: self.clone(),
            holder,
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
        let first = gate.enter("A".to_owned()).unwrap();
        assert!(matches!(gate.enter("A".to_owned()), Err(Error::UploadBusy)));
        let others: Vec<Entered> = ["B", "C", "D"]
            .map(|holder| gate.enter(holder.to_owned()).unwrap())
            .into();
        assert!(gate.enter("E".to_owned()).is_err());
        drop(first);
        assert!(gate.enter("A".to_owned()).is_ok());
        drop(others);
    }
}
