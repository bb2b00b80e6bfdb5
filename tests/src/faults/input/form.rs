//! The forms: what is written, and what it is.

use serde_json::{Value, json};

use crate::faults::interface::Shape;

/// A text made of another.
type Change = fn(&str) -> String;

/// How a form is written into a field.
pub(super) enum Written {
    /// As JSON, from which protobuf is made.
    Json(Value),
    /// As these bytes of a text, which are no text.
    Raw(Vec<u8>),
}

/// How a form is made of what stands in the field in a good request.
enum Made {
    /// Always this.
    Fixed(Value),
    /// The good text with this in its middle, or this alone where there is none.
    Inserted(String),
    /// The good text changed.
    Changed(fn(&str) -> String),
    /// Bytes that are no UTF-8.
    Raw(&'static [u8]),
}

/// A hostile form.
pub(super) struct Form {
    /// What it is, for people.
    pub(super) what: String,
    /// The fields that it can stand in.
    pub(super) shape: Shape,
    made: Made,
}

impl Form {
    fn new(what: impl Into<String>, shape: Shape, made: Made) -> Self {
        Self {
            what: what.into(),
            shape,
            made,
        }
    }

    /// What is written where a good request has this.
    pub(super) fn written(&self, good: Option<&Value>) -> Written {
        let text = good.and_then(Value::as_str).unwrap_or_default();
        Written::Json(match &self.made {
            Made::Fixed(value) => value.clone(),
            Made::Inserted(inserted) => Value::from(insert(text, inserted)),
            Made::Changed(change) => Value::from(change(text)),
            Made::Raw(bytes) => return Written::Raw(bytes.to_vec()),
        })
    }

