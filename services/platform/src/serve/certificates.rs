//! The server's certificate and the authorities it trusts, taken up anew when their files change: no connection is closed for it, and files
//! that do not fit are refused while the old ones stay in use.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use super::tls;
use crate::clock::Clock;
use crate::error::Error;
use crate::files::read_if_there;
use crate::identity::{Purpose, check, load_identity};

/// How often the files are looked at; SIGHUP looks at once.
const EVERY: Duration = Duration::from_secs(2);
/// Name of the server's own pair.
const SERVER: &str = "server";
/// Serials that the authorities took back (PEM), where an operator keeps such a list beside `ca.pem`.
const REVOKED: &str = "ca.crl";

/// What the next handshake goes by.
#[derive(Clone)]
pub(super) struct Current(Arc<RwLock<TlsAcceptor>>);

impl Current {
    pub(super) fn new(acceptor: TlsAcceptor) -> Self {
        Self(Arc::new(RwLock::new(acceptor)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_up(&self, acceptor: TlsAcceptor) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }
}

/// Takes up what stands in a folder whenever it changes; never ends.
pub(super) async fn follow(current: Current, needs_certificate: bool, dir: Option<PathBuf>) -> Infallible {
    let Some(dir) = dir else {
        return std::future::pending().await;
    };
    let mut hangup = signal(SignalKind::hangup())
        .inspect_err(
            |error| tracing::warn!(%error, "SIGHUP cannot be heard; certificates are looked at in turn"),
        )
        .ok();
    let mut known = digest(&dir);
    loop {
        let asked = async {
            match &mut hangup {
                Some(hangup) => {
                    let _heard = hangup.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = asked => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        let found = digest(&dir);
        if found == known {
            continue;
        }
        // What does not fit is told once and not every time; a file that is still being written changes again.
        known = found;
        match read(&dir, needs_certificate) {
            Ok(acceptor) => {
                current.take_up(acceptor);
                tracing::info!(folder = %dir.display(), "new certificates are in use");
            }
            Err(error) => {
                tracing::error!(%error, folder = %dir.display(), "new certificates do not fit; those in use stay");
            }
        }
    }
}

/// One digest over the files that count.
fn digest(dir: &Path) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for name in ["ca.pem", "server.pem", "server.key", REVOKED] {
        let bytes = std::fs::read(dir.join(name)).unwrap_or_default();
        hasher.update(bytes.len().to_be_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().into()
}

/// The list of revoked serials in a folder, if there is one.
pub(super) fn revoked_of(dir: &Path) -> Result<Option<String>, Error> {
    read_if_there(&dir.join(REVOKED))
}

/// What stands in a folder, where it can be used now.
fn read(dir: &Path, needs_certificate: bool) -> Result<TlsAcceptor, Error> {
    let identity = load_identity(dir, SERVER)?;
    check(&identity, Purpose::Server, SERVER, Clock::System.now())?;
    tls::acceptor(&identity, needs_certificate, revoked_of(dir)?.as_deref())
}
