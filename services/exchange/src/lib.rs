//! The exchange contract: files in and out, identifiers with their check digits, refusals, histories and digests.
//!
//! Everything here works on bytes and text that a caller hands in: no clock, no directory, no network. One parser reads the cells of a
//! record, whether they come from a file, a message or a table, so a wrong cell has the same code everywhere.

pub mod archive;
pub mod batch;
pub mod codes;
pub mod compute;
pub mod conditions;
pub mod csv_in;
pub mod csv_out;
pub mod digest;
mod encoding;
pub mod file;
pub mod grid;
mod header;
pub mod history;
pub mod identifiers;
pub mod load;
mod parse;
mod print;
pub mod rejected;
pub mod row;
mod seen;
mod sheet;
pub mod table;
#[cfg(test)]
mod tests;
mod text;
mod values;
pub mod words;

pub use codes::{Refusal, RefusalCode, Warning, WarningCode};
pub use csv_in::{FileRefusal, RefusedRow, Sheet, SheetReader, SheetRow, read_file, read_grid};
pub use csv_out::write_file;
pub use file::{Column, File, Kind, Owner, Service};
pub use grid::{CellFault, Grid, GridRow, SPOILT};
pub use history::{History, Verdict};
pub use load::{Loaded, Rejected, Source, load, load_sources};
pub use parse::parse_row;
pub use print::{content_digest, print_row};
pub use rejected::write_rejected;
pub use row::{Allow, Cells, Fact, Key, Row, UnknownColumn};
pub use text::{folded, guarded, unguarded};
