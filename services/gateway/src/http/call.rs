//! One call in JSON: the request becomes gRPC, the answer becomes JSON.

use std::convert::Infallible;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body as _;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::answer;
use super::frames::{Frames, Next, frame};
use super::request::{self, Form};
use super::upload::{Fault, Upload};
use super::{MESSAGE_BYTES_MAX, query};
use crate::error::Error;
use crate::methods::{Method, Methods};

/// Makes the call. A refusal by the service is an answer; an error is a refusal by the gateway.
///
/// # Errors
/// Whatever keeps the request from the service.
pub(super) async fn json<S, R>(
    methods: &Methods,
    inner: S,
    request: Request<Body>,
) -> Result<Response<Body>, Error>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Send,
    S::Future: Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<tonic::codegen::StdError>,
{
    let path = request.uri().path();
    let Some(method) = methods.at(path) else {
        return Err(methods.unknown(path));
    };
    let (head, body) = request.into_parts();
    let form = request::form(method, &head)?;
    let wait = request::wait(&head.headers)?;
    let (request, fault) = grpc_request(method, form, head, body, wait).await?;
    within(wait, answer_of(method, inner, request, fault)).await?
}

/// Ends with [`Error::Deadline`] where it takes longer than the caller waits.
async fn within<T>(wait: Duration, work: impl Future<Output = T>) -> Result<T, Error> {
    let late = |_| Error::Deadline { wait };
    tokio::time::timeout(wait, work).await.map_err(late)
}

async fn grpc_request(
    method: &Method,
    form: Form,
    head: http::request::Parts,
    body: Body,
    wait: Duration,
) -> Result<(Request<Body>, Fault), Error> {
    let (body, fault) = if method.client_streaming {
        let mut upload = Upload::new(method, form, body);
        within(wait, upload.begin()).await??;
        let fault = upload.fault();
        (Body::new(upload), fault)
    } else {
        let message = if form == Form::Query {
            let query = head.uri.query().unwrap_or_default();
            method.parse_value(&query::document(method, query)?)?
        } else {
            method.parse(within(wait, whole(body)).await??)?
        };
        let framed = frame(&message).map_err(|_| Error::TooLarge)?;
        (Body::new(http_body_util::Full::new(framed)), Fault::default())
    };
    Ok((request::grpc(head, &method.path, body), fault))
}

/// How much of a body above the limit is read and thrown away. Over HTTP/1.1 a caller that is refused while it still sends loses
/// the refusal with the connection; one that sends far more is cut off.
const DISCARDED_MAX: usize = 8 << 20;

/// The whole body, up to the limit of a message.
async fn whole(mut body: Body) -> Result<Bytes, Error> {
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > DISCARDED_MAX {
        return Err(Error::TooLarge);
    }
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = http_body_util::BodyExt::frame(&mut body).await {
        let Ok(data) = frame.map_err(|status| Error::of_body(&status))?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= MESSAGE_BYTES_MAX {
            whole.extend_from_slice(&data);
        } else if length > DISCARDED_MAX {
            break;
        } else {
            whole = BytesMut::new();
        }
    }
    if length > MESSAGE_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    Ok(whole.freeze())
}

async fn answer_of<S, R>(
    method: &Method,
    mut inner: S,
    request: Request<Body>,
    fault: Fault,
) -> Result<Response<Body>, Error>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Send,
    S::Future: Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<tonic::codegen::StdError>,
{
    let response = match inner.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (head, body) = response.into_parts();
    // A call that fails at once has its status in the head.
    if let Some(status) = Status::from_header_map(&head.headers) {
        let status = fault.take().unwrap_or(status);
        return Ok(answer::error(&status, Some(head.headers)));
    }
    let frames = Frames::new(Body::new(body));
    if method.server_streaming {
        return Ok(answer::lines(method, head.headers, frames, fault));
    }
    match only(frames).await {
        Ok(message) => Ok(answer::message(method.write(message)?.into(), head.headers)),
        Err(status) => Ok(answer::error(&fault.take().unwrap_or(status), Some(head.headers))),
    }
}

/// The one message of an answer that is no stream, once its status is known.
async fn only(mut frames: Frames) -> Result<Bytes, Status> {
    let mut only = None;
    loop {
        match frames.next().await {
            Next::Message(message) => only = Some(message),
            Next::End(status) if status.code() == tonic::Code::Ok => {
                return only.ok_or_else(|| Status::internal("the answer holds no message"));
            }
            Next::End(status) => return Err(status),
        }
    }
}
