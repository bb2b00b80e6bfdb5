//! Calls of any method with whatever bytes, by any certificate, over one connection a caller.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use gateway::{BytesCodec, Method, error_json};
use platform::identity::load_identity;
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::sandbox::{Sandbox, channel};

/// Most tries of a call that was not let in, or met another one.
const TRIES: usize = 20;

/// What came back.
#[derive(Debug)]
pub(in crate::faults) struct Answered {
    /// Every message, as JSON.
    pub(in crate::faults) messages: Vec<Value>,
    /// How it ended; none for success.
    pub(in crate::faults) status: Option<Status>,
}

impl Answered {
    /// The code that it ended with.
    pub(in crate::faults) fn code(&self) -> Code {
        self.status.as_ref().map_or(Code::Ok, Status::code)
    }

    /// All of it as one document.
    pub(in crate::faults) fn document(&self) -> Value {
        json!({"answer": self.messages, "error": self.status.as_ref().map(error_json)})
    }
}

/// The callers of a sandbox, each with its connection.
pub(in crate::faults) struct Callers<'a> {
    sandbox: &'a Sandbox,
    channels: Mutex<HashMap<String, Channel>>,
}

impl<'a> Callers<'a> {
    pub(in crate::faults) fn new(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            channels: Mutex::default(),
        }
    }

    fn channel(&self, name: &str) -> Channel {
        let mut channels = self.channels.lock().unwrap();
        let made = channels.entry(name.to_owned()).or_insert_with(|| {
            let identity = load_identity(self.sandbox.identity_dir(), name).unwrap();
            channel(self.sandbox.url(), &identity.ca_pem, Some(&identity))
        });
        made.clone()
    }

    /// Calls with requests in JSON; none where they have no form in protobuf, so that nothing could be sent.
    pub(in crate::faults) async fn call(
        &self,
        name: &str,
        method: &Method,
        messages: &[Value],
    ) -> Option<Answered> {
        let encode = |message| method.parse_value(message).ok();
        let encoded: Vec<Bytes> = messages.iter().map(encode).collect::<Option<_>>()?;
        Some(self.send(name, method, encoded).await)
    }

    /// Calls once with bytes and with headers of the caller's own.
    pub(in crate::faults) async fn send_with(
        &self,
        name: &str,
        method: &Method,
        encoded: Vec<Bytes>,
        headers: &[(&'static str, String)],
    ) -> Answered {
        self.once(name, method, encoded, headers).await
    }

    /// Calls with bytes. A call that was turned away at the door, or lost against another, is made again.
    pub(in crate::faults) async fn send(&self, name: &str, method: &Method, encoded: Vec<Bytes>) -> Answered {
        let mut answered = self.once(name, method, encoded.clone(), &[]).await;
        for _ in 1..TRIES {
            if !matches!(answered.code(), Code::Aborted | Code::Unavailable) {
                break;
            }
            tokio::task::yield_now().await;
            answered = self.once(name, method, encoded.clone(), &[]).await;
        }
        answered
    }

    async fn once(
        &self,
        name: &str,
        method: &Method,
        encoded: Vec<Bytes>,
        headers: &[(&'static str, String)],
    ) -> Answered {
        let mut answered = Answered {
            messages: Vec::new(),
            status: None,
        };
        let request = request(encoded, headers);
        let ended = once_into(self.channel(name), method, request, &mut answered.messages).await;
        answered.status = ended.err();
        answered
    }
}

/// Encoded messages on their way.
type Messages = tokio_stream::Iter<std::vec::IntoIter<Bytes>>;

fn request(encoded: Vec<Bytes>, headers: &[(&'static str, String)]) -> Request<Messages> {
    let mut request = Request::new(tokio_stream::iter(encoded));
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

async fn once_into(
    channel: Channel,
    method: &Method,
    request: Request<Messages>,
    messages: &mut Vec<Value>,
) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let path = method.path.parse().unwrap();
    let mut answers = grpc.streaming(request, path, BytesCodec).await?.into_inner();
    while let Some(message) = answers.message().await? {
        messages.push(method.print(message).unwrap());
    }
    Ok(())
}
