//! Answers that go on for a while: each second a look at whether their callers are callers still, and whether their readers read.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use platform::twin::{self, Twin};
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError};
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::Admitted;
use super::answer::{Handle, endable};
use crate::error::Error;

/// How often open answers are looked at. A look-up of a key is remembered for two seconds, so a withdrawn one ends within three.
const EVERY: Duration = Duration::from_secs(1);
/// Longest time that a reader may take nothing of an answer.
const READER_STALL: Duration = Duration::from_secs(60);
/// Longest time one look-up may take; a database that does not answer is no reason to end anything.
const LOOK_UP: Duration = Duration::from_secs(2);

/// The open answers of a process.
#[derive(Default)]
struct Answers(Mutex<Vec<(Handle, Admitted)>>);

impl Answers {
    fn add(&self, handle: Handle, admitted: Admitted) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.push((handle, admitted));
    }

    /// Takes out those that have ended and hands over the others.
    fn take(&self) -> Vec<(Handle, Admitted)> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(handle, _)| handle.stalled().is_some());
        std::mem::take(&mut *open)
    }
}

async fn look_after(answers: Weak<Answers>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(answers) = answers.upgrade() else { return };
        for (handle, admitted) in answers.take() {
            match reason_to_end(&handle, &admitted).await {
                Some(reason) => {
                    handle.end(reason);
                    admitted.slot.give_back();
                }
                None => answers.add(handle, admitted),
            }
        }
    }
}

async fn reason_to_end(handle: &Handle, admitted: &Admitted) -> Option<Status> {
    if handle.stalled()? >= READER_STALL && !twin::is_on(Twin::NoLimits) {
        let stalled = Error::ReaderStalled {
            seconds: READER_STALL.as_secs(),
        };
        return Some(stalled.into());
    }
    let asked = tokio::time::timeout(LOOK_UP, admitted.way.recheck(&admitted.caller));
    match asked.await {
        Ok(Err(status)) if status.code() == Code::Unauthenticated => Some(status),
        _ => None,
    }
}

/// Looks after answers.
#[derive(Clone)]
pub struct OpenLayer(Arc<Answers>);

impl OpenLayer {
    /// A layer with a task of its own, which ends with the last clone of it. To be made within a runtime.
    #[must_use]
    pub fn start() -> Self {
        let answers = Arc::new(Answers::default());
        tokio::spawn(look_after(Arc::downgrade(&answers)));
        Self(answers)
    }
}

impl<S> Layer<S> for OpenLayer {
    type Service = Open<S>;

    fn layer(&self, inner: S) -> Open<S> {
        Open {
            inner,
            answers: self.0.clone(),
        }
    }
}

/// Routes whose open answers are looked after.
#[derive(Clone)]
pub struct Open<S> {
    inner: S,
    answers: Arc<Answers>,
}

impl<S, B, R> Service<Request<B>> for Open<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let admitted = request.extensions_mut().remove::<Admitted>();
        let (calling, answers) = (self.inner.call(request), self.answers.clone());
        Box::pin(async move {
            let response = calling.await?.map(Body::new);
            let Some(admitted) = admitted.filter(|_| !http_body::Body::is_end_stream(response.body())) else {
                return Ok(response);
            };
            Ok(response.map(|body| {
                let (body, handle) = endable(body);
                answers.add(handle, admitted);
                Body::new(body)
            }))
        })
    }
}
