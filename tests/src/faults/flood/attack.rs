//! What hostile callers do. Each goes on until it is told to stop; they run below the priority of everything else, since on a real
//! network an attacker's work costs the server nothing.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use platform::identity::Identity;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::raw::{self, Raw};
use crate::http::{Version, tls};

/// The call that most attacks make: any that an institution may.
pub(super) const CALL: &str = "/zhirong.pledge.v1.PledgeService/ReportLoan";
pub(super) const LIST: &str = "/zhirong.pledge.v1.PledgeService/ListLoanEvents";
/// The first bytes of a greeting of TLS.
pub(super) const GREETING: [u8; 11] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

/// A kind of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attack {
    /// Messages of one byte more than 1 MiB.
    Oversize,
    /// 10,000 streams that are opened on one connection and never ended.
    Streams,
    /// 10,000 streams that are opened and taken back at once.
    RapidReset,
    /// Headers without end.
    Headers,
    /// Uploads that send a part and stop.
    Stalled,
    /// Readers that take four bytes a second.
    SlowReaders,
    /// Connections that begin a handshake and say no more.
    Handshakes,
}

impl Attack {
    pub(super) const ALL: [Self; 7] = [
        Self::Oversize,
        Self::Streams,
        Self::RapidReset,
        Self::Headers,
        Self::Stalled,
        Self::SlowReaders,
        Self::Handshakes,
    ];

    /// Its word in the names of figures.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Oversize => "oversize",
            Self::Streams => "streams",
            Self::RapidReset => "rapid_reset",
            Self::Headers => "headers",
            Self::Stalled => "stalled_uploads",
            Self::SlowReaders => "slow_readers",
            Self::Handshakes => "handshakes",
        }
    }
}

/// Where an attack goes, and by whose certificate.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) identity: Identity,
}

/// An attack under way.
pub(super) struct Attacker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Attacker {
    pub(super) fn start(attack: Attack, target: &Target) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, target) = (stop.clone(), target.clone());
        let thread = std::thread::spawn(move || {
            give_way();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let told = async {
                while !stopped.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            runtime.block_on(async {
                tokio::select! { () = wage(attack, &target) => {}, () = told => {} }
            });
        });
        Self { stop, thread }
    }

    /// Stops it; its connections are closed when this returns.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Lowers the priority of this thread.
fn give_way() {
    let own = std::fs::read_link("/proc/thread-self").unwrap();
    let id = own.file_name().unwrap().to_owned();
    let told = Command::new("renice")
        .args(["-n", "19", "-p"])
        .arg(id)
        .stdout(Stdio::null())
        .status();
    assert!(told.is_ok_and(|status| status.success()), "renice");
}

async fn wage(attack: Attack, target: &Target) {
    match attack {
        Attack::Oversize => drop(join_all((0..8).map(|_| oversize(target))).await),
        Attack::Streams => again(|| streams(target)).await,
        Attack::RapidReset => again(|| rapid_reset(target)).await,
        Attack::Headers => again(|| headers(target)).await,
        Attack::Stalled => drop(join_all((0..8).map(|_| stalled(target))).await),
        Attack::SlowReaders => drop(join_all((0..4).map(|_| again(|| slow_readers(target)))).await),
        Attack::Handshakes => handshakes(target).await,
    }
}

/// Does something over and over, ten times a second where it ends at once.
async fn again<F: Future<Output = std::io::Result<()>>>(attack: impl Fn() -> F) {
    loop {
        let _closed = attack().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A body that is sent as it comes.
pub(super) type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

pub(super) async fn hyper_to(target: &Target) -> Option<http2::SendRequest<Body>> {
    let tcp = TcpStream::connect(target.address).await.ok()?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = tls(&target.identity, Version::Http2)
        .connect(name, tcp)
        .await
        .ok()?;
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// A gRPC message that states a length; so much of it is sent, and then either its stream ends or nothing more comes.
pub(super) fn message(stated: u32, sent: usize, goes_on: bool) -> Body {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&stated.to_be_bytes());
    bytes.resize(sent + 5, 0);
    let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from(bytes)))]);
    StreamBody::new(if goes_on {
        first.chain(futures_util::stream::pending()).boxed()
    } else {
        first.boxed()
    })
}

