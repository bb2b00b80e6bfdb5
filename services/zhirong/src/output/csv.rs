//! CSV of what a command prints: the form of every file of this program.

use exchange::csv_out::{into_guarded, write_records};

use super::{Cell, Column};

/// Writes a header and rows.
pub(super) fn write(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<u8> {
    let header: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let rows = rows.iter().map(|row| row.iter().map(cell).collect());
    write_records(std::iter::once(header).chain(rows))
}

/// Only text of somebody's making is guarded: a negative amount begins with a sign and is no formula.
fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => into_guarded(text.clone()),
        other => other.print(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_negative_amounts_are_not() {
        let columns = Column::all(&[("name", "名称"), ("amount", "金额")]);
        let row = vec![Cell::text("=1+1"), Cell::amount("-5.00")];
        let bytes = write(&columns, &[row]);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "\u{feff}name,amount\r\n'=1+1,-5.00\r\n"
        );
    }
}
