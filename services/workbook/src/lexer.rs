//! A look at XML as it is inflated, before anything parses it: no document type, no entities, no endless tokens, and no attribute that
//! would make the reader behind ask for memory it does not need or count below zero.
//!
//! It follows the same tokens as that reader (text, tags with their quotes, comments, CDATA, instructions), so none of them can be
//! longer there than it was here.

/// Longest tag with its attributes, in bytes.
const TAG_MOST: usize = 64 << 10;
/// Longest run of text, comment, CDATA or instruction, in bytes: a cell of 32,767 characters, each written as an entity.
const RUN_MOST: usize = 256 << 10;

/// What the reader behind must not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// A document type, entities, another encoding, an endless token.
    NotPlain,
    /// More shared strings than are read.
    Strings,
    /// A reference to cells that is none, or a part that is no XML.
    Reference,
    /// Days counted from 1904.
    Dates1904,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Text,
    Tag,
    Quoted(u8),
    /// Until these bytes.
    Until(&'static [u8]),
}

/// The look at one part.
pub(crate) struct Lexer {
    mode: Mode,
    /// Bytes of the token so far.
    run: usize,
    /// The tag so far, or the end of another token.
    token: Vec<u8>,
    strings: u64,
    strings_most: u64,
    begun: bool,
    merged: bool,
}

impl Lexer {
    /// A look that lets this many shared strings pass.
    pub(crate) const fn new(strings_most: u64) -> Self {
        Self {
            mode: Mode::Text,
            run: 0,
            token: Vec::new(),
            strings: 0,
            strings_most,
            begun: false,
            merged: false,
        }
    }

    /// Whether cells are merged.
    pub(crate) const fn has_merged_cells(&self) -> bool {
        self.merged
    }

