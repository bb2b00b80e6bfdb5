//! HTTP/2 by hand: a connection that sends what frames it likes, in an order that no library would.

use std::net::SocketAddr;

use platform::identity::Identity;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::http::{Version, tls};

/// Kinds of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Reset of a stream that its opener wants no more.
const CANCEL: u32 = 8;
/// Status 200 as a header of an answer: entry 8 of HPACK's table (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;
/// How far the peer may send ahead on a stream.
const INITIAL_WINDOW_SIZE: u16 = 4;

/// A connection whose handshakes are done, TLS and HTTP/2.
pub(super) struct Raw {
    pub(super) to: To,
    pub(super) from: From,
}

/// Where frames go.
pub(super) struct To(WriteHalf<TlsStream<TcpStream>>);

/// What the server says; it must be read, or the server waits.
pub(super) struct From(ReadHalf<TlsStream<TcpStream>>);

/// One frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = Vec::with_capacity(payload.len() + 9);
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header in HPACK's plainest form: literal, not indexed, not compressed (RFC 7541, 6.2.2).
pub(super) fn header(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name.as_bytes(), value] {
        let mut length = text.len();
        if length < 127 {
            bytes.push(u8::try_from(length).unwrap());
        } else {
            bytes.push(127);
            length -= 127;
            while length >= 128 {
                bytes.push(u8::try_from(length % 128).unwrap() | 128);
                length /= 128;
            }
            bytes.push(u8::try_from(length).unwrap());
        }
        bytes.extend_from_slice(text);
    }
    bytes
}

/// The headers of a gRPC call.
pub(super) fn call(path: &str) -> Vec<u8> {
    [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    .iter()
    .flat_map(|(name, value)| header(name, value.as_bytes()))
    .collect()
}

impl Raw {
    /// Connects; the server may send so many bytes ahead on a stream.
    pub(super) async fn connect(
        address: SocketAddr,
        identity: &Identity,
        window: u32,
    ) -> std::io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tls(identity, Version::Http2).connect(name, tcp).await?;
        let (from, to) = tokio::io::split(stream);
        let mut to = To(to);
        let mut setting = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        setting.extend_from_slice(&window.to_be_bytes());
        let mut start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        start.extend(frame(SETTINGS, 0, 0, &setting));
        to.send(&start).await?;
        let from = From(from);
        Ok(Self { to, from })
    }
}

impl To {
    /// Sends bytes as they are.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }
}

impl From {
    /// The next frame; none where the server has closed the connection.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        let [kind, flags] = [head[3], head[4]];
        Some(Heard { kind, flags, payload })
    }

    /// Reads and throws away until the server closes the connection.
    pub(super) async fn drain(&mut self) {
        let mut bytes = vec![0; 16 << 10];
        while matches!(self.0.read(&mut bytes).await, Ok(read) if read > 0) {}
    }
}

/// A frame of the server's.
pub(super) struct Heard {
    kind: u8,
    flags: u8,
    payload: Vec<u8>,
}

impl Heard {
    /// A stream is taken back.
    pub(super) const fn is_reset(&self) -> bool {
        self.kind == RST_STREAM
    }

    /// An answer ends, or is taken back.
    pub(super) const fn is_end(&self) -> bool {
        self.is_reset() || matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0
    }

    /// An answer whose status is not 200, by the first of its headers.
    pub(super) fn is_refused_by_http(&self) -> bool {
        self.kind == HEADERS && self.payload.first() != Some(&STATUS_200)
    }

    /// The server will hear no more on this connection.
    pub(super) const fn is_farewell(&self) -> bool {
        self.kind == GOAWAY
    }
}

/// The head of a call, which does not end its stream.
pub(super) fn open(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, block)
}

/// A message without a byte, which ends its call.
pub(super) fn empty(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, &[0; 5])
}

/// The first bytes of a message of 64 KiB, whose rest does not come.
pub(super) fn unfinished(stream: u32) -> Vec<u8> {
    frame(DATA, 0, stream, &[0, 0, 1, 0, 0, 0, 0, 0])
}

/// A call with one message.
pub(super) fn request(stream: u32, block: &[u8], message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    let mut bytes = open(stream, block);
    bytes.extend(frame(DATA, END_STREAM, stream, &framed));
    bytes
}

/// Takes a stream back.
pub(super) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())
}

/// Headers that go on in the next frame.
pub(super) fn begin_headers(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, 0, stream, block)
}

/// More headers, which go on in the next frame.
pub(super) fn more_headers(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(CONTINUATION, 0, stream, block)
}

/// The last headers of a call.
pub(super) fn last_headers(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(CONTINUATION, END_HEADERS, stream, block)
}

/// Lets the server send so many bytes more on a stream, or on the connection (0).
pub(super) fn window(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}
