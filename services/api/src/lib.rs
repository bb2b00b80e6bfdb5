//! The wire of Zhirong: messages, clients and servers generated from `proto/`, and the only conversions between
//! messages and exchange cells.
//!
//! A message is never parsed here. It is turned into the cells of its exchange file ([`convert::WireRecord`]), and the
//! one parser of the `exchange` crate reads those, so that a refusal has the same code and column on the wire, in a file
//! and anywhere else.

pub mod convert;
pub mod name;
pub mod verbs;

/// What `build.rs` generated.
#[expect(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::large_enum_variant,
    reason = "generated code; the documentation is in the proto files"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}

/// Answers that name the audit row of their write; `build.rs` finds out where.
mod answers {
    use super::{common, files, insurance, ledger, notify, people, pledge, registry, settlement};

    /// An answer of a call.
    pub trait AuditedAnswer {
        /// Names the audit row of the write that is answered; an answer without a place for it stays as it is.
        fn set_audit_head(&mut self, head: common::v1::AuditHead);
    }

    include!(concat!(env!("OUT_DIR"), "/answers.rs"));
}

pub use generated::google;
pub use generated::zhirong::{
    common, files, insurance, ledger, notify, people, pledge, registry, settlement,
};

pub use answers::AuditedAnswer;

/// The encoded `FileDescriptorSet` of every package, for gRPC reflection and for tests.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
