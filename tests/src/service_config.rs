//! `proto/service_config.json`: what a gRPC client of any language is told about deadlines and retries, made from the descriptors.
//!
//! A call is sent again by the client's own library only where a second arrival changes nothing: where it reads, or where it carries a
//! `request_id`, under which the first answer is kept. Everything else gets a deadline and no policy of retries.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use prost::Message;
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorSet, MethodDescriptorProto};
use serde::Serialize;

/// Beginnings of the names of calls that only read.
const READS: [&str; 5] = ["Get", "List", "Stream", "Download", "Explain"];
/// Calls that work through a whole city and may take minutes.
const SLOW: [&str; 6] = [
    "ComputeBatch",
    "ReleaseBatch",
    "PublishNotice",
    "ApproveBatch",
    "PreparePayments",
    "ExportVouchers",
];
/// Deadline of a call in seconds, and that of a stream, a page of a pull or a slow call.
const SHORT: &str = "30s";
const LONG: &str = "900s";
/// Tries of a call, the first included; more than five no library makes.
const ATTEMPTS: u32 = 5;

/// The whole file.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConfig {
    /// One entry a service and treatment.
    pub method_config: Vec<MethodConfig>,
    retry_throttling: Throttling,
}

/// How some calls of a service are treated.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodConfig {
    /// The calls.
    pub name: Vec<Name>,
    /// Deadline of a call that states none.
    pub timeout: &'static str,
    /// When it is sent again; absent where it must not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Full name of its service.
    pub service: String,
    /// Its own name.
    pub method: String,
}

/// When a call is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: &'static str,
    max_backoff: &'static str,
    backoff_multiplier: u32,
    /// Statuses after which it is.
    pub retryable_status_codes: Vec<&'static str>,
}

/// A client whose calls mostly fail stops repeating them until some succeed again: a service that comes back is not overrun.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Throttling {
    max_tokens: u32,
    token_ratio: u32,
}

/// Where the file stands.
pub fn path() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../proto/service_config.json"
    ))
}

/// Whether a call only reads.
pub fn is_read(method: &str) -> bool {
    READS.iter().any(|read| method.starts_with(read))
}

/// The messages of a descriptor set by their full name, as fields refer to them.
struct Messages<'a>(HashMap<String, &'a DescriptorProto>);

impl<'a> Messages<'a> {
    fn of(set: &'a FileDescriptorSet) -> Self {
        let messages = set.file.iter().flat_map(|file| {
            let named =
                |message: &'a DescriptorProto| (format!(".{}.{}", file.package(), message.name()), message);
            file.message_type.iter().map(named)
        });
        Self(messages.collect())
    }

    /// Whether a request has a field of one of these names.
    fn has(&self, request: &str, fields: &[&str]) -> bool {
        let message = self.0.get(request);
        message.is_some_and(|message| message.field.iter().any(|field| fields.contains(&field.name())))
    }

    /// Whether a request carries the key under which the first answer is kept: itself, or in the header of an import.
    fn has_request_id(&self, request: &str) -> bool {
        let own = ["request_id"];
        let message = self.0.get(request);
        self.has(request, &own)
            || message.is_some_and(|message| {
                let single = message
                    .field
                    .iter()
                    .filter(|field| field.label() != Label::Repeated);
                let header = single.filter(|field| field.name() == "header");
                header.into_iter().any(|field| self.has(field.type_name(), &own))
            })
    }

    /// Statuses after which a call may be sent again; none where it must not be.
    ///
    /// ABORTED is another writer, and the same request may then succeed; but where the request names the etag or the digest that must
    /// stand, it says that another one stands, and no repeat cures that.
    fn retryable(&self, method: &MethodDescriptorProto) -> Option<Vec<&'static str>> {
        let request = method.input_type();
        if is_read(method.name()) {
            return Some(vec!["UNAVAILABLE"]);
        }
        if !self.has_request_id(request) {
            return None;
        }
        let is_bound = self.has(request, &["etag", "batch_digest"]) || method.client_streaming();
        Some(if is_bound {
            vec!["UNAVAILABLE"]
        } else {
            vec!["UNAVAILABLE", "ABORTED"]
        })
    }
}

fn timeout(method: &MethodDescriptorProto) -> &'static str {
    let is_long = method.client_streaming()
        || method.server_streaming()
        || method.name() == "ListBatchMessages"
        || SLOW.contains(&method.name());
    if is_long { LONG } else { SHORT }
}

/// The file's content for these descriptors.
#[must_use]
pub fn of(set: &FileDescriptorSet) -> ServiceConfig {
    let messages = Messages::of(set);
    let mut method_config = Vec::new();
    for file in set
        .file
        .iter()
        .filter(|file| file.package().starts_with("zhirong."))
    {
        for service in &file.service {
            let full = format!("{}.{}", file.package(), service.name());
            let treated = |method: &MethodDescriptorProto| (timeout(method), messages.retryable(method));
            let treatments: BTreeSet<_> = service.method.iter().map(treated).collect();
            for (timeout, codes) in treatments {
                let alike = service
                    .method
                    .iter()
                    .filter(|method| treated(method) == (timeout, codes.clone()));
                let name = alike.map(|method| Name {
                    service: full.clone(),
                    method: method.name().to_owned(),
                });
                method_config.push(MethodConfig {
                    name: name.collect(),
                    timeout,
                    retry_policy: codes.map(|retryable_status_codes| RetryPolicy {
                        max_attempts: ATTEMPTS,
                        initial_backoff: "0.5s",
                        max_backoff: "5s",
                        backoff_multiplier: 2,
                        retryable_status_codes,
                    }),
                });
            }
        }
    }
    ServiceConfig {
        method_config,
        retry_throttling: Throttling {
            max_tokens: 10,
            token_ratio: 1,
        },
    }
}

/// The descriptors of this version.
///
/// # Panics
/// Never: the build made them.
#[must_use]
pub fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap()
}

/// The file's text for the descriptors of this version.
///
/// # Panics
/// Never: texts and numbers have their JSON.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&of(&descriptors())).unwrap();
    text.push('\n');
    text
}

/// Writes the file; answers whether it could.
#[must_use]
pub fn write() -> bool {
    std::fs::write(path(), text()).is_ok()
}
