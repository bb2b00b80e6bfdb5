//! The network server: mutual TLS, limits, health, reflection and an orderly end.

mod certificates;
mod connections;
mod layer;
mod limits;
mod refusal;
mod tls;
mod upload;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming, TlsConnectInfo};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::error::Error;
use crate::identity::{Identity, spki_digest};
use certificates::Current;
pub use layer::Methods;
use layer::TraceLayer;
pub use limits::{Limits, MAX_MESSAGE_BYTES, max_message_bytes};
use tls::TlsIncoming;

/// How long calls under way may go on after the signal to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

/// What a server needs besides its services.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and the authority that callers' certificates must come from.
    pub identity: Identity,
    /// Whether a caller needs a certificate. Without one it can sign in, or is nobody.
    pub needs_certificate: bool,
    /// Folder that the identity came from, where a change of its files is to be taken up (with `ca.crl`, if there is one).
    pub follow: Option<PathBuf>,
    /// Encoded `FileDescriptorSet`s for reflection (v1 and v1alpha); none switches it off.
    pub descriptors: Vec<&'static [u8]>,
    /// Full names of services that the health service reports, besides the server itself.
    pub health: Vec<&'static str>,
    /// What its methods are called, so that no span is named by a caller who asks for another.
    pub methods: Methods,
    /// What it gives to its callers.
    pub limits: Limits,
    /// Between telling health probes that it stops and closing connections: until then a load balancer may still send it callers.
    pub drain: Duration,
}

impl Server {
    /// A server for callers with certificates, without reflection and with the limits that the product runs with.
    pub fn new(listen: SocketAddr, identity: Identity) -> Self {
        Self {
            listen,
            identity,
            needs_certificate: true,
            follow: None,
            descriptors: Vec::new(),
            health: Vec::new(),
            methods: None,
            limits: Limits::default(),
            drain: Duration::ZERO,
        }
    }

    /// Listens and serves `routes` in a task of its own until `shutdown` ends.
    ///
    /// # Errors
    /// [`Error::Identity`] for certificates; [`Error::Io`] when the address is taken;
    /// [`Error::Start`] for malformed descriptors; [`Error::Config`] for a limit outside its range.
    pub async fn start(
        self,
        routes: Routes,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Running, Error> {
        self.limits.check()?;
        install_crypto_provider();
        let listening = |source| Error::Io {
            what: format!("listening on {}", self.listen),
            source,
        };
        let incoming = TcpIncoming::bind(self.listen)
            .map_err(listening)?
            .with_nodelay(Some(true));
        let address = incoming.local_addr().map_err(listening)?;
        let (reporter, health_service) = tonic_health::server::health_reporter();
        set_health(&reporter, &self.health, ServingStatus::Serving).await;
        let routes = self.with_reflection(routes.add_service(health_service))?;
        let router = self
            .limits
            .builder()
            .layer(TraceLayer::new(address, &self.limits, self.methods.clone()))
            .add_routes(routes);
        let revoked = match &self.follow {
            Some(dir) => certificates::revoked_of(dir)?,
            None => None,
        };
        let acceptor = tls::acceptor(&self.identity, self.needs_certificate, revoked.as_deref())?;
        let current = Current::new(acceptor);
        let incoming = TlsIncoming::new(incoming, current.clone(), &self.limits);
        let following = certificates::follow(current, self.needs_certificate, self.follow.clone());
        let (stopping, stopped) = oneshot::channel();
        let names = self.health.clone();
        let drain = self.drain;
        let signal = async move {
            shutdown.await;
            set_health(&reporter, &names, ServingStatus::NotServing).await;
            tokio::time::sleep(drain).await;
            // The receiver lives as long as the server; nobody misses the message after it.
            stopping.send(()).unwrap_or(());
        };
        let task = tokio::spawn(async move {
            let serving = router.serve_with_incoming_shutdown(incoming, signal);
            let overtime = async {
                match stopped.await {
                    Ok(()) => tokio::time::sleep(SHUTDOWN_GRACE).await,
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                never = following => match never {},
                result = serving => result.map_err(Error::Transport),
                () = overtime => {
                    tracing::warn!("calls still open at the end of the grace period are cut");
                    Ok(())
                }
            }
        });
        Ok(Running { address, task })
    }

    fn with_reflection(&self, routes: Routes) -> Result<Routes, Error> {
        if self.descriptors.is_empty() {
            return Ok(routes);
        }
        let configured = || {
            let start = tonic_reflection::server::Builder::configure();
            self.descriptors.iter().fold(start, |builder, set| {
                builder.register_encoded_file_descriptor_set(set)
            })
        };
        // Many tools speak only the older of the two.
        let malformed = |error: tonic_reflection::server::Error| {
            Error::start(
                "DESCRIPTORS_INVALID",
                format!("接口描述无效:{error}"),
                format!("descriptors: {error}"),
            )
        };
        let v1 = configured().build_v1().map_err(malformed)?;
        let v1alpha = configured().build_v1alpha().map_err(malformed)?;
        Ok(routes.add_service(v1).add_service(v1alpha))
    }
}

async fn set_health(reporter: &HealthReporter, names: &[&'static str], status: ServingStatus) {
    reporter.set_service_status("", status).await;
    for name in names {
        reporter.set_service_status(*name, status).await;
    }
}

/// A server at work.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// The address it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// [`Error::Transport`] when it failed; [`Error::Task`] when its task panicked.
    pub async fn finished(self) -> Result<(), Error> {
        self.task.await?
    }
}

/// Chooses the one cryptography provider of the process; later calls change nothing.
pub fn install_crypto_provider() {
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        tracing::trace!("a cryptography provider is already installed");
    }
}

/// Ends when the process is asked to stop: Ctrl-C or SIGTERM.
pub async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// SHA-256 of the caller's public key, from the extensions of a request; `None` without mutual TLS.
pub fn peer_spki(extensions: &tonic::Extensions) -> Option<[u8; 32]> {
    let certificates = extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?.peer_certs()?;
    spki_digest(certificates.first()?).ok()
}
