//! The line between a service and PostgreSQL, statement by statement: some are made to fail by the server itself, and before a
//! transaction begins the line can look at what the connection's last borrower left behind.
//!
//! A client that awaits each statement sends a group of messages and reads up to `ReadyForQuery`, so one side speaks at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Stream;

/// Statements that fail, in a hundred.
pub const SHARE: u64 = 30;
/// Commits that fail, in a hundred.
const COMMIT_SHARE: u64 = 10;
/// Tries in a row that fail at most before one is let through: else a transaction of forty statements would need 1.5 million tries.
const FAILURES_MOST: u64 = 3;
/// The same for one transaction in sixteen.
const FAILURES_MOST_SELDOM: u64 = 10;

const FORCED: &str = "do $$ begin raise exception using errcode = '40001', message = 'forced'; end $$";
const LOOK: &str = "select coalesce(current_setting('zhirong.city', true), '')
    || coalesce(current_setting('zhirong.institution', true), '') || case when current_user = session_user then '' else 'role' end";

/// What is done to statements, and what was seen of them.
#[derive(Default)]
pub struct Statements {
    forcing: Mutex<Option<Forcing>>,
    is_looking: AtomicBool,
    seen: AtomicU64,
    forced: AtomicU64,
    looks: AtomicU64,
    left_behind: AtomicU64,
}

struct Forcing {
    rng: Rng,
    in_a_row: u64,
    most: u64,
    /// Whether the transaction under way has failed.
    has_failed: bool,
}

/// What a group of messages asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Begin,
    Commit,
    Rollback,
    Reset,
    Other,
}

impl Statements {
    /// From now on statements fail, chosen by a seed.
    pub fn force(&self, seed: u64) {
        *self.forcing.lock().unwrap() = Some(Forcing {
            rng: Rng::with_seed(seed),
            in_a_row: 0,
            most: FAILURES_MOST,
            has_failed: false,
        });
    }

    /// From now on each transaction's connection is looked at before it begins.
    pub fn look(&self) {
        self.is_looking.store(true, Ordering::SeqCst);
    }

    /// Statements since they were forced to fail, and how many of them failed.
    pub fn counts(&self) -> (u64, u64) {
        (
            self.seen.load(Ordering::SeqCst),
            self.forced.load(Ordering::SeqCst),
        )
    }

    /// Looks that were taken, and those that found an open transaction or settings of another caller.
    pub fn looks(&self) -> (u64, u64) {
        (
            self.looks.load(Ordering::SeqCst),
            self.left_behind.load(Ordering::SeqCst),
        )
    }

    /// Whether a group fails.
    fn fails(&self, asks: Asks) -> bool {
        let mut forcing = self.forcing.lock().unwrap();
        let fails = forcing.as_mut().is_some_and(|forcing| forcing.fails(asks));
        self.seen
            .fetch_add(u64::from(forcing.is_some()), Ordering::SeqCst);
        self.forced.fetch_add(u64::from(fails), Ordering::SeqCst);
        fails
    }
}

impl Forcing {
    fn fails(&mut self, asks: Asks) -> bool {
        let share = match asks {
            Asks::Rollback | Asks::Reset => 0,
            Asks::Commit => COMMIT_SHARE,
            Asks::Begin | Asks::Other => SHARE,
        };
        let fails = self.in_a_row < self.most && self.rng.u64(0..100) < share;
        let is_done = asks == Asks::Commit || asks == Asks::Rollback && !self.has_failed;
        if fails {
            self.in_a_row += 1;
            self.has_failed = true;
        } else if is_done {
            self.in_a_row = 0;
            self.most = if self.rng.u64(0..16) == 0 {
                FAILURES_MOST_SELDOM
            } else {
                FAILURES_MOST
            };
        }
        if matches!(asks, Asks::Rollback | Asks::Begin) && !fails {
            self.has_failed = false;
        }
        fails
    }
}

/// Carries one connection; whether it ended in order.
pub(super) async fn relay(
    client: &mut TcpStream,
    server: &mut Box<dyn Stream>,
    statements: &Statements,
) -> bool {
    exchange(client, server, statements).await.is_some()
}