pub(super) fn post(body: Body) -> Request<Body> {
    let request = Request::post(format!("https://localhost{CALL}"));
    request
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(body)
        .unwrap()
}

async fn oversize(target: &Target) {
    loop {
        let Some(mut sender) = hyper_to(target).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        while let Ok(answer) = sender
            .send_request(post(message((1 << 20) + 1, (1 << 20) + 1, false)))
            .await
        {
            drop(answer);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Sends frames and reads what comes meanwhile, until the server closes or two seconds after the last frame.
async fn flood(target: &Target, frames: impl Iterator<Item = Vec<u8>>) -> std::io::Result<()> {
    let mut raw = Raw::connect(target.address, &target.identity, 65_535).await?;
    let sending = async {
        let mut batch = Vec::new();
        for frame in frames {
            batch.extend(frame);
            if batch.len() > 32 << 10 {
                raw.to.send(&batch).await?;
                batch.clear();
            }
        }
        raw.to.send(&batch).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    };
    tokio::select! { sent = sending => sent, () = raw.from.drain() => Ok(()) }
}

/// Numbers of streams, as a client opens them.
pub(super) fn odd(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|number| number * 2 + 1)
}

async fn streams(target: &Target) -> std::io::Result<()> {
    let block = raw::call(CALL);
    flood(target, odd(10_000).map(move |stream| raw::open(stream, &block))).await
}

async fn rapid_reset(target: &Target) -> std::io::Result<()> {
    let block = raw::call(CALL);
    let pair = move |stream| [raw::open(stream, &block), raw::reset(stream)].concat();
    flood(target, odd(10_000).map(pair)).await
}

async fn headers(target: &Target) -> std::io::Result<()> {
    let value = vec![b'a'; 16_000];
    let first = raw::begin_headers(1, &raw::call(CALL));
    let more = move |number: u32| raw::more_headers(1, &raw::header(&format!("x-{number}"), &value));
    flood(target, std::iter::once(first).chain((0..8_000).map(more))).await
}

/// 128 uploads on one connection, each 200 KiB of a message of 1 MB.
async fn stalled(target: &Target) {
    loop {
        if let Some(sender) = hyper_to(target).await {
            let uploads = (0..128).map(|_| {
                let mut sender = sender.clone();
                async move {
                    let answer = sender
                        .send_request(post(message(1_000_000, 200 << 10, true)))
                        .await;
                    drop(answer);
                }
            });
            join_all(uploads).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Fifty readers on one connection.
async fn slow_readers(target: &Target) -> std::io::Result<()> {
    let block = raw::call(LIST);
    let mut raw = Raw::connect(target.address, &target.identity, 4).await?;
    let asking = async {
        let first: Vec<u8> = odd(50)
            .flat_map(|stream| raw::request(stream, &block, &[]))
            .collect();
        raw.to.send(&first).await?;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let more: Vec<u8> = odd(50).flat_map(|stream| raw::window(stream, 4)).collect();
            raw.to.send(&more).await?;
        }
    };
    tokio::select! { asked = asking => asked, () = raw.from.drain() => Ok(()) }
}

/// 1,000 connections that say the first bytes of a greeting; those that the server gives up are made again.
async fn handshakes(target: &Target) {
    let one = || async {
        loop {
            if let Ok(mut tcp) = TcpStream::connect(target.address).await {
                let _closed = tcp.write_all(&GREETING).await;
                let mut byte = [0];
                let _closed = tokio::io::AsyncReadExt::read(&mut tcp, &mut byte).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    join_all((0..1_000).map(|_| one())).await;
}
