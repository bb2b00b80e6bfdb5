//! The body of a stream of requests: documents come in, gRPC frames go on, one at a time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use tonic::Status;
use tonic::body::Body;

use super::frames::frame;
use super::items::Items;
use super::request::Form;
use crate::error::Error;
use crate::methods::Method;

/// What was wrong with a request on its way, for the answer to tell in place of what the service made of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<Status>>>);

impl Fault {
    /// What was wrong, if anything was.
    pub(super) fn take(&self) -> Option<Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, status: &Status) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get_or_insert_with(|| status.clone());
    }
}

/// Turns documents into frames.
#[derive(Debug)]
pub(super) struct Upload {
    body: Body,
    items: Items,
    method: Method,
    /// How many documents were read.
    count: usize,
    /// A frame that was made before the call.
    ready: Option<Bytes>,
    fault: Fault,
    is_over: bool,
}

impl Upload {
    pub(super) fn new(method: &Method, form: Form, body: Body) -> Self {
        Self {
            body,
            items: Items::new(form),
            method: method.clone(),
            count: 0,
            ready: None,
            fault: Fault::default(),
            is_over: false,
        }
    }

    /// Where a fault on the way is kept.
    pub(super) fn fault(&self) -> Fault {
        self.fault.clone()
    }

    /// Reads the first document, so that a request that is wrong from the start is refused before the head of an answer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.ready = std::future::poll_fn(|context| self.poll_item(context)).await?;
        Ok(())
    }

    /// The next document as a frame; none at the end.
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        while !self.is_over {
            if let Some(item) = self.items.next().map_err(|error| self.of_message(error))? {
                let parsed = self.method.parse(&item).map_err(|error| self.of_message(error))?;
                self.count = self.count.saturating_add(1);
                return Poll::Ready(frame(&parsed).map(Some).map_err(|_| Error::TooLarge));
            }
            if self.items.is_over() {
                self.is_over = true;
                break;
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.items.push(&data);
                    }
                }
                Some(Err(status)) => return Poll::Ready(Err(Error::of_body(&status))),
                None => self.items.finish(),
            }
        }
        Poll::Ready(Ok(None))
    }

    fn of_message(&self, error: Error) -> Error {
        Error::InMessage {
            number: self.count.saturating_add(1),
            source: Box::new(error),
        }
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if let Some(ready) = this.ready.take() {
            return Poll::Ready(Some(Ok(Frame::data(ready))));
        }
        let polled = ready!(this.poll_item(context));
        Poll::Ready(match polled {
            Ok(item) => item.map(|item| Ok(Frame::data(item))),
            Err(error) => {
                this.is_over = true;
                let status = error.status();
                this.fault.set(&status);
                Some(Err(status))
            }
        })
    }
}
