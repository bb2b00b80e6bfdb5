//! Takes a body apart into its documents as it comes in: one a line, or the elements of a list.

use bytes::{Bytes, BytesMut};

use super::MESSAGE_BYTES_MAX;
use super::request::Form;
use crate::error::Error;

/// A body of many documents, of which no more than one is held at a time.
#[derive(Debug)]
pub(super) struct Items {
    form: Form,
    buffer: BytesMut,
    /// How much of the buffer was looked at.
    seen: usize,
    state: State,
    /// Whether the body has ended.
    is_over: bool,
    line: usize,
}

/// Where in a list the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    First,
    Next,
    Element {
        depth: usize,
        in_text: bool,
        escaped: bool,
    },
    After,
}

impl Items {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            buffer: BytesMut::new(),
            seen: 0,
            state: State::Before,
            is_over: false,
            line: 1,
        }
    }

    /// More of the body.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The body has ended.
    pub(super) fn finish(&mut self) {
        self.is_over = true;
    }

    /// Whether the body has ended and nothing more was pushed.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next document; none where more of the body is needed, or where it is over and nothing is left.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a document above the limit, [`Error::Syntax`] for what is no list.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let item = match self.form {
            Form::Lines => self.next_line(),
            Form::Json | Form::Query => self.next_element()?,
        };
        let held = item.as_ref().map_or(self.buffer.len(), Bytes::len);
        if held > MESSAGE_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        Ok(item)
    }

    fn next_line(&mut self) -> Option<Bytes> {
        loop {
            let rest = self.buffer.get(self.seen..).unwrap_or_default();
            let line = match rest.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    let end = self.seen.saturating_add(at).saturating_add(1);
                    self.buffer.split_to(end).freeze()
                }
                None if self.is_over && !self.buffer.is_empty() => self.buffer.split().freeze(),
                None => {
                    self.seen = self.buffer.len();
                    return None;
                }
            };
            self.seen = 0;
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }

    fn next_element(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(byte) = self.buffer.get(self.seen).copied() {
            let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            self.line = self.line.saturating_add(usize::from(byte == b'\n'));
            self.state = match (self.state, byte) {
                (State::Before | State::First | State::Next | State::After, _) if is_space => {
                    self.skip();
                    continue;
                }
                (State::Before, b'[') => {
                    self.skip();
                    self.state = State::First;
                    continue;
                }
                (State::First, b']') => {
                    self.skip();
                    self.state = State::After;
                    continue;
                }
                (State::First | State::Next, _) => State::Element {
                    depth: 0,
                    in_text: false,
                    escaped: false,
                },
                (
                    State::Element {
                        depth: 0,
                        in_text: false,
                        ..
                    },
                    b',' | b']',
                ) => {
                    let element = self.buffer.split_to(self.seen).freeze();
                    self.seen = 0;
                    self.skip();
                    self.state = if byte == b',' { State::Next } else { State::After };
                    return Ok(Some(element));
                }
                (
                    State::Element {
                        depth,
                        in_text,
                        escaped,
                    },
                    _,
                ) => {
                    self.seen = self.seen.saturating_add(1);
                    self.state = within(depth, in_text, escaped, byte);
                    continue;
                }
                (State::Before | State::After, _) => return Err(self.no_list()),
            };
        }
        match self.state {
            State::After => Ok(None),
            _ if self.is_over => Err(self.no_list()),
            _ => Ok(None),
        }
    }

    /// Leaves out the byte at hand.
    fn skip(&mut self) {
        let _skipped = self
            .buffer
            .split_to(self.seen.saturating_add(1).min(self.buffer.len()));
        self.seen = 0;
    }

    fn no_list(&self) -> Error {
        Error::Syntax {
            line: self.line,
            column: 1,
            what: "a stream of requests is one list [{..}, {..}], or application/x-ndjson with one a line"
                .to_owned(),
        }
    }
}

/// The state behind one byte of an element.
fn within(depth: usize, in_text: bool, escaped: bool, byte: u8) -> State {
    let (depth, in_text, escaped) = match (in_text, escaped, byte) {
        (true, true, _) => (depth, true, false),
        (true, false, b'\\') => (depth, true, true),
        (_, false, b'"') => (depth, !in_text, false),
        (false, _, b'{' | b'[') => (depth.saturating_add(1), false, false),
        (false, _, b'}' | b']') => (depth.saturating_sub(1), false, false),
        _ => (depth, in_text, false),
    };
    State::Element {
        depth,
        in_text,
        escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documents of a body that comes in pieces of one size, and how it ended.
    fn split(form: Form, body: &str, piece: usize) -> (Vec<String>, Option<&'static str>) {
        let mut items = Items::new(form);
        let mut pieces = body.as_bytes().chunks(piece);
        let mut found = Vec::new();
        loop {
            match items.next() {
                Ok(Some(item)) => found.push(String::from_utf8(item.to_vec()).unwrap().trim().to_owned()),
                Ok(None) if items.is_over => return (found, None),
                Ok(None) => match pieces.next() {
                    Some(piece) => items.push(piece),
                    None => items.finish(),
                },
                Err(error) => return (found, Some(error.reason())),
            }
        }
    }

    #[test]
    fn documents_are_the_same_however_the_body_is_cut() {
        let list = r#" [ {"a":"],}\"\\"} , [1,[2]], "x,]" ,7 ] "#;
        let lines = "{\"a\":1}\r\n\n  {\"b\":2}\n{\"c\":3}";
        for piece in 1..=list.len() {
            let (found, end) = split(Form::Json, list, piece);
            assert_eq!(
                found,
                [r#"{"a":"],}\"\\"}"#, "[1,[2]]", r#""x,]""#, "7"],
                "{piece}"
            );
            assert_eq!(end, None);
            let (found, end) = split(Form::Lines, lines, piece);
            assert_eq!(
                (found.join(" "), end),
                (r#"{"a":1} {"b":2} {"c":3}"#.to_owned(), None),
                "{piece}"
            );
        }
        assert_eq!(split(Form::Json, "[]", 1), (Vec::new(), None));
        assert_eq!(split(Form::Lines, "", 1), (Vec::new(), None));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for body in ["", "{}", "[{}", "[{},", "[{}] x", "[\"]"] {
            assert_eq!(split(Form::Json, body, 3).1, Some("JSON_MALFORMED"), "{body}");
        }
    }

    #[test]
    fn a_document_above_the_limit_is_refused_before_it_is_whole() {
        for (form, open) in [(Form::Json, "[\""), (Form::Lines, "\"")] {
            let body = format!("{open}{}", "x".repeat(MESSAGE_BYTES_MAX + 1));
            assert_eq!(
                split(form, &body, 64 * 1_024),
                (Vec::new(), Some("REQUEST_TOO_LARGE"))
            );
        }
    }
}
