//! Open connections are counted, all of them and those of each certificate, so that file descriptors and memory are bounded.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::limits::Limits;
use crate::identity::spki_digest;
use crate::twin::{self, Twin};

/// The connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    in_all: usize,
    per_certificate: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    /// By the SHA-256 digest of the public key; keys without a connection are not kept.
    by_key: HashMap<[u8; 32], usize>,
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let count = |bound: u32| usize::try_from(bound).unwrap_or(usize::MAX);
        Arc::new(Self {
            in_all: count(limits.connections),
            per_certificate: count(limits.connections_per_certificate),
            open: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection whose caller is not known yet; none where all are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.lock();
        if open.in_all >= self.in_all && !twin::is_on(Twin::NoLimits) {
            return None;
        }
        open.in_all = open.in_all.saturating_add(1);
        let connections = self.clone();
        let key = None;
        Some(Place { connections, key })
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    key: Option<[u8; 32]>,
}

impl Place {
    /// The connection in this place, now that its certificate is known; none where that certificate has as many as it may.
    pub(super) fn of(mut self, stream: TlsStream<TcpStream>) -> Option<Connection> {
        let certificates = stream.get_ref().1.peer_certificates()?;
        let key = spki_digest(certificates.first()?).ok()?;
        let mut open = self.connections.lock();
        let own = open.by_key.get(&key).copied().unwrap_or_default();
        if own >= self.connections.per_certificate && !twin::is_on(Twin::NoLimits) {
            return None;
        }
        open.by_key.insert(key, own.saturating_add(1));
        drop(open);
        self.key = Some(key);
        Some(Connection { stream, _place: self })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.in_all = open.in_all.saturating_sub(1);
        if let Some(key) = self.key
            && let Some(own) = open.by_key.get_mut(&key)
        {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.by_key.remove(&key);
            }
        }
    }
}

/// A connection whose handshake is done, in its place.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    _place: Place,
}

impl Connected for Connection {
    type ConnectInfo = <TlsStream<TcpStream> as Connected>::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
