//! Where a node listens, and what it gives to whoever calls there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ledger::Error;
use ledger::admission::Bounds;
use platform::config::Settings;
use platform::identity::Identity;
use platform::serve::{Limits, Running, Server};
use tokio::sync::oneshot;
use tonic::service::Routes;

use super::{IDENTITY, routes};

/// The server of these settings, for callers with certificates.
pub(super) fn server_of(
    settings: &Settings,
    identity: Identity,
    roles: &[&'static str],
) -> Result<Server, Error> {
    Ok(Server {
        descriptors: (settings.sandbox || settings.reflection)
            .then_some(api::FILE_DESCRIPTOR_SET)
            .into_iter()
            .collect(),
        health: routes::health_of(roles),
        methods: Some(Arc::new(routes::method_names()?)),
        limits: Limits {
            connections: settings.connections.into(),
            connections_per_certificate: settings.connections_per_certificate.into(),
            ..Limits::default()
        },
        follow: Some(settings.data.join(IDENTITY)),
        drain: Duration::from_secs(settings.drain_seconds.into()),
        ..Server::new(settings.listen, identity)
    })
}

/// How many calls may be under way.
pub(super) fn bounds_of(settings: &Settings) -> Bounds {
    Bounds {
        per_holder: usize::from(settings.calls_per_institution),
        in_all: usize::from(settings.calls_at_once),
    }
}

/// The same server at the address for people, who need no certificate there.
pub(super) fn for_people(server: &Server, listen: SocketAddr) -> Server {
    Server {
        listen,
        needs_certificate: false,
        ..server.clone()
    }
}

/// Starts a listener, with what stops it.
pub(super) async fn start(server: Server, routes: Routes) -> Result<(oneshot::Sender<()>, Running), Error> {
    let (stop, stopped) = oneshot::channel();
    let running = server
        .start(routes, async move {
            // A node that was dropped without a word stops too.
            let _dropped = stopped.await;
        })
        .await?;
    Ok((stop, running))
}
