//! The files of the repository, and as much of Rust's syntax as the checks need.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A string literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Offset of its first byte, a quote or a prefix.
    pub(crate) at: usize,
    /// What stands between the quotes, escapes as written.
    pub(crate) text: String,
}

/// A Rust file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path from the root of the repository.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// The same length, with comments, strings and characters blanked.
    pub(crate) code: String,
    /// Its string literals in order.
    pub(crate) literals: Vec<Literal>,
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// From `fn` to the closing brace.
    pub(crate) range: Range<usize>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, literals) = mask(text);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            literals,
        }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        is_test_path(&self.path)
    }

    /// Number of the line at an offset, from 1.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.text.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }

    /// The bodies under `#[cfg(test)]`.
    pub(crate) fn test_regions(&self) -> Vec<Range<usize>> {
        let marks = self.code.match_indices("#[cfg(test)]");
        marks
            .filter_map(|(at, mark)| {
                let rest = &self.code[at + mark.len()..];
                let open = at + mark.len() + rest.find(['{', ';'])?;
                Some(at..closing(&self.code, open, b'{', b'}')?)
            })
            .collect()
    }

    /// Every function with a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let code = &self.code;
        words(code, "fn")
            .into_iter()
            .filter_map(|at| {
                let after = at + 2;
                let start = after + code[after..].find(|c: char| !c.is_whitespace())?;
                let name: String = code[start..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let open = body_of(code, start + name.len())?;
                let end = closing(code, open, b'{', b'}')?;
                (!name.is_empty()).then_some(Function { name, range: at..end })
            })
            .collect()
    }
}

/// The opening brace of a function's body; none where a semicolon ends the signature.
fn body_of(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b'{' if depth == 0 => return Some(at),
            b';' | b'}' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The offset after the bracket that closes the one at `open`; none where no such bracket opens there.
pub(crate) fn closing(code: &str, open: usize, opens: u8, closes: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        if byte == opens {
            depth += 1;
        } else if byte == closes {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return (byte == closes).then_some(at + 1);
        }
    }
    None
}

/// Whether a path belongs to tests: a folder `tests`, or a file or folder `tests` of a crate's own.
pub(crate) fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where a word stands that no letter, digit or underscore touches. Only an end that is such itself can be touched: `panic!`
/// is found before anything.
pub(crate) fn words(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let touches = |inner: Option<u8>, outer: Option<&u8>| {
        inner.is_some_and(is_word) && outer.is_some_and(|byte| is_word(*byte))
    };
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| {
            let before = at.checked_sub(1).and_then(|place| bytes.get(place));
            !touches(word.bytes().next(), before)
                && !touches(word.bytes().next_back(), bytes.get(at + word.len()))
        })
        .collect()
}

/// Blanks comments, strings and characters, and collects the strings.
fn mask(text: &str) -> (String, Vec<Literal>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut literals = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let end = if rest.starts_with(b"//") {
            at + find(rest, b"\n").unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + comment(rest)
        } else if let Some((inner, len)) = string(rest, at.checked_sub(1).map(|place| bytes[place])) {
            let text = String::from_utf8_lossy(&rest[inner]).into_owned();
            literals.push(Literal { at, text });
            at + len
        } else {
            at + character(&text[at..]).unwrap_or(0)
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    (String::from_utf8(code).unwrap(), literals)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Length of a block comment with the ones inside it.
fn comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// What stands between the quotes of a string that begins here, and the length of all of it.
fn string(rest: &[u8], before: Option<u8>) -> Option<(Range<usize>, usize)> {
    let prefix = rest
        .iter()
        .take_while(|byte| matches!(byte, b'b' | b'c' | b'r'))
        .count();
    if prefix > 2 || (prefix > 0 && before.is_some_and(is_word)) {
        return None;
    }
    let raw = rest[..prefix].contains(&b'r');
    let hashes = if raw {
        rest[prefix..].iter().take_while(|byte| **byte == b'#').count()
    } else {
        0
    };
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let first = open + 1;
    if raw {
        let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
        let len = find(&rest[first..], &close)?;
        return Some((first..first + len, first + len + close.len()));
    }
    let mut at = first;
    while *rest.get(at)? != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    Some((first..at, at + 1))
}

/// Length of a character literal that begins here; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(2 + first + escape[first..].find('\'')? + 1);
    }
    let len = inner.chars().next()?.len_utf8();
    inner[len..].starts_with('\'').then_some(len + 2)
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every file that git knows or would add, by its path from the root.
pub(crate) fn files() -> &'static [String] {
    static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let git = Command::new("git")
            // Inside a container the files may be another user's.
            .args([
                "-c",
                "safe.directory=*",
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
        let names = String::from_utf8(git.stdout).unwrap();
        let mut names: Vec<String> = names.split_terminator('\0').map(str::to_owned).collect();
        names.retain(|name| root().join(name).is_file());
        names.sort_unstable();
        names.dedup();
        assert!(
            names.iter().any(|name| name == "Cargo.toml"),
            "the root has a Cargo.toml"
        );
        names
    });
    &FILES
}

/// A file as text; bytes that are no UTF-8 are replaced.
pub(crate) fn text(path: &str) -> String {
    let bytes = std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every Rust file.
pub(crate) fn rust() -> &'static [Source] {
    static RUST: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let names = files().iter().filter(|name| name.ends_with(".rs"));
        names.map(|name| Source::new(name, &text(name))).collect()
    });
    assert!(
        RUST.len() > 100,
        "the repository has more Rust files than {}",
        RUST.len()
    );
    &RUST
}

#[test]
fn strings_comments_and_characters_are_no_code() {
    let text = r##"fn a<'x>(s: &'x str) -> char { /* } /* } */ */ let _ = r#"}"{"#; let _ = b"\"}"; '}' } // }
fn b(); fn 中() { "中}"; '\''; '\u{7d}' }"##;
    let source = Source::new("a.rs", text);
    assert_eq!(source.code.len(), text.len());
    let functions = source.functions();
    let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["a", "中"]);
    assert_eq!(functions[1].range.end, text.len());
    assert!(text[..functions[0].range.end].ends_with("'}' }"));
    let literals: Vec<&str> = source
        .literals
        .iter()
        .map(|literal| literal.text.as_str())
        .collect();
    assert_eq!(literals, ["}\"{", "\\\"}", "中}"]);
    assert_eq!(source.line_of(functions[1].range.start), 2);
}

#[test]
fn words_have_ends_and_tests_have_regions() {
    assert_eq!(words("a_loan loan loans (loan)", "loan"), [7, 19]);
    let source = Source::new(
        "a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n#[cfg(test)]\nmod c;",
    );
    let regions = source.test_regions();
    assert!(regions.len() == 1 && regions[0] == (10..46), "{regions:?}");
    assert!(is_test_path("tests/src/a.rs") && is_test_path("services/a/src/tests.rs"));
    assert!(!is_test_path("services/a/src/attests.rs"));
}
