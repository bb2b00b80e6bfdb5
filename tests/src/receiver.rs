//! A receiver of webhooks over plain sockets, which answers as it is told to, and a check of signatures that shares no code with
//! the product's.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::digest::sha256;
use platform::identity::Identity;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The request line's target.
    pub path: String,
    /// Headers by their lower-case names.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: String,
}

impl Heard {
    /// A header that must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// The id, the same on every try.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The type of the event.
    pub fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Which of the signatures a secret made, counted from 0; none where it made none.
    pub fn signature_of(&self, secret: &str) -> Option<usize> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        let wanted = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, signed.as_bytes())));
        let mut signatures = self.header("webhook-signature").split(' ');
        signatures.position(|signature| signature == wanted)
    }
}

/// HMAC as RFC 2104 writes it down.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x36)
        .chain(message.iter().copied())
        .collect();
    let outer: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x5c)
        .chain(sha256(&inner))
        .collect();
    sha256(&outer)
}

/// What a receiver does with a message.
pub enum Reply {
    /// Answers with a status and a body.
    Status(u16, Vec<u8>),
    /// Answers with a redirect.
    Redirect(String),
    /// Sends the head of an answer with a status and never the body that it promises.
    HeadOnly(u16),
    /// Breaks the connection.
    Break,
    /// Answers 204 once it is told to; never where the other end is dropped.
    Hold(oneshot::Receiver<()>),
}

/// A receiver on a free port of this machine. It answers 204 where it was not told otherwise.
pub struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    heard: UnboundedReceiver<Heard>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One that speaks plain HTTP.
    pub async fn plain() -> Self {
        Self::start("http", None).await
    }

    /// One that speaks TLS and is known by a certificate.
    pub async fn tls(identity: &Identity) -> Self {
        let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::start("https", Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start(scheme: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let (tell, heard) = unbounded_channel();
        let task = tokio::spawn(serve(listener, tls, replies.clone(), tell));
        Self {
            address,
            scheme,
            replies,
            heard,
            task,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!(
            "{}://localhost:{}/hook?from=zhirong",
            self.scheme,
            self.address.port()
        )
    }

    /// What it does with the next message that nothing was said about yet.
    pub fn will(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// The next message.
    pub async fn next(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.heard.recv())
            .await
            .expect("a message within a minute")
            .unwrap()
    }

    /// Asserts that nothing more has come by now.
    #[track_caller]
    pub fn assert_silent(&mut self) {
        let more = self.heard.try_recv();
        assert!(more.is_err(), "{more:?}");
    }
}

async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    tell: UnboundedSender<Heard>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, replies, tell) = (tls.clone(), replies.clone(), tell.clone());
        tokio::spawn(async move {
            match tls {
                None => answer(stream, &replies, &tell).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => answer(stream, &replies, &tell).await,
                    Err(_) => Ok(()),
                },
            }
        });
    }
}

/// Reads one request and answers it. A sender that goes away in between is none of the receiver's business.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    replies: &Mutex<VecDeque<Reply>>,
    tell: &UnboundedSender<Heard>,
) -> std::io::Result<()> {
    let Some(heard) = read(&mut stream).await? else {
        return Ok(());
    };
    let reply = replies.lock().unwrap().pop_front();
    let _nobody_waits = tell.send(heard);
    let bytes = match reply.unwrap_or(Reply::Status(204, Vec::new())) {
        Reply::Status(status, body) => {
            let mut bytes =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
            bytes.extend(body);
            bytes
        }
        Reply::Redirect(to) => {
            format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
        }
        Reply::HeadOnly(status) => {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 10\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            // Until the other side has had enough.
            let _gone = stream.read(&mut [0; 1]).await?;
            return Ok(());
        }
        Reply::Break => return Ok(()),
        Reply::Hold(told) => {
            if told.await.is_err() {
                // Until the other side has had enough.
                let _gone = stream.read(&mut [0; 1]).await?;
                return Ok(());
            }
            b"HTTP/1.1 204 X\r\n\r\n".to_vec()
        }
    };
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

/// One request with a body of a stated length.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<Option<Heard>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let heard = parse(head, body);
            let length: usize = heard.header("content-length").parse().unwrap();
            if body.len() >= length {
                return Ok(Some(heard));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(head: &str, body: &str) -> Heard {
    let mut lines = head.lines();
    let first: Vec<&str> = lines.next().unwrap().split(' ').collect();
    assert_eq!((first[0], first[2]), ("POST", "HTTP/1.1"));
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Heard {
        path: first[1].to_owned(),
        headers: lines.map(header).collect(),
        body: body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_agrees_with_the_specification() {
        let mut heard = parse(
            "POST /hook HTTP/1.1\r\nWebhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n\
             webhook-signature: v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            r#"{"test": 2432232314}"#,
        );
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(heard.signature_of(secret), Some(1));
        heard.body.push(' ');
        assert_eq!(heard.signature_of(secret), None);
    }
}
