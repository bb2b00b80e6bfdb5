//! Normalising cells: trimming, width folding, NFC, and the characters that no cell may hold.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Whether a character is unseen: controls, bidirectional marks, zero-width, line separators and tags.
pub(crate) fn is_invisible(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// The half-width character of a full-width one.
fn narrow(symbol: char) -> char {
    match symbol {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(symbol) - 0xFEE0).unwrap_or(symbol),
        _ => symbol,
    }
}

/// Trimmed and folded to half width; NFC, so that one number has one spelling.
#[must_use]
pub fn folded(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let narrowed: String = text.chars().map(narrow).nfc().collect();
    Cow::Owned(narrowed.trim().to_owned())
}

/// Trimmed, folded and upper-cased.
pub(crate) fn upper(text: &str) -> Cow<'_, str> {
    let text = folded(text);
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        text
    }
}

/// Trimmed, folded and lower-cased: a word of a closed list.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    let text = folded(text);
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        text
    }
}

/// Trimmed and in normal form C; its width is kept, since names are printed as they were given.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether a spreadsheet might take text for a formula, looking behind leading apostrophes.
fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// The text with one apostrophe before it where a spreadsheet might take it for a formula.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text without the apostrophe that [`guarded`] put there.
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => text,
    }
}
