//! Tables for reading. A Chinese character is two columns wide, which the library measures.

use comfy_table::{CellAlignment, ContentLineStyle, LineStyle, Table, TableStyle};

use super::{Cell, Column};

/// Nothing but spaces and one rule below the header, so that what is copied out of it is text.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('-').junction(' '))
    .content_lines(ContentLineStyle::none().junction(' '));

/// Rows below one header.
pub(super) fn rows(columns: &[Column], rows: &[Vec<Cell>]) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(columns.iter().map(heading));
    for row in rows {
        table.add_row(row.iter().map(|cell| match cell {
            Cell::Amount(_) | Cell::Count(_) => content(cell).set_alignment(CellAlignment::Right),
            Cell::Text(_) | Cell::Flag(_) => content(cell),
        }));
    }
    finish(&table)
}

/// Each row as names and values, one a line.
pub(super) fn record(columns: &[Column], rows: &[Vec<Cell>]) -> String {
    let mut table = Table::new();
    table.load_style(STYLE);
    for row in rows {
        for (column, cell) in columns.iter().zip(row) {
            table.add_row([comfy_table::Cell::new(heading(column)), content(cell)]);
        }
    }
    finish(&table)
}

fn heading(column: &Column) -> String {
    if column.zh.is_empty() {
        column.name.clone()
    } else {
        format!("{} {}", column.zh, column.name)
    }
}

/// A reported name may hold what a terminal obeys, so control characters are shown and not sent.
fn content(cell: &Cell) -> comfy_table::Cell {
    let shown = |symbol: char| if symbol.is_control() { '\u{fffd}' } else { symbol };
    comfy_table::Cell::new(cell.print().chars().map(shown).collect::<String>())
}

fn finish(table: &Table) -> String {
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_chinese_text_and_amounts_stand_to_the_right() {
        let columns = Column::all(&[("name", "名称"), ("amount", "金额"), ("note", "")]);
        let rows_of =
            |name: &str, amount: &str| vec![Cell::text(name), Cell::amount(amount), Cell::text("x")];
        let text = rows(
            &columns,
            &[rows_of("试用银行", "150000.00"), rows_of("ab", "5.00")],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                " 名称 name   金额 amount   note",
                "----------- ------------- ------",
                " 试用银行      150000.00   x",
                " ab                 5.00   x",
            ]
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let text = record(
            &Column::all(&[("name", "")]),
            &[vec![Cell::text("a\u{1b}[2J\nb")]],
        );
        assert_eq!(text, " name   a\u{fffd}[2J\u{fffd}b\n");
    }
}
