//! Small random cities as rows of exchange files: every record with its revisions, some of them withdrawn, in any order.
//!
//! Days and amounts come from small pools, so that exact edges, the cap, holds and amounts taken back happen often.

mod contracts;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use exchange::{Allow, Cells, File, Key, Row, parse_row};
use fastrand::Rng;

use crate::ids;

/// One cell of a row.
type Cell = (&'static str, String);

/// Identifiers with right check digits, made once.
struct Names {
    persons: Vec<String>,
    banks: Vec<String>,
    insurers: Vec<String>,
    enterprises: Vec<String>,
    patents: Vec<String>,
    pledges: Vec<String>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let some = |make: fn(u32) -> String, most: u32| (1..=most).map(make).collect();
    let mut patents: Vec<String> = some(ids::invention, 3);
    patents.extend((1..=3).map(ids::utility_model));
    let mut enterprises: Vec<String> = some(ids::enterprise, 4);
    enterprises.push(ids::code_of_class("92", 'C', 1));
    Names {
        persons: some(ids::legal_person, 2),
        banks: some(ids::bank, 3),
        insurers: some(ids::insurer, 2),
        enterprises,
        patents,
        pledges: some(ids::pledge, 5),
    }
});

const DAYS: [&str; 12] = [
    "2024-05-20",
    "2024-12-31",
    "2025-01-01",
    "2025-01-02",
    "2025-03-01",
    "2025-03-01",
    "2025-03-02",
    "2025-07-01",
    "2025-10-10",
    "2025-12-31",
    "2025-12-31",
    "2026-01-01",
];
const LOANS: [&str; 14] = [
    "0.01",
    "500000.00",
    "1500000.00",
    "2999999.99",
    "3000000.00",
    "3000000.01",
    "5999999.99",
    "6000000.00",
    "6000000.01",
    "12345678.50",
    "49999999.49",
    "49999999.50",
    "50000000.01",
    "60000000.00",
];
const PREMIUMS: [&str; 9] = [
    "0.01", "0.03", "0.99", "1.00", "1234.56", "9999.99", "3333.33", "5000.00", "10000.01",
];
const SHARES: [&str; 6] = ["1", "0.5", "0.499999", "0.333333", "0.000001", "0.75"];

/// A random city: one row a revision, in no order that means anything.
pub struct World {
    rng: Rng,
    rows: Vec<Row>,
    /// The keys that have their revisions: two records of one key would be a conflict.
    taken: BTreeSet<Key>,
}

/// The rows of a city of that random source.
#[must_use]
pub fn rows(rng: &mut Rng) -> Vec<Row> {
    let mut world = World {
        rng: rng.fork(),
        rows: Vec::new(),
        taken: BTreeSet::new(),
    };
    let banks = world.rng.usize(1..=3);
    let enterprises = world.rng.usize(2..=NAMES.enterprises.len());
    let patents = world.rng.usize(2..=NAMES.patents.len());
    world.institutions(banks);
    world.enterprises(enterprises);
    world.patents(patents, enterprises);
    for number in 0..world.rng.usize(2..=4) {
        world.loan(number, banks, enterprises, patents);
    }
    for number in 0..world.rng.usize(0..=2) {
        world.policy(number, enterprises, patents);
    }
    world.bureau(enterprises, patents);
    world.rows
}

fn text(value: &str) -> String {
    value.to_owned()
}

