//! Text in the encoding that old spreadsheet programs and core systems expect.

/// UTF-8, with a byte order mark or without, as GB18030, in which every character of Unicode has its place.
#[must_use]
pub(crate) fn gb18030(utf8: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(utf8);
    let (encoded, ..) = encoding_rs::GB18030.encode(text.trim_start_matches('\u{feff}'));
    encoded.into_owned()
}
