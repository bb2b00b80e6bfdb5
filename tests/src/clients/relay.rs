//! A relay between a client and a server that loses connections: what a bad line does, done on purpose.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How the relay treats the connections that come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// This many are closed as soon as they come, the others live.
    First(u32),
    /// This many are closed once this many bytes went to the client, the others live.
    After {
        /// Connections.
        connections: u32,
        /// Bytes.
        bytes: usize,
    },
}

/// A running relay.
pub struct Relay {
    address: SocketAddr,
    lost: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts one on a free port of this machine, to a server of the form `https://HOST:PORT`.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start(server: &str, loss: Loss) -> Self {
        let to = server.trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lost = Arc::new(AtomicU32::new(0));
        let counted = lost.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, to.clone(), loss, counted.clone()));
            }
        });
        Self { address, lost, task }
    }

    /// What a client is told to call, `localhost:PORT`.
    #[must_use]
    pub fn target(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Connections lost so far.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Counts one more loss, unless that many are lost already.
fn loses(lost: &AtomicU32, most: u32) -> bool {
    let counted = lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| {
        (lost < most).then_some(lost + 1)
    });
    counted.is_ok()
}

async fn relay(client: TcpStream, to: String, loss: Loss, lost: Arc<AtomicU32>) {
    if let Loss::First(most) = loss
        && loses(&lost, most)
    {
        return;
    }
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let (mut from_server, mut to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let up = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
    let (mut passed, mut buffer) = (0, vec![0; 4096]);
    while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
        passed += count;
        if let Loss::After { connections, bytes } = loss
            && passed > bytes
            && loses(&lost, connections)
        {
            break;
        }
        if to_client.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    up.abort();
}
