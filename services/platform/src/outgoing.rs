//! Calls to servers of others over connections of their own: whom they are trusted by, and one HTTP/1.1 request a connection. Which
//! addresses may be called, and how long it may take, is the caller's to say.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Error;

/// Most bytes of an answer's head.
const HEAD_BYTES: usize = 64 << 10;

/// Trusts the system's authorities and those given as PEM text, which the setting of this name holds.
///
/// # Errors
/// [`Error::Config`] where the text holds something else than certificates.
pub fn client_tls(setting: &str, authorities_pem: &str) -> Result<Arc<ClientConfig>, Error> {
    let wrong = || Error::config(setting, "应为 PEM 证书文件", "must be a file of PEM certificates");
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(system.certs);
    if taken == 0 {
        tracing::warn!("the system has no certificate authorities: others are trusted by {setting} alone");
    }
    for certificate in CertificateDer::pem_slice_iter(authorities_pem.as_bytes()) {
        let added = certificate
            .ok()
            .and_then(|certificate| roots.add(certificate).ok());
        added.ok_or_else(wrong)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| wrong())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(tls))
}

/// Sends one request over a connection and waits for the head of the answer; redirects are answers.
///
/// # Errors
/// A connection that breaks, or an answer that is no HTTP.
pub async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await?;
    // Ends by itself once the request and the body of its answer are dropped.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to another's server ended");
        }
    });
    sender.send_request(request).await
}