    /// Looks at the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Unsafe> {
        if !self.begun && !bytes.is_empty() {
            self.begun = true;
            // UTF-16 and UTF-32 hide tags from a look at bytes.
            let hidden = matches!(bytes, [0xFE | 0xFF, ..]) || bytes.iter().take(4).any(|byte| *byte == 0);
            if hidden {
                return Err(Unsafe::NotPlain);
            }
        }
        bytes.iter().try_for_each(|byte| self.step(*byte))
    }

    fn step(&mut self, byte: u8) -> Result<(), Unsafe> {
        self.run += 1;
        match self.mode {
            Mode::Text => {
                if byte == b'<' {
                    self.begin(Mode::Tag);
                } else if self.run > RUN_MOST {
                    return Err(Unsafe::NotPlain);
                }
                Ok(())
            }
            Mode::Tag => self.step_in_tag(byte),
            Mode::Quoted(quote) => {
                if byte == quote {
                    self.mode = Mode::Tag;
                }
                self.push(byte)
            }
            Mode::Until(end) => {
                if self.run > RUN_MOST {
                    return Err(Unsafe::NotPlain);
                }
                self.token.push(byte);
                if self.token.ends_with(end) {
                    let token = std::mem::take(&mut self.token);
                    self.begin(Mode::Text);
                    return instruction(&token);
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self, mode: Mode) {
        self.mode = mode;
        self.run = 0;
        self.token.clear();
    }

    fn push(&mut self, byte: u8) -> Result<(), Unsafe> {
        if self.token.len() >= TAG_MOST {
            return Err(Unsafe::NotPlain);
        }
        self.token.push(byte);
        Ok(())
    }

    fn step_in_tag(&mut self, byte: u8) -> Result<(), Unsafe> {
        match byte {
            b'>' => {
                let token = std::mem::take(&mut self.token);
                let looked = self.tag(&token);
                self.token = token;
                self.begin(Mode::Text);
                return looked;
            }
            b'"' | b'\'' => self.mode = Mode::Quoted(byte),
            b'<' => return Err(Unsafe::NotPlain),
            _ => {}
        }
        self.push(byte)?;
        match self.token.as_slice() {
            b"?" => self.begin_until(b"?>"),
            b"!--" => self.begin_until(b"-->"),
            b"![CDATA[" => self.begin_until(b"]]>"),
            [b'!', rest @ ..] if !b"--".starts_with(rest) && !b"[CDATA[".starts_with(rest) => {
                return Err(Unsafe::NotPlain);
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_until(&mut self, end: &'static [u8]) {
        self.begin(Mode::Until(end));
    }

    /// Looks at a whole tag, without its brackets.
    fn tag(&mut self, tag: &[u8]) -> Result<(), Unsafe> {
        let end = tag
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || *byte == b'/')
            .unwrap_or(tag.len());
        let (name, rest) = tag.split_at(end);
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
        let each = |wanted: &[u8], is_right: &dyn Fn(&str) -> bool, wrong: Unsafe| {
            Attributes(rest).try_for_each(|attribute| {
                let (name, value) = attribute?;
                if name != wanted || is_right(value) {
                    Ok(())
                } else {
                    Err(wrong)
                }
            })
        };
        match name {
            b"c" | b"row" => each(b"r", &is_cell, Unsafe::Reference),
            b"dimension" | b"f" => each(b"ref", &is_range, Unsafe::Reference),
            b"mergeCell" => {
                self.merged = true;
                each(b"ref", &is_range, Unsafe::Reference)
            }
            b"si" => {
                self.strings += 1;
                if self.strings > self.strings_most {
                    Err(Unsafe::Strings)
                } else {
                    Ok(())
                }
            }
            b"sst" => {
                let most = self.strings_most;
                let fits = |value: &str| value.parse::<u64>().is_ok_and(|count| count <= most);
                each(b"uniqueCount", &fits, Unsafe::Strings)
            }
            b"workbookPr" => each(
                b"date1904",
                &|value| matches!(value, "0" | "false" | "off"),
                Unsafe::Dates1904,
            ),
            b"Relationship" => relationship(rest),
            _ => Ok(()),
        }
    }
}

/// The declaration may name no encoding but UTF-8.
fn instruction(token: &[u8]) -> Result<(), Unsafe> {
    let declaration = token
        .strip_prefix(b"xml")
        .and_then(|rest| rest.strip_suffix(b"?>"));
    let Some(rest) = declaration else {
        return Ok(());
    };
    let is_utf8 = |value: &str| value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii");
    Attributes(rest).try_for_each(|attribute| match attribute? {
        (b"encoding", value) if !is_utf8(value) => Err(Unsafe::NotPlain),
        _ => Ok(()),
    })
}

/// What is read as a part must have been looked at, and only XML is.
fn relationship(attributes: &[u8]) -> Result<(), Unsafe> {
    let (mut kind, mut target) = ("", "");
    for attribute in Attributes(attributes) {
        match attribute? {
            (b"Type", value) => kind = value,
            (b"Target", value) => target = value,
            _ => {}
        }
    }
    let is_read = [
        "/worksheet",
        "/sharedStrings",
        "/styles",
        "/officeDocument",
        "/theme",
    ]
    .iter()
    .any(|end| kind.ends_with(end));
    if is_read && !super::archive::is_xml(target) {
        return Err(Unsafe::Reference);
    }
    Ok(())
}

/// The attributes of a tag; one that is no `name="value"` is refused, since others might read it otherwise.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a [u8], &'a str), Unsafe>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_ascii();
        if matches!(rest, [] | [b'/']) {
            return None;
        }
        let split = || {
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let (name, value) = rest.split_at(equals);
            let (quote, value) = value.get(1..)?.trim_ascii_start().split_first()?;
            let end = value.iter().position(|byte| byte == quote)?;
            let (value, after) = value.split_at(end);
            let name = name.trim_ascii();
            let is_plain = matches!(quote, b'"' | b'\'')
                && !name
                    .iter()
                    .any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
            Some((
                name,
                std::str::from_utf8(value).ok().filter(|_| is_plain)?,
                after.get(1..)?,
            ))
        };
        let Some((name, value, after)) = split() else {
            self.0 = &[];
            return Some(Err(Unsafe::NotPlain));
        };
        self.0 = after;
        Some(Ok((name, value)))
    }
}

/// Column from 1 and row from 1 of a reference such as `B7`; either may be 0 where it is not stated.
fn reference(text: &str) -> Option<(u32, u32)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at_checked(letters)?;
    if column.len() > 3 || row.len() > 7 {
        return None;
    }
    let column = column.bytes().fold(0_u32, |sum, letter| {
        sum * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    let row = row.parse().ok()?;
    Some((column, row))
}

fn is_cell(text: &str) -> bool {
    reference(text).is_some_and(|(_, row)| row > 0)
}

fn is_range(text: &str) -> bool {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    match (reference(first), reference(last)) {
        (Some(first), Some(last)) => first.0 <= last.0 && first.1 <= last.1 && first.1 > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &[u8]) -> Result<(), Unsafe> {
        // In pieces of one byte and whole: where a buffer ends must not matter.
        let mut lexer = Lexer::new(3);
        let by_bytes = text.chunks(1).try_for_each(|piece| lexer.feed(piece));
        let whole = Lexer::new(3).feed(text);
        assert_eq!(by_bytes, whole);
        whole
    }

    #[test]
    fn plain_xml_passes() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- <a> --><x:row r=\"7\"><c r=\"B7\" t='a>b'>\
                    <![CDATA[<]]></c></x:row><dimension ref=\"A1:B9\"/><sst uniqueCount=\"3\"><si/><si/><si/></sst>";
        assert_eq!(look(text.as_bytes()), Ok(()));
    }

    #[test]
    fn what_would_harm_the_reader_behind_is_named() {
        for (text, wrong) in [
            ("<!DOCTYPE lolz>", Unsafe::NotPlain),
            ("<!ENTITY a \"b\">", Unsafe::NotPlain),
            ("<a <b>", Unsafe::NotPlain),
            ("<sst uniqueCount=99999999999>", Unsafe::NotPlain),
            ("<c x r=\"A1\">", Unsafe::NotPlain),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?>", Unsafe::NotPlain),
            ("<sst uniqueCount=\"99999999999\">", Unsafe::Strings),
            ("<sst count = '1'  uniqueCount = '4'>", Unsafe::Strings),
            ("<si/><si/><si/><x:si>", Unsafe::Strings),
            ("<dimension ref=\"B2:A1\"/>", Unsafe::Reference),
            ("<c r=\"ABCD1\"/>", Unsafe::Reference),
            ("<c s=\"1\" r=\"A0\"/>", Unsafe::Reference),
            ("<row r=\"99999999\">", Unsafe::Reference),
            ("<f t=\"shared\" ref=\"A9:A1\">", Unsafe::Reference),
            ("<workbookPr date1904=\"1\"/>", Unsafe::Dates1904),
            (
                "<Relationship Type=\"http://x/worksheet\" Target=\"media/a.png\"/>",
                Unsafe::Reference,
            ),
        ] {
            assert_eq!(look(text.as_bytes()), Err(wrong), "{text}");
        }
        assert_eq!(look(b"\xFF\xFE<\0a\0>\0"), Err(Unsafe::NotPlain));
        for long in [
            vec![b'x'; RUN_MOST + 2],
            [b"<a b='".to_vec(), b"<>".repeat(TAG_MOST)].concat(),
            [b"<!--".to_vec(), b"<a>".repeat(RUN_MOST)].concat(),
            [b"<![CDATA[".to_vec(), b"<a>".repeat(RUN_MOST)].concat(),
            [b"<?p ".to_vec(), b"<a>".repeat(RUN_MOST)].concat(),
        ] {
            assert_eq!(look(&long), Err(Unsafe::NotPlain));
        }
    }
}
