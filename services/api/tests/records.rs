//! Every record is the same as a message and as cells.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

use exchange::{Allow, Cells, Column, File, Kind, Owner, parse_row};
use zhirong_api::common::v1::Money;
use zhirong_api::convert::{CURRENCY_NOT_SUPPORTED, WireRecord, raw_cells, raw_row, record_cells};
use zhirong_api::google::r#type::Date;
use zhirong_api::insurance::v1::{Policy, PolicyPatent, PremiumEvent};
use zhirong_api::pledge::v1::{Collateral, Loan, LoanEvent, Pledge};
use zhirong_api::registry::v1::{
    Award, Decision, Enterprise, Exclusion, Institution, OtherAward, Patent, PatentOwner,
};

/// A small generator of our own: the tests must not differ from run to run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A canonical text of the column's kind; the wire does not look at check digits.
fn cell(random: &mut Random, column: &Column) -> String {
    if !column.required_cell && random.below(3) == 0 {
        return String::new();
    }
    let (a, b) = (random.below(1_000_000), random.below(100));
    match column.kind {
        Kind::Date => format!("{:04}-{:02}-{:02}", 1990 + b % 50, 1 + a % 12, 1 + a % 28),
        Kind::Money => format!("{}.{b:02}", a + 1),
        Kind::Bool => (a % 2 == 0).to_string(),
        Kind::Rate => format!("0.{}", a + 1),
        Kind::Word(words) => words[usize::try_from(a).unwrap() % words.len()].to_owned(),
        Kind::PatentSet => format!("201610{a:06}.6;201710{a:06}.X"),
        Kind::Instant => format!("2025-01-{:02}T10:00:00+08:00", 1 + b % 28),
        _ => format!("文本 {a}-{b}"),
    }
}

fn comes_back<R: WireRecord + PartialEq + std::fmt::Debug>() {
    let mut random = Random(7);
    for _ in 0..500 {
        let mut cells = Cells::new(R::FILE);
        for column in R::FILE.columns() {
            let elsewhere = matches!(column.name, "revision" | "withdrawn")
                || column.name == "institution_code" && R::FILE.owner() == Owner::Institution;
            if !elsewhere {
                cells.set(column.name, cell(&mut random, column)).unwrap();
            }
        }
        let message = R::from_cells(&cells);
        assert_eq!(
            message.to_cells().values(),
            cells.values(),
            "{}",
            R::FILE.as_str()
        );
        let decoded = R::decode(message.encode_to_vec().as_slice()).unwrap();
        assert_eq!(decoded, message);
        assert_eq!(R::from_cells(&decoded.to_cells()), message);
        assert!(message.violations().is_empty());
        let raw = raw_row(R::FILE, &cells);
        assert_eq!(raw_cells(&raw).unwrap().values(), cells.values());
    }
}

#[test]
fn every_record_comes_back_from_its_cells() {
    comes_back::<Institution>();
    comes_back::<Enterprise>();
    comes_back::<Patent>();
    comes_back::<PatentOwner>();
    comes_back::<Award>();
    comes_back::<Exclusion>();
    comes_back::<OtherAward>();
    comes_back::<Decision>();
    comes_back::<Pledge>();
    comes_back::<Loan>();
    comes_back::<LoanEvent>();
    comes_back::<Policy>();
    comes_back::<PolicyPatent>();
    comes_back::<PremiumEvent>();
}

fn every_column_is_a_field<R: WireRecord>() {
    // A word no enum has would be lost, so each cell is filled with a text its kind keeps.
    let mut random = Random(1);
    let mut cells = Cells::new(R::FILE);
    for column in R::FILE.columns() {
        while cells.get(column.name).is_empty() {
            cells.set(column.name, cell(&mut random, column)).unwrap();
        }
    }
    let own = R::from_cells(&cells).to_cells();
    for column in R::FILE.columns() {
        let elsewhere = matches!(column.name, "revision" | "withdrawn")
            || (column.name == "institution_code" && R::FILE.owner() == Owner::Institution);
        assert_eq!(
            own.get(column.name).is_empty(),
            elsewhere,
            "{}.{}",
            R::FILE.as_str(),
            column.name
        );
    }
}

#[test]
fn every_column_has_its_field() {
    every_column_is_a_field::<Institution>();
    every_column_is_a_field::<Enterprise>();
    every_column_is_a_field::<Patent>();
    every_column_is_a_field::<PatentOwner>();
    every_column_is_a_field::<Award>();
    every_column_is_a_field::<Exclusion>();
    every_column_is_a_field::<OtherAward>();
    every_column_is_a_field::<Decision>();
    every_column_is_a_field::<Pledge>();
    every_column_is_a_field::<Loan>();
    every_column_is_a_field::<LoanEvent>();
    every_column_is_a_field::<Policy>();
    every_column_is_a_field::<PolicyPatent>();
    every_column_is_a_field::<PremiumEvent>();
}

#[test]
fn another_currency_is_a_violation_and_no_amount() {
    let foreign = Money {
        currency_code: "USD".to_owned(),
        amount: "1.00".to_owned(),
    };
    let loan = Loan {
        contract_amount: Some(foreign),
        ..Loan::default()
    };
    let violations = loan.violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(
        (violations[0].column, violations[0].code),
        ("contract_amount", CURRENCY_NOT_SUPPORTED)
    );
    assert_eq!(loan.to_cells().get("contract_amount"), "USD 1.00");
}

#[test]
fn what_no_list_or_calendar_knows_reaches_the_parser() {
    let date = Date {
        year: 2025,
        month: 2,
        day: 30,
    };
    let loan = Loan {
        signed_on: Some(date),
        collateral: 99,
        ..Loan::default()
    };
    let cells = record_cells(&loan, Some("B1"), Some(3), true);
    assert_eq!(cells.get("signed_on"), "2025-02-30");
    assert_eq!(cells.get("collateral"), "99");
    assert_eq!(cells.get("institution_code"), "B1");
    assert_eq!((cells.get("revision"), cells.get("withdrawn")), ("3", "true"));
    let mixed = Loan {
        collateral: Collateral::LayoutDesign.into(),
        ..Loan::default()
    };
    assert_eq!(mixed.to_cells().get("collateral"), "layout_design");
}

#[test]
fn a_parsed_row_gives_the_message_that_gives_the_row() {
    let loan = Loan {
        contract_no: "HT-1".to_owned(),
        borrower_uscc: "91410500MA4000000X".to_owned(),
        contract_amount: Some(Money {
            currency_code: "CNY".to_owned(),
            amount: "3000000".to_owned(),
        }),
        signed_on: Some(Date {
            year: 2025,
            month: 3,
            day: 1,
        }),
        revolving: Some(false),
        collateral: Collateral::Mixed.into(),
        patent_share: Some("0.60".to_owned()),
        ..Loan::default()
    };
    let parse = |message: &Loan, withdrawn| {
        let cells = record_cells(message, Some("XT-1"), None, withdrawn);
        parse_row(File::Loans, &cells, &Allow::stored()).unwrap().0
    };
    let row = parse(&loan, false);
    let canonical = Loan::from_row(&row);
    assert_eq!(canonical.contract_amount.as_ref().unwrap().amount, "3000000.00");
    assert_eq!(parse(&canonical, false), row);
    let withdrawn = Loan::from_row(&parse(&loan, true));
    assert_eq!(
        withdrawn,
        Loan {
            contract_no: "HT-1".to_owned(),
            ..Loan::default()
        }
    );
}
