//! JSON over HTTP for every gRPC method, made from the descriptors alone: nothing here knows a domain word.
//!
//! [`Methods`] lists what can be called and turns JSON into messages and back, [`error_json`] prints a status, and
//! [`BytesCodec`] carries messages that are encoded already. A program that calls by name needs no more than these.
//!
//! JSON names are the names of the `.proto` files (`contract_no`, not `contractNo`): one word for a field in the
//! documents, in CSV headers, in refusals and in JSON. On input the lowerCamelCase form is read as well.

mod codec;
pub mod comment;
mod error;
mod expected;
mod json;
mod methods;
mod status;

pub use codec::BytesCodec;
pub use error::Error;
pub use methods::{Method, Methods};
pub use status::{code_name, error_json, http_status};
