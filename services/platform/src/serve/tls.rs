//! Accepts TLS connections for HTTP/2 and HTTP/1.1, each handshake on its own.
//!
//! tonic's own acceptor offers HTTP/2 alone, so a caller that speaks only HTTP/1.1 could not talk at all.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tonic::transport::server::TcpIncoming;

use super::certificates::Current;
use super::connections::{Connection, Connections};
use super::limits::Limits;
use crate::error::Error;
use crate::identity::Identity;
use crate::twin::{self, Twin};

/// Pause between two lines of the log about connections that were closed for want of a place.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// Pause after the system refused to hand over a connection, most often for want of file descriptors.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// What the server offers: its certificate, the two protocols, and that callers must have a certificate too where they need one: of one of
/// the authorities and on none of their lists of revoked ones.
///
/// # Errors
/// [`Error::Identity`] for certificates or a key that cannot be used.
pub(super) fn acceptor(
    identity: &Identity,
    needs_certificate: bool,
    revoked_pem: Option<&str>,
) -> Result<TlsAcceptor, Error> {
    let wrong = |what: String| Error::Identity {
        name: "server".to_owned(),
        what,
    };
    let certificates = |pem: &str| -> Result<Vec<CertificateDer<'static>>, Error> {
        let all = CertificateDer::pem_slice_iter(pem.as_bytes());
        all.collect::<Result<_, _>>()
            .map_err(|error| wrong(error.to_string()))
    };
    let mut roots = RootCertStore::empty();
    for root in certificates(&identity.ca_pem)? {
        roots.add(root).map_err(|error| wrong(error.to_string()))?;
    }
    let callers = if needs_certificate {
        let lists = CertificateRevocationListDer::pem_slice_iter(revoked_pem.unwrap_or_default().as_bytes());
        let lists: Vec<_> = lists
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        let mut callers = WebPkiClientVerifier::builder(roots.into());
        if !lists.is_empty() {
            // Of several authorities one may keep no list.
            callers = callers
                .with_crls(lists)
                .only_check_end_entity_revocation()
                .allow_unknown_revocation_status();
        }
        callers.build().map_err(|error| wrong(error.to_string()))?
    } else {
        WebPkiClientVerifier::no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())
        .map_err(|error| wrong(error.to_string()))?;
    // The 1.2 that rustls speaks as well is offered to nobody.
    let mut config = ServerConfig::builder_with_protocol_versions(&[&TLS13])
        .with_client_cert_verifier(callers)
        .with_single_cert(certificates(&identity.certificate_pem)?, key)
        .map_err(|error| wrong(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Connections whose handshake is done. Slow and silent callers hold up nobody else.
pub(super) struct TlsIncoming {
    incoming: TcpIncoming,
    current: Current,
    handshakes: JoinSet<Option<Connection>>,
    /// The handshakes, oldest first; some may be done.
    by_age: VecDeque<AbortHandle>,
    handshakes_most: usize,
    handshake_time: Duration,
    connections: Arc<Connections>,
    told: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl TlsIncoming {
    pub(super) fn new(incoming: TcpIncoming, current: Current, limits: &Limits) -> Self {
        Self {
            incoming,
            current,
            handshakes: JoinSet::new(),
            by_age: VecDeque::new(),
            handshakes_most: usize::try_from(limits.handshakes).unwrap_or(usize::MAX),
            handshake_time: limits.handshake_time,
            connections: Connections::new(limits),
            told: None,
            pause: None,
        }
    }

    /// Begins the handshakes of the connections that are waiting; none is left where this returns false.
    fn accept(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(context).is_pending() {
                    return true;
                }
                self.pause = None;
            }
            match Pin::new(&mut self.incoming).poll_next(context) {
                Poll::Ready(Some(Ok(connection))) => self.begin(connection),
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(%error, "no connection was handed over");
                    self.pause = Some(Box::pin(tokio::time::sleep(REFUSED_PAUSE)));
                }
                Poll::Ready(None) => return false,
                Poll::Pending => return true,
            }
        }
    }

    fn begin(&mut self, connection: TcpStream) {
        self.by_age.retain(|handshake| !handshake.is_finished());
        if self.by_age.len() >= self.handshakes_most
            && !twin::is_on(Twin::NoLimits)
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        let Some(place) = self.connections.take() else {
            if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                tracing::warn!("as many connections are open as may be: further ones are closed");
                self.told = Some(Instant::now());
            }
            return;
        };
        let (accepting, time) = (self.current.acceptor().accept(connection), self.handshake_time);
        let handshake = self.handshakes.spawn(async move {
            match tokio::time::timeout(time, accepting).await {
                Ok(Ok(connection)) => {
                    let counted = place.of(connection);
                    if counted.is_none() {
                        tracing::info!(
                            "a certificate or an address has as many connections as it may: a further one is closed"
                        );
                    }
                    counted
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!("a handshake took too long");
                    None
                }
            }
        });
        self.by_age.push_back(handshake);
    }
}

impl Stream for TlsIncoming {
    type Item = io::Result<Connection>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let is_open = this.accept(context);
        loop {
            match this.handshakes.poll_join_next(context) {
                Poll::Ready(Some(Ok(Some(connection)))) => return Poll::Ready(Some(Ok(connection))),
                // A handshake that failed, or was given up.
                Poll::Ready(Some(Ok(None) | Err(_))) => {}
                Poll::Ready(None) if !is_open => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}