    /// The text that is written, where it is one.
    pub(super) fn text(&self, good: &str) -> Option<String> {
        match self.written(Some(&Value::from(good))) {
            Written::Json(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// A text with another in its middle.
fn insert(text: &str, inserted: &str) -> String {
    let half = text.chars().count() / 2;
    let (before, after): (String, String) = (
        text.chars().take(half).collect(),
        text.chars().skip(half).collect(),
    );
    format!("{before}{inserted}{after}")
}

/// Characters that nobody sees: they are put into a good text.
const UNSEEN: [(u32, u32, &str); 14] = [
    (0x00, 0x1F, "control"),
    (0x7F, 0x9F, "control"),
    (0xAD, 0xAD, "soft hyphen"),
    (0x61C, 0x61C, "Arabic letter mark"),
    (0x180E, 0x180E, "Mongolian vowel separator"),
    (0x200B, 0x200F, "zero width or direction"),
    (0x2028, 0x202E, "line separator or bidirectional"),
    (0x2060, 0x2064, "word joiner or invisible operator"),
    (0x2066, 0x206F, "bidirectional isolate"),
    (0xFEFF, 0xFEFF, "byte order mark"),
    (0xFFF9, 0xFFFB, "interlinear annotation"),
    (0xFFFE, 0xFFFF, "noncharacter"),
    (0xE000, 0xE001, "private use"),
    (0xE0001, 0xE0003, "language tag"),
];

/// Other characters and strings that are put into a good text, by what they are.
const INSERTED: [(&str, &[&str]); 7] = [
    (
        "not composed",
        &[
            "e\u{301}",
            "A\u{30A}",
            "\u{1112}\u{1161}\u{11AB}",
            "\u{212B}",
            "\u{2126}",
            "\u{F900}",
            "が\u{3099}",
        ],
    ),
    ("look-alike", &["А", "Ο", "а", "ⅰ", "⒈", "Ｌ", "ſ", "ß"]),
    (
        "full width or other digits",
        &["１２３", "٠١٢", "०१२", "①", "𝟙", "壹"],
    ),
    ("right to left", &["עברית", "العربية", "\u{5D0}1\u{5D1}"]),
    (
        "emoji",
        &["😀", "👨\u{200D}👩\u{200D}👧", "🇨🇳", "❤\u{FE0F}", "𠮷"],
    ),
    (
        "separators",
        &[
            "\t",
            "\r\n",
            "\n",
            "\r\nSet-Cookie: a=b",
            "\u{3000}",
            "\u{A0}",
            "/",
            ";",
            "//",
            "%2F",
            "%00",
            "%",
        ],
    ),
    (
        "quotes",
        &[
            "'",
            "\"",
            "\"\"",
            "\",\"",
            "\",\r\n\"",
            "`",
            "\\",
            "\\0",
            "\\u0000",
            "‘",
            "“",
            "$$",
            "--",
            "/*",
            "*/",
        ],
    ),
];

/// Whole texts, by what they are.
const WHOLE: [(&str, &[&str]); 8] = [
    (
        "SQL",
        &[
            "'; drop table pledge.loan; --",
            "' or '1'='1",
            "1; select pg_sleep(5)",
            "\" or \"\"=\"",
            "') union select null --",
            "$1",
            "%' or 1=1 --",
            "'||(select current_user)||'",
            "\\'; --",
            "1/**/or/**/1=1",
            "x' and 1=cast((select version()) as int)--",
            "set role postgres",
            "{1,2}",
            "array[1]",
            "null",
        ],
    ),
    (
        "formula",
        &[
            "=1+1",
            "=cmd|' /C calc'!A0",
            "+1",
            "-1",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠a",
            "'=1",
            "''=1",
            "=HYPERLINK(\"http://x\",\"y\")",
            "|calc",
            "%0A=1",
        ],
    ),
    (
        "template",
        &[
            "{{7*7}}",
            "${7*7}",
            "${jndi:ldap://127.0.0.1/a}",
            "<%= 7*7 %>",
            "#{7*7}",
            "{%raw%}",
            "%s%s%n",
            "%x",
            "{0}",
            "$(id)",
            "`id`",
            "&& id",
            "| id",
        ],
    ),
    (
        "path",
        &[
            "../../etc/passwd",
            "..\\..\\windows",
            "/etc/passwd",
            "file:///etc/passwd",
            "\\\\host\\share",
            "....//",
            "%2e%2e%2f",
            "~root",
            "C:\\",
            "con",
            "loans/../loans",
            "loans//",
            "/",
            "loans/%2F",
            "loans/a/b/c/d",
            "batches/410500-2025-000",
            "batches/410500-2025-99999999999999999999",
            "lines/1",
            "batches/-1-0-0/lines/-1",
            "batches/410500-2025-001/lines/99999999999999999999",
        ],
    ),
    (
        "markup",
        &[
            "<script>alert(1)</script>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>",
            "&lt;",
            "]]>",
            "<![CDATA[a]]>",
            "<a b='c'>",
            "&#0;",
        ],
    ),
    (
        "words of programs",
        &[
            "NULL",
            "nil",
            "undefined",
            "NaN",
            "true",
            "false",
            "0",
            "-0",
            "1e9999",
            "[]",
            "{}",
            "None",
            "Infinity",
        ],
    ),
    (
        "instants",
        &[
            "2025-02-30T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2025-01-01T25:00:00Z",
            "2025-01-01T00:00:00",
            "2025-W01-1",
            "2025-366",
            "0000-01-01T00:00:00Z",
            "-0044-03-15T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9999999Z",
            "2025-01-01T00:00:00+99:99",
            "2025-13-01",
            "20250101",
            "2025-01-01T00:00:00.1234567890123456789Z",
            "２０２５-０１-０１",
            "2025/1/1",
            "1/2/2025",
            "now",
            "2025-01-01 00:00:00+08",
        ],
    ),
    ("blank", &["", " ", "   ", "\u{3000}\u{3000}", ".", "-", "_", "?"]),
];

/// Amounts in yuan.
const AMOUNTS: [&str; 52] = [
    "-1.00",
    "-0",
    "-0.00",
    "0",
    "0.00",
    "",
    " ",
    "+1",
    "+0.01",
    "1e3",
    "1E3",
    "1e-2",
    "1e999999999",
    "NaN",
    "nan",
    "sNaN",
    "Infinity",
    "-Infinity",
    "inf",
    "0x10",
    "0b1",
    "0o7",
    "1,000.00",
    "1.000,00",
    "1 000",
    "1_000",
    "1.",
    ".5",
    ".",
    "01.00",
    "1.0.0",
    "1/2",
    "½",
    "1.001",
    "0.001",
    "0.0000000000000000001",
    "92233720368547758.07",
    "92233720368547758.08",
    "9223372036854775808",
    "100000000000.00",
    "99999999999.99",
    "999999999999999999999999999999999999.99",
    "1元",
    "¥1",
    "1万",
    "9.14105E+17",
    "１００",
    "١٢٣",
    "−1",
    "1\u{0}",
    "\t1.00",
    "1.00\u{200B}",
];

/// Years, months and days.
const DATES: [(i64, i64, i64); 24] = [
    (0, 0, 0),
    (0, 1, 1),
    (1, 1, 1),
    (9999, 12, 31),
    (10_000, 1, 1),
    (2025, 2, 30),
    (2023, 2, 29),
    (1900, 2, 29),
    (2025, 13, 1),
    (2025, 0, 1),
    (2025, 1, 0),
    (2025, 1, 32),
    (2025, -1, 1),
    (2025, 1, -1),
    (-44, 3, 15),
    (1899, 12, 31),
    (1582, 10, 10),
    (4713, 1, 1),
    (262_143, 1, 1),
    (2_147_483_647, 1, 1),
    (-2_147_483_648, 1, 1),
    (2025, 2_147_483_647, 1),
    (2025, 1, 2_147_483_647),
    (2025, 4, 31),
];

/// Bytes that are no UTF-8, all fifteen long.
const NO_TEXT: [(&str, &[u8]); 8] = [
    ("overlong NUL", b"aaaaaaa\xC0\x80aaaaaa"),
    ("overlong slash", b"aaaaaa\xE0\x80\xAFaaaaaa"),
    ("lone surrogate", b"aaaaaa\xED\xA0\x80aaaaaa"),
    ("surrogate pair", b"aaaa\xED\xA0\xBD\xED\xB8\x80aaaaa"),
    ("above U+10FFFF", b"aaaaaa\xF4\x90\x80\x80aaaaa"),
    ("lone continuation", b"aaaaaaa\x80aaaaaaa"),
    ("cut short", b"aaaaaaaaaaaa\xE4\xB8a"),
    ("never a byte", b"aaaaaaa\xFF\xFEaaaaaa"),
];

/// Every form.
pub(super) fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    texts(&mut forms);
    for (what, bytes) in NO_TEXT {
        forms.push(Form::new(
            format!("no UTF-8: {what}"),
            Shape::Text,
            Made::Raw(bytes),
        ));
    }
    for amount in AMOUNTS {
        let value = json!({"currency_code": "CNY", "amount": amount});
        forms.push(Form::new(
            format!("amount {amount:?}"),
            Shape::Amount,
            Made::Fixed(value),
        ));
    }
    for currency in ["", "cny", "USD", "CNY ", "CN\u{0}", "人民币"] {
        let value = json!({"currency_code": currency, "amount": "1.00"});
        forms.push(Form::new(
            format!("currency {currency:?}"),
            Shape::Amount,
            Made::Fixed(value),
        ));
    }
    forms.push(Form::new("no amount", Shape::Amount, Made::Fixed(json!({}))));
    for (year, month, day) in DATES {
        let value = json!({"year": year, "month": month, "day": day});
        forms.push(Form::new(
            format!("date {year}-{month}-{day}"),
            Shape::Date,
            Made::Fixed(value),
        ));
    }
    for instant in [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "1969-12-31T23:59:59.5Z",
    ] {
        forms.push(Form::new(
            format!("instant {instant}"),
            Shape::Instant,
            Made::Fixed(json!(instant)),
        ));
    }
    for number in [
        0_i64,
        -1,
        1,
        2_147_483_647,
        -2_147_483_648,
        1_000_000,
        10_000,
        32_768,
    ] {
        forms.push(Form::new(
            format!("number {number}"),
            Shape::Number,
            Made::Fixed(json!(number)),
        ));
    }
    for number in ["9223372036854775807", "-9223372036854775808"] {
        forms.push(Form::new(
            format!("number {number}"),
            Shape::Number,
            Made::Fixed(json!(number)),
        ));
    }
    for word in [0_i64, -1, 99, 2_147_483_647, -2_147_483_648] {
        forms.push(Form::new(
            format!("word {word}"),
            Shape::Word,
            Made::Fixed(json!(word)),
        ));
    }
    for truth in [true, false] {
        forms.push(Form::new(
            format!("{truth}"),
            Shape::Truth,
            Made::Fixed(json!(truth)),
        ));
    }
    // Base64 of nothing, of a NUL, of the head of a ZIP, of GB18030 and of a formula.
    for bytes in [
        "",
        "AA==",
        "UEsDBAAAAAA=",
        "sNHR9A==",
        "PTErMQ==",
        "//79/A==",
        "77u/",
    ] {
        forms.push(Form::new(
            format!("bytes {bytes:?}"),
            Shape::Bytes,
            Made::Fixed(json!(bytes)),
        ));
    }
    forms
}

fn texts(forms: &mut Vec<Form>) {
    let mut text = |what: String, made| forms.push(Form::new(what, Shape::Text, made));
    for (first, last, what) in UNSEEN {
        for point in first..=last {
            if let Some(symbol) = char::from_u32(point) {
                text(
                    format!("U+{point:04X} {what}"),
                    Made::Inserted(symbol.to_string()),
                );
            }
        }
    }
    for (what, all) in INSERTED {
        for inserted in all {
            text(
                format!("{what} {inserted:?}"),
                Made::Inserted((*inserted).to_owned()),
            );
        }
    }
    for (what, all) in WHOLE {
        for whole in all {
            text(format!("{what} {whole:?}"), Made::Fixed(json!(whole)));
        }
    }
    for (what, length) in [
        ("65", 65),
        ("201", 201),
        ("501", 501),
        ("5,000", 5_000),
        // Nine hundred kilobytes: a longer text is refused with its message, and no field ever sees it.
        ("300,000", 300_000),
    ] {
        text(
            format!("{what} characters"),
            Made::Fixed(json!("长".repeat(length))),
        );
    }
    text(
        "storm of combining marks".to_owned(),
        Made::Inserted("\u{300}".repeat(150)),
    );
    let changes: [(&str, Change); 12] = [
        ("lower case", |text| text.to_lowercase()),
        ("upper case", |text| text.to_uppercase()),
        ("full width", |text| text.chars().map(widened).collect()),
        ("another last character", |text| {
            format!(
                "{}Z",
                &text[..text.len() - text.chars().last().map_or(0, char::len_utf8)]
            )
        }),
        ("one character less", |text| text.chars().skip(1).collect()),
        ("twice", |text| text.repeat(2)),
        ("backwards", |text| text.chars().rev().collect()),
        ("blanks around", |text| format!("  {text}\u{3000}")),
        ("tabs around", |text| format!("\t{text}\t")),
        ("line end behind", |text| format!("{text}\r\n")),
        ("a blank between any two", |text| {
            text.chars().flat_map(|symbol| [symbol, ' ']).collect()
        }),
        ("quoted", |text| format!("\"{text}\"")),
    ];
    for (what, change) in changes {
        text(what.to_owned(), Made::Changed(change));
    }
}

/// The full-width form of an ASCII character.
fn widened(symbol: char) -> char {
    match symbol {
        '!'..='~' => char::from_u32(u32::from(symbol) + 0xFEE0).unwrap_or(symbol),
        _ => symbol,
    }
}
