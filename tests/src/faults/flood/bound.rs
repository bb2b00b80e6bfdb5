//! Whether each bound turns an attack away: how many of its requests get further than the server says.
//!
//! Memory and times beside an attack say what it costs, which on a quiet machine is little even without a bound; this says that the
//! bound is there.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use platform::config::Settings;
use platform::serve::{Limits, MAX_MESSAGE_BYTES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::attack::{Attack, CALL, GREETING, LIST, Target, hyper_to, message, odd, post};
use super::raw::{self, Heard, Raw};
use crate::figure::count;

/// How long a server may take to turn away what is too much; one that has done so is waited for no longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// gRPC's words for too much: RESOURCE_EXHAUSTED and OUT_OF_RANGE.
const TOO_MUCH: [&str; 2] = ["8", "11"];

/// How much of an attack gets further than its bound.
pub(super) async fn past(attack: Attack, target: &Target) -> u64 {
    let calls = u64::from(Settings::default().calls_per_institution);
    let told = match attack {
        Attack::Oversize => Ok(oversize(target).await),
        Attack::Streams => streams(target).await,
        Attack::RapidReset => rapid_reset(target).await,
        Attack::Headers => headers(target).await,
        Attack::Stalled => held(target, CALL, raw::unfinished, calls).await,
        Attack::SlowReaders => held(target, LIST, raw::empty, calls).await,
        Attack::Handshakes => Ok(handshakes(target).await),
    };
    // A connection that breaks while it is written to was given up by the server.
    told.unwrap_or(0)
}

/// Reads what the server says until so little is left as may be; all that is left then. Nothing is once it gives the connection up.
async fn left(raw: &mut Raw, sent: u64, most: u64, is_turned_away: impl Fn(&Heard) -> bool) -> u64 {
    let mut left = sent;
    let reading = async {
        while left > most {
            match raw.from.next().await {
                Some(heard) if !heard.is_farewell() => left -= u64::from(is_turned_away(&heard)),
                _ => left = 0,
            }
        }
    };
    let _in_vain = timeout(PATIENCE, reading).await;
    left.saturating_sub(most)
}

/// Messages of a byte more than may be decoded: how many were.
async fn oversize(target: &Target) -> u64 {
    let most = MAX_MESSAGE_BYTES;
    let sending = (0..8).map(|_| async {
        let mut sender = hyper_to(target).await?;
        let stated = u32::try_from(most + 1).unwrap();
        let answer = sender
            .send_request(post(message(stated, most + 1, false)))
            .await
            .ok()?;
        let status = answer.headers().get("grpc-status")?.to_str().ok()?.to_owned();
        (!TOO_MUCH.contains(&status.as_str())).then_some(())
    });
    count(join_all(sending).await.into_iter().flatten().count())
}

/// Streams that are opened and not ended: how many more stay open than the server says.
async fn streams(target: &Target) -> std::io::Result<u64> {
    let mut raw = Raw::connect(target.address, &target.identity, 65_535).await?;
    let block = raw::call(CALL);
    let opened: Vec<u8> = odd(1_000).flat_map(|stream| raw::open(stream, &block)).collect();
    raw.to.send(&opened).await?;
    let most = u64::from(Limits::default().streams_per_connection);
    Ok(left(&mut raw, 1_000, most, Heard::is_reset).await)
}

/// Streams that are opened and taken back: whether the server goes on with one who does nothing else.
async fn rapid_reset(target: &Target) -> std::io::Result<u64> {
    let mut raw = Raw::connect(target.address, &target.identity, 65_535).await?;
    let block = raw::call(CALL);
    let pairs = odd(10_000).flat_map(|stream| [raw::open(stream, &block), raw::reset(stream)].concat());
    let pairs: Vec<u8> = pairs.collect();
    raw.to.send(&pairs).await?;
    Ok(left(&mut raw, 1, 0, |_| false).await)
}

/// A call with four times the headers that it may have: whether it is answered as any other.
async fn headers(target: &Target) -> std::io::Result<u64> {
    let mut raw = Raw::connect(target.address, &target.identity, 65_535).await?;
    let bytes = usize::try_from(Limits::default().header_bytes).unwrap();
    let value = vec![b'a'; bytes - 1_000];
    let mut call = raw::begin_headers(1, &raw::call(CALL));
    for number in 1..=3 {
        call.extend(raw::more_headers(1, &raw::header(&format!("x-{number}"), &value)));
    }
    call.extend(raw::last_headers(1, &raw::header("x-4", &value)));
    call.extend(raw::empty(1));
    raw.to.send(&call).await?;
    Ok(left(&mut raw, 1, 0, |heard| {
        heard.is_reset() || heard.is_refused_by_http()
    })
    .await)
}

/// Calls that do not end, because their messages or their readers stall: how many more than an institution may have are let in.
async fn held(target: &Target, path: &str, rest: fn(u32) -> Vec<u8>, most: u64) -> std::io::Result<u64> {
    // No answer may be sent ahead: one that fits into what may is over for the server.
    let mut raw = Raw::connect(target.address, &target.identity, 0).await?;
    let block = raw::call(path);
    let calls = Limits::default().streams_per_connection;
    let sent = odd(calls).flat_map(|stream| [raw::open(stream, &block), rest(stream)].concat());
    let sent: Vec<u8> = sent.collect();
    raw.to.send(&sent).await?;
    Ok(left(&mut raw, u64::from(calls), most, Heard::is_end).await)
}

/// Connections that begin a handshake and say no more: how many more than may be are kept.
async fn handshakes(target: &Target) -> u64 {
    let most = u64::from(Limits::default().handshakes);
    let begin = |_| async {
        let mut tcp = TcpStream::connect(target.address).await?;
        tcp.write_all(&GREETING).await?;
        Ok::<_, std::io::Error>(tcp)
    };
    let begun = join_all((0..most + 44).map(begin)).await;
    let mut ends: FuturesUnordered<_> = begun
        .into_iter()
        .flatten()
        .map(|mut tcp| async move { drop(tcp.read(&mut [0]).await) })
        .collect();
    let ending = async {
        while count(ends.len()) > most {
            ends.next().await;
        }
    };
    let _in_vain = timeout(PATIENCE, ending).await;
    count(ends.len()).saturating_sub(most)
}
