//! What is searched, and a collector that keeps every byte it is sent.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Where each canary was found, `canary in output`.
pub(super) fn found_in(planted: &[(String, String)], outputs: &[(&str, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in outputs {
        let text = String::from_utf8_lossy(bytes);
        for (what, canary) in planted {
            if let Some(at) = text.find(canary.as_str()) {
                let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let around: String = text[line..].chars().take(400).collect();
                found.push(format!("{what} in the {name}: {around}"));
            }
        }
    }
    found
}

/// Keeps what comes; clones share it.
#[derive(Clone)]
pub(super) struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    url: String,
}

impl Collector {
    /// Listens on a free port of this machine; stops with the runtime.
    pub(super) async fn start() -> Self {
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let collector = Self {
            bytes: Arc::default(),
            url: format!("http://{}", incoming.local_addr().unwrap()),
        };
        let serving = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(incoming);
        tokio::spawn(serving);
        collector
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Everything so far. Texts stand in protobuf as they are.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.bytes
            .lock()
            .unwrap()
            .extend(request.into_inner().encode_to_vec());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.bytes
            .lock()
            .unwrap()
            .extend(request.into_inner().encode_to_vec());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
