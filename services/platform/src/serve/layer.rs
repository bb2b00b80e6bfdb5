//! One span and one figure for each call: a child of the caller's `traceparent`, open until the response has ended. Names follow
//! OpenTelemetry's semantic conventions for RPC. A refusal that none of our handlers made is given its reason and trace id here.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body::{Frame, SizeHint};
use opentelemetry::KeyValue;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use super::limits::Limits;
use super::refusal::{self, Refusal};
use super::upload::Timed;
use crate::error::to_status;
use crate::metrics::{self, CALL_SECONDS, Timing};

static DURATION: Timing = Timing::bounded(
    "rpc.server.call.duration",
    "s",
    "Time of a call until the last byte of its response.",
    CALL_SECONDS,
);

/// The paths of a server's methods, `package.Service/Method`; without them every path is taken for one.
pub type Methods = Option<Arc<BTreeSet<String>>>;

/// Wraps all services of a server.
#[derive(Debug, Clone)]
pub(super) struct TraceLayer {
    address: SocketAddr,
    request_time: Duration,
    upload_stall: Duration,
    methods: Methods,
}

impl TraceLayer {
    /// For a server at an address with its limits of time, and with these methods.
    pub(super) const fn new(address: SocketAddr, limits: &Limits, methods: Methods) -> Self {
        Self {
            address,
            request_time: limits.request_time,
            upload_stall: limits.upload_stall,
            methods,
        }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService {
            inner,
            layer: self.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct TraceService<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S> Service<Request<Body>> for TraceService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        crate::twin::meet(request.headers());
        let mut watch = Watch::of(&request, &self.layer);
        let span = watch.span.clone();
        let limit = self.layer.request_time;
        let request = request.map(|body| Timed::around(body, self.layer.upload_stall));
        let call = span.in_scope(|| self.inner.call(request));
        let answered = async move {
            let Ok(answer) = tokio::time::timeout(limit, call).await else {
                watch.see(Code::DeadlineExceeded);
                return Ok(to_status(&Refusal::TimedOut).into_http());
            };
            let mut response = answer?;
            // A call that fails at once has its status in the head.
            if let Some(code) = refusal::complete(response.headers_mut()) {
                watch.see(code);
            }
            Ok(response.map(|inner| Body::new(WatchedBody { inner, watch })))
        };
        Box::pin(answered.instrument(span))
    }
}

/// A call under way; told when it is dropped, also by a caller who goes away.
struct Watch {
    span: Span,
    begun: Instant,
    address: SocketAddr,
    method: String,
    code: Option<Code>,
    is_told: bool,
}

impl Watch {
    fn of(request: &Request<Body>, layer: &TraceLayer) -> Self {
        let address = layer.address;
        let path = request.uri().path().trim_start_matches('/');
        // What a caller made up stands in no span.
        let is_known = layer
            .methods
            .as_ref()
            .is_none_or(|methods| methods.contains(path));
        let method = if is_known || path == "grpc.health.v1.Health/Check" {
            path
        } else {
            "_OTHER"
        };
        // Probes come every few seconds and tell nothing.
        let is_told = !method.starts_with("grpc.health.");
        Self {
            span: if is_told {
                span_of(request, method, address)
            } else {
                Span::none()
            },
            begun: Instant::now(),
            address,
            method: method.to_owned(),
            code: None,
            is_told,
        }
    }

    fn see(&mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_told {
            return;
        }
        // No status was sent: the caller went away first.
        let code = self.code.unwrap_or(Code::Cancelled);
        let name = name_of(code);
        self.span.record("rpc.response.status_code", name);
        if is_failure(code) {
            self.span.record("otel.status_code", "error");
            self.span.record("error.type", name);
        }
        if metrics::is_on() {
            self.measure(code, name);
        }
    }
}

impl Watch {
    fn measure(&self, code: Code, name: &'static str) {
        // A method that nobody serves is the caller's word: as a series it would let anybody fill the collector.
        let method = if code == Code::Unimplemented {
            "_OTHER"
        } else {
            &self.method
        };
        let mut attributes = vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method.to_owned()),
            KeyValue::new("rpc.response.status_code", name),
            KeyValue::new("server.address", self.address.ip().to_string()),
            KeyValue::new("server.port", i64::from(self.address.port())),
        ];
        if is_failure(code) {
            attributes.push(KeyValue::new("error.type", name));
        }
        DURATION.put(self.begun.elapsed(), &attributes);
    }

    /// Passes a frame on; trailers say how the call ended.
    fn pass(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_trailers() {
            Ok(mut trailers) => {
                if let Some(code) = refusal::complete(&mut trailers) {
                    self.see(code);
                }
                Frame::trailers(trailers)
            }
            Err(frame) => frame,
        }
    }
}

fn span_of(request: &Request<Body>, method: &str, address: SocketAddr) -> Span {
    let span = tracing::info_span!(
        "rpc",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = tracing::field::Empty,
        server.address = %address.ip(),
        server.port = address.port(),
        "error.type" = tracing::field::Empty,
    );
    if let Some(parent) = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
    {
        crate::telemetry::continue_from(&span, parent);
    }
    span
}

/// The server's failures; the other codes are answers.
const fn is_failure(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// The code as the semantic conventions spell it.
const fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Keeps the span open until the last byte, and reads the status from the trailers.
struct WatchedBody {
    inner: Body,
    watch: Watch,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let WatchedBody { inner, watch } = self.get_mut();
        let span = watch.span.clone();
        let _entered = span.enter();
        let polled = Pin::new(inner).poll_frame(context);
        polled.map(|frame| frame.map(|frame| frame.map(|frame| watch.pass(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_the_servers_and_every_code_has_its_own_name() {
        let codes: Vec<Code> = (0..17).map(Code::from).collect();
        let failures: Vec<&str> = codes
            .iter()
            .filter(|code| is_failure(**code))
            .map(|code| name_of(*code))
            .collect();
        assert_eq!(
            failures,
            [
                "UNKNOWN",
                "DEADLINE_EXCEEDED",
                "UNIMPLEMENTED",
                "INTERNAL",
                "UNAVAILABLE",
                "DATA_LOSS"
            ]
        );
        let names: std::collections::BTreeSet<&str> = codes.iter().map(|code| name_of(*code)).collect();
        assert_eq!(names.len(), 17);
    }
}
