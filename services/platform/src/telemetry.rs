//! Logs on stderr; traces to a collector, to a file, or nowhere; metrics to the collector or nowhere. Trace ids exist in all
//! cases, so that an error message, a log line and a stored row can name theirs.

mod lines;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
};
use serde_json::{Map, Value, json};
use tracing::{Level, Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Settings};
use crate::error::Error;
use crate::metrics;

const SERVICE_NAME: &str = "zhirong";
/// Spans that may wait for the exporter before new ones are dropped.
const QUEUE_SPANS: usize = 16_384;

/// Sends out the last spans and figures when dropped; keep it until the end of `main`.
#[derive(Debug)]
pub struct Guard {
    provider: SdkTracerProvider,
    meters: Option<SdkMeterProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "last spans were not sent");
        }
        if let Some(error) = self.meters.as_ref().and_then(|meters| meters.shutdown().err()) {
            tracing::warn!(%error, "last figures were not sent");
        }
    }
}

/// Sets up logs, traces and metrics for the whole process. With an OTLP endpoint it must be called inside
/// the tokio runtime. Metrics go out each minute, or as `OTEL_METRIC_EXPORT_INTERVAL` says in milliseconds; a collector that
/// is away costs what it misses and nothing else.
///
/// # Errors
/// [`Error::Telemetry`] when called twice or the exporter cannot be made; [`Error::Io`] for the
/// trace file; [`Error::Config`] for a malformed level.
pub fn init(settings: &Settings) -> Result<Guard, Error> {
    let filter = EnvFilter::try_new(&settings.log_level)
        .map_err(|error| Error::config("log_level", error.to_string(), error.to_string()))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .map_event_format(lines::Traced)
            .boxed(),
        LogFormat::Text => lines.boxed(),
    };
    let resource = resource(settings);
    let provider = provider(settings, resource.clone())?;
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE_NAME))
        .with_location(false)
        .with_threads(false)
        .with_filter(tracing_subscriber::filter::filter_fn(is_exported));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces)
        .try_init()
        .map_err(|error| Error::Telemetry(error.to_string()))?;
    Ok(Guard {
        provider,
        meters: meters(settings, resource)?,
    })
}

/// Whether a filter of log lines lets any below `info` through.
#[must_use]
pub fn is_verbose(filter: &str) -> bool {
    let most = EnvFilter::try_new(filter)
        .ok()
        .and_then(|filter| filter.max_level_hint());
    most.is_none_or(|most| most > tracing::Level::INFO)
}

/// Only spans of the work itself: what the exporter and its transport do would feed on itself.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    const PLUMBING: [&str; 5] = ["opentelemetry", "tonic", "tower", "h2", "hyper"];
    metadata.is_span()
        && *metadata.level() <= Level::INFO
        && !PLUMBING
            .iter()
            .any(|prefix| metadata.target().starts_with(prefix))
}

/// Who sends: the program, or the part of it that a process serves, with the names of its roles behind.
fn resource(settings: &Settings) -> Resource {
    let name: Vec<&str> = std::iter::once(SERVICE_NAME)
        .chain(settings.roles.iter().map(String::as_str))
        .collect();
    Resource::builder()
        .with_service_name(name.join("-"))
        .with_attributes([
            KeyValue::new("service.namespace", SERVICE_NAME),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", crate::ids::new_v4().to_string()),
        ])
        .build()
}

fn meters(settings: &Settings, resource: Resource) -> Result<Option<SdkMeterProvider>, Error> {
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(None);
    };
    let exporter = opentelemetry_otlp::MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| Error::Telemetry(error.to_string()))?;
    let meters = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_periodic_exporter(exporter)
        .build();
    let meter = meters.meter(SERVICE_NAME);
    metrics::observe_process(&meter);
    metrics::switch_on(meter);
    Ok(Some(meters))
}

fn provider(settings: &Settings, resource: Resource) -> Result<SdkTracerProvider, Error> {
    let mut builder = SdkTracerProvider::builder().with_resource(resource);
    if let Some(path) = &settings.trace_file {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| Error::io("opening", path, error))?;
        builder = builder.with_span_processor(batched(FileExporter {
            file: Mutex::new(BufWriter::new(file)),
        }));
    }
    if let Some(endpoint) = &settings.otlp_endpoint {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()
            .map_err(|error| Error::Telemetry(error.to_string()))?;
        builder = builder.with_span_processor(batched(exporter));
    }
    Ok(builder.build())
}

fn batched<E: SpanExporter + 'static>(exporter: E) -> BatchSpanProcessor {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE_SPANS)
        .build();
    BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build()
}

/// Writes one JSON object a line for each finished span.
#[derive(Debug)]
struct FileExporter {
    file: Mutex<BufWriter<File>>,
}

impl SpanExporter for FileExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || {
            for span in &batch {
                writeln!(file, "{}", line(span))?;
            }
            file.flush()
        };
        write().map_err(|error: std::io::Error| OTelSdkError::InternalFailure(error.to_string()))
    }
}

fn line(span: &SpanData) -> Value {
    let attributes: Map<String, Value> = span
        .attributes
        .iter()
        .map(|attribute| {
            (
                attribute.key.to_string(),
                Value::String(attribute.value.to_string()),
            )
        })
        .collect();
    let links: Vec<String> = span
        .links
        .iter()
        .map(|link| traceparent(&link.span_context))
        .collect();
    let parent = (span.parent_span_id != SpanId::INVALID).then(|| span.parent_span_id.to_string());
    let time =
        |moment: SystemTime| DateTime::<Utc>::from(moment).to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({
        "trace_id": span.span_context.trace_id().to_string(),
        "span_id": span.span_context.span_id().to_string(),
        "parent": parent,
        "name": span.name,
        "start": time(span.start_time),
        "end": time(span.end_time),
        "attributes": attributes,
        "links": links,
    })
}

fn traceparent(context: &SpanContext) -> String {
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    )
}

fn current() -> Option<SpanContext> {
    let context = Span::current().context().span().span_context().clone();
    context.is_valid().then_some(context)
}

/// Trace id of the current span, 32 hexadecimal digits.
pub fn current_trace_id() -> Option<String> {
    current().map(|context| context.trace_id().to_string())
}

/// The current span in the form of the W3C `traceparent` header, to be stored or passed on.
pub fn current_traceparent() -> Option<String> {
    current().map(|context| traceparent(&context))
}

/// Links the current span to one that was stored as `traceparent`; ignores a malformed one.
pub fn link_to(traceparent: &str) {
    let context = extract(traceparent).span().span_context().clone();
    if context.is_valid() {
        Span::current().add_link(context);
    }
}

/// Makes `span`, not yet entered, a child of a span known by its `traceparent`; ignores a malformed
/// one.
pub fn continue_from(span: &Span, traceparent: &str) {
    let context = extract(traceparent);
    if context.span().span_context().is_valid()
        && let Err(error) = span.set_parent(context)
    {
        tracing::debug!(%error, "span has no parent");
    }
}

fn extract(traceparent: &str) -> opentelemetry::Context {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &carrier)
}
