//! Workbooks through the services: what a bank's spreadsheet reports is what its calls would.

use std::path::Path;

use exchange::{File, Grid, GridRow};
use platform::database::embedded::temporary_dir;
use workbook::Marks;
use zhirong::import::send;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

/// A sheet of draws, each with its number and amount.
fn draws(lending: &Lending, events: &[(&str, &str)]) -> Grid {
    let names = [
        "机构代码",
        "合同号",
        "流水号",
        "类型",
        "发生时间",
        "金额",
        "冲正流水号",
    ];
    let row = |(number, (event, amount)): (u32, &(&str, &str))| GridRow {
        number,
        cells: [
            lending.code.as_str(),
            &lending.contract_no,
            *event,
            "放款",
            "2025.6.3",
            amount,
            "",
        ]
        .map(str::to_owned)
        .to_vec(),
        faults: Vec::new(),
    };
    Grid {
        file: File::LoanEvents,
        title: "放款还款".to_owned(),
        header_row: 1,
        header: names.map(str::to_owned).to_vec(),
        rows: (2..).zip(events).map(row).collect(),
    }
}

fn write(dir: &Path, grid: Grid) {
    let bytes = workbook::marked(&[grid], &Marks::default()).unwrap();
    std::fs::write(dir.join("draws.xlsx"), bytes).unwrap();
}

#[test]
fn a_workbook_is_imported_as_its_institution_and_may_be_sent_again() {
    run(async {
        let sandbox = shared().await;
        let lending = Lending::new(sandbox).await;
        lending.lend(ids::year(), "8000000.00").await;
        let dir = temporary_dir("zhirong-sheets").unwrap();
        write(
            &dir,
            draws(
                &lending,
                &[("X-1", "100.00"), ("X-2", "1e6"), ("X-3", "3,000.00")],
            ),
        );
        let report = send(&dir, sandbox.url(), sandbox.identity_dir()).await.unwrap();
        let counts = report.counts[&File::LoanEvents];
        assert_eq!((counts.stored, counts.refused), (2, 1), "{report}");
        let refused = &report.refused[&File::LoanEvents].rows;
        let codes: Vec<_> = refused[0].refusals.iter().map(|it| it.code.as_str()).collect();
        assert_eq!((refused[0].number, codes), (3, vec!["AMOUNT_MALFORMED"]));
        // Put right and sent again, what was stored is there and what was refused goes in.
        write(
            &dir,
            draws(
                &lending,
                &[("X-1", "100.00"), ("X-2", "1000000.00"), ("X-3", "3,000.00")],
            ),
        );
        let report = send(&dir, sandbox.url(), sandbox.identity_dir()).await.unwrap();
        let counts = report.counts[&File::LoanEvents];
        assert_eq!(
            (counts.stored, counts.unchanged, counts.refused),
            (1, 2, 0),
            "{report}"
        );
        // Made-up digits never leave the machine: the mark of a spoilt cell is refused by the service too.
        write(&dir, draws(&lending, &[("⚠ 12345678901234568", "5.00")]));
        let report = send(&dir, sandbox.url(), sandbox.identity_dir()).await.unwrap();
        let row = &report.refused[&File::LoanEvents].rows[0];
        assert_eq!(row.refusals[0].code.as_str(), "CELL_NOT_CORRECTED");
        std::fs::remove_dir_all(dir).unwrap();
    });
}
