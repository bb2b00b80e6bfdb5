//! Column mappings: a bank's own export, as CSV and as a workbook.

use std::collections::BTreeMap;

use exchange::{Allow, Grid, RefusalCode, read_grid};

use super::books::{Cell, book, canonical, number, text};
use crate::mapping::{DateForm, Encoding, MappedColumn, Mapping, Unit};
use crate::{Limits, MappingError};

fn column(header: &str, column: &str) -> MappedColumn {
    MappedColumn {
        header: header.to_owned(),
        column: column.to_owned(),
        ..MappedColumn::default()
    }
}

/// The mapping of a bank that keeps its events in 万元 and its own words.
fn mapping() -> Mapping {
    let values =
        [("发放", "draw"), ("收回", "repayment")].map(|(own, ours)| (own.to_owned(), ours.to_owned()));
    Mapping {
        name: "核心系统导出".to_owned(),
        file: "loan_events".to_owned(),
        encoding: Encoding::Auto,
        sheet: None,
        header_row: 3,
        columns: vec![
            column("借据号", "contract_no"),
            column("序号", "event_no"),
            MappedColumn {
                values: BTreeMap::from(values),
                ..column("交易", "kind")
            },
            MappedColumn {
                date_form: DateForm::DayFirst,
                ..column("日期", "occurred_at")
            },
            MappedColumn {
                unit: Unit::WanYuan,
                ..column("金额(万元)", "amount")
            },
        ],
        constants: BTreeMap::from([("institution_code".to_owned(), "313496010116".to_owned())]),
    }
}

const CSV: &str = "某银行贷款台账,,,,,\n\n日期,借据号,金额（万元）,备注,交易,序号\n12/03/2025,HT-1,300,无,发放,1\n\
                   1/4/2025,HT-1,\"1,234.567891\",,收回,2\n13/04/2025,HT-2,0.0000001,,发放,3\n14/04/2025,HT-3,5,,展期,4\n";

fn codes(grid: &Grid) -> Vec<(u32, Option<&'static str>, RefusalCode)> {
    let sheet = read_grid(grid, &Allow::default()).unwrap();
    let refusals = sheet.refused.iter().flat_map(|row| &row.refusals);
    refusals.map(|it| (it.row.unwrap(), it.column, it.code)).collect()
}

#[test]
fn a_bank_s_own_export_becomes_rows_whatever_its_encoding() {
    let limits = Limits::default();
    let (gb, _, _) = encoding_rs::GB18030.encode(CSV);
    let marked = [b"\xEF\xBB\xBF", CSV.as_bytes()].concat();
    let plain = mapping().apply(CSV.as_bytes(), &limits).unwrap();
    for bytes in [gb.as_ref(), &marked] {
        assert_eq!(mapping().apply(bytes, &limits).unwrap(), plain);
    }
    let explicit = Mapping {
        encoding: Encoding::Gb18030,
        ..mapping()
    };
    assert_eq!(explicit.apply(&gb, &limits).unwrap(), plain);
    let sheet = read_grid(&plain, &Allow::default()).unwrap();
    let rows: Vec<(u32, Vec<String>)> = sheet
        .rows
        .iter()
        .map(|row| (row.number, exchange::print_row(&row.row)))
        .collect();
    let wanted = |event: &str, kind: &str, day: &str, amount: &str| {
        ["313496010116", "HT-1", event, kind, day, amount, "", "1", "false"]
            .map(str::to_owned)
            .to_vec()
    };
    assert_eq!(
        rows,
        [
            (4, wanted("1", "draw", "2025-03-12T00:00:00+08:00", "3000000.00")),
            (
                5,
                wanted("2", "repayment", "2025-04-01T00:00:00+08:00", "12345678.91")
            ),
        ]
    );
    assert_eq!(
        codes(&plain),
        [
            (6, Some("amount"), RefusalCode::AmountPlacesWan),
            (7, Some("kind"), RefusalCode::ValueNotMapped)
        ]
    );
}

#[test]
fn refusals_name_the_partner_s_own_header() {
    let grid = mapping().apply(CSV.as_bytes(), &Limits::default()).unwrap();
    let sheet = read_grid(&grid, &Allow::default()).unwrap();
    let of_values = sheet.refused[1].refusals[0].clone();
    assert!(mapping().in_own_words(of_values).zh.contains("「交易」"));
    // One that the parser of exchange files raises knows only our column.
    let later = exchange::Refusal::new(grid.file, Some("amount"), RefusalCode::AmountZero);
    let own = mapping().in_own_words(later);
    assert!(
        own.zh.contains("「金额(万元)」") && own.en.contains("金额(万元)"),
        "{own}"
    );
    let constant = exchange::Refusal::new(grid.file, Some("institution_code"), RefusalCode::OtherInstitution);
    assert_eq!(mapping().in_own_words(constant.clone()), constant);
}

