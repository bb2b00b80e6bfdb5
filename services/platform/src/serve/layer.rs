//! One span for each call, a child of the caller's `traceparent`, open until the response has ended.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tower::{Layer, Service};
use tracing::{Instrument, Span};

/// Wraps all services of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct TraceLayer;

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct TraceService<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for TraceService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let span = span_of(&request);
        let call = span
            .in_scope(|| self.inner.call(request))
            .instrument(span.clone());
        Box::pin(async move {
            let response = call.await?;
            // A call that fails at once has its status in the head.
            record_status(&span, response.headers());
            Ok(response.map(|inner| Body::new(TracedBody { inner, span })))
        })
    }
}

fn span_of(request: &Request<Body>) -> Span {
    let path = request.uri().path().trim_start_matches('/');
    let (service, method) = path.split_once('/').unwrap_or((path, ""));
    // Probes come every few seconds and tell nothing.
    if service.starts_with("grpc.health.") {
        return Span::none();
    }
    let span = tracing::info_span!(
        "rpc",
        otel.name = path,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = tracing::field::Empty,
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

fn record_status(span: &Span, headers: &HeaderMap) {
    let status = headers.get("grpc-status").and_then(|value| value.to_str().ok());
    if let Some(code) = status.and_then(|text| text.parse::<i64>().ok()) {
        span.record("rpc.grpc.status_code", code);
        // Unknown, DeadlineExceeded, Unimplemented, Internal, Unavailable, DataLoss are the server's
        // failures; the other codes are answers.
        if matches!(code, 2 | 4 | 12..=15) {
            span.record("otel.status_code", "error");
        }
    }
}

/// Keeps the span open until the last byte, and reads the status from the trailers.
struct TracedBody {
    inner: Body,
    span: Span,
}

impl http_body::Body for TracedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let polled = this
            .span
            .in_scope(|| Pin::new(&mut this.inner).poll_frame(context));
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            record_status(&this.span, trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
