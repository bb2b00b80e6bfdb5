//! The body of a request, which may not fall silent for long while its handler waits for more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

use super::refusal::Refusal;
use crate::error::to_status;

/// A body that ends with a refusal where nothing of it comes for a time. While nobody asks for more, no time runs.
pub(super) struct Timed {
    inner: Body,
    limit: Duration,
    /// Runs since the handler began to wait.
    timer: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Timed {
    /// The body with its limit; one that has ended with its head needs none.
    pub(super) fn around(inner: Body, limit: Duration) -> Body {
        if http_body::Body::is_end_stream(&inner) {
            return inner;
        }
        Body::new(Self {
            inner,
            limit,
            timer: None,
            is_waiting: false,
        })
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.is_waiting = false;
            return Poll::Ready(frame);
        }
        let limit = this.limit;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !std::mem::replace(&mut this.is_waiting, true) {
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(context).map(|()| {
            let seconds = limit.as_secs();
            Some(Err(to_status(&Refusal::UploadStalled { seconds })))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    /// Hands over one byte, then nothing for ever.
    struct Silent(bool);

    impl http_body::Body for Silent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Pending;
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"1")))))
        }
    }

    async fn next(body: &mut Body) -> Option<Result<Frame<Bytes>, Status>> {
        std::future::poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut *body), context)).await
    }

    #[tokio::test]
    async fn an_upload_that_falls_silent_ends_with_its_reason() {
        let mut body = Timed::around(Body::new(Silent(false)), Duration::from_millis(50));
        let first = next(&mut body).await;
        assert!(first.unwrap().unwrap().is_data());
        let end = next(&mut body).await;
        let status = end.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
        assert_eq!(status.get_details_error_info().unwrap().reason, "UPLOAD_STALLED");
    }
}
