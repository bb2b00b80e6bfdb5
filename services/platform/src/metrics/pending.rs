//! What a transaction recorded, kept until it is known to be committed.

use std::cell::RefCell;
use std::future::Future;

/// A value on its way to its instrument.
pub(crate) type Record = Box<dyn FnOnce() + Send>;

tokio::task_local! {
    static HELD: RefCell<Vec<Record>>;
}

/// Keeps the record where a transaction is open in this task, and puts it at once elsewhere.
pub(super) fn after_commit(record: Record) {
    let mut record = Some(record);
    let is_held = HELD.try_with(|held| held.borrow_mut().extend(record.take()));
    if is_held.is_err()
        && let Some(record) = record
    {
        record();
    }
}

/// Runs one try of a transaction and answers what it recorded, for the caller to put or to drop.
pub(crate) async fn collect<T>(work: impl Future<Output = T>) -> (T, Vec<Record>) {
    let both = async {
        let result = work.await;
        let records = HELD.try_with(|held| held.take()).unwrap_or_default();
        (result, records)
    };
    HELD.scope(RefCell::new(Vec::new()), both).await
}
