//! A batch as a workbook to look at: summary, lines and findings. The files of the batch stay what is signed and verified.

use exchange::batch::{FindingRow, LineRow, Receipt};
use rust_xlsxwriter::Worksheet;

use crate::error::WorkbookError;
use crate::style;

/// Width of columns, in characters.
const WIDTH: u16 = 24;
/// Width of columns with sentences, in characters.
const WIDTH_OF_SENTENCES: u16 = 70;

const LINES: &[&str] = &[
    "批次号 batch_no",
    "行号 line_no",
    "年度 policy_year",
    "措施 measure",
    "受益人代码 beneficiary",
    "受益人 beneficiary_name",
    "明细 item",
    "基数（元） base_amount",
    "应得（元） entitled",
    "此前已结（元） settled_before",
    "本次金额（元） amount",
    "受限于 limited_by",
    "条款 clause",
    "规则版本 rule_revision",
];
const FINDINGS: &[&str] = &[
    "代码 code",
    "级别 severity",
    "措施 measure",
    "受益人 beneficiary",
    "记录 reference",
    "说明 message",
];

/// Writes a batch: three sheets of text cells, amounts in yuan as `lines.csv` states them.
///
/// # Errors
/// [`WorkbookError`] where the batch has more rows than a sheet.
pub fn batch_book(
    receipt: &Receipt,
    lines: &[LineRow],
    findings: &[FindingRow],
) -> Result<Vec<u8>, WorkbookError> {
    let mut workbook = style::workbook()?;
    summary(workbook.add_worksheet(), receipt, findings.len())?;
    let of_lines = lines.iter().map(|row| {
        [
            &row.batch_no,
            &row.line_no,
            &row.policy_year,
            &row.measure,
            &row.beneficiary,
            &row.beneficiary_name,
            &row.item,
            &row.base_amount,
            &row.entitled,
            &row.settled_before,
            &row.amount,
            &row.limited_by,
            &row.clause,
            &row.rule_revision,
        ]
    });
    table(workbook.add_worksheet(), "明细 lines", LINES, of_lines)?;
    let of_findings = findings.iter().map(|row| {
        [
            &row.code,
            &row.severity,
            &row.measure,
            &row.beneficiary,
            &row.reference,
            &row.message,
        ]
    });
    let sheet = workbook.add_worksheet();
    table(sheet, "提示 findings", FINDINGS, of_findings)?;
    sheet.set_column_width(style::place(FINDINGS.len() - 1)?, WIDTH_OF_SENTENCES)?;
    Ok(workbook.save_to_buffer()?)
}

fn summary(sheet: &mut Worksheet, receipt: &Receipt, findings: usize) -> Result<(), WorkbookError> {
    sheet.set_name("汇总 summary")?;
    sheet.set_column_width(0, WIDTH)?;
    sheet.set_column_width(1, WIDTH_OF_SENTENCES)?;
    let text = |text: &str| text.to_owned();
    let facts = [
        ("批次号 batch_no", text(&receipt.batch_no)),
        ("城市 city", text(&receipt.city)),
        ("年度 year", receipt.year.to_string()),
        ("截至日 as_of", text(&receipt.as_of)),
        ("规则版本 rule_revision", text(&receipt.rule_revision)),
        ("计算程序 engine_version", text(&receipt.engine_version)),
        ("行数 line_count", receipt.line_count.to_string()),
        ("合计（元） line_sum", text(&receipt.line_sum)),
        ("提示数 findings", findings.to_string()),
        ("明细摘要 lines_digest", text(&receipt.lines_digest)),
        ("批次摘要 batch_digest", text(&receipt.batch_digest)),
    ];
    let readings = receipt.readings.iter().map(|reading| {
        let title = format!("解释口径 reading {}", reading.id);
        (title, format!("{} ({})", reading.value, reading.approval))
    });
    let facts = facts.into_iter().map(|(title, value)| (title.to_owned(), value));
    for ((title, value), row) in facts.chain(readings).zip(0_u32..) {
        style::write(sheet, row, 0, &title, &style::header(false))?;
        style::write(sheet, row, 1, &value, &style::text())?;
    }
    Ok(())
}

fn table<'a, const N: usize>(
    sheet: &mut Worksheet,
    name: &str,
    titles: &[&str],
    rows: impl Iterator<Item = [&'a String; N]>,
) -> Result<(), WorkbookError> {
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    let (header, text) = (style::header(false), style::text());
    for (index, title) in titles.iter().enumerate() {
        let place = style::place(index)?;
        sheet.set_column_width(place, WIDTH)?;
        style::write(sheet, 0, place, title, &header)?;
    }
    for (cells, row) in rows.zip(1_u32..) {
        for (index, cell) in cells.into_iter().enumerate() {
            let place = style::place(index)?;
            // An amount below zero begins with a minus and is no formula; a text cell stays what it says.
            if is_amount(cell) {
                sheet.write_string_with_format(row, place, cell, &text)?;
            } else {
                style::write(sheet, row, place, cell, &text)?;
            }
        }
    }
    Ok(())
}

/// Whether text is an amount as our files state it: digits, a point and two digits, with or without a minus.
fn is_amount(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    unsigned
        .split_once('.')
        .is_some_and(|(whole, places)| digits(whole) && digits(places) && places.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amounts_keep_their_minus() {
        for (text, amount) in [
            ("-12.30", true),
            ("12.30", true),
            ("-1+2", false),
            ("-12.3", false),
            ("--1.00", false),
        ] {
            assert_eq!(is_amount(text), amount, "{text}");
        }
    }
}
