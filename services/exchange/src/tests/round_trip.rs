use fastrand::Rng;
use policy::codes::FindingCode;

use crate::identifiers::{organisation_check, patent_check, uscc_check};
use crate::{Allow, Cells, File, Kind, Row, content_digest, parse_row, print_row, read_file, write_file};

fn digits(random: &mut Rng, count: usize) -> String {
    (0..count).map(|_| random.digit(10)).collect()
}

fn uscc(random: &mut Rng) -> String {
    let organisation = digits(random, 8);
    let head = format!(
        "91410502{organisation}{}",
        organisation_check(&organisation).unwrap()
    );
    format!("{head}{}", uscc_check(&head).unwrap())
}

fn patent(random: &mut Rng) -> String {
    let number = format!(
        "20{}{}{}",
        random.u32(10..26),
        random.choice([1, 2, 3, 8, 9]).unwrap(),
        digits(random, 7)
    );
    format!("{number}.{}", patent_check(&number).unwrap())
}

fn free_text(random: &mut Rng) -> String {
    let symbols: Vec<char> = "=+-@'\",  甲乙（）＝＋'ａÀ一\u{1f600}.x9".chars().collect();
    let text: String = (0..random.usize(1..12))
        .map(|_| *random.choice(&symbols).unwrap())
        .collect();
    if text.trim().is_empty() {
        "空".to_owned()
    } else {
        text
    }
}

fn cell(random: &mut Rng, kind: Kind, name: &str) -> String {
    match kind {
        Kind::Text | Kind::Reference => free_text(random),
        Kind::Uscc => uscc(random),
        Kind::Division => format!("41{}", digits(random, 4)),
        Kind::Patent => patent(random),
        Kind::PatentSet => (0..random.usize(1..4))
            .map(|_| patent(random))
            .collect::<Vec<_>>()
            .join(";"),
        Kind::PledgeNo => format!("Y20{}", digits(random, 11)),
        Kind::Institution => random
            .choice(["102100099996", "313491000232"])
            .unwrap()
            .to_owned(),
        Kind::Holder => {
            if random.bool() {
                uscc(random)
            } else {
                free_text(random)
            }
        }
        Kind::Subject => {
            if random.bool() {
                uscc(random)
            } else {
                patent(random)
            }
        }
        Kind::Finding => random.choice(FindingCode::ALL).unwrap().as_str().to_owned(),
        Kind::Date => {
            // Last days come after first days.
            let year = if name.ends_with("_to") || name == "ended_on" || name == "cancelled_on" {
                2030
            } else {
                2000
            };
            format!(
                "{}-{:02}-{:02}",
                year + random.i32(0..20),
                random.u32(1..=12),
                random.u32(1..=28)
            )
        }
        Kind::Instant => format!(
            "2025-03-{:02}T{:02}:00:00.{}Z",
            random.u32(1..=28),
            random.u32(0..24),
            digits(random, 6)
        ),
        Kind::Money => format!("{}.{}", random.u64(1..99_999_999_999), digits(random, 2)),
        Kind::Rate => format!("0.{}", digits(random, 6)),
        Kind::Bool => random.bool().to_string(),
        Kind::Revision => random.u32(1..1000).to_string(),
        Kind::Word(words) => (*random.choice(words).unwrap()).to_owned(),
    }
}

/// A valid row of random cells.
fn row(random: &mut Rng, file: File) -> Row {
    let mut cells = Cells::new(file);
    for column in file.columns() {
        if column.required_cell || random.bool() {
            cells
                .set(column.name, cell(random, column.kind, column.name))
                .unwrap();
        }
    }
    if file == File::Loans && cells.get("collateral") != "mixed" {
        cells.set("patent_share", "").unwrap();
    }
    if matches!(file, File::LoanEvents | File::PremiumEvents) {
        let reverses = if matches!(cells.get("kind"), "reversal" | "refund") {
            "R1"
        } else {
            ""
        };
        cells.set("reverses", reverses).unwrap();
    }
    if file == File::Decisions {
        let states_share = cells.get("code") == "SHARE_UNSTATED" && cells.get("decision") == "accept";
        let value = if states_share {
            cell(random, Kind::Rate, "value")
        } else {
            String::new()
        };
        cells.set("value", value).unwrap();
    }
    match parse_row(file, &cells, &Allow::default()) {
        Ok((row, _)) => row,
        Err(refusals) => panic!("{cells:?}: {refusals:?}"),
    }
}

#[test]
fn what_is_written_reads_back_as_the_same_content() {
    let seed = fastrand::u64(..);
    let mut random = Rng::with_seed(seed);
    for file in File::ALL {
        let mut rows: Vec<Row> = (0..400).map(|_| row(&mut random, *file)).collect();
        let bytes = write_file(*file, &rows);
        let sheet = read_file(*file, &bytes, &Allow::default()).unwrap();
        assert_eq!(sheet.refused, [], "seed {seed}");
        rows.sort_by(|left, right| (&left.key, left.revision).cmp(&(&right.key, right.revision)));
        let read: Vec<Row> = sheet.rows.into_iter().map(|sheet_row| sheet_row.row).collect();
        assert_eq!(read, rows, "seed {seed}");
        assert_eq!(write_file(*file, &read), bytes, "seed {seed}");
        for row in &rows {
            let again = parse_row(
                *file,
                &Cells::from_values(*file, print_row(row)),
                &Allow::stored(),
            )
            .unwrap()
            .0;
            assert_eq!(
                (&again, content_digest(&again)),
                (row, content_digest(row)),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn no_bytes_make_the_reader_fail_otherwise_than_by_refusing() {
    let seed = fastrand::u64(..);
    let mut random = Rng::with_seed(seed);
    for _ in 0..2_000 {
        let file = *random.choice(File::ALL).unwrap();
        let rows: Vec<Row> = (0..3).map(|_| row(&mut random, file)).collect();
        let mut bytes = write_file(file, &rows);
        for _ in 0..random.usize(1..6) {
            let place = random.usize(..bytes.len());
            bytes[place] = random.u8(..);
        }
        bytes.truncate(random.usize(..=bytes.len()));
        if let Ok(sheet) = read_file(file, &bytes, &Allow::default()) {
            assert!(sheet.rows.len() + sheet.refused.len() <= 12, "seed {seed}");
            let _written = crate::write_rejected(file, &sheet.header, &sheet.refused);
        }
    }
}
