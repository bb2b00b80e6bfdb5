//! Accepts TLS connections for HTTP/2 and HTTP/1.1, each handshake on its own.
//!
//! tonic's own acceptor offers HTTP/2 alone, so a caller that speaks only HTTP/1.1 could not talk at all.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tonic::transport::server::TcpIncoming;

use crate::error::Error;
use crate::identity::Identity;

/// Longest time for a handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Handshakes under way at once. An honest one takes milliseconds, so where there are more the oldest is given up.
const HANDSHAKES_MAX: usize = 256;
/// Pause after the system refused to hand over a connection, most often for want of file descriptors.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// What the server offers: its certificate, the two protocols, and that callers must have a certificate too, where they need one.
///
/// # Errors
/// [`Error::Identity`] for certificates or a key that cannot be used.
pub(super) fn acceptor(identity: &Identity, needs_certificate: bool) -> Result<TlsAcceptor, Error> {
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
        WebPkiClientVerifier::builder(roots.into())
            .build()
            .map_err(|error| wrong(error.to_string()))?
    } else {
        WebPkiClientVerifier::no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())
        .map_err(|error| wrong(error.to_string()))?;
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(callers)
        .with_single_cert(certificates(&identity.certificate_pem)?, key)
        .map_err(|error| wrong(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Connection = TlsStream<TcpStream>;

/// Connections whose handshake is done. Slow and silent callers hold up nobody else.
pub(super) struct TlsIncoming {
    incoming: TcpIncoming,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<Connection>>,
    /// The handshakes, oldest first; some may be done.
    by_age: VecDeque<AbortHandle>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl TlsIncoming {
    pub(super) fn new(incoming: TcpIncoming, acceptor: TlsAcceptor) -> Self {
        Self {
            incoming,
            acceptor,
            handshakes: JoinSet::new(),
            by_age: VecDeque::new(),
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
        if self.by_age.len() >= HANDSHAKES_MAX
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        let accepting = self.acceptor.accept(connection);
        let handshake = self.handshakes.spawn(async move {
            match tokio::time::timeout(HANDSHAKE_TIME, accepting).await {
                Ok(Ok(connection)) => Some(connection),
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
