//! One POST over a connection of its own: to an address that was checked, no redirects, bounded in time and bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use platform::outgoing::{client_tls, exchange};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::model::Failure;
use crate::target::{Fault, Reach, Target};

/// How long the answer's head may take, the look-up of the host, the connection and TLS included.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// How long is waited for the excerpt of the body after that; the status stands without it.
const EXCERPT_WITHIN: Duration = Duration::from_secs(2);
/// Bytes of the body that are kept; the rest is not read.
const EXCERPT_BYTES: usize = 1024;
const AGENT: &str = concat!("zhirong/", env!("CARGO_PKG_VERSION"));

/// A signed message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) url: String,
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) signatures: String,
    pub(crate) payload: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// HTTP status; 0 without an answer.
    pub(crate) status: u16,
    /// Why it was not delivered; none where it was.
    pub(crate) failure: Option<Failure>,
    /// Beginning of the answer's body, as text.
    pub(crate) excerpt: String,
}

/// What sends. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sender {
    reach: Reach,
    tls: Arc<ClientConfig>,
}

impl Sender {
    /// Trusts the system's authorities and those given as PEM text.
    ///
    /// # Errors
    /// `WEBHOOK_CA_MALFORMED` where the text holds something else than certificates.
    pub(crate) fn new(reach: Reach, authorities_pem: &str) -> Result<Self, ledger::Error> {
        let tls = client_tls("webhook_ca", authorities_pem).map_err(|_| {
            ledger::Error::invalid(
                "webhook_ca",
                "WEBHOOK_CA_MALFORMED",
                "webhook_ca 应为 PEM 证书文件",
                "webhook_ca must be a file of PEM certificates",
            )
        })?;
        Ok(Self { reach, tls })
    }

    /// Sends a message once.
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let by = Instant::now() + HEAD_WITHIN;
        match timeout_at(by, self.post(message)).await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                Outcome {
                    status,
                    failure: Failure::of_status(status),
                    excerpt: excerpt(response.into_body()).await,
                }
            }
            Ok(Err(failure)) => Outcome {
                failure: Some(failure),
                ..Outcome::default()
            },
            Err(_) => Outcome {
                failure: Some(Failure::Timeout),
                ..Outcome::default()
            },
        }
    }

    async fn post(&self, message: &Message) -> Result<Response<Incoming>, Failure> {
        let target = self.reach.target(&message.url).map_err(failed)?;
        let request = request(message, &target)?;
        let stream = connect(&self.reach.resolve(&target).await.map_err(failed)?).await?;
        if !target.is_tls {
            return exchange(stream, request).await.map_err(broken);
        }
        let name = ServerName::try_from(target.host).map_err(|_| Failure::Tls)?;
        let connector = TlsConnector::from(self.tls.clone());
        let stream = connector.connect(name, stream).await.map_err(|_| Failure::Tls)?;
        exchange(stream, request).await.map_err(broken)
    }
}

fn broken(_: hyper::Error) -> Failure {
    Failure::Unreachable
}

/// Why nothing is sent to a URL that was taken once.
fn failed(fault: Fault) -> Failure {
    match fault {
        Fault::HostUnknown => Failure::Unresolved,
        _ => Failure::AddressRefused,
    }
}

/// Connects to the first of the checked addresses that answers.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            // A body behind its head would wait for the head's acknowledgement.
            let _slow_at_worst = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(Failure::Unreachable)
}

fn request(message: &Message, target: &Target) -> Result<Request<Full<Bytes>>, Failure> {
    Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header(HOST, &target.authority)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", message.timestamp.to_string())
        .header("webhook-signature", &message.signatures)
        .body(Full::new(Bytes::from(message.payload.clone())))
        .map_err(|_| Failure::AddressRefused)
}

/// The beginning of a body as printable text; what does not come in time, or is too much, is left.
async fn excerpt(mut body: Incoming) -> String {
    let mut bytes = Vec::with_capacity(EXCERPT_BYTES);
    let reading = async {
        while bytes.len() < EXCERPT_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            let data = frame.into_data().unwrap_or_default();
            let missing = EXCERPT_BYTES.saturating_sub(bytes.len());
            bytes.extend(data.into_iter().take(missing));
        }
    };
    let _too_late = timeout(EXCERPT_WITHIN, reading).await;
    String::from_utf8_lossy(&bytes)
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
