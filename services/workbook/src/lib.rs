//! XLSX in and out: one sheet an exchange file, read as a stream with caps, written as templates and marked copies.
