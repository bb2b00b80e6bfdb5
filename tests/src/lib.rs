//! The harness of every test: real nodes with a real embedded PostgreSQL, real clients over mutual TLS, identifiers whose
//! check digits are right, and the acceptance cases of `tests/cases`.
//!
//! Nothing here stands in for a part of the product. A test that needs the services calls [`run`] and [`sandbox::shared`];
//! one that settles takes a policy year of its own from [`ids::year`], since a city and year has one draft at a time.

pub mod answer;
pub mod batch;
pub mod bench;
pub mod cases;
pub mod certificates;
pub mod clients;
pub mod cluster;
pub mod command;
pub mod desk;
pub mod docs;
pub mod dynamic;
pub mod earnest;
pub mod fault_proxy;
pub mod faults;
pub mod figure;
pub mod fingerprint;
pub mod groups;
pub mod hostile;
pub mod http;
pub mod ids;
pub mod import;
pub mod last_run;
pub mod lines;
pub mod parity;
pub mod people;
pub mod process;
pub mod proofs;
pub mod pull;
pub mod receiver;
pub mod records;
pub mod roles;
pub mod sandbox;
pub mod sbom;
pub mod scene;
pub mod service_config;
pub mod strangers;
pub mod upload;

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// The runtime of all tests of a binary: it outlives each of them, and so do the nodes that they share.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
});

/// Runs a test on the common runtime.
pub fn run<F: Future>(test: F) -> F::Output {
    RUNTIME.block_on(test)
}
