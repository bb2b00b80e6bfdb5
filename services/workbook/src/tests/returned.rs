//! The copy that goes back: coloured, commented, and readable again.

use exchange::batch::{FindingRow, LineRow, Receipt};
use exchange::{Allow, Grid, read_grid};

use super::books::{archive, book, canonical, number, text};
use crate::raw::{Book, RawCell};
use crate::{Limits, Marks, RESULT_HEADER, batch_book, marked, read};

fn events(amounts: &[&str]) -> Vec<Grid> {
    let header = [
        "机构代码",
        "合同号",
        "流水号",
        "类型",
        "发生时间",
        "金额",
        "冲正流水号",
    ];
    let mut rows = vec![header.map(text).to_vec()];
    for (number, amount) in amounts.iter().enumerate() {
        let cells = [
            "313496010116",
            "=HT-1",
            &number.to_string(),
            "放款",
            "2025-03-12",
            amount,
            "",
        ];
        rows.push(cells.map(text).to_vec());
    }
    read(&book(&[("放款还款", rows)]), &Limits::default()).unwrap()
}

fn refusals(grids: &[Grid]) -> Vec<exchange::Refusal> {
    let sheet = read_grid(&grids[0], &Allow::default()).unwrap();
    sheet.refused.into_iter().flat_map(|row| row.refusals).collect()
}

/// The text of an entry of an archive.
fn entry(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(zip.by_name(name).unwrap()).unwrap()
}

#[test]
fn bad_cells_are_coloured_commented_and_read_again_as_they_were() {
    let grids = events(&["100.00", "1e6", "", "300.00"]);
    let refusals = refusals(&grids);
    assert_eq!(refusals.len(), 2);
    let marks = Marks {
        refusals: &refusals,
        ..Marks::default()
    };
    let copy = marked(&grids, &marks).unwrap();
    assert_eq!(copy, marked(&grids, &marks).unwrap());

    let again = read(&copy, &Limits::default()).unwrap();
    let cells = |grids: &[Grid]| -> Vec<(u32, Vec<String>)> {
        let trimmed = |cells: &[String]| {
            let filled = cells
                .iter()
                .rposition(|cell| !cell.is_empty())
                .map_or(0, |last| last + 1);
            cells[..filled]
                .iter()
                .map(|cell| exchange::unguarded(cell).to_owned())
                .collect()
        };
        grids[0]
            .rows
            .iter()
            .map(|row| (row.number, trimmed(&row.cells)))
            .collect()
    };
    assert_eq!(cells(&again), cells(&grids));
    assert_eq!(again[0].header, grids[0].header);

    let comments = entry(&copy, "xl/comments1.xml");
    for said in [
        "ref=\"F3\"",
        "ref=\"F4\"",
        "金额格式不对",
        "not an amount in yuan",
        "AMOUNT_MALFORMED",
        "CELL_REQUIRED",
    ] {
        assert!(comments.contains(said), "{said}");
    }
    assert_eq!(comments.matches("<comment ").count(), 2);
    let limits = Limits::default();
    let raw = Book::open(&copy, &limits).unwrap().sheet("放款还款").unwrap();
    let results: Vec<&RawCell> = raw.rows.iter().map(|row| row.cells.last().unwrap()).collect();
    let is = |cell: &RawCell, wanted: &str| matches!(cell, RawCell::Text(text) if text.contains(wanted));
    assert!(is(results[0], RESULT_HEADER) && is(results[1], "通过 ok") && is(results[4], "通过 ok"));
    assert!(is(results[2], "[AMOUNT_MALFORMED]") && is(results[3], "[CELL_REQUIRED]"));
}

#[test]
fn what_is_put_right_in_the_copy_goes_in() {
    let grids = events(&["100.00", "1e6"]);
    let copy = marked(
        &grids,
        &Marks {
            refusals: &refusals(&grids),
            ..Marks::default()
        },
    )
    .unwrap();
    let mut again = read(&copy, &Limits::default()).unwrap();
    again[0].rows[1].cells[5] = "1000000.00".to_owned();
    let rows = canonical(&again[0]);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[1][1].as_str(), rows[1][5].as_str()),
        ("=HT-1", "1000000.00")
    );
    // And without the correction it is refused as before.
    let twin = read(&copy, &Limits::default()).unwrap();
    assert_eq!(refusals(&twin).len(), 1);
}

