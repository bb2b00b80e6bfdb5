//! Records as workbooks in every form a spreadsheet has, read back as the same records as CSV.

use std::path::{Path, PathBuf};

use exchange::{Allow, Column, File, Kind, read_file, words};
use fastrand::Rng;

use super::books::{Cell, book, canonical, number, text};
use crate::{Limits, read};

/// The seed of the forms; printed by a failure.
const SEED: u64 = 20_180_403;

/// Every CSV file of the acceptance cases.
fn case_files() -> Vec<(File, PathBuf)> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut found = Vec::new();
    for case in std::fs::read_dir(cases).unwrap() {
        let Ok(facts) = std::fs::read_dir(case.unwrap().path().join("facts")) else {
            continue;
        };
        for entry in facts {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.extend(File::from_file_name(&name).map(|file| (file, path)));
        }
    }
    found.sort();
    found
}

/// A canonical cell in one of the forms that mean the same.
fn form(rng: &mut Rng, column: &Column, cell: &str) -> Cell {
    let pick = rng.u8(..4);
    match (column.kind, pick) {
        _ if cell.is_empty() => text(""),
        (Kind::Word(list), 0 | 1) => {
            let word = list.iter().find(|word| **word == cell).unwrap();
            text(words::zh(word))
        }
        (Kind::Bool, 0) => Cell::Truth(cell == "true"),
        (Kind::Bool, 1) => text(if cell == "true" { "是" } else { "否" }),
        (Kind::Money | Kind::Rate | Kind::Revision, 0) => number(cell),
        (Kind::Money, 1) => text(&with_separators(cell)),
        (Kind::Division, 0) => number(cell),
        (Kind::Date, _) => {
            let parts: Vec<&str> = cell.split('-').collect();
            let (year, month, day): (u16, u8, u8) = (
                parts[0].parse().unwrap(),
                parts[1].parse().unwrap(),
                parts[2].parse().unwrap(),
            );
            match pick {
                0 => Cell::Day(year, month, day),
                1 => text(&format!("{year}/{month}/{day}")),
                2 => text(&format!("{year}.{month}.{day}")),
                _ => text(&format!("{year}年{month}月{day}日")),
            }
        }
        _ => text(cell),
    }
}

fn with_separators(amount: &str) -> String {
    let (whole, places) = amount.split_once('.').unwrap();
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text}.{places}")
}

#[test]
fn records_in_any_form_and_order_of_columns_are_the_records_of_the_csv() {
    let files = case_files();
    assert!(files.len() > 300, "{}", files.len());
    let mut rng = Rng::with_seed(SEED);
    let mut compared = 0;
    for (file, path) in files {
        let bytes = std::fs::read(&path).unwrap();
        let csv = read_file(file, &bytes, &Allow::default()).unwrap();
        let rows: Vec<Vec<String>> = csv.rows.iter().map(|row| exchange::print_row(&row.row)).collect();
        let mut order: Vec<usize> = (0..file.columns().len()).collect();
        rng.shuffle(&mut order);
        let header = order.iter().map(|place| {
            let column = &file.columns()[*place];
            text(if rng.bool() { column.zh } else { column.name })
        });
        let mut cells: Vec<Vec<Cell>> = vec![header.collect()];
        for row in &rows {
            let row = order
                .iter()
                .map(|place| form(&mut rng, &file.columns()[*place], &row[*place]));
            cells.push(row.collect());
        }
        let name = if rng.bool() { file.zh() } else { file.as_str() };
        let workbook = book(&[(name, cells)]);
        let grids = read(&workbook, &Limits::default()).unwrap();
        assert_eq!(canonical(&grids[0]), rows, "seed {SEED}, {}", path.display());
        compared += rows.len();
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn random_amounts_days_and_texts_survive() {
    let mut rng = Rng::with_seed(SEED);
    let header = [
        "机构代码",
        "合同号",
        "流水号",
        "类型",
        "发生时间",
        "金额",
        "冲正流水号",
    ];
    let mut rows: Vec<Vec<Cell>> = vec![header.map(text).to_vec()];
    let mut wanted = Vec::new();
    for event in 0..2_000 {
        let digits = rng.u32(2..=13);
        let fen = rng.i64(1..10_i64.pow(digits));
        let amount = format!("{}.{:02}", fen / 100, fen % 100);
        let (month, day) = (rng.u8(1..=12), rng.u8(1..=28));
        let guard = ["", "=", "+", "-", "@"][rng.usize(..5)];
        let contract = format!("{guard}{}-{event}", rng.u32(..));
        let as_number = rng.bool();
        rows.push(vec![
            text("313496010116"),
            text(&contract),
            text(&event.to_string()),
            text("放款"),
            Cell::Day(2025, month, day),
            if as_number { number(&amount) } else { text(&amount) },
        ]);
        wanted.push((
            contract,
            format!("2025-{month:02}-{day:02}T00:00:00+08:00"),
            amount,
        ));
    }
    let grids = read(&book(&[("loan_events", rows)]), &Limits::default()).unwrap();
    let read: Vec<(String, String, String)> = canonical(&grids[0])
        .into_iter()
        .map(|row| (row[1].clone(), row[4].clone(), row[5].clone()))
        .collect();
    assert_eq!(read, wanted, "seed {SEED}");
}
