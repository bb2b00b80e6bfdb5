//! XLSX in and out: one sheet an exchange file, read as a stream with caps, written as templates and marked copies.
//!
//! Everything here works on bytes that a caller hands in: no clock, no directory, no network. A workbook is a ZIP archive of XML from
//! strangers, so [`read`] inflates it into a counter first and lets nothing be read that would not fit (see [`Limits`]). What it reads
//! becomes an [`exchange::Grid`], which the one parser of exchange files takes as it takes CSV: a wrong cell has the same code in both.

mod archive;
mod batch_book;
mod cell;
mod error;
mod lexer;
mod limits;
pub mod mapping;
mod marked;
mod notes;
mod raw;
mod read;
mod style;
mod template;
#[cfg(test)]
mod tests;

pub use batch_book::batch_book;
pub use error::{WorkbookCode, WorkbookError};
pub use limits::Limits;
pub use mapping::{Mapping, MappingError};
pub use marked::{Marks, RESULT_HEADER, marked};
pub use notes::{NOTES_SHEET, example, meaning};
pub use read::read;
pub use template::template;
