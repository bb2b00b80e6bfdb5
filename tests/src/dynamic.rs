//! Calls of methods that are known by their descriptors alone, with messages that are encoded already.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use gateway::{BytesCodec, error_json};
use platform::identity::load_identity;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::parity::{Answer, Call};
use crate::sandbox::channel;

/// Makes a call; what came before it failed is kept too.
///
/// # Errors
/// The call's status.
pub async fn exchange(
    channel: Channel,
    path: &str,
    messages: Vec<Bytes>,
    deadline: Option<Duration>,
    answer: &mut Vec<Bytes>,
) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(tokio_stream::iter(messages));
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    let path = path.parse().unwrap();
    let mut stream = grpc.streaming(request, path, BytesCodec).await?.into_inner();
    while let Some(message) = stream.message().await? {
        answer.push(message);
    }
    Ok(())
}

/// Callers of one server, each over one connection.
pub struct Callers {
    url: String,
    identity: PathBuf,
    channels: Mutex<HashMap<String, Channel>>,
}

impl Callers {
    /// Callers of the server at an address whose certificates are in a folder.
    pub fn new(url: String, identity: PathBuf) -> Self {
        Self {
            url,
            identity,
            channels: Mutex::default(),
        }
    }

    /// The connection of a caller, made at its first call.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where it has no certificate, since the call that makes one failed.
    pub fn channel(&self, caller: &str) -> Result<Channel, Status> {
        let mut channels = self.channels.lock().unwrap();
        if let Some(made) = channels.get(caller) {
            return Ok(made.clone());
        }
        let identity = load_identity(&self.identity, caller)
            .map_err(|error| Status::unauthenticated(format!("{caller}: {error}")))?;
        let made = channel(&self.url, &identity.ca_pem, Some(&identity));
        channels.insert(caller.to_owned(), made.clone());
        Ok(made)
    }

    /// Makes a call of one request and one answer.
    ///
    /// # Errors
    /// The call's status; `INTERNAL` where no message came.
    pub async fn unary(&self, caller: &str, path: &str, message: Bytes) -> Result<Bytes, Status> {
        let mut answer = Vec::new();
        exchange(self.channel(caller)?, path, vec![message], None, &mut answer).await?;
        answer.pop().ok_or_else(|| Status::internal("no answer"))
    }

    /// Makes calls in order.
    pub async fn play(&self, calls: &[Call]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for call in calls {
            answers.push(match self.channel(&call.caller) {
                Ok(channel) => call.over(channel).await,
                Err(status) => Answer {
                    error: Some(error_json(&status)),
                    ..Answer::default()
                },
            });
        }
        answers
    }
}
