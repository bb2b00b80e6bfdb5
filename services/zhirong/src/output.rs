//! Standard output for data, standard error for everything else.
//!
//! A reader that went away (`| head`) is no failure of ours, so what cannot be written is dropped.

use std::io::Write;

/// Writes bytes to standard output.
pub fn data(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes one line of data.
pub fn line(text: &str) {
    data(format!("{text}\n").as_bytes());
}

/// Writes a note for people to standard error.
pub fn note(text: &str) {
    let mut out = std::io::stderr().lock();
    let _gone = writeln!(out, "{}", text.trim_end_matches('\n'));
}