async fn exchange(
    client: &mut TcpStream,
    server: &mut Box<dyn Stream>,
    statements: &Statements,
) -> Option<()> {
    // The first message has no letter.
    let mut start = vec![0; 4];
    client.read_exact(&mut start).await.ok()?;
    read_body(client, &mut start, 0).await?;
    server.write_all(&start).await.ok()?;
    while answer(server, client).await? == b'R' {
        let word = message(client).await?;
        server.write_all(&word).await.ok()?;
    }
    loop {
        let Some(group) = group(client).await else {
            return Some(());
        };
        if group[0] == b'X' {
            server.write_all(&group).await.ok()?;
            return Some(());
        }
        let asks = asked(&group);
        if asks == Asks::Begin && statements.is_looking.load(Ordering::SeqCst) {
            look(server, statements).await?;
        }
        if statements.fails(asks) {
            server.write_all(&query(FORCED)).await.ok()?;
        } else {
            server.write_all(&group).await.ok()?;
        }
        answer(server, client).await?;
    }
}

/// What the last borrower left behind: an open transaction, or a setting.
async fn look(server: &mut Box<dyn Stream>, statements: &Statements) -> Option<()> {
    server.write_all(&query(LOOK)).await.ok()?;
    let mut found = false;
    loop {
        let message = message(server).await?;
        match message[0] {
            // One column: count of columns, then its length.
            b'D' => found |= message[7..11] != [0; 4],
            b'E' => found = true,
            b'Z' => {
                found |= message[5] != b'I';
                break;
            }
            _ => {}
        }
    }
    statements.looks.fetch_add(1, Ordering::SeqCst);
    statements
        .left_behind
        .fetch_add(u64::from(found), Ordering::SeqCst);
    Some(())
}

/// A simple query.
fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).unwrap();
    let mut bytes = vec![b'Q'];
    bytes.extend(length.to_be_bytes());
    bytes.extend(sql.as_bytes());
    bytes.push(0);
    bytes
}

/// What a group asks for, as far as its text says.
fn asked(group: &[u8]) -> Asks {
    if group[0] != b'Q' {
        return Asks::Other;
    }
    let text = String::from_utf8_lossy(&group[5..]).to_ascii_lowercase();
    match text.as_str() {
        text if text.starts_with("begin; rollback") => Asks::Reset,
        text if text.starts_with("begin") => Asks::Begin,
        text if text.starts_with("commit") => Asks::Commit,
        text if text.starts_with("rollback") => Asks::Rollback,
        _ => Asks::Other,
    }
}

/// The client's messages up to the one that the server answers; none where it has gone.
async fn group(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut group = Vec::new();
    loop {
        let at = group.len();
        group.extend(message(client).await?);
        if matches!(group[at], b'Q' | b'S' | b'X') {
            return Some(group);
        }
    }
}

/// Carries the server's messages up to `ReadyForQuery`, or up to a word that the client must answer (`R`); the last one's letter.
async fn answer(server: &mut Box<dyn Stream>, client: &mut TcpStream) -> Option<u8> {
    let mut carried = Vec::new();
    let last = loop {
        let Some(message) = message(server).await else {
            // Its last words, such as that it starts up.
            client.write_all(&carried).await.ok()?;
            return None;
        };
        let letter = message[0];
        // Of the words of authentication, 0 and 12 want no answer.
        let wants_word = letter == b'R' && !matches!(message[5..9], [0, 0, 0, 0 | 12]);
        carried.extend(message);
        if letter == b'Z' || wants_word {
            break letter;
        }
    };
    client.write_all(&carried).await.ok()?;
    Some(last)
}

/// One message with its letter and length.
async fn message(from: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await.ok()?;
    read_body(from, &mut message, 1).await?;
    Some(message)
}

/// Reads what the length at a place says is still to come.
async fn read_body(
    from: &mut (impl AsyncReadExt + Unpin),
    message: &mut Vec<u8>,
    length_at: usize,
) -> Option<()> {
    let head = message.len();
    let length = u32::from_be_bytes(message[length_at..length_at + 4].try_into().ok()?);
    message.resize(length_at + usize::try_from(length).ok()?, 0);
    from.read_exact(&mut message[head..]).await.ok()?;
    Some(())
}
