//! The one place where a caller is known, and where a call is let in or turned away.
//!
//! [`AdmissionLayer`] stands around everything a node answers, JSON as well as gRPC: it identifies the caller once a request, takes one of
//! the holder's places until the last byte of the answer, and puts the [`Caller`] into the request's extensions, where handlers find
//! it ([`Caller::admitted`]). [`OpenLayer`] stands around the routes: an answer that goes on for longer is looked after there, and is ended
//! when its caller's credential is withdrawn or its reader takes nothing any more.

mod answer;
mod open;
mod slots;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError};
use tower::{Layer, Service};

pub use self::open::{Open, OpenLayer};
use self::slots::{Held, Slot, Slots};
use crate::caller::{Caller, Identify};
use crate::error::Error;

/// How many calls may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Of one holder, with all its keys and connections.
    pub per_holder: usize,
    /// Of everybody, in this process.
    pub in_all: usize,
}

/// A refusal in the form that a request with these headers is answered in.
pub type Refuse = fn(&HeaderMap, &Status) -> Response<Body>;

/// Lets callers in.
#[derive(Clone)]
pub struct AdmissionLayer(Arc<Door>);

struct Door {
    ways: Vec<Arc<dyn Identify>>,
    slots: Arc<Slots>,
    is_method: Box<dyn Fn(&str) -> bool + Send + Sync>,
    refuse: Refuse,
}

/// What the layer around the routes must know of a call: who could say that its caller is one no longer, and whose place it has.
#[derive(Clone)]
struct Admitted {
    caller: Caller,
    way: Arc<dyn Identify>,
    slot: Arc<Slot>,
}

impl AdmissionLayer {
    /// A layer that knows callers in these ways, asked in order. Only requests to the paths that `is_method` names need a caller:
    /// probes, reflection and what nobody serves pass.
    #[must_use]
    pub fn new(
        ways: Vec<Arc<dyn Identify>>,
        bounds: Bounds,
        is_method: impl Fn(&str) -> bool + Send + Sync + 'static,
        refuse: Refuse,
    ) -> Self {
        Self(Arc::new(Door {
            ways,
            slots: Arc::new(Slots::new(bounds)),
            is_method: Box::new(is_method),
            refuse,
        }))
    }
}

impl Door {
    async fn admit(&self, head: &Parts) -> Result<Admitted, Status> {
        for way in &self.ways {
            if let Some(caller) = way.identify(head).await? {
                let slot = Arc::new(self.slots.clone().take(&caller)?);
                let way = way.clone();
                return Ok(Admitted { caller, way, slot });
            }
        }
        Err(Error::CallerUnknown.into())
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Admission<S> {
        Admission {
            inner,
            door: self.0.clone(),
        }
    }
}

/// Routes with the door around them.
#[derive(Clone)]
pub struct Admission<S> {
    inner: S,
    door: Arc<Door>,
}

impl<S, B, R> Service<Request<B>> for Admission<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone that stays behind is not ready; the one that was made ready makes the call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        if !(self.door.is_method)(request.uri().path()) {
            let calling = inner.call(request);
            return Box::pin(async move { Ok(calling.await?.map(Body::new)) });
        }
        let door = self.door.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let admitted = match door.admit(&head).await {
                Ok(admitted) => admitted,
                Err(status) => return Ok((door.refuse)(&head.headers, &status)),
            };
            let slot = admitted.slot.clone();
            head.extensions.insert(admitted.caller.clone());
            head.extensions.insert(admitted);
            let response = inner.call(Request::from_parts(head, body)).await?;
            Ok(response.map(|body| Held::around(body, slot)))
        })
    }
}
