//! JSON over HTTP for every gRPC method, made from the descriptors alone: nothing here knows a domain word.
//!
//! [`Methods`] lists what can be called and turns JSON into messages and back, [`error_json`] prints a status, and
//! [`BytesCodec`] carries messages that are encoded already. A program that calls by name needs no more than these.
//!
//! [`GatewayLayer`] stands around the routes of a server: a request in JSON becomes the gRPC call of the same path, in the
//! same process and under the same certificate, and its answer becomes JSON again. [`openapi`] describes all of it.
//!
//! JSON names are the names of the `.proto` files (`contract_no`, not `contractNo`): one word for a field in the
//! documents, in CSV headers, in refusals and in JSON. On input the lowerCamelCase form is read as well.

mod codec;
pub mod comment;
mod error;
mod expected;
mod http;
mod json;
mod methods;
pub mod openapi;
mod status;

pub use codec::BytesCodec;
pub use error::Error;
pub use http::{Gateway, GatewayLayer, MESSAGE_BYTES_MAX, OPENAPI_PATH, TIMEOUT_HEADER, refusal};
pub use methods::{Method, Methods};
pub use status::{code_name, error_json, http_status};
