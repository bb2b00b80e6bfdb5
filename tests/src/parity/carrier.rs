//! The ways in. Each takes calls as JSON and answers what came back as JSON.

use gateway::{BytesCodec, Method, error_json};
use platform::identity::load_identity;
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::{files, json, program};
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
    let mut answer = Answer::default();
    if let Err(status) = grpc_into(channel, call, &mut answer).await {
        answer.error = Some(error_json(&status));
    }
    answer
}

async fn grpc_into(channel: Channel, call: &Call, answer: &mut Answer) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let encoded: Vec<_> = call
        .messages
        .iter()
        .map(|message| call.method.parse_value(message))
        .collect::<Result<_, _>>()
        .map_err(|error| error.status())?;
    let path = call.method.path.parse().unwrap();
    let request = Request::new(tokio_stream::iter(encoded));
    let mut messages = grpc.streaming(request, path, BytesCodec).await?.into_inner();
    while let Some(message) = messages.message().await? {
        answer.messages.push(call.method.print(message).unwrap());
    }
    Ok(())
}
