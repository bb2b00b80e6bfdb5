//! Calls of messages that are encoded already: one way for all four kinds, which look alike on the wire.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, Transport, within};
use gateway::{BytesCodec, Method};
use http::uri::PathAndQuery;
use tonic::{Status, Streaming};

use super::who;
use crate::connection;
use crate::error::CommandError;

/// How long a call may take; computing or releasing a city's year is the longest.
const LONG: Duration = Duration::from_secs(900);

/// Somebody who calls, by a certificate.
#[derive(Debug)]
pub struct Caller {
    transport: Transport,
}

/// Answers of a call as they come.
#[derive(Debug)]
pub struct Answers {
    method: &'static Method,
    stream: Streaming<Bytes>,
}

/// A message of an answer.
#[derive(Debug)]
pub struct Received {
    /// As it came.
    pub bytes: Bytes,
}

impl Caller {
    /// Somebody of this name, or the first in the folder who may call the method.
    ///
    /// # Errors
    /// [`CommandError`] where there is no such certificate.
    pub fn connect(
        url: &str,
        identity: &Path,
        name: Option<&str>,
        method: &Method,
    ) -> Result<Self, CommandError> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => who::choose(identity, method)?,
        };
        Ok(Self::of(&connection::client(url, identity, &name)?))
    }

    /// Whoever a client is.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        Self {
            transport: client.transport(),
        }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// [`CommandError::Call`] where it is refused before its first answer.
    pub async fn call(&self, method: &'static Method, messages: Vec<Bytes>) -> Result<Answers, CommandError> {
        let failed = |status| CommandError::call(method.name.as_str(), status);
        let mut grpc = tonic::client::Grpc::new(self.transport.clone())
            .max_decoding_message_size(client::MAX_ANSWER_BYTES);
        grpc.ready()
            .await
            .map_err(|error| failed(Status::from_error(error.into())))?;
        let path = PathAndQuery::from_static(method.path.as_str());
        let requests = within(tokio_stream::iter(messages), LONG);
        let answer = grpc.streaming(requests, path, BytesCodec).await.map_err(failed)?;
        Ok(Answers {
            method,
            stream: answer.into_inner(),
        })
    }
}

impl Answers {
    /// The next message; none at the end.
    ///
    /// # Errors
    /// [`CommandError::Call`] where the call ended in a refusal.
    pub async fn next(&mut self) -> Result<Option<Received>, CommandError> {
        let next = self.stream.message().await;
        let next = next.map_err(|status| CommandError::call(self.method.name.as_str(), status))?;
        Ok(next.map(|bytes| Received { bytes }))
    }
}
