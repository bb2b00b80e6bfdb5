//! The body of an answer that can be ended from outside, also while its reader takes nothing and nobody asks the body for more.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

/// The body as the transport sees it.
pub(super) struct Endable(Arc<Mutex<State>>);

/// How the body is ended.
pub(super) struct Handle(Weak<Mutex<State>>);

struct State {
    /// None once it was ended.
    inner: Option<Body>,
    /// The last frame, where it was ended before its own.
    end: Option<Status>,
    /// Since when something that was handed over has not been followed by a question for more.
    waiting_since: Option<Instant>,
    waker: Option<Waker>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body, and what ends it.
pub(super) fn endable(inner: Body) -> (Endable, Handle) {
    let state = Arc::new(Mutex::new(State {
        inner: Some(inner),
        end: None,
        waiting_since: None,
        waker: None,
    }));
    let handle = Handle(Arc::downgrade(&state));
    (Endable(state), handle)
}

impl Handle {
    /// How long the reader has taken nothing; none where the body is gone.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let state = self.0.upgrade()?;
        let since = lock(&state).waiting_since;
        Some(since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// Lets go of everything that is behind the body now; whoever reads on is told the status.
    pub(super) fn end(&self, status: Status) {
        let Some(shared) = self.0.upgrade() else { return };
        let mut state = lock(&shared);
        let inner = state.inner.take();
        state.end = inner.is_some().then_some(status);
        let waker = state.waker.take();
        drop(state);
        // What ends with it may take locks of its own.
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl http_body::Body for Endable {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut state = lock(&self.0);
        if let Some(status) = state.end.take() {
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(
                status
                    .add_header(&mut trailers)
                    .map(|()| Frame::trailers(trailers)),
            ));
        }
        let Some(inner) = &mut state.inner else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(context);
        if polled.is_pending() {
            state.waiting_since = None;
            state.waker = Some(context.waker().clone());
        } else {
            state.waiting_since = Some(Instant::now());
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    fn next(body: &mut Endable) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_body_is_ended_from_outside_with_a_status() {
        let (mut body, handle) = endable(Body::new(String::from("one")));
        assert_eq!(handle.stalled(), Some(Duration::ZERO));
        let Poll::Ready(Some(Ok(frame))) = next(&mut body) else {
            panic!("no data")
        };
        assert!(frame.is_data() && handle.stalled() > Some(Duration::ZERO));
        handle.end(Status::unauthenticated("gone"));
        let Poll::Ready(Some(Ok(frame))) = next(&mut body) else {
            panic!("no trailers")
        };
        let status = Status::from_header_map(frame.trailers_ref().unwrap()).unwrap();
        assert_eq!(status.message(), "gone");
        assert!(matches!(next(&mut body), Poll::Ready(None)));
        drop(body);
        assert_eq!(handle.stalled(), None);
    }
}
