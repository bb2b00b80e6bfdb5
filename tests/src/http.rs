//! A plain HTTP client with a client certificate, of either version: what a caller without gRPC has.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use platform::identity::{Identity, load_identity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::sandbox::Sandbox;

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// One request at a time, a connection each.
    Http1,
    /// All requests over one connection.
    Http2,
}

/// A body to send.
pub type Sent = UnsyncBoxBody<Bytes, Infallible>;

/// A client of a sandbox with one of its certificates.
pub struct Http {
    address: SocketAddr,
    connector: TlsConnector,
    version: Version,
    shared: Mutex<Option<http2::SendRequest<Sent>>>,
}

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body as one JSON document a line.
    pub fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// A header as text; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The reason of the error that it is.
    pub fn reason(&self) -> String {
        reason(&self.json())
    }
}

/// The reason in an error of the JSON interface.
pub fn reason(error: &Value) -> String {
    let details = error["error"]["details"].as_array().cloned().unwrap_or_default();
    let info = details
        .iter()
        .find(|detail| detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo");
    info.and_then(|info| info["reason"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// What a client with a certificate offers and trusts.
pub fn tls(identity: &Identity, version: Version) -> TlsConnector {
    connector(&identity.ca_pem, Some(identity), version, rustls::ALL_VERSIONS)
}

/// The same over chosen versions of TLS.
pub fn tls_of(
    identity: &Identity,
    version: Version,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    connector(&identity.ca_pem, Some(identity), version, versions)
}

/// What a client offers, if anything, and trusts.
fn connector(
    ca_pem: &str,
    identity: Option<&Identity>,
    version: Version,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let builder = ClientConfig::builder_with_protocol_versions(versions).with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    config.alpn_protocols = vec![match version {
        Version::Http1 => b"http/1.1".to_vec(),
        Version::Http2 => b"h2".to_vec(),
    }];
    TlsConnector::from(Arc::new(config))
}

/// A body that is known as a whole.
pub fn whole(body: impl Into<Bytes>) -> Sent {
    Full::new(body.into()).boxed_unsync()
}

impl Http {
    /// A client known by a certificate of the sandbox.
    pub fn new(sandbox: &Sandbox, name: &str, version: Version) -> Self {
        let identity = load_identity(sandbox.identity_dir(), name).unwrap();
        Self::at(sandbox.url(), &identity, version)
    }

    /// A client of any address with any identity.
    pub fn at(url: &str, identity: &Identity, version: Version) -> Self {
        Self::maybe(url, &identity.ca_pem, Some(identity), version)
    }

    /// A client of any address, with a certificate or without.
    pub fn maybe(url: &str, ca_pem: &str, identity: Option<&Identity>, version: Version) -> Self {
        Self {
            address: url.trim_start_matches("https://").parse().unwrap(),
            connector: connector(ca_pem, identity, version, rustls::ALL_VERSIONS),
            version,
            shared: Mutex::new(None),
        }
    }

    /// A connection, its handshake done.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        // A body behind its head would wait for the head's acknowledgement.
        tcp.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        self.connector.connect(name, tcp).await.unwrap()
    }

    /// Sends a request and waits for the head of the answer. The path is put behind the server's address.
    pub async fn begin(&self, mut request: Request<Sent>) -> hyper::Result<Response<Incoming>> {
        match self.version {
            Version::Http1 => {
                let host = self.address.to_string().parse().unwrap();
                request.headers_mut().insert(HOST, host);
                let io = TokioIo::new(self.connect().await);
                let (mut sender, connection) = http1::handshake(io).await?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
            Version::Http2 => {
                let path = request.uri().to_string();
                *request.uri_mut() = format!("https://{}{path}", self.address).parse().unwrap();
                let mut sender = self.sender().await?;
                sender.send_request(request).await
            }
        }
    }

    async fn sender(&self) -> hyper::Result<http2::SendRequest<Sent>> {
        let mut shared = self.shared.lock().await;
        if let Some(sender) = shared.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let io = TokioIo::new(self.connect().await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        *shared = Some(sender.clone());
        Ok(sender)
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: Request<Sent>) -> Answer {
        let response = self.begin(request).await.unwrap();
        let (head, body) = response.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    /// Posts a document of a content type.
    pub async fn post(&self, path: &str, kind: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::post(path).header(CONTENT_TYPE, kind);
        self.send(request.body(whole(body)).unwrap()).await
    }

    /// Calls a method with a JSON document.
    pub async fn call(&self, path: &str, request: &Value) -> Answer {
        self.post(path, "application/json", request.to_string()).await
    }

    /// Gets a path with its query.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request.body(whole("")).unwrap()).await
    }
}
