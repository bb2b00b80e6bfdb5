//! The calls every record has, as traits of their messages: reported (or registered), amended, withdrawn, read and listed.
//!
//! `build.rs` finds the messages by their names and fields and implements these traits, so that the services write each verb
//! once for all records. What a call does beyond its verb stays in the service.

use crate::AuditedAnswer;
use crate::common;
use crate::common::v1::{Receipt, RecordState};
use crate::convert::WireRecord;
use crate::{insurance, pledge, registry};

/// A request that writes one record.
pub trait WriteRequest: prost::Message + Clone {
    /// The record.
    type Record: WireRecord;
    /// What it is answered with.
    type Answer: WriteAnswer;
    /// The call's name.
    const RPC: &'static str;

    /// The caller's key, a UUID.
    fn request_id(&self) -> &str;

    /// Gives it another key.
    fn set_request_id(&mut self, key: &str);

    /// The revision stated; none means 1 for a report and the next one for what follows.
    fn revision(&self) -> Option<i32>;
}

/// An answer to a write: a receipt and, from the services that assess, what the records stand for.
pub trait WriteAnswer: prost::Message + Default + AuditedAnswer + 'static {
    /// What a record stands for; `()` in the registry.
    type Assessment: Send + 'static;

    /// The answer; one that shows a single assessment takes the first.
    fn new(receipt: Receipt, assessments: Vec<Self::Assessment>) -> Self;

    /// The receipt and the assessments in it.
    fn into_parts(self) -> (Option<Receipt>, Vec<Self::Assessment>);
}

/// A request that states a record.
pub trait RecordRequest: WriteRequest {
    /// The field the record stands in.
    const FIELD: &'static str;

    /// The record; its absence is refused field by field.
    fn record(&self) -> Option<&Self::Record>;
}

/// A request that states a record anew.
pub trait AmendRequest: RecordRequest {
    /// The state the caller saw.
    fn etag(&self) -> Option<String>;
}

/// A request that withdraws a record.
pub trait WithdrawRequest: WriteRequest {
    /// The record's resource name.
    fn name(&self) -> &str;

    /// The state the caller saw.
    fn etag(&self) -> Option<String>;
}

/// A record as it is stored.
pub trait StoredMessage {
    /// The record.
    type Record: WireRecord;

    /// The message; it names who reported the record where it has a field for it.
    fn new(record: Self::Record, state: RecordState, reported_by: String) -> Self;
}

/// A request for one record.
pub trait GetRequest {
    /// The record as it is stored.
    type Stored: StoredMessage;
    /// What it is answered with.
    type Answer;

    /// The record's resource name.
    fn name(&self) -> &str;

    /// The answer.
    fn answer(stored: Self::Stored) -> Self::Answer;
}

/// A request for a page of records.
pub trait ListRequest {
    /// A record as it is stored.
    type Stored: StoredMessage;
    /// What it is answered with.
    type Answer;

    /// Resource name of the parent; empty where the list has none.
    fn parent(&self) -> String;

    /// Records a page; 0 for the default.
    fn page_size(&self) -> i32;

    /// Where the last page ended.
    fn page_token(&self) -> &str;

    /// Withdrawn records too.
    fn show_withdrawn(&self) -> bool;

    /// The answer.
    fn answer(page: Vec<Self::Stored>, next_page_token: String) -> Self::Answer;
}

include!(concat!(env!("OUT_DIR"), "/verbs.rs"));
