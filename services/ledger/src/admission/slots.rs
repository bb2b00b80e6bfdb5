//! Places for calls under way: so many a holder, so many in all.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body::{Frame, SizeHint};
use platform::twin::{self, Twin};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError};

use super::Bounds;
use crate::caller::Caller;
use crate::error::Error;

/// All places of a process.
#[derive(Debug)]
pub(super) struct Slots {
    bounds: Bounds,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    /// By city and holder; holders without a call are not kept.
    by_holder: HashMap<String, usize>,
}

impl Slots {
    pub(super) fn new(bounds: Bounds) -> Self {
        let taken = Mutex::default();
        Self { bounds, taken }
    }

    /// A place for a call of this caller.
    ///
    /// # Errors
    /// [`Error::CallsTooMany`] where the holder, or everybody together, has none left.
    pub(super) fn take(self: Arc<Self>, caller: &Caller) -> Result<Slot, Error> {
        let holder = format!("{}/{}", caller.city, caller.holder);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.by_holder.get(&holder).copied().unwrap_or_default();
        if !twin::is_on(Twin::NoLimits) {
            if own >= self.bounds.per_holder {
                return Err(Error::CallsTooMany {
                    holder: Some(caller.holder.clone()),
                    most: self.bounds.per_holder,
                });
            }
            if taken.in_all >= self.bounds.in_all {
                return Err(Error::CallsTooMany {
                    holder: None,
                    most: self.bounds.in_all,
                });
            }
        }
        taken.in_all = taken.in_all.saturating_add(1);
        taken.by_holder.insert(holder.clone(), own.saturating_add(1));
        drop(taken);
        Ok(Slot {
            slots: self,
            holder,
            is_free: AtomicBool::new(false),
        })
    }

    fn give_back(&self, holder: &str) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all = taken.in_all.saturating_sub(1);
        if let Some(own) = taken.by_holder.get_mut(holder) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_holder.remove(holder);
            }
        }
    }
}

/// A place that is taken until this is dropped, or given back before.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    holder: String,
    is_free: AtomicBool,
}

impl Slot {
    /// Gives the place back; a second time does nothing.
    pub(super) fn give_back(&self) {
        if !self.is_free.swap(true, Ordering::Relaxed) {
            self.slots.give_back(&self.holder);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The body of an answer, which keeps its call's place to its end. The place is given back there by name: others may know of it for longer.
pub(super) struct Held {
    inner: Body,
    slot: Arc<Slot>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.slot.give_back();
    }
}

impl Held {
    /// The body with its place; an answer that has ended with its head gives it back at once.
    pub(super) fn around<R>(body: R, slot: Arc<Slot>) -> Body
    where
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<StdError>,
    {
        if body.is_end_stream() {
            slot.give_back();
            return Body::new(body);
        }
        let inner = Body::new(body);
        Body::new(Self { inner, slot })
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(context);
        let is_over = match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers(),
            Poll::Ready(Some(Err(_)) | None) => true,
            Poll::Pending => false,
        };
        if is_over {
            this.slot.give_back();
        }
        polled
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
    use http_body::Body as _;
    use policy::ident::City;

    use super::*;
    use crate::caller::{Credential, Role};

    fn caller(holder: &str, key: u8) -> Caller {
        Caller {
            city: City::from_canonical("4105").unwrap(),
            holder: holder.to_owned(),
            role: Role::Institution,
            credential: Credential::Key([key; 32]),
        }
    }

    #[test]
    fn a_holder_has_its_places_whatever_its_keys_and_gets_them_back() {
        let slots = Arc::new(Slots::new(Bounds {
            per_holder: 2,
            in_all: 3,
        }));
        let first = slots.clone().take(&caller("one", 1)).unwrap();
        let second = slots.clone().take(&caller("one", 2)).unwrap();
        let refused = slots.clone().take(&caller("one", 1)).unwrap_err();
        assert!(matches!(&refused, Error::CallsTooMany { holder: Some(holder), most: 2 } if holder == "one"));
        let other = slots.clone().take(&caller("two", 3)).unwrap();
        let refused = slots.clone().take(&caller("three", 4)).unwrap_err();
        assert!(matches!(
            refused,
            Error::CallsTooMany {
                holder: None,
                most: 3
            }
        ));
        // Given back once, though dropped after.
        second.give_back();
        drop(second);
        let again = slots.clone().take(&caller("one", 2)).unwrap();
        assert!(slots.clone().take(&caller("one", 2)).is_err());
        drop((first, again, other));
        let taken = slots.taken.lock().unwrap();
        assert_eq!((taken.in_all, taken.by_holder.len()), (0, 0));
    }

    #[test]
    fn an_answer_gives_its_place_back_at_its_end_whoever_else_knows_of_it() {
        let bounds = Bounds {
            per_holder: 1,
            in_all: 1,
        };
        let slots = Arc::new(Slots::new(bounds));
        for read in [false, true] {
            let slot = Arc::new(slots.clone().take(&caller("one", 1)).unwrap());
            let known = slot.clone();
            let mut body = Held::around(String::from("answer"), slot);
            assert!(slots.clone().take(&caller("one", 1)).is_err());
            let mut context = Context::from_waker(std::task::Waker::noop());
            while read && !matches!(Pin::new(&mut body).poll_frame(&mut context), Poll::Ready(None)) {}
            if !read {
                drop(body);
            }
            assert!(slots.clone().take(&caller("one", 1)).is_ok(), "{read}");
            drop(known);
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let refused = Error::CallsTooMany {
            holder: None,
            most: 3,
        };
        let pause = platform::Fault::retry_after(&refused).unwrap();
        assert!((750..1_250).contains(&pause.as_millis()), "{pause:?}");
        assert_eq!(refused.status().code(), tonic::Code::ResourceExhausted);
    }
}
