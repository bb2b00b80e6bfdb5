//! Instruments: what is counted and measured, sent to a collector over OTLP; without a collector they cost a look at one flag.
//!
//! An instrument is a `static` beside the code that records it; its name, unit and attributes are a contract (docs/metrics.md).
//! Inside a transaction nothing is recorded before the commit: see [`Instrument::record`].

mod pending;
mod process;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

pub(crate) use pending::collect;
pub(crate) use process::{observe_pool, observe_process};

/// Set once the process has a collector.
static METER: OnceLock<Meter> = OnceLock::new();

/// Boundaries in seconds for the time of calls, as the semantic conventions for RPC advise them.
pub const CALL_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Boundaries in seconds for the time of database work, as the semantic conventions for databases give them.
pub const DATABASE_SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// A name and a value out of a small closed set: every combination is a series that a collector keeps.
pub type Attribute<'a> = (&'static str, &'a str);

/// What is done with a recorded value.
pub trait Kind: Send + Sync + Sized + 'static {
    /// What is recorded.
    type Value: Copy + Send + 'static;

    /// Makes the instrument.
    fn make(meter: &Meter, described: &Instrument<Self>) -> Self;

    /// Records one value.
    fn put(&self, value: Self::Value, attributes: &[KeyValue]);
}

/// One instrument of the process.
#[derive(Debug)]
pub struct Instrument<K> {
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    boundaries: &'static [f64],
    made: OnceLock<K>,
}

/// A sum that only grows, of whole units (`{fen}` for money).
pub type Counter = Instrument<opentelemetry::metrics::Counter<u64>>;
/// A value that is what was recorded last.
pub type Gauge = Instrument<opentelemetry::metrics::Gauge<i64>>;
/// How often which whole numbers were recorded.
pub type Distribution = Instrument<opentelemetry::metrics::Histogram<u64>>;
/// How often what time was taken, in seconds.
pub type Timing = Instrument<opentelemetry::metrics::Histogram<f64>>;

impl<K: Kind> Instrument<K> {
    /// An instrument by its name, its unit in UCUM and one sentence of what it counts.
    pub const fn new(name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self::bounded(name, unit, about, &[])
    }

    /// As [`Instrument::new`], with the boundaries of a distribution.
    pub const fn bounded(
        name: &'static str,
        unit: &'static str,
        about: &'static str,
        boundaries: &'static [f64],
    ) -> Self {
        Self {
            name,
            unit,
            about,
            boundaries,
            made: OnceLock::new(),
        }
    }

    /// The name that the collector sees.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Records a value. In work given to [`crate::database::Database::run`] and its siblings it is kept until the commit: work
    /// that is rolled back records nothing, and work that is tried again records what its last try did. Elsewhere it is recorded
    /// at once. Without a collector it does nothing.
    pub fn record(&'static self, value: K::Value, attributes: &[Attribute<'_>]) {
        if !is_on() {
            return;
        }
        let attributes: Vec<KeyValue> = attributes
            .iter()
            .map(|(name, value)| KeyValue::new(*name, (*value).to_owned()))
            .collect();
        pending::after_commit(Box::new(move || self.put(value, &attributes)));
    }

    /// Records a value at once, whatever becomes of a transaction.
    pub(crate) fn put(&self, value: K::Value, attributes: &[KeyValue]) {
        if let Some(meter) = METER.get() {
            self.made
                .get_or_init(|| K::make(meter, self))
                .put(value, attributes);
        }
    }
}

impl Kind for opentelemetry::metrics::Counter<u64> {
    type Value = u64;

    fn make(meter: &Meter, described: &Instrument<Self>) -> Self {
        meter
            .u64_counter(described.name)
            .with_unit(described.unit)
            .with_description(described.about)
            .build()
    }

    fn put(&self, value: u64, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }
}

impl Kind for opentelemetry::metrics::Gauge<i64> {
    type Value = i64;

    fn make(meter: &Meter, described: &Instrument<Self>) -> Self {
        meter
            .i64_gauge(described.name)
            .with_unit(described.unit)
            .with_description(described.about)
            .build()
    }

    fn put(&self, value: i64, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }
}

impl Kind for opentelemetry::metrics::Histogram<u64> {
    type Value = u64;

    fn make(meter: &Meter, described: &Instrument<Self>) -> Self {
        meter
            .u64_histogram(described.name)
            .with_unit(described.unit)
            .with_description(described.about)
            .with_boundaries(described.boundaries.to_vec())
            .build()
    }

    fn put(&self, value: u64, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }
}

impl Kind for opentelemetry::metrics::Histogram<f64> {
    type Value = Duration;

    fn make(meter: &Meter, described: &Instrument<Self>) -> Self {
        meter
            .f64_histogram(described.name)
            .with_unit(described.unit)
            .with_description(described.about)
            .with_boundaries(described.boundaries.to_vec())
            .build()
    }

    fn put(&self, value: Duration, attributes: &[KeyValue]) {
        self.record(value.as_secs_f64(), attributes);
    }
}

/// Whether the process has a collector: what is measured by asking the database need not be asked for without one.
pub fn is_on() -> bool {
    METER.get().is_some()
}

/// The meter, if there is a collector.
pub(crate) fn meter() -> Option<&'static Meter> {
    METER.get()
}

/// Sends what is recorded from here on to `meter`; the first one of a process stays.
pub(crate) fn switch_on(meter: Meter) {
    METER.get_or_init(|| meter);
}
