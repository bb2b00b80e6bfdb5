//! What is read when the collector is sent to: the process itself and its database connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use sqlx::PgPool;

/// Registers the age and the memory of the process.
pub(crate) fn observe_process(meter: &Meter) {
    let begun = Instant::now();
    meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_description("Time since the program was started.")
        .with_callback(move |observer| observer.observe(begun.elapsed().as_secs_f64(), &[]))
        .build();
    meter
        .i64_observable_up_down_counter("process.memory.usage")
        .with_unit("By")
        .with_description("Physical memory in use.")
        .with_callback(|observer| {
            if let Some(bytes) = resident_bytes() {
                observer.observe(bytes, &[]);
            }
        })
        .build();
}

/// Physical memory of the process, where the system tells (Linux).
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// Registers the connections of a pool: used and idle, waited for, and how many there may be.
pub(crate) fn observe_pool(name: &str, max: u32, pool: &PgPool, waiting: &Arc<AtomicI64>) {
    let Some(meter) = super::meter() else {
        return;
    };
    let of_pool = KeyValue::new("db.client.connection.pool.name", name.to_owned());
    let in_state = |state: &'static str| {
        [
            of_pool.clone(),
            KeyValue::new("db.client.connection.state", state),
        ]
    };
    let (used, idle) = (in_state("used"), in_state("idle"));
    let open = pool.clone();
    meter
        .i64_observable_up_down_counter("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("Open database connections by state.")
        .with_callback(move |observer| {
            let free = i64::try_from(open.num_idle()).unwrap_or(i64::MAX);
            observer.observe(free, &idle);
            observer.observe(i64::from(open.size()).saturating_sub(free).max(0), &used);
        })
        .build();
    let (of_max, of_waiting, waiting) = ([of_pool.clone()], [of_pool], waiting.clone());
    meter
        .i64_observable_up_down_counter("db.client.connection.max")
        .with_unit("{connection}")
        .with_description("Most database connections that may be open.")
        .with_callback(move |observer| observer.observe(i64::from(max), &of_max))
        .build();
    meter
        .i64_observable_up_down_counter("db.client.connection.pending_requests")
        .with_unit("{request}")
        .with_description("Transactions that wait for a database connection.")
        .with_callback(move |observer| observer.observe(waiting.load(Ordering::Relaxed), &of_waiting))
        .build();
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_process_holds_memory() {
        assert!(super::resident_bytes().unwrap() > 1 << 20);
    }
}