#[test]
fn the_same_table_as_a_workbook_is_the_same_rows() {
    let rows = vec![
        vec![text("某银行贷款台账")],
        vec![],
        ["日期", "借据号", "金额（万元）", "备注", "交易", "序号"]
            .map(text)
            .to_vec(),
        vec![
            Cell::Day(2025, 3, 12),
            text("HT-1"),
            number("300"),
            Cell::Formula("=1+1"),
            text("发放"),
            text("1"),
        ],
    ];
    let bytes = book(&[("台账", rows.clone()), ("其他", vec![vec![text("x")]])]);
    let grid = mapping().apply(&bytes, &Limits::default()).unwrap();
    // The formula stands in a column that nobody maps.
    let (csv, _) = CSV.split_at(CSV.match_indices('\n').nth(3).unwrap().0 + 1);
    assert_eq!(
        canonical(&grid),
        canonical(&mapping().apply(csv.as_bytes(), &Limits::default()).unwrap())
    );
    let of_sheet = |name: &str| Mapping {
        sheet: Some(name.to_owned()),
        ..mapping()
    };
    assert!(of_sheet("台账").apply(&bytes, &Limits::default()).is_ok());
    let missing = of_sheet("没有").apply(&bytes, &Limits::default());
    assert_eq!(
        missing.map_err(|error| error.code()),
        Err("MAPPING_SHEET_MISSING")
    );
}

#[test]
fn a_mapping_is_json_and_toml() {
    let json = serde_json::to_string(&mapping()).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping());
    let text = r#"
        name = "a"
        file = "loan_events"
        columns = [{ header = "x", column = "amount", unit = "wan_yuan" }]
    "#;
    let read: Mapping = toml::from_str(text).unwrap();
    assert_eq!((read.header_row, read.columns[0].unit), (1, Unit::WanYuan));
    assert!(toml::from_str::<Mapping>("name = \"a\"\nfile = \"loans\"\ncolumns = []\nrate = 1").is_err());
}

/// What makes a mapping unusable.
type Change = fn(&mut Mapping);

#[test]
fn a_mapping_that_cannot_be_used_says_why() {
    let changed = |change: Change| {
        let mut it = mapping();
        change(&mut it);
        it.apply(CSV.as_bytes(), &Limits::default()).map_err(|error| {
            assert!(!error.zh().is_empty() && !error.en().is_empty());
            error.code()
        })
    };
    let unusable: [(Change, &str); 10] = [
        (|it| it.file = "gold".to_owned(), "MAPPING_FILE_UNKNOWN"),
        (|it| it.header_row = 0, "MAPPING_HEADER_ROW"),
        (
            |it| it.columns[0].column = "colour".to_owned(),
            "MAPPING_COLUMN_UNKNOWN",
        ),
        (
            |it| it.columns[0].column = "event_no".to_owned(),
            "MAPPING_COLUMN_TWICE",
        ),
        (
            |it| it.columns[0].header = "序号".to_owned(),
            "MAPPING_HEADER_TWICE",
        ),
        (|it| it.constants.clear(), "MAPPING_COLUMN_MISSING"),
        (
            |it| it.columns[0].unit = Unit::WanYuan,
            "MAPPING_UNIT_OF_NO_AMOUNT",
        ),
        (
            |it| it.columns[0].date_form = DateForm::DayFirst,
            "MAPPING_DATE_FORM_OF_NO_DATE",
        ),
        (
            |it| it.columns[0].header = "合同".to_owned(),
            "MAPPING_HEADER_MISSING",
        ),
        (|it| it.header_row = 4, "MAPPING_HEADER_MISSING"),
    ];
    for (change, code) in unusable {
        assert_eq!(changed(change).map(|_| ()), Err(code));
    }
    let apply = |bytes: &[u8]| {
        mapping()
            .apply(bytes, &Limits::default())
            .map_err(|error| error.code())
    };
    assert_eq!(apply(b"\xFF\xFF\xFF").map(|_| ()), Err("FILE_ENCODING"));
    assert_eq!(apply(b"a,\"b").map(|_| ()), Err("FILE_TRUNCATED"));
    assert_eq!(apply(b"PKxx").map(|_| ()), Err("WORKBOOK_BROKEN"));
    let wide = ",".repeat(70) + "x\n";
    assert_eq!(apply(wide.as_bytes()).map(|_| ()), Err("COLUMNS_TOO_MANY"));
    let small = Limits {
        file_bytes: 10,
        ..Limits::default()
    };
    let error = mapping().apply(CSV.as_bytes(), &small).unwrap_err();
    assert!(matches!(&error, MappingError::Workbook(it) if it.code.as_str() == "FILE_TOO_LARGE"));
}
