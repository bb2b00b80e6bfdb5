//! Asking the provider: one request over a connection of its own, bounded in time and bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use platform::outgoing::exchange;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::Error;

/// How long the provider may take, the connection included.
const WITHIN: Duration = Duration::from_secs(10);
/// Most bytes of an answer: keys and tokens are a few thousand.
const BODY_BYTES: usize = 256 << 10;

/// Whom the provider is trusted by. Which address it has is the operator's word, so it may be one inside.
#[derive(Clone)]
pub(crate) struct Https {
    tls: Arc<ClientConfig>,
    /// A sandbox may talk to a provider on this machine without TLS.
    may_be_plain: bool,
}

/// A form to post, with the value of `authorization`.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) authorization: String,
    pub(crate) body: String,
}

fn failed(what: impl Into<String>) -> Error {
    Error::ProviderUnavailable { what: what.into() }
}

impl Https {
    pub(crate) const fn new(tls: Arc<ClientConfig>, may_be_plain: bool) -> Self {
        Self { tls, may_be_plain }
    }

    /// Gets a JSON document, or posts a form and gets one.
    pub(crate) async fn ask(&self, url: &str, form: Option<Form>) -> Result<Value, Error> {
        let asking = tokio::time::timeout(WITHIN, self.exchange(url, form));
        asking.await.map_err(|_| failed(format!("{url} took too long")))?
    }

    async fn exchange(&self, url: &str, form: Option<Form>) -> Result<Value, Error> {
        let uri: Uri = url.parse().map_err(|_| failed(format!("{url} is no address")))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self.may_be_plain => false,
            _ => return Err(failed(format!("{url} is not https"))),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| failed(format!("{url} names no host")))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let request = request(&uri, form).map_err(|error| failed(error.to_string()))?;
        let unreachable = |error: std::io::Error| failed(format!("{host}:{port}: {error}"));
        let stream = TcpStream::connect((host.as_str(), port))
            .await
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let answered = if is_tls {
            let name =
                ServerName::try_from(host.clone()).map_err(|_| failed(format!("{host} is no host name")))?;
            let connector = TlsConnector::from(self.tls.clone());
            exchange(
                connector.connect(name, stream).await.map_err(unreachable)?,
                request,
            )
            .await
        } else {
            exchange(stream, request).await
        };
        let answer = answered.map_err(|error| failed(error.to_string()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES).collect().await;
        let body = body.map_err(|error| failed(error.to_string()))?.to_bytes();
        if !status.is_success() {
            // What the provider says there may quote the code; its error word alone is told.
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            let word = said["error"].as_str().unwrap_or_default();
            return Err(failed(format!("{} answered {status} {word}", uri.path())));
        }
        serde_json::from_slice(&body).map_err(|_| failed(format!("{} answered no JSON", uri.path())))
    }
}

fn request(uri: &Uri, form: Option<Form>) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .unwrap_or_default();
    let builder = Request::builder()
        .uri(path)
        .header(HOST, authority)
        .header(ACCEPT, "application/json");
    match form {
        None => builder.method(Method::GET).body(Full::default()),
        Some(form) => builder
            .method(Method::POST)
            .header(AUTHORIZATION, form.authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form.body))),
    }
}