impl World {
    fn often(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn one<'a>(&mut self, pool: &[&'a str]) -> &'a str {
        pool[self.rng.usize(0..pool.len())]
    }

    fn day(&mut self) -> String {
        text(self.one(&DAYS))
    }

    /// A record with one to three revisions; a revision may withdraw it, also the last.
    fn record(&mut self, file: File, key: &[Cell], make: impl Fn(&mut Self) -> Vec<Cell>) {
        let joined = std::iter::once(file.as_str()).chain(key.iter().map(|(_, value)| value.as_str()));
        if !self.taken.insert(Key::of_cells(joined)) {
            return;
        }
        let revisions = match self.rng.u32(0..10) {
            0 => 3,
            1..=3 => 2,
            _ => 1,
        };
        for revision in 1..=revisions {
            let mut cells = Cells::new(file);
            let content = make(self);
            let withdrawn = self.rng.u32(0..1000) < if revision == revisions { 12 } else { 100 };
            let marks = [
                ("revision", revision.to_string()),
                ("withdrawn", withdrawn.to_string()),
            ];
            for (column, value) in key.iter().cloned().chain(content).chain(marks) {
                cells.set(column, value).unwrap();
            }
            // Periods that end before they begin are refused; such a revision never arrived.
            if let Ok((row, _)) = parse_row(file, &cells, &Allow::default()) {
                self.rows.push(row);
            }
        }
    }

    fn institutions(&mut self, banks: usize) {
        for number in 0..banks {
            let key = [("institution_code", NAMES.banks[number].clone())];
            self.record(File::Institutions, &key, move |world| {
                let own = world.often(95);
                let person = &NAMES.persons[if own { number % 2 } else { 0 }];
                let kind = world.one(&[
                    "bank",
                    "bank",
                    "bank",
                    "bank",
                    "bank",
                    "bank",
                    "bank",
                    "trust",
                    "trust",
                    "microlender",
                ]);
                let division = world.one(&[
                    "410502", "410571", "410526", "410502", "410502", "410502", "410502", "410502", "410100",
                ]);
                vec![
                    ("name", format!("银行{number}")),
                    ("kind", text(kind)),
                    ("legal_person_uscc", person.clone()),
                    ("legal_person_name", format!("法人{person}")),
                    ("division_code", text(division)),
                ]
            });
        }
        for insurer in &NAMES.insurers {
            self.record(
                File::Institutions,
                &[("institution_code", insurer.clone())],
                |_| {
                    vec![
                        ("name", text("保险")),
                        ("kind", text("insurer")),
                        ("legal_person_uscc", NAMES.persons[1].clone()),
                        ("legal_person_name", text("保险公司")),
                        ("division_code", text("410502")),
                    ]
                },
            );
        }
    }

    fn enterprises(&mut self, enterprises: usize) {
        for uscc in &NAMES.enterprises[..enterprises] {
            let key = [("uscc", uscc.clone()), ("registered_from", text("2010-01-01"))];
            self.record(File::Enterprises, &key, |world| {
                let division = world.one(&[
                    "410502", "410502", "410502", "410502", "410502", "410502", "410502", "410502", "410526",
                    "420500",
                ]);
                let to = if world.often(8) {
                    world.day()
                } else {
                    String::new()
                };
                vec![
                    ("name", format!("企业{}", world.rng.u32(0..3))),
                    ("division_code", text(division)),
                    ("registered_to", to),
                ]
            });
        }
    }

    fn patents(&mut self, patents: usize, enterprises: usize) {
        for (place, patent) in NAMES.patents[..patents].iter().enumerate() {
            let owner = &NAMES.enterprises[place % enterprises];
            self.record(File::Patents, &[("patent_no", patent.clone())], |world| {
                let granted = match world.rng.u32(0..10) {
                    0 => String::new(),
                    1 | 2 => world.day(),
                    _ => text("2018-06-01"),
                };
                let ended = if world.often(10) {
                    world.day()
                } else {
                    String::new()
                };
                let reason = if ended.is_empty() { "" } else { "lapsed" };
                vec![
                    ("title", format!("专利{place}")),
                    ("patentee_uscc", owner.clone()),
                    ("granted_on", granted),
                    ("ended_on", ended),
                    ("end_reason", text(reason)),
                ]
            });
            if self.often(15) {
                let key = [
                    ("patent_no", patent.clone()),
                    ("holder", owner.clone()),
                    ("role", text(self.one(&["owner", "licensee"]))),
                    ("valid_from", text("2016-01-01")),
                ];
                self.record(File::PatentOwners, &key, |world| {
                    let to = if world.often(30) {
                        world.day()
                    } else {
                        String::new()
                    };
                    vec![("valid_to", to)]
                });
            }
            if self.often(8) {
                let key = [
                    ("patent_no", patent.clone()),
                    ("level", text("municipal")),
                    ("award_name", text("专利奖")),
                ];
                self.record(File::Awards, &key, |world| vec![("awarded_on", world.day())]);
            }
        }
    }

    /// Other levels' money, and exclusions of patents. An enterprise is only watched: an exclusion that begins between two
    /// batches keeps what the earlier one settled, which is the exception to the law.
    fn bureau(&mut self, enterprises: usize, patents: usize) {
        if self.often(20) {
            let (measure, reference) = if self.rng.bool() {
                ("loan_subsidy", "HT-0")
            } else {
                ("premium_subsidy", "BD-0")
            };
            let key = [
                (
                    "beneficiary_uscc",
                    NAMES.enterprises[self.rng.usize(0..enterprises)].clone(),
                ),
                ("measure", text(measure)),
                ("reference", text(reference)),
                ("level", text(self.one(&["national", "provincial", "county"]))),
            ];
            self.record(File::OtherAwards, &key, |world| {
                vec![
                    ("amount", text(world.one(&PREMIUMS))),
                    ("awarded_on", world.day()),
                ]
            });
        }
        if self.often(20) {
            let (subject, grade) = if self.rng.bool() {
                (&NAMES.patents[self.rng.usize(0..patents)], "exclude")
            } else {
                (&NAMES.enterprises[self.rng.usize(0..enterprises)], "watch")
            };
            let key = [
                ("subject", subject.clone()),
                ("grade", text(grade)),
                ("valid_from", self.day()),
            ];
            self.record(File::Exclusions, &key, |world| {
                let to = if world.often(40) {
                    text("2026-12-31")
                } else {
                    String::new()
                };
                vec![("valid_to", to), ("reason", text("核查"))]
            });
        }
    }
}
