//! The ways in. Each takes calls as JSON and answers what came back as JSON.

use bytes::Bytes;
use gateway::{Method, error_json};
use platform::identity::load_identity;
use serde_json::{Value, json};
use tonic::Status;
use tonic::transport::Channel;

use super::{files, json, program};
use crate::dynamic;
use crate::http::Version;
use crate::sandbox::{Sandbox, channel};

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Name of the caller's certificate.
    pub caller: String,
    /// The method.
    pub method: Method,
    /// Its requests.
    pub messages: Vec<Value>,
}

impl Call {
    /// Its requests as they go over the wire.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` where one is no message of the method.
    pub fn encoded(&self) -> Result<Vec<Bytes>, Status> {
        let encoded = self
            .messages
            .iter()
            .map(|message| self.method.parse_value(message));
        encoded.collect::<Result<_, _>>().map_err(|error| error.status())
    }

    /// Makes it over gRPC.
    pub(crate) async fn over(&self, channel: Channel) -> Answer {
        let mut bytes = Vec::new();
        let ended = match self.encoded() {
            Ok(messages) => dynamic::exchange(channel, &self.method.path, messages, None, &mut bytes).await,
            Err(status) => Err(status),
        };
        let printed = bytes
            .into_iter()
            .map(|message| self.method.print(message).unwrap());
        Answer {
            messages: printed.collect(),
            error: ended.err().map(|status| error_json(&status)),
        }
    }
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Every message.
    pub messages: Vec<Value>,
    /// `{"error": ..}` behind them.
    pub error: Option<Value>,
}

impl Answer {
    /// All of it as one document.
    pub fn document(&self) -> Value {
        json!({"answer": self.messages, "error": self.error})
    }
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// gRPC with protobuf, the measure of the others.
    Grpc,
    /// JSON over HTTP of a version.
    Json(Version),
    /// `zhirong call`, one process a call.
    Program,
    /// `zhirong call --file`: many calls in a file, their answers in another.
    File,
}

impl Carrier {
    /// Makes the calls in order.
    pub async fn play(self, sandbox: &Sandbox, calls: &[Call]) -> Vec<Answer> {
        match self {
            Self::File => files::play(sandbox, calls),
            _ => {
                let mut answers = Vec::new();
                for call in calls {
                    answers.push(match self {
                        Self::Grpc => grpc(sandbox, call).await,
                        Self::Json(version) => json::play(sandbox, call, version).await,
                        Self::Program | Self::File => program::play(sandbox, call),
                    });
                }
                answers
            }
        }
    }
}

/// Calls over gRPC with messages that are encoded from JSON, as any client encodes them from its own types.
async fn grpc(sandbox: &Sandbox, call: &Call) -> Answer {
    let identity = load_identity(sandbox.identity_dir(), &call.caller).unwrap();
    let channel = channel(sandbox.url(), &identity.ca_pem, Some(&identity));
    call.over(channel).await
}
