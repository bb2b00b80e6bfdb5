//! A collector of our own: takes spans and metrics over OTLP and answers what it saw.

#![expect(
    clippy::disallowed_types,
    reason = "what a collector receives holds doubles; no money is among them"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
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
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Attributes by name, as text.
pub(crate) type Attributes = BTreeMap<String, String>;

/// A span as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Its name.
    pub(crate) name: String,
    /// Its kind by number: 2 server, 3 client.
    pub(crate) kind: i32,
    /// Trace id in hexadecimal digits.
    pub(crate) trace_id: String,
    /// Its parent's id in hexadecimal digits, empty for a root.
    pub(crate) parent: String,
    /// Whether its status is an error.
    pub(crate) is_error: bool,
    /// Its attributes.
    pub(crate) attributes: Attributes,
}

/// One series of a metric: the last value that came.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Its unit.
    pub(crate) unit: String,
    /// Its attributes.
    pub(crate) attributes: Attributes,
    /// The sum, the last value, or how many values a distribution has.
    pub(crate) value: i64,
    /// Boundaries of a distribution.
    pub(crate) boundaries: Vec<f64>,
}

#[derive(Debug, Default)]
struct Received {
    spans: Vec<Seen>,
    /// By sender, then name and attributes: a later export of a running sum replaces the earlier.
    series: BTreeMap<(String, String, Attributes), Series>,
    resources: Vec<Attributes>,
}

/// What came so far; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Received>>);

impl Collector {
    /// Listens on a free port of this machine; stops with the runtime.
    pub(crate) async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = incoming.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        (collector, address)
    }

    /// Spans of a name.
    pub(crate) fn spans(&self, name: &str) -> Vec<Seen> {
        let received = self.0.lock().unwrap();
        received
            .spans
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }

    /// Names of all metrics that came.
    pub(crate) fn names(&self) -> Vec<String> {
        let received = self.0.lock().unwrap();
        let mut names: Vec<String> = received.series.keys().map(|(_, name, _)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every series of a metric.
    pub(crate) fn series(&self, name: &str) -> Vec<Series> {
        let received = self.0.lock().unwrap();
        let own = received.series.iter().filter(|((_, own, _), _)| own == name);
        own.map(|(_, series)| series.clone()).collect()
    }

    /// The sum of a metric over the series that have these attributes.
    pub(crate) fn sum(&self, name: &str, wanted: &[(&str, &str)]) -> i64 {
        let has = |series: &Series| {
            wanted
                .iter()
                .all(|(key, value)| series.attributes.get(*key).is_some_and(|own| own == value))
        };
        self.series(name)
            .iter()
            .filter(|series| has(series))
            .map(|series| series.value)
            .sum()
    }

    /// Resource attributes of every sender.
    pub(crate) fn resources(&self) -> Vec<Attributes> {
        self.0.lock().unwrap().resources.clone()
    }
}

fn attributes(list: &[KeyValue]) -> Attributes {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    };
    list.iter()
        .map(|attribute| (attribute.key.clone(), text(attribute)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn seen(span: &Span) -> Seen {
    Seen {
        name: span.name.clone(),
        kind: span.kind,
        trace_id: hex(&span.trace_id),
        parent: hex(&span.parent_span_id),
        is_error: span.status.as_ref().is_some_and(|status| status.code == 2),
        attributes: attributes(&span.attributes),
    }
}

/// Every series of a metric that came in one export.
fn points(metric: &Metric) -> Vec<Series> {
    let series = |attributes: &[KeyValue], value: i64, boundaries: &[f64]| Series {
        unit: metric.unit.clone(),
        attributes: self::attributes(attributes),
        value,
        boundaries: boundaries.to_vec(),
    };
    let number = |point: &NumberDataPoint| {
        let value = match point.value {
            Some(Value::AsInt(number)) => number,
            // Only a process's age is no whole number here: that it came is enough.
            Some(Value::AsDouble(_)) | None => 1,
        };
        series(&point.attributes, value, &[])
    };
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.iter().map(number).collect(),
        Some(Data::Gauge(gauge)) => gauge.data_points.iter().map(number).collect(),
        Some(Data::Histogram(histogram)) => histogram
            .data_points
            .iter()
            .map(|point| {
                let count = i64::try_from(point.count).unwrap();
                series(&point.attributes, count, &point.explicit_bounds)
            })
            .collect(),
        other => panic!("{} is of a kind that nothing here makes: {other:?}", metric.name),
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut received = self.0.lock().unwrap();
        for resource in request.into_inner().resource_spans {
            received
                .resources
                .extend(resource.resource.map(|resource| attributes(&resource.attributes)));
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            received.spans.extend(spans.map(seen));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut received = self.0.lock().unwrap();
        for resource in request.into_inner().resource_metrics {
            let own = resource
                .resource
                .map(|own| attributes(&own.attributes))
                .unwrap_or_default();
            let sender = own.get("service.instance.id").cloned().unwrap_or_default();
            received.resources.push(own);
            for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                for series in points(metric) {
                    let key = (sender.clone(), metric.name.clone(), series.attributes.clone());
                    received.series.insert(key, series);
                }
            }
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
