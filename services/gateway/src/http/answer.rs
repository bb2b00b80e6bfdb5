//! Answers as HTTP: one document, lines of documents, or an error.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Frame;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::frames::{Frames, Next};
use super::upload::Fault;
use crate::error::Error;
use crate::methods::Method;
use crate::status::{error_json_as, http_status};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const STATUS: &str = "grpc-status";

/// A document.
pub(super) fn json(document: Bytes) -> Response<Body> {
    response(
        StatusCode::OK,
        JSON,
        HeaderMap::new(),
        Body::new(http_body_util::Full::new(document)),
    )
}

/// The answer of a call that is no stream.
pub(super) fn message(document: Bytes, metadata: HeaderMap) -> Response<Body> {
    let body = Body::new(http_body_util::Full::new(document));
    let mut response = response(StatusCode::OK, JSON, metadata, body);
    response.headers_mut().insert(STATUS, HeaderValue::from(0_i32));
    response
}

/// The answers of a stream, one a line; an error is the last line.
pub(super) fn lines(method: &Method, metadata: HeaderMap, frames: Frames, fault: Fault) -> Response<Body> {
    let lines = Lines {
        method: method.clone(),
        frames,
        fault,
        end: End::Open,
    };
    response(StatusCode::OK, LINES, metadata, Body::new(lines))
}

/// An error that a service answered.
pub(super) fn error(status: &Status, metadata: Option<HeaderMap>) -> Response<Body> {
    error_as(status, http_status(status.code()), metadata.unwrap_or_default())
}

/// A refusal by the gateway itself.
pub(super) fn refusal(error: &Error, trace_id: fn() -> Option<String>) -> Response<Body> {
    let status = error.status_in(trace_id());
    let mut response = error_as(&status, error.http(), HeaderMap::new());
    if let Error::Verb { allow, .. } = error {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    if let Error::ContentType { accepted, .. } = error {
        let accepted = HeaderValue::from_static(accepted);
        response.headers_mut().insert("accept-post", accepted);
    }
    response
}

fn error_as(status: &Status, code: StatusCode, metadata: HeaderMap) -> Response<Body> {
    let document = Bytes::from(error_json_as(status, code).to_string());
    let body = Body::new(http_body_util::Full::new(document));
    let mut response = response(code, JSON, metadata, body);
    let headers = response.headers_mut();
    headers.insert(STATUS, HeaderValue::from(i32::from(status.code())));
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    if let Some(delay) = retry {
        // The header knows whole seconds only.
        let seconds = delay
            .as_secs()
            .saturating_add(u64::from(delay.subsec_nanos() > 0));
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn response(code: StatusCode, kind: HeaderValue, metadata: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let mut headers = metadata;
    for name in [
        STATUS,
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-encoding",
        "grpc-accept-encoding",
    ] {
        headers.remove(name);
    }
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    *response.headers_mut() = headers;
    response
}

/// A stream of answers, turned into lines as the reader takes them.
struct Lines {
    method: Method,
    frames: Frames,
    fault: Fault,
    end: End,
}

/// How far a stream has come to its end.
enum End {
    Open,
    /// All lines are out, the status is not.
    Status(Code),
    Over,
}

impl Lines {
    /// The line of an error; the stream ends behind it.
    fn fail(&mut self, status: &Status) -> Bytes {
        self.end = End::Status(status.code());
        let mut line = error_json_as(status, http_status(status.code())).to_string();
        line.push('\n');
        line.into()
    }
}

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        match this.end {
            End::Over => return Poll::Ready(None),
            End::Status(code) => {
                this.end = End::Over;
                let status = HeaderValue::from(i32::from(code));
                let trailers = HeaderMap::from_iter([(http::HeaderName::from_static(STATUS), status)]);
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            End::Open => {}
        }
        let line = match ready!(this.frames.poll_next(context)) {
            Next::Message(message) => match this.method.write(message) {
                Ok(mut line) => {
                    line.push(b'\n');
                    line.into()
                }
                Err(error) => this.fail(&error.status()),
            },
            Next::End(status) if status.code() == Code::Ok => {
                this.end = End::Status(Code::Ok);
                return Pin::new(this).poll_frame(context);
            }
            Next::End(status) => {
                let status = this.fault.take().unwrap_or(status);
                this.fail(&status)
            }
        };
        Poll::Ready(Some(Ok(Frame::data(line))))
    }
}
