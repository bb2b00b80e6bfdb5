//! A receiver for trying out: an endpoint on this machine, which a sandbox may send to, whose messages are checked and printed.

use std::collections::BTreeMap;

use api::notify::v1 as pb;
use client::request_id;
use platform::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Service;
use crate::error::CommandError;
use crate::output;

/// Most bytes of a message with its head.
const MESSAGE_BYTES: usize = 64 << 10;

/// Listens until it is told to stop (SIGINT, SIGTERM), and disables the endpoint that it made.
pub(super) async fn run(service: &Service, port: u16, events: Vec<String>) -> Result<(), CommandError> {
    let failed = |source| CommandError::io("监听端口", "listening on", format!("127.0.0.1:{port}"), source);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let url = format!("http://{}/", listener.local_addr().map_err(failed)?);
    let request = pb::CreateWebhookEndpointRequest {
        request_id: request_id(),
        url: url.clone(),
        event_types: events,
        description: "zhirong webhook listen".to_owned(),
    };
    let answer = call!(service, "CreateWebhookEndpoint", create_webhook_endpoint, request);
    output::note(&format!("正在接收 / listening on {url}; Ctrl-C 停止 / stops"));
    tokio::select! {
        () = serve(&listener, &answer.secret) => {}
        () = platform::serve::shutdown_signal() => {}
    }
    let request = pb::DisableWebhookEndpointRequest {
        request_id: request_id(),
        name: answer.endpoint.unwrap_or_default().name,
    };
    call!(
        service,
        "DisableWebhookEndpoint",
        disable_webhook_endpoint,
        request
    );
    Ok(())
}

/// One message after the other: an endpoint gets one at a time.
async fn serve(listener: &TcpListener, secret: &str) {
    loop {
        // A connection that breaks is sent again.
        if let Ok((mut stream, _)) = listener.accept().await
            && let Some(message) = receive(&mut stream).await
        {
            let is_signed = message.is_signed(secret);
            if is_signed {
                output::line(&message.body);
            } else {
                output::note("签名不符，已拒绝 / refused: the signature does not hold");
            }
            let status = if is_signed {
                "204 No Content"
            } else {
                "401 Unauthorized"
            };
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    }
}

/// A message: its headers by lower-case names, and its body.
struct Message {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Message {
    /// Reads one; none as long as it is not whole.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let headers: BTreeMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length: usize = headers.get("content-length")?.parse().ok()?;
        (body.len() >= length).then(|| Self {
            body: body.to_owned(),
            headers,
        })
    }

    fn is_signed(&self, secret: &str) -> bool {
        let header = |name: &str| self.headers.get(name).map(String::as_str).unwrap_or_default();
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        notify::verify(secret, headers, &self.body, Clock::System.now().timestamp())
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    while bytes.len() < MESSAGE_BYTES {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(message) = Message::parse(&bytes) {
            return Some(message);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_once_it_is_whole() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 6\r\nWebhook-Id: msg_1\r\n\r\n{\"款\"";
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (message.headers["webhook-id"].as_str(), message.body.as_str()),
            ("msg_1", "{\"款\"")
        );
        assert!(!message.is_signed("whsec_AAAA"));
        for end in 0..text.len() {
            assert!(Message::parse(&text.as_bytes()[..end]).is_none(), "{end}");
        }
    }
}
