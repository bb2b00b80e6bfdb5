//! How much of a workbook is read.

/// Caps on a workbook; the default is what a year of a large bank needs several times over.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Bytes of all its entries once inflated.
    pub inflated_bytes: u64,
    /// Bytes of any entry that is no worksheet once inflated; the shared strings are the largest of them, and are held whole.
    pub part_bytes: u64,
    /// Inflated bytes for each byte of the file, where it inflates beyond 16 MiB.
    pub ratio: u64,
    /// Entries of the archive.
    pub entries: usize,
    /// Strings of its table of shared strings.
    pub strings: u64,
    /// Sheets.
    pub sheets: usize,
    /// The highest row that may hold a value.
    pub rows: u32,
    /// The highest column that may hold a value.
    pub columns: u32,
    /// Filled cells of all sheets.
    pub cells: usize,
    /// Characters of one cell.
    pub cell_characters: usize,
    /// Bytes of the text of all cells.
    pub text_bytes: usize,
    /// Cells with a formula, of all sheets; below this each refuses its row, above it the workbook is refused.
    pub formulas: usize,
    /// Whether the caller's time is over; asked between pieces of work. The crate itself knows no time.
    pub is_late: &'a (dyn Fn() -> bool + Sync),
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self {
            file_bytes: 20 << 20,
            inflated_bytes: 256 << 20,
            part_bytes: 64 << 20,
            ratio: 300,
            entries: 1_000,
            strings: 1_000_000,
            sheets: 64,
            rows: 200_000,
            columns: 64,
            cells: 3_000_000,
            cell_characters: 32_767,
            text_bytes: 96 << 20,
            formulas: 1_000,
            is_late: &|| false,
        }
    }
}
