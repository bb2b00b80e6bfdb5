//! Open connections are counted, all of them and those of each certificate, so that file descriptors and memory are bounded. Where callers
//! need no certificate, those without one are counted by the address they come from.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
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
    per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    /// Whoever has no connection is not kept.
    by_owner: HashMap<Owner, usize>,
}

/// Whose a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    /// SHA-256 of the public key of its certificate.
    Certificate([u8; 32]),
    /// The address that one without a certificate comes from.
    Address(IpAddr),
}

impl Owner {
    /// Whose this connection is; none where it is gone already, or its certificate cannot be read.
    fn of(stream: &TlsStream<TcpStream>) -> Option<Self> {
        let (tcp, tls) = stream.get_ref();
        match tls.peer_certificates().and_then(<[_]>::first) {
            Some(certificate) => spki_digest(certificate).ok().map(Self::Certificate),
            None => tcp.peer_addr().ok().map(|peer| Self::Address(network(peer.ip()))),
        }
    }
}

/// The address itself, or the /64 that it is one of: whoever has one IPv6 address of it has them all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let count = |bound: u32| usize::try_from(bound).unwrap_or(usize::MAX);
        Arc::new(Self {
            in_all: count(limits.connections),
            per_certificate: count(limits.connections_per_certificate),
            per_address: count(limits.connections_per_address),
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
        let owner = None;
        Some(Place { connections, owner })
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    owner: Option<Owner>,
}

impl Place {
    /// The connection in this place, now that it is known whose it is; none where they have as many as they may.
    pub(super) fn of(mut self, stream: TlsStream<TcpStream>) -> Option<Connection> {
        let owner = Owner::of(&stream)?;
        let most = match owner {
            Owner::Certificate(_) => self.connections.per_certificate,
            Owner::Address(_) => self.connections.per_address,
        };
        let mut open = self.connections.lock();
        let own = open.by_owner.get(&owner).copied().unwrap_or_default();
        if own >= most && !twin::is_on(Twin::NoLimits) {
            return None;
        }
        open.by_owner.insert(owner, own.saturating_add(1));
        drop(open);
        self.owner = Some(owner);
        Some(Connection { stream, _place: self })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.in_all = open.in_all.saturating_sub(1);
        if let Some(owner) = self.owner
            && let Some(own) = open.by_owner.get_mut(&owner)
        {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.by_owner.remove(&owner);
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

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
