//! A line with a switchboard: everything between two ends goes through it and can be cut, swallowed, delayed or lost there.

pub mod postgres;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use postgres::Statements;

/// Where a line leads.
#[derive(Debug, Clone)]
pub enum Target {
    /// A port of this machine.
    Port(u16),
    /// A socket in a folder.
    Socket(PathBuf),
}

/// Either kind of stream to the other end.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Switchboard {
    target: RwLock<Target>,
    is_refusing: AtomicBool,
    is_swallowing: AtomicBool,
    delay_ms: AtomicU64,
    answers_to_lose: AtomicU64,
    answers_lost: AtomicU64,
    /// Each new value cuts what is connected.
    cuts: watch::Sender<u64>,
}

/// A running line on a free port of this machine.
pub struct Proxy {
    address: SocketAddr,
    switches: Arc<Switchboard>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a line that knows nothing of what it carries.
    pub async fn start(target: Target) -> Self {
        Self::over(target, None).await
    }

    /// Starts a line that understands PostgreSQL's protocol, so that single statements can fail on it.
    pub async fn of_statements(target: Target, statements: Arc<Statements>) -> Self {
        Self::over(target, Some(statements)).await
    }

    async fn over(target: Target, statements: Option<Arc<Statements>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let switches = Arc::new(Switchboard {
            target: RwLock::new(target),
            is_refusing: AtomicBool::new(false),
            is_swallowing: AtomicBool::new(false),
            delay_ms: AtomicU64::new(0),
            answers_to_lose: AtomicU64::new(0),
            answers_lost: AtomicU64::new(0),
            cuts: watch::Sender::new(0),
        });
        let board = switches.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, board.clone(), statements.clone()));
            }
        });
        Self {
            address,
            switches,
            task,
        }
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its address for a client of the services.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Leads new connections elsewhere.
    pub fn point_at(&self, target: Target) {
        *self.switches.target.write().unwrap() = target;
    }

    /// Cuts every connection; the caller's end is reset.
    pub fn cut(&self) {
        self.switches.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Refuses new connections, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.switches.is_refusing.store(refuses, Ordering::SeqCst);
    }

    /// Swallows all bytes of both ways without closing anything, or carries them again.
    pub fn swallow(&self, swallows: bool) {
        self.switches.is_swallowing.store(swallows, Ordering::SeqCst);
    }

    /// Holds everything back for a while.
    pub fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap();
        self.switches.delay_ms.store(millis, Ordering::SeqCst);
    }

    /// Loses the next answers, each with its connection.
    pub fn lose_answers(&self, count: u64) {
        self.switches.answers_to_lose.store(count, Ordering::SeqCst);
    }

    /// Answers that were lost so far.
    pub fn answers_lost(&self) -> u64 {
        self.switches.answers_lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Switchboard {
    /// Whether an answer is to be lost now.
    fn loses(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        let lost = self
            .answers_to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        self.answers_lost
            .fetch_add(u64::from(lost.is_ok()), Ordering::SeqCst);
        lost.is_ok()
    }

    /// Waits as long as everything is held back; whether the bytes are carried on.
    async fn carries(&self) -> bool {
        let delay = self.delay_ms.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        !self.is_swallowing.load(Ordering::SeqCst)
    }

    async fn connect(&self) -> Option<Box<dyn Stream>> {
        if self.is_refusing.load(Ordering::SeqCst) {
            return None;
        }
        let target = self.target.read().unwrap().clone();
        let connected: Box<dyn Stream> = match target {
            Target::Port(port) => {
                let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                stream.set_nodelay(true).ok()?;
                Box::new(stream)
            }
            Target::Socket(path) => Box::new(UnixStream::connect(path).await.ok()?),
        };
        Some(connected)
    }
}

/// One connection from its beginning to its end.
async fn carry(mut client: TcpStream, board: Arc<Switchboard>, statements: Option<Arc<Statements>>) {
    let mut cuts = board.cuts.subscribe();
    cuts.mark_unchanged();
    let Some(mut server) = board.connect().await else {
        reset(&client);
        return;
    };
    let _slow_at_worst = client.set_nodelay(true);
    let carried: bool = match &statements {
        Some(statements) => until(&mut cuts, postgres::relay(&mut client, &mut server, statements)).await,
        None => until(&mut cuts, both_ways(&mut client, &mut server, &board)).await,
    };
    if !carried {
        reset(&client);
    }
}

/// Whether the work ended by itself and not by a cut.
async fn until(cuts: &mut watch::Receiver<u64>, work: impl Future<Output = bool>) -> bool {
    tokio::select! {
        ended = work => ended,
        _ = cuts.changed() => false,
    }
}

/// The other end sees a reset and not an orderly end.
fn reset(client: &TcpStream) {
    let _ends_in_order_then = client.set_zero_linger();
}

async fn both_ways(client: &mut TcpStream, server: &mut Box<dyn Stream>, board: &Switchboard) -> bool {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    tokio::select! {
        ended = one_way(&mut from_client, &mut to_server, board, false) => ended,
        ended = one_way(&mut from_server, &mut to_client, board, true) => ended,
    }
}

/// Whether the way ended in order.
async fn one_way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    board: &Switchboard,
    is_answer: bool,
) -> bool {
    let mut buffer = vec![0; 16_384];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return true;
        };
        if is_answer && board.loses() {
            return false;
        }
        if board.carries().await && to.write_all(&buffer[..count]).await.is_err() {
            return true;
        }
    }
}
