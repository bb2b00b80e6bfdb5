//! Everything that reads what strangers send, each with what must hold of it whatever comes.

mod files;
mod values;
mod wire;

/// Something that reads bytes.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// Reads bytes and tells what was said of them; panics where a law is broken.
    pub run: fn(&[u8]) -> String,
    /// Words worth putting in.
    pub words: &'static [&'static [u8]],
}

/// Name of the target that is broken on purpose, so that the search is known to find something.
pub const TWIN: &str = "twin";

/// Words of every form of text.
const TEXT: &[&[u8]] = &[
    b"-",
    b"'",
    b"=",
    b"@",
    b"\t",
    b"\0",
    b"\r\n",
    b"\"",
    b"\"\"",
    b",",
    b";",
    b".",
    b"1e9",
    b"NaN",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC4\xEA",
    b"9999-12-31",
    b"2025-02-29",
    b"2025-01-01T00:00:00+08:00",
    b"91410500MA0000000X",
    b"ZL201810000000.1",
    "年".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{ff11}".as_bytes(),
    "e\u{301}".as_bytes(),
];
/// Words of JSON.
const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"{\"a\":",
    b"[[[[[[[[",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"-0",
    b"1e400",
    b"9223372036854775808",
    b"\"request_id\"",
    b"\"amount\"",
    b"\"nanos\"",
    b"\"currency_code\"",
    b"\"year\"",
];
/// Words of encoded messages: tags of the first fields, lengths that are too long, groups.
const BINARY: &[&[u8]] = &[
    b"\x0a",
    b"\x12",
    b"\x1a",
    b"\x08",
    b"\x10",
    b"\x0b",
    b"\x0c",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x0a\x00",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
];
/// Words of ZIP archives.
const ZIP: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"xl/worksheets/sheet1.xml",
    b"<c r=\"XFD1048576\">",
    b"<f>",
    b"<!DOCTYPE",
    b"&lol;",
    b"receipt.json",
    b"../",
];
/// Words of policy files.
const TOML: &[&[u8]] = &[
    b"[",
    b"]",
    b"=",
    b"\"",
    b"[[",
    b"revision",
    b"from",
    b"2018-01-01",
    b"9999-12-31",
    b"1.000001",
    b"0.000000",
    b"R3",
    b"\"\"\"",
    b"cap",
    b"tiers",
];

/// Every target.
pub const ALL: &[Target] = &[
    Target {
        name: "amount",
        about: "an amount in yuan, against a second implementation",
        run: values::amount,
        words: TEXT,
    },
    Target {
        name: "cells",
        about: "the cells of one record: dates, identifiers, shares, words",
        run: values::cells,
        words: TEXT,
    },
    Target {
        name: "name",
        about: "the name of a record in a request",
        run: values::name,
        words: TEXT,
    },
    Target {
        name: "csv",
        about: "an exchange file as CSV in UTF-8 or GB18030",
        run: files::csv,
        words: TEXT,
    },
    Target {
        name: "workbook",
        about: "exchange files as a workbook",
        run: files::workbook,
        words: ZIP,
    },
    Target {
        name: "mapping",
        about: "a partner's own table by a saved column mapping",
        run: files::mapping,
        words: JSON,
    },
    Target {
        name: "archive",
        about: "the archive of a batch",
        run: files::archive,
        words: ZIP,
    },
    Target {
        name: "batch",
        about: "the files of a batch, verified",
        run: files::batch,
        words: JSON,
    },
    Target {
        name: "policy",
        about: "a policy file",
        run: files::policy,
        words: TOML,
    },
    Target {
        name: "request",
        about: "the bytes of any request message",
        run: wire::request,
        words: BINARY,
    },
    Target {
        name: "record",
        about: "the bytes of a reported record, through the parser",
        run: wire::record,
        words: BINARY,
    },
    Target {
        name: "json",
        about: "any request as JSON",
        run: wire::json,
        words: JSON,
    },
    Target {
        name: "audit",
        about: "rows of an audit chain, checked",
        run: wire::audit,
        words: BINARY,
    },
    Target {
        name: TWIN,
        about: "broken on purpose: it dies of a word",
        run: values::twin,
        words: &[b"boom"],
    },
];

/// The targets that are meant to hold.
pub fn sound() -> impl Iterator<Item = &'static Target> {
    ALL.iter().filter(|target| target.name != TWIN)
}
