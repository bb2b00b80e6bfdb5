//! The layer around the routes of a server: the content type says how a request is meant.

mod answer;
mod call;
mod frames;
mod items;
mod query;
mod request;
mod upload;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use tonic::Status;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service};

use crate::error::Error;
use crate::methods::Methods;
use crate::openapi;

/// Most bytes of one message, as for gRPC: 1 MiB.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Header with the time in milliseconds that a caller waits for the answer, or for the head of a stream.
pub const TIMEOUT_HEADER: &str = "x-timeout-ms";

/// Where the description of the interface is served.
pub const OPENAPI_PATH: &str = "/openapi.json";

/// The longest wait for an answer; below the 60 s of the server, so that a refusal is JSON too.
const WAIT_MAX: Duration = Duration::from_secs(55);

/// Most bytes of the names and values of a request's headers, as HTTP/2 is held to.
const HEADER_BYTES_MAX: usize = 16 * 1_024;

/// Puts JSON, gRPC-Web and the description of the interface around gRPC routes.
#[derive(Debug, Clone)]
pub struct GatewayLayer(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    methods: Methods,
    document: Bytes,
    trace_id: fn() -> Option<String>,
}

impl GatewayLayer {
    /// A layer for these methods; nothing is read from the descriptors again. `trace_id` names the trace of the request
    /// at hand, for refusals that no service makes.
    #[must_use]
    pub fn new(methods: Methods, trace_id: fn() -> Option<String>) -> Self {
        let document = openapi::document(&methods).to_string().into();
        Self(Arc::new(Settings {
            methods,
            document,
            trace_id,
        }))
    }
}

impl<S> Layer<S> for GatewayLayer {
    type Service = Gateway<S>;

    fn layer(&self, inner: S) -> Gateway<S> {
        Gateway {
            inner,
            settings: self.0.clone(),
        }
    }
}

/// Routes with the layer around them.
#[derive(Debug, Clone)]
pub struct Gateway<S> {
    inner: S,
    settings: Arc<Settings>,
}

/// How a request is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Grpc,
    GrpcWeb,
    Json,
}

fn meant(headers: &HeaderMap) -> Meant {
    let given = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if given.starts_with(b"application/grpc-web") {
        Meant::GrpcWeb
    } else if given.starts_with(b"application/grpc") {
        Meant::Grpc
    } else {
        Meant::Json
    }
}

/// A refusal by a layer around this one, in the form that a request with these headers is answered in.
#[must_use]
pub fn refusal(headers: &HeaderMap, status: &Status) -> Response<Body> {
    let mut response = match meant(headers) {
        Meant::Json => return answer::error(status, None),
        Meant::Grpc | Meant::GrpcWeb => status.clone().into_http(),
    };
    if meant(headers) == Meant::GrpcWeb
        && let Some(kind) = headers.get(CONTENT_TYPE)
    {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    response
}

/// HTTP/2 holds requests to the same bound before they come here.
fn is_too_long(headers: &HeaderMap) -> bool {
    let bytes = headers.iter().fold(0_usize, |sum, (name, value)| {
        sum.saturating_add(name.as_str().len())
            .saturating_add(value.len())
    });
    bytes > HEADER_BYTES_MAX
}

impl<S, B, R> Service<Request<B>> for Gateway<S>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tonic::codegen::StdError> + std::fmt::Display,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<tonic::codegen::StdError> + std::fmt::Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone that stays behind is not ready; the one that was made ready makes the call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let is_old = request.version() < Version::HTTP_2;
        if is_old && is_too_long(request.headers()) {
            return self.refuse(&Error::HeadersTooLong);
        }
        match meant(request.headers()) {
            Meant::Grpc if is_old => self.refuse(&Error::HttpVersion),
            Meant::Grpc => {
                let calling = inner.call(request.map(Body::new));
                Box::pin(async move { Ok(calling.await?.map(Body::new)) })
            }
            Meant::GrpcWeb => Box::pin(GrpcWebLayer::new().layer(inner).call(request)),
            Meant::Json if request.uri().path() == OPENAPI_PATH => self.describe(&request),
            Meant::Json => {
                let settings = self.settings.clone();
                Box::pin(async move {
                    let answered = call::json(&settings.methods, inner, request.map(Body::new)).await;
                    Ok(answered.unwrap_or_else(|error| answer::refusal(&error, settings.trace_id)))
                })
            }
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Gateway<S> {
    fn refuse(&self, error: &Error) -> Answering {
        let refusal = answer::refusal(error, self.settings.trace_id);
        Box::pin(std::future::ready(Ok(refusal)))
    }

    fn describe<B>(&self, request: &Request<B>) -> Answering {
        if request.method() != http::Method::GET {
            return self.refuse(&Error::Verb {
                given: request.method().to_string(),
                allow: "GET",
            });
        }
        let mut response = answer::json(self.settings.document.clone());
        let keep = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(CACHE_CONTROL, keep);
        Box::pin(std::future::ready(Ok(response)))
    }
}
