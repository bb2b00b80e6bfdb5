//! Which calls are repeated, how often and after which pause.

use std::future::Future;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// Tries of [`retry`], the first included.
pub const TRIES: u32 = 6;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Reasons with status ABORTED that no repeat of the same request cures.
const FINAL_REASONS: [&str; 2] = ["ETAG_MISMATCH", "BATCH_DIGEST_MISMATCH"];

/// Calls until an answer comes that a repeat would not change, at most [`TRIES`] times with growing, jittered pauses.
///
/// `call` must send the same `request_id` every time, or only read: what was stored before its answer was lost is then
/// answered again and not stored twice.
///
/// # Errors
/// The last status.
pub async fn retry<T, F, C>(mut call: C) -> Result<T, Status>
where
    C: FnMut() -> F,
    F: Future<Output = Result<T, Status>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match call().await {
            Err(status) if is_worth_a_retry(&status) => {
                tokio::time::sleep(jittered(pause).max(asked_pause(&status))).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
            answer => return answer,
        }
    }
    call().await
}

/// Whether the same request may get another answer: the service was not reached, was too busy, or met another writer.
#[must_use]
pub fn is_worth_a_retry(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded => true,
        // A bound that says when to come back; another one stays where it is.
        Code::ResourceExhausted => status.get_details_retry_info().is_some(),
        Code::Aborted => !status
            .get_details_error_info()
            .is_some_and(|info| FINAL_REASONS.contains(&info.reason.as_str())),
        // A connection that broke during the call has no status from the service. The transport then makes one of its
        // own, which alone has a source.
        Code::Unknown | Code::Cancelled | Code::Internal => std::error::Error::source(status).is_some(),
        _ => false,
    }
}

/// The pause that the service asks for, at most the longest of ours.
fn asked_pause(status: &Status) -> Duration {
    let asked = status.get_details_retry_info().and_then(|info| info.retry_delay);
    asked.unwrap_or_default().min(LONGEST_PAUSE)
}

/// Between half of the pause and all of it, so that callers who failed together do not return together.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    let bytes = Uuid::new_v4().into_bytes();
    let thousandths = u32::from(u16::from_be_bytes([bytes[0], bytes[1]])) % 1_001;
    half + half * thousandths / 1_000
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tonic::service::interceptor::InterceptedService;
    use tonic::transport::Endpoint;
    use tonic_types::ErrorDetails;

    use super::*;
    use crate::{Client, DefaultDeadline};

    async fn tries_of(status: Status) -> u32 {
        let tries = AtomicU32::new(0);
        let answer: Result<(), Status> = retry(|| {
            tries.fetch_add(1, Ordering::Relaxed);
            let status = status.clone();
            async move { Err(status) }
        })
        .await;
        assert!(answer.is_err());
        tries.into_inner()
    }

    #[tokio::test]
    async fn only_what_may_pass_is_tried_again() {
        let stale = ErrorDetails::with_error_info("ETAG_MISMATCH", "zhirong", []);
        let (again, refused, stale) = tokio::join!(
            tries_of(Status::unavailable("down")),
            tries_of(Status::invalid_argument("wrong")),
            tries_of(Status::with_error_details(Code::Aborted, "stale", stale)),
        );
        assert_eq!((again, refused, stale), (TRIES, 1, 1));
    }

    #[test]
    fn a_status_of_the_service_is_no_broken_connection() {
        assert!(!is_worth_a_retry(&Status::internal("internal error")));
        assert!(!is_worth_a_retry(&Status::unknown("odd")));
        assert!(is_worth_a_retry(&Status::aborted("serialization")));
    }

    #[test]
    fn a_bound_is_worth_a_retry_when_it_says_so_and_after_the_pause_it_asks_for() {
        assert!(!is_worth_a_retry(&Status::resource_exhausted("too large")));
        let asked = |millis| {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(millis)));
            Status::with_error_details(Code::ResourceExhausted, "busy", details)
        };
        assert!(is_worth_a_retry(&asked(1_000)));
        assert_eq!(asked_pause(&asked(1_000)), Duration::from_secs(1));
        assert_eq!(asked_pause(&asked(60_000)), LONGEST_PAUSE);
        assert_eq!(asked_pause(&Status::unavailable("down")), Duration::ZERO);
    }

    /// Answers the connection's preface with empty settings, takes what comes next and breaks off.
    async fn break_off(listener: tokio::net::TcpListener, after_settings: bool) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            if after_settings {
                let mut bytes = [0; 4096];
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                for _ in 0..2 {
                    let _taken = stream.read(&mut bytes).await.unwrap();
                }
            }
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_worth_a_retry() {
        for after_settings in [false, true] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let server = tokio::spawn(break_off(listener, after_settings));
            let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
            let client = Client {
                transport: InterceptedService::new(channel, DefaultDeadline),
            };
            let request = api::pledge::v1::GetLoanRequest {
                name: "loans/1".to_owned(),
            };
            let status = client.pledge().get_loan(request).await.unwrap_err();
            server.abort();
            assert!(is_worth_a_retry(&status), "{after_settings} {status:?}");
        }
    }

    #[test]
    fn a_pause_is_never_longer_nor_shorter_than_half() {
        for _ in 0..1_000 {
            let pause = jittered(FIRST_PAUSE);
            assert!(pause >= FIRST_PAUSE / 2 && pause <= FIRST_PAUSE, "{pause:?}");
        }
    }
}
