//! The frames of a gRPC answer: its messages, and the status at its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body as _;
use tonic::body::Body;
use tonic::{Code, Status};

/// Flag and length before each message.
const HEAD_BYTES: usize = 5;

/// A message as gRPC frames it: not compressed, its length, its bytes.
///
/// # Errors
/// OUT_OF_RANGE where it is longer than 32 bits can say.
pub(super) fn frame(message: &[u8]) -> Result<Bytes, Status> {
    let length = u32::try_from(message.len()).map_err(|_| Status::out_of_range("the message is too long"))?;
    let mut framed = BytesMut::with_capacity(HEAD_BYTES.saturating_add(message.len()));
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// What comes next in an answer.
#[derive(Debug)]
pub(super) enum Next {
    Message(Bytes),
    /// The end; OK or the error.
    End(Status),
}

/// The body of an answer, read frame by frame and never further than asked.
#[derive(Debug)]
pub(super) struct Frames {
    body: Body,
    buffer: BytesMut,
}

impl Frames {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
        }
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            match self.message() {
                Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
                Ok(None) => {}
                Err(status) => return Poll::Ready(Next::End(status)),
            }
            let end = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.buffer.extend_from_slice(&data);
                        continue;
                    }
                    Err(frame) => frame.trailers_ref().and_then(Status::from_header_map),
                },
                Some(Err(status)) => Some(status),
                None => None,
            };
            let cut = || Status::unavailable("the answer was cut before its end");
            return Poll::Ready(Next::End(end.unwrap_or_else(cut)));
        }
    }

    pub(super) async fn next(&mut self) -> Next {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// A whole message from the buffer, where there is one.
    fn message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((mut head, rest)) = self.buffer.split_at_checked(HEAD_BYTES) else {
            return Ok(None);
        };
        let (flag, length) = (head.get_u8(), head.get_u32());
        if flag != 0 {
            return Err(Status::new(Code::Internal, "the answer is compressed unasked"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(HEAD_BYTES);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}
