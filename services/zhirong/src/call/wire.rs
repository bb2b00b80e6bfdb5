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

/// How long a call may take that only asks whether somebody is there.
const SHORT: Duration = Duration::from_secs(10);

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

impl Caller {
    /// Asks a method that the descriptors do not hold, such as that of the health service, with an empty message: its answer, and the
    /// server's clock where it told it (RFC 9110, 6.6.1).
    ///
    /// # Errors
    /// [`CommandError::Call`].
    pub async fn raw(&self, path: &'static str) -> Result<(Bytes, Option<String>), CommandError> {
        let failed = |status| CommandError::call(path, status);
        let mut grpc = tonic::client::Grpc::new(self.transport.clone());
        grpc.ready()
            .await
            .map_err(|error| failed(Status::from_error(error.into())))?;
        let request = within(Bytes::new(), SHORT);
        let answer = grpc
            .unary(request, PathAndQuery::from_static(path), BytesCodec)
            .await;
        let answer = answer.map_err(failed)?;
        let date = answer.metadata().get("date").and_then(|date| date.to_str().ok());
        let date = date.map(str::to_owned);
        Ok((answer.into_inner(), date))
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
