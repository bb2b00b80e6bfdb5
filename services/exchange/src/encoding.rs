//! The encoding of a file's text: UTF-8 with or without a byte order mark, else GB18030.

use std::borrow::Cow;

use crate::codes::RefusalCode;
use crate::csv_in::FileRefusal;
use crate::file::File;

/// Largest file that is read: 2 GiB, several times a city's decade.
pub const FILE_BYTES_MAX: usize = 2 << 30;

/// The text of a file: UTF-8 with or without a byte order mark, else GB18030.
///
/// # Errors
/// [`FileRefusal`] with `FILE_ENCODING`, `FILE_TRUNCATED`, `FILE_EMPTY` or `FILE_TOO_LARGE`.
pub fn decode(file: File, bytes: &[u8]) -> Result<Cow<'_, str>, FileRefusal> {
    let refuse = |code| Err(FileRefusal::of(file, code));
    let (marked, bytes) = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .map_or((false, bytes), |rest| (true, rest));
    if bytes.is_empty() {
        return refuse(RefusalCode::FileEmpty);
    }
    if bytes.len() > FILE_BYTES_MAX {
        return refuse(RefusalCode::FileTooLarge);
    }
    if bytes.contains(&0) {
        return refuse(RefusalCode::FileEncoding);
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    let valid = bytes.get(..error.valid_up_to()).unwrap_or(bytes);
    if error.error_len().is_none() && (marked || !valid.is_ascii()) {
        return refuse(RefusalCode::FileTruncated);
    }
    if marked || is_damaged_utf8(bytes) {
        return refuse(RefusalCode::FileEncoding);
    }
    match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(text),
        None => refuse(RefusalCode::FileEncoding),
    }
}

/// Whether bytes are UTF-8 with a few wrong ones rather than GB18030, which would turn them into other Chinese without an error.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| !byte.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    valid > invalid.saturating_mul(4)
}
