//! Round trips of the whole crate, against the parser of exchange files and against CSV.

mod books;
mod mappings;
mod refused;
mod returned;
mod round_trip;
mod templates;