#[test]
fn a_copy_does_not_make_lost_digits_look_right() {
    let header = [
        "机构代码",
        "合同号",
        "流水号",
        "类型",
        "发生时间",
        "金额",
        "冲正流水号",
    ];
    let mut row = ["313496010116", "", "1", "放款", "2025-03-12", "100.00", ""]
        .map(text)
        .to_vec();
    row[1] = number("123456789012345680");
    let grids = read(
        &book(&[("loan_events", vec![header.map(text).to_vec(), row])]),
        &Limits::default(),
    )
    .unwrap();
    let first = refusals(&grids);
    let codes =
        |refusals: &[exchange::Refusal]| refusals.iter().map(|it| it.code.as_str()).collect::<Vec<_>>();
    assert_eq!(codes(&first), ["NUMBER_IN_CODE_CELL"]);
    let copy = marked(
        &grids,
        &Marks {
            refusals: &first,
            ..Marks::default()
        },
    )
    .unwrap();
    let mut again = read(&copy, &Limits::default()).unwrap();
    assert_eq!(codes(&refusals(&again)), ["CELL_NOT_CORRECTED"]);
    // The twin: without the mark the made-up digits would go in.
    again[0].rows[0].cells[1] = again[0].rows[0].cells[1].replace("⚠ ", "");
    assert_eq!(refusals(&again), []);
}

#[test]
fn no_text_of_a_copy_begins_like_a_formula() {
    let grids = events(&["100.00"]);
    let copy = marked(&grids, &Marks::default()).unwrap();
    let strings = entry(&copy, "xl/sharedStrings.xml");
    assert!(strings.contains("'=HT-1"), "{strings}");
    assert!(!strings.contains(">=HT-1"));
    assert!(!entry(&copy, "xl/worksheets/sheet1.xml").contains("<f>"));
}

#[test]
fn a_refused_file_is_told_at_its_header() {
    let rows = vec![
        vec![text("机构代码"), text("不认识")],
        vec![text("1"), number("2")],
    ];
    let grids = read(&book(&[("loans", rows)]), &Limits::default()).unwrap();
    let refusals = read_grid(&grids[0], &Allow::default()).unwrap_err().refusals;
    let copy = marked(
        &grids,
        &Marks {
            refusals: &refusals,
            ..Marks::default()
        },
    )
    .unwrap();
    let comments = entry(&copy, "xl/comments1.xml");
    assert!(
        comments.contains("ref=\"A1\"") && comments.contains("COLUMN_UNKNOWN") && comments.contains("不认识")
    );
}

#[test]
fn a_batch_is_a_workbook_of_text_amounts() {
    let line = LineRow {
        batch_no: "410500-2025-001".to_owned(),
        line_no: "1".to_owned(),
        beneficiary_name: "=1+1".to_owned(),
        amount: "-20.50".to_owned(),
        ..LineRow::default()
    };
    let finding = FindingRow {
        code: "X".to_owned(),
        message: "@SUM".to_owned(),
        ..FindingRow::default()
    };
    let receipt = Receipt::from_json(RECEIPT.as_bytes()).unwrap();
    let bytes = batch_book(&receipt, &[line], &[finding]).unwrap();
    let strings = entry(&bytes, "xl/sharedStrings.xml");
    for said in ["'=1+1", ">-20.50<", "'@SUM", "410500-2025-001", "年度 year", "R1"] {
        assert!(strings.contains(said), "{said}");
    }
    assert!(!archive(&[]).is_empty());
}

const RECEIPT: &str = r#"{"batch_no":"410500-2025-001","city":"4105","year":2025,"as_of":"2026-01-15","cut_off":1,
"rule_revision":"2018","readings":[{"id":"R1","value":"DEFAULT","approval":"x"}],"engine_version":"e","line_count":1,
"line_sum":"-20.50","facts_digest":"a","policy_digest":"b","settled_digest":"c","lines_digest":"d","findings_digest":"e",
"explanations_digest":"f","previous_digest":null,"batch_digest":"g"}"#;
